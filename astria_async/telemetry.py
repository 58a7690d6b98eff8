"""
Traces and metrics by OpenTelemetry, where its API is installed (``astria-async[otel]``).

Nothing here is recorded until the program sets an SDK up; without the package each call returns at
once. One trace holds a create, its callback, the handlers that run on it and the wait for it, in
whichever processes they are: the create's ``traceparent`` travels in the metadata of the callback
URL, under its signature. Requests as such are left to ``opentelemetry-instrumentation-httpx``.
"""

import functools
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal

import attrs

from astria_async._version import __version__

NAME = "astria_async"
TRACEPARENT = "traceparent"
"""Under which name a trace travels in metadata: the W3C's."""

SpanKind = Literal["internal", "client", "server", "consumer"]


@attrs.frozen(eq=False)
class _Otel:
    """The parts of OpenTelemetry that are used, looked up once."""

    tracer: Any
    trace: Any
    propagator: Any
    events: Any
    looks: Any
    waits: Any
    handlers: Any
    kept: Any


@functools.cache
def _otel() -> _Otel | None:
    try:
        from opentelemetry import metrics, trace
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
    except ModuleNotFoundError:
        return None
    # Proxies until the program sets its providers up, which may be later than this.
    meter = metrics.get_meter(NAME, __version__)
    return _Otel(
        tracer=trace.get_tracer(NAME, __version__),
        trace=trace,
        propagator=TraceContextTextMapPropagator(),
        events=meter.create_counter("astria.events", description="Events of the log, by name"),
        looks=meter.create_counter("astria.looks", description="Reads on behalf of waits"),
        waits=meter.create_up_down_counter("astria.waits", description="Waits that are open"),
        handlers=meter.create_up_down_counter(
            "astria.handlers", description="Callbacks that handlers are working on"
        ),
        kept=meter.create_histogram(
            "astria.callback.duration", unit="s", description="Time to commit a callback"
        ),
    )


_NOTHING: AbstractContextManager[None] = nullcontext()


def span(
    name: str,
    kind: SpanKind,
    /,
    *,
    metadata: Mapping[str, str] | None = None,
    **attributes: str | int,
) -> AbstractContextManager[None]:
    """
    A span around a block; an error in it is told by its type alone, and goes on.

    Args:
        name: Of the span.
        kind: Its place in the trace.
        metadata: Of a callback: the span belongs to the trace that travels in it, if any does.
        attributes: Named ``astria.…`` in the span.
    """
    otel = _otel()
    if otel is None:
        return _NOTHING
    named = {f"astria.{key}": value for key, value in attributes.items()}
    return _recorded(otel, name, kind, metadata or {}, named)


@contextmanager
def _recorded(
    otel: _Otel,
    name: str,
    kind: SpanKind,
    metadata: Mapping[str, str],
    attributes: Mapping[str, str | int],
) -> Iterator[None]:
    parent = None
    if TRACEPARENT in metadata:
        parent = otel.propagator.extract({TRACEPARENT: metadata[TRACEPARENT]})
    with otel.tracer.start_as_current_span(
        name,
        context=parent,
        kind=otel.trace.SpanKind[kind.upper()],
        attributes=attributes,
        # A message or a traceback may hold what is nobody else's business.
        record_exception=False,
        set_status_on_exception=False,
    ) as begun:
        try:
            yield
        except BaseException as error:
            begun.set_attribute("error.type", type(error).__name__)
            begun.set_status(otel.trace.StatusCode.ERROR)
            raise


def is_apart() -> bool:
    """Whether spans may be recorded, and none is around this."""
    otel = _otel()
    return otel is not None and not otel.trace.get_current_span().get_span_context().is_valid


def traceparent() -> dict[str, str]:
    """The trace of the span around this, as metadata; empty where nothing records one."""
    otel = _otel()
    if otel is None or not otel.trace.get_current_span().is_recording():
        return {}
    carrier: dict[str, str] = {}
    otel.propagator.inject(carrier)
    return {TRACEPARENT: carrier[TRACEPARENT]} if TRACEPARENT in carrier else {}


def count_event(event: str, kind: str | None) -> None:
    """Count an event of the log."""
    otel = _otel()
    if otel is not None:
        otel.events.add(1, {"event": event} if kind is None else {"event": event, "kind": kind})


def count_look(kind: str, *, page: bool) -> None:
    """Count a read on behalf of waits: of one object, or of a page of them."""
    otel = _otel()
    if otel is not None:
        otel.looks.add(1, {"kind": kind, "page": page})


def change_waits(kind: str, by: int) -> None:
    """Note that waits began or ended."""
    otel = _otel()
    if otel is not None:
        otel.waits.add(by, {"kind": kind})


def change_handlers(kind: str, by: int) -> None:
    """Note that handlers began or ended to work on a callback."""
    otel = _otel()
    if otel is not None:
        otel.handlers.add(by, {"kind": kind})


def record_kept(kind: str, seconds: float) -> None:
    """Note how long it took to commit a callback."""
    otel = _otel()
    if otel is not None:
        otel.kept.record(seconds, {"kind": kind})
