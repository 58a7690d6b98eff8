"""What OpenTelemetry gets from a program: one trace to the end of a job, and counts."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import attrs
import pytest

from astria_async.events import EVENTS

PROGRAM = '''
"""Train and wait, generate and wait elsewhere; then tell what was traced and counted."""
import json
import anyio
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from astria_async import Astria, NotFound, Receiver
from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve

KEY = "sd_S3cr3tKey"
receiver = Receiver(secret="a secret that nobody else has")
exporter, reader = InMemorySpanExporter(), InMemoryMetricReader()
handled = anyio.Event()

@receiver.on_prompt
async def on_prompt(prompt, callback):
    with trace.get_tracer("program").start_as_current_span("notify"):
        handled.set()

async def main():
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    metrics.set_meter_provider(MeterProvider([reader]))
    async with (
        Sandbox(api_key=KEY, speed=1.0, pace=5000.0) as sandbox, serve(sandbox) as url,
        receiver.serve(port=0), Astria(KEY, base_url=url, receiver=receiver) as astria,
    ):
        tune = await astria.tunes.create(name="cat", images=["https://example.com/cat.jpg"])
        tune = await tune.wait_ready()
        with trace.get_tracer("program").start_as_current_span("request"):
            prompt = await tune.prompts.create("a cat", metadata={"user": "7"})
        prompt = await prompt.wait_ready()
        await handled.wait()
        try:
            await astria.prompts.create(999, "nobody")
        except NotFound:
            print(json.dumps({"metadata": dict(prompt.metadata)}))

anyio.run(main)
for span in exporter.get_finished_spans():
    print(json.dumps({"span": json.loads(span.to_json(indent=None))}))
(resource,) = json.loads(reader.get_metrics_data().to_json())["resource_metrics"]
for scope in resource["scope_metrics"]:
    for metric in scope["metrics"]:
        for point in metric["data"]["data_points"]:
            print(json.dumps({"metric": {"name": metric["name"], **point}}))
'''


@attrs.frozen
class Told:
    """
    What the program told.

    Attributes:
        text: All of it.
        spans: Those that ended, in that order.
        metrics: Their points.
        metadata: That of the prompt.
    """

    text: str
    spans: list[dict[str, Any]]
    metrics: list[dict[str, Any]]
    metadata: dict[str, str]

    def named(self, name: str, kind: str | None = None) -> list[dict[str, Any]]:
        """The spans of that name, and of that kind of job."""
        return [
            span
            for span in self.spans
            if span["name"] == name and kind in {None, span["attributes"].get("astria.kind")}
        ]

    def counted(self, name: str, by: str) -> Counter[str]:
        """The points of a metric, by one of their attributes."""
        counts: Counter[str] = Counter()
        for point in self.metrics:
            if point["name"] == name:
                number = point["value"] if "value" in point else point["count"]
                counts[str(point["attributes"][by])] += number
        return counts


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """The program was run, once for all of these tests."""
    path: Path = tmp_path_factory.mktemp("traced") / "program.py"
    path.write_text(PROGRAM)
    done = subprocess.run(
        [sys.executable, path], stdout=subprocess.PIPE, text=True, check=True, timeout=120
    )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return Told(
        done.stdout,
        [it["span"] for it in lines if "span" in it],
        [it["metric"] for it in lines if "metric" in it],
        next(it["metadata"] for it in lines if "metadata" in it),
    )


def test_one_trace(told: Told) -> None:
    """The create, its callback, what handles it and the wait are one trace: the program's."""
    (request,) = told.named("request")
    spans = [
        *told.named("astria create prompt")[:1],
        *told.named("astria callback", "prompt"),
        *told.named("astria handle", "prompt"),
        *told.named("astria wait", "prompt"),
        *told.named("notify"),
    ]

    assert len(spans) == 5
    assert {it["context"]["trace_id"] for it in spans} == {request["context"]["trace_id"]}


def test_parents(told: Told) -> None:
    """What follows a create hangs on it; what a handler does hangs on the handling."""
    (request,), create = told.named("request"), told.named("astria create prompt")[0]
    (handle,), (notify,) = told.named("astria handle"), told.named("notify")
    (callback,) = told.named("astria callback", "prompt")
    (wait,) = told.named("astria wait", "prompt")

    assert create["parent_id"] == request["context"]["span_id"]
    assert {it["parent_id"] for it in (callback, handle, wait)} == {create["context"]["span_id"]}
    assert notify["parent_id"] == handle["context"]["span_id"]


def test_a_trace_of_its_own(told: Told) -> None:
    """Where the program has no span, a create begins one."""
    (create,) = told.named("astria create tune")
    (wait,) = told.named("astria wait", "tune")

    assert create["parent_id"] is None
    assert wait["context"]["trace_id"] == create["context"]["trace_id"]


def test_kinds(told: Told) -> None:
    """Each span says on which side of what it is."""
    kinds = {it["name"]: it["kind"] for it in told.spans if it["name"].startswith("astria")}

    assert kinds == {
        "astria create tune": "SpanKind.CLIENT",
        "astria create prompt": "SpanKind.CLIENT",
        "astria callback": "SpanKind.SERVER",
        "astria handle": "SpanKind.CONSUMER",
        "astria wait": "SpanKind.INTERNAL",
    }


def test_an_error(told: Told) -> None:
    """A span that an error ends tells its type, and nothing that it says."""
    create = told.named("astria create prompt")[1]

    assert create["attributes"]["error.type"] == "NotFound"
    assert create["status"] == {"status_code": "ERROR"}
    assert create["events"] == []


def test_metadata(told: Told) -> None:
    """The trace travels beside the metadata of the program."""
    create = told.named("astria create prompt")[0]
    trace, span = (create["context"][it].removeprefix("0x") for it in ("trace_id", "span_id"))

    parent, _, flags = told.metadata["traceparent"].rpartition("-")
    assert (told.metadata.keys(), told.metadata["user"]) == ({"traceparent", "user"}, "7")
    assert (parent, int(flags, 16) & 1) == (f"00-{trace}-{span}", 1)


def test_events_are_counted(told: Told) -> None:
    """Every event of the log is counted, whether or not it is logged."""
    counts = told.counted("astria.events", "event")

    assert (counts["callback.kept"], counts["handler.done"]) == (2, 1)
    assert counts.keys() <= EVENTS.keys()


def test_gauges(told: Told) -> None:
    """What has ended is not counted as going on."""
    assert told.counted("astria.waits", "kind") == {"tune": 0, "prompt": 0}
    assert told.counted("astria.handlers", "kind") == {"prompt": 0}


def test_time_to_keep(told: Told) -> None:
    """How long each callback took to be kept is recorded."""
    assert told.counted("astria.callback.duration", "kind") == {"tune": 1, "prompt": 1}


def test_nothing_secret(told: Told) -> None:
    """Neither key nor secret nor signature is in any of it."""
    for secret in ("S3cr3tKey", "nobody else", "sig="):
        assert secret not in told.text
