"""
schemathesis runs the sandbox's OpenAPI document against served sandboxes.

    python tests/sandbox/fuzz/run.py [--max-examples 50] [--seed 7] [any option of schemathesis]

Three sandboxes, one after the other: one as it is by default; one with little money, merging of
equal creates and addresses that expire; and one that is asked at its own addresses, ``/_sandbox``,
which only have to bear it. Jobs finish while it runs, and callbacks go nowhere. The run fails at an
answer of the 500s, at one that the document does not describe, at one that takes longer than five
seconds, and where what was deleted is still there. It does not hold the sandbox to refuse whatever
the document does not allow: like Rails, it ignores fields that it does not know, takes a blank text
for nothing, and reads numbers and flags from texts.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import anyio
import attrs

from astria_async.sandbox import Sandbox
from astria_async.sandbox.openapi import document
from astria_async.sandbox.serve import serve
from astria_async.sandbox.tables.control_endpoints import CONTROL

HERE = Path(__file__).parent
FAST = 500.0
SLOWEST = "5"
LENIENT = "positive_data_acceptance,negative_data_rejection"
WORLDS: Mapping[str, Mapping[str, Any]] = {
    "as it is by default": {},
    "poor, merging, expiring": {
        "balance": 3,
        "idempotent": True,
        "merge_text_seed": True,
        "image_url_lifetime": 60.0,
        "failure_callbacks": True,
        "faceid_callbacks": True,
        "callback_shape": "bare",
    },
}
OWN = "its own addresses"


@attrs.frozen
class Outcome:
    """What a run came to: its cases, those that failed or could not be run, and its exit code."""

    cases: int
    failed: int
    errored: int
    code: int


async def fuzz(settings: Mapping[str, Any], options: list[str], *, own: bool = False) -> Outcome:
    """Run schemathesis against a sandbox: on the API, or on the sandbox's *own* addresses."""

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        return 204

    async with Sandbox(speed=FAST, deliver=deliver, **settings) as sandbox, serve(sandbox) as url:
        with tempfile.TemporaryDirectory() as folder:
            report, written = Path(folder) / "report.json", Path(folder) / "own.json"
            written.write_text(json.dumps(document(url, CONTROL)))
            what = [written, "--url", url, "--checks", "not_a_server_error"]
            command = [
                Path(sys.executable).with_name("schemathesis"), "run",
                *(what if own else [f"{url}/openapi.json", "--exclude-checks", LENIENT]),
                "--header", "Authorization: Bearer sd_sandbox",
                "--continue-on-failure", "--max-response-time", SLOWEST, "--warnings", "off",
                "--report", "json", "--report-json-path", report, *options,
            ]  # fmt: skip
            environment = {
                **os.environ, "NO_PROXY": "*", "SCHEMATHESIS_HOOKS": "hooks",
                "PYTHONPATH": str(HERE),
            }  # fmt: skip
            done = await anyio.run_process(
                [str(it) for it in command],
                cwd=folder, env=environment, check=False, stdout=None, stderr=None,
            )  # fmt: skip
            if not report.exists():
                return Outcome(0, 0, 0, done.returncode or 1)
            counts = json.loads(report.read_text())["test_cases"]
    return Outcome(counts["generated"], counts["with_failures"], counts["errored"], done.returncode)


async def main(options: list[str]) -> int:
    """Fuzz one sandbox after the other, and say what came of it."""
    outcomes = {name: await fuzz(settings, options) for name, settings in WORLDS.items()}
    outcomes[OWN] = await fuzz({}, options, own=True)
    for name, it in outcomes.items():
        print(f"{name}: {it.cases} cases, {it.failed} failed, {it.errored} errors, exit {it.code}")
    return int(any(it.code or not it.cases for it in outcomes.values()))


if __name__ == "__main__":
    sys.exit(anyio.run(main, sys.argv[1:] or ["--max-examples", "50"]))
