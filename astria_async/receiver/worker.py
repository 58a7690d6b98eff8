"""
Running the handlers: at least once, in one process at a time, for as long as it takes.

What is to be done lies in the store, not here: a worker claims records, works on them under a
lease, and gives each back finished, due later, or set aside. It is woken by the store's hints and
by the time at which the next record is due, never by looking around.
"""

import contextlib
import datetime as dt
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator

import anyio
import attrs
from anyio.abc import TaskGroup, TaskStatus

from astria_async.clock import Clock
from astria_async.protocol.errors import StoreUnavailable
from astria_async.receiver.attempt import Attempt, Finished, Postponed, Verdict, stamp
from astria_async.receiver.deadline import within
from astria_async.receiver.handlers import spread
from astria_async.receiver.lease import Lease
from astria_async.receiver.log import describe, log_event
from astria_async.stores import Record, Store

CLOSING = 5.0
LONGEST_PAUSE = 60.0
LEAST_DOZE = 0.5
"""Seconds: a record that is due but not to be had belongs to someone who just took it."""


def name_owner() -> str:
    """A name for this worker that no other has: host, process and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"


@attrs.define
class _Bell:
    """Rung when there may be something to do."""

    _next: anyio.Event = attrs.field(factory=anyio.Event)

    def ring(self) -> None:
        # An Event never un-happens, so a fresh one stands in for the next ring.
        self._next.set()
        self._next = anyio.Event()

    def listen(self) -> anyio.Event:
        return self._next


@attrs.define(eq=False, kw_only=True)
class HandlerWorker:
    """
    Runs the handlers of one process.

    Args:
        store: Where the callbacks are; open for as long as this runs.
        attempt: What is done with one of them.
        clock: What leases and pauses are measured on; the store's own.
        owner: Name of this worker in the leases.
    """

    store: Store
    attempt: Attempt
    clock: Clock
    owner: str = attrs.field(factory=name_owner)
    _bell: _Bell = attrs.field(factory=_Bell)
    _jobs: TaskGroup | None = None
    _running: int = 0
    _closing: anyio.Event = attrs.field(factory=anyio.Event)

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """
        Work until cancelled. Then claim no more, and let what is running finish.

        Handlers that still run after ``limits.shutdown_grace`` seconds are cancelled, and their
        callbacks given back, due at once and without counting the attempt.
        """
        async with anyio.create_task_group() as tg:
            # Not by start(): when cancelled it would wait for the host, and the host for us.
            tg.start_soon(self._host)
            try:
                jobs = await self._opened()
                async with self.store.watch() as hints, anyio.create_task_group() as inner:
                    inner.start_soon(self._listen, hints)
                    task_status.started()
                    await self._dispatch(jobs)
            finally:
                self._closing.set()

    async def _host(self) -> None:
        # Jobs live in a group of their own that the caller's cancellation does not reach.
        async with anyio.create_task_group() as jobs:
            jobs.cancel_scope.shield = True
            self._jobs = jobs
            self._bell.ring()
            await self._closing.wait()
            # In the machine's own time: a clock that stands still is not to keep a program open.
            with anyio.move_on_after(self.attempt.limits.shutdown_grace):
                await self._idle()
            if self._running:
                log_event(logging.WARNING, "handler.cut_short", running=self._running)
            jobs.cancel_scope.cancel()

    async def _opened(self) -> TaskGroup:
        while self._jobs is None:
            await self._bell.listen().wait()
        return self._jobs

    async def _idle(self) -> None:
        while self._running:
            await self._bell.listen().wait()

    async def _listen(self, hints: AsyncIterator[frozenset[str]]) -> None:
        async for _ in hints:
            self._bell.ring()

    async def _dispatch(self, jobs: TaskGroup) -> None:
        failures = 0
        while True:
            rung = self._bell.listen()  # taken before the claim: a ring during it still counts
            try:
                pause = await self._claim(jobs)
                failures = 0
            except StoreUnavailable as exc:
                failures += 1
                pause = spread(min(2.0**failures, LONGEST_PAUSE))
                error = describe(exc)
                log_event(logging.WARNING, "store.unavailable", error=error, pause=pause)
                await self.clock.sleep(pause)
                continue
            with contextlib.suppress(TimeoutError):
                await within(self.clock, pause, rung.wait)

    async def _claim(self, jobs: TaskGroup) -> float:
        """Start what can be started; the seconds until there may be more, if no bell rings."""
        kinds = self.attempt.handlers.kinds
        limits = self.attempt.limits
        free = limits.concurrency - self._running
        if not free or not kinds:
            return float("inf")
        asked_at = self.clock.monotonic()
        records = await self.store.claim(self.owner, kinds=kinds, limit=free, lease=limits.lease)
        for record in records:
            self._running += 1
            jobs.start_soon(self._work, record, asked_at)
        due = await self.store.next_due(kinds)
        if due is None or len(records) == free:
            return float("inf")
        return max((due - self.clock.now()).total_seconds(), LEAST_DOZE)

    async def _work(self, record: Record, taken_at: float) -> None:
        lease = Lease(
            store=self.store,
            record=record,
            seconds=self.attempt.limits.lease,
            clock=self.clock,
            taken_at=taken_at,
        )

        async def work() -> None:
            await self._settle(record, await self.attempt.make(record))

        try:
            await lease.hold(work)
        except anyio.get_cancelled_exc_class():
            await self._give_back(record)
            raise
        finally:
            self._running -= 1
            self._bell.ring()

    async def _settle(self, record: Record, verdict: Verdict) -> None:
        # Until the lease ends, and this with it: handlers that ran are not to run again because
        # the database was away for a moment.
        failures = 0
        while True:
            try:
                kept = await self._commit(record, verdict)
            except StoreUnavailable as exc:
                failures += 1
                log_event(logging.WARNING, "store.unavailable", error=describe(exc))
                await self.clock.sleep(spread(min(2.0**failures, LONGEST_PAUSE)))
                continue
            if not kept:
                log_event(logging.WARNING, "handler.lease_lost", wait=record.callback.wait)
            return

    async def _commit(self, record: Record, verdict: Verdict) -> bool:
        match verdict:
            case Finished(mark):
                return await self.store.finish(record, handled=stamp(mark, record))
            case Postponed(pause, error):
                due_at = None if pause is None else self._in(pause)
                return await self.store.release(record, error=error, due_at=due_at)

    async def _give_back(self, record: Record) -> None:
        # A handler may be cancelled by itself, too: that counts, or it would go on for ever.
        ours = self._closing.is_set()
        error = None if ours else "the handler was cancelled"
        pause = 0.0 if ours else self.attempt.limits.pause(record.attempts)
        with anyio.move_on_after(CLOSING, shield=True):
            try:
                await self.store.release(record, error=error, due_at=self._in(pause))
            except StoreUnavailable as exc:
                log_event(logging.WARNING, "store.unavailable", error=describe(exc))

    def _in(self, seconds: float) -> dt.datetime:
        return self.clock.now() + dt.timedelta(seconds=seconds)
