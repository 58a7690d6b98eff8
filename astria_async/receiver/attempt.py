"""One attempt at one callback: what became of its object, and of the handlers that ran on it."""

import logging
from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from astria_async.clock import Clock
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import AstriaError, NotFound
from astria_async.receiver.deadline import within
from astria_async.receiver.handlers import HandlerLimits, Handlers, unsettled_pause
from astria_async.receiver.log import describe, describe_fully, log_event
from astria_async.stores import Record
from astria_async.telemetry import change_handlers, span

Load = Callable[[Callback], Awaitable[Any | None]]
"""
The fresh object that a callback told of, or ``None`` while it is not settled.

Raises one of our errors when it cannot tell now, and ``NotFound`` when the object is gone.
"""
Outcome = Callable[[Any], str]
"""Marks what became of an object, so that handlers run once for each outcome."""

GONE = "gone"


@attrs.frozen
class Finished:
    """Nothing is left to do; *mark* says for which outcome."""

    mark: str


@attrs.frozen
class Postponed:
    """
    To be tried again.

    Attributes:
        pause: Seconds until then; ``None`` to set it aside.
        error: What the handlers said; ``None`` when they did not run, and it does not count.
    """

    pause: float | None
    error: str | None = None


Verdict = Finished | Postponed


@attrs.frozen
class _Loaded:
    object: Any
    mark: str


def stamp(mark: str, record: Record) -> str:
    """*mark* as the store keeps it: with the news that it was made for."""
    return f"{mark}#{record.news}"


def is_known(mark: str, record: Record) -> bool:
    """
    Whether handlers ran for *mark* already, and a callback that says it again brought it up.

    Without another callback since it was a person who asked for it, by a replay.
    """
    known, _, news = (record.handled or "").rpartition("#")
    return known == mark and news != str(record.news)


@attrs.frozen(kw_only=True)
class Attempt:
    """
    Loads the object of a claimed record, and runs its handlers.

    Attributes:
        handlers: What is registered.
        load: Fetches the object.
        outcome: Marks what became of it.
        limits: How often and how long handlers are tried.
        clock: What pauses and timeouts are measured on.
    """

    handlers: Handlers
    load: Load
    outcome: Outcome
    limits: HandlerLimits
    clock: Clock

    async def make(self, record: Record) -> Verdict:
        """What is to become of *record*; raises nothing but cancellation."""
        callback = attrs.evolve(record.callback, attempt=record.attempts)
        if record.attempts > self.limits.max_attempts:
            # A process that died of a callback reports no failure: only the count tells.
            return self._failed(callback, "the process ended each time before the handlers did")
        loaded = await self._load(callback)
        if not isinstance(loaded, _Loaded):
            return loaded
        if is_known(loaded.mark, record):
            return Finished(loaded.mark)
        return await self._handle(loaded, callback)

    async def _load(self, callback: Callback) -> "_Loaded | Verdict":
        try:
            found = await self.load(callback)
            if found is not None:
                return _Loaded(found, self.outcome(found))
        except NotFound:
            log_event(logging.WARNING, "handler.object_gone", **_about(callback))
            return Finished(GONE)
        except AstriaError as exc:
            return self._not_now(callback, exc)
        except Exception as exc:  # noqa: BLE001 - counted, logged and shown to a person
            return self._failed(callback, describe(exc), detail=describe_fully(exc))
        return Postponed(unsettled_pause(self._age(callback)))

    async def _handle(self, loaded: "_Loaded", callback: Callback) -> Verdict:
        async def run() -> list[str]:
            with span("astria handle", "consumer", metadata=callback.metadata, kind=callback.kind):
                return await self._run_each(loaded.object, callback)

        change_handlers(callback.kind, 1)
        try:
            errors = await within(self.clock, self.limits.timeout, run)
        except TimeoutError as exc:
            errors = [f"the handlers {exc}"]
        finally:
            change_handlers(callback.kind, -1)
        if not errors:
            log_event(logging.INFO, "handler.done", **_about(callback))
            return Finished(loaded.mark)
        return self._failed(callback, "; ".join(errors))

    async def _run_each(self, found: Any, callback: Callback) -> list[str]:
        # All of them, one after the other: one that fails is not to starve the next.
        errors = []
        for handler in self.handlers.of(callback.kind):
            try:
                await handler(found, callback)
            except Exception as exc:  # noqa: BLE001 - counted, logged and shown to a person
                name = getattr(handler, "__qualname__", type(handler).__qualname__)
                about = {**_about(callback), "handler": name}
                detail = describe_fully(exc)
                log_event(logging.ERROR, "handler.failed", **about, detail=detail)
                errors.append(f"{name}: {describe(exc)}")
        return errors

    def _failed(self, callback: Callback, error: str, *, detail: str = "") -> Postponed:
        aside = callback.attempt >= self.limits.max_attempts
        pause = None if aside else self.limits.pause(callback.attempt)
        event = "handler.set_aside" if aside else "handler.postponed"
        about = {**_about(callback), "error": error, "pause": pause}
        log_event(logging.ERROR if aside else logging.WARNING, event, **about, detail=detail)
        return Postponed(pause, error)

    def _not_now(self, callback: Callback, error: AstriaError) -> Postponed:
        asked = getattr(error, "retry_after", None) or 0.0
        pause = max(unsettled_pause(self._age(callback)), asked)
        about = {**_about(callback), "error": describe(error), "pause": pause}
        log_event(logging.WARNING, "handler.object_unknown", **about)
        return Postponed(pause)

    def _age(self, callback: Callback) -> float:
        return (self.clock.now() - callback.received_at).total_seconds()


def _about(callback: Callback) -> dict[str, Any]:
    return {"kind": callback.kind, "wait": callback.wait, "attempt": callback.attempt}
