"""
The one task that looks: at the deadline, when a callback came, and when none came for too long.

Looks are coalesced. Whatever is due together is seen with one list request for each page of
objects, so requests grow with pages and not with waiters, and many callbacks cost few reads.
"""

import logging
from collections.abc import Sequence
from typing import Protocol

import anyio
import anyio.abc
import attrs

from astria_async.clock import SystemClock
from astria_async.events import log_event
from astria_async.protocol.addresses import Kind
from astria_async.protocol.errors import (
    AstriaError,
    AuthenticationError,
    DecodeError,
    Deleted,
    NotFound,
    PermissionDenied,
)
from astria_async.protocol.models import Job
from astria_async.telemetry import count_look
from astria_async.waiting.entries import Entry
from astria_async.waiting.piles import Pile
from astria_async.waiting.plan import Look, not_shown
from astria_async.waiting.waits import Waits

logger: logging.Logger = logging.getLogger("astria_async.waiting")

LONGEST_BACKOFF = 300.0
MAX_DOUBLINGS = 16
HAIR = 1e-6
"""Seconds that count as nothing: sums of floats are off by less."""


class Fetch(Protocol):
    """How objects are fetched; the resources hand this in. One try each: we pace the tries."""

    async def one(self, kind: Kind, object_id: int) -> Job:
        """One object."""
        ...

    async def page(self, kind: Kind, before_id: int) -> Sequence[Job]:
        """The newest objects with ids below *before_id*, a page full."""
        ...


@attrs.define(eq=False)
class Lookout:
    """
    Works off the looks and deadlines of *waits*.

    Args:
        waits: Whose.
        fetch: Fetches objects.
    """

    waits: Waits
    fetch: Fetch
    _asked: Pile = attrs.field(factory=Pile, init=False)
    _due: Pile = attrs.field(factory=Pile, init=False)
    _active: int = attrs.field(default=0, init=False)
    _allowance: float = attrs.field(default=0.0, init=False)
    _counted_at: float = attrs.field(default=0.0, init=False)

    async def run(self) -> None:
        """Look until cancelled."""
        self._allowance = float(self.waits.policy.polls_per_minute)
        self._counted_at = self._now()
        async with anyio.create_task_group() as group:
            while True:
                self._pass_deadlines()
                refill = self._launch(group)
                await self._sleep(refill)

    def _now(self) -> float:
        # A sleep may end so much too early; without this it would begin again and again.
        return self.waits.clock.monotonic() + HAIR

    def _pass_deadlines(self) -> None:
        waits = self.waits
        for waiter in waits.deadlines.due(self._now()):
            if waiter.last_chance:
                waits.time_out(waiter)
                continue
            waiter.last_chance = True
            waiter.deadline = waits.clock.monotonic() + waits.policy.last_look
            waits.deadlines.add(waiter.deadline, waiter)
            waits.ask(waiter.entry)

    def _launch(self, group: anyio.abc.TaskGroup) -> float | None:
        """Start what may start; when to come back if only the ceiling on polls held it up."""
        now = self._now()
        for entry in self.waits.looks.due(now):
            (self._asked if entry.urgent else self._due).add(entry)
        while self._active < self.waits.policy.parallel:
            found = self._asked.take(_is_asked)
            if found is not None:
                self._begin(group, *found, asked=set(found[0].ids))
                continue
            refill = self._refill(now) if self._due else None
            if refill is not None:
                return refill
            # One that another page showed meanwhile, or that nobody waits for now, is passed over.
            found = self._due.take(lambda it: _is_polled(it) and it.due <= now)
            if found is None:
                return None
            self._allowance -= 1.0
            self._begin(group, *found, asked=set())
        return None

    def _begin(
        self, group: anyio.abc.TaskGroup, look: Look, entries: list[Entry], *, asked: set[int]
    ) -> None:
        for entry in entries:
            entry.looking, entry.urgent = True, False
        self._active += 1
        group.start_soon(self._look, look, entries, asked)

    def _refill(self, now: float) -> float | None:
        """When the ceiling allows the next poll, unless it does now."""
        ceiling = self.waits.policy.polls_per_minute
        earned = (now - self._counted_at) * ceiling / 60.0
        self._allowance, self._counted_at = min(float(ceiling), self._allowance + earned), now
        if self._allowance < 1.0:
            return now + (1.0 - self._allowance) * 60.0 / ceiling
        return None

    async def _sleep(self, refill: float | None) -> None:
        waits = self.waits
        times = [
            when
            for when in (waits.looks.next(), waits.deadlines.next(), refill)
            if when is not None
        ]
        if not times:
            await waits.bell.wait()
            return
        if isinstance(waits.clock, SystemClock):
            with anyio.move_on_after(min(times) - waits.clock.monotonic()):
                await waits.bell.wait()
            return
        async with anyio.create_task_group() as group:
            group.start_soon(self._ring_at, min(times))
            await waits.bell.wait()
            group.cancel_scope.cancel()

    async def _ring_at(self, when: float) -> None:
        await self.waits.clock.sleep(when - self.waits.clock.monotonic())
        self.waits.bell.ring()

    async def _look(self, look: Look, entries: list[Entry], asked: set[int]) -> None:
        try:
            # Whoever waited may have left before this had its turn.
            if any(entry.waiters for entry in entries):
                await self._fetch(look, entries, asked)
        finally:
            self._active -= 1
            for entry in entries:
                self._looked(entry)
            self.waits.bell.ring()

    def _looked(self, entry: Entry) -> None:
        entry.looking = False
        if entry.again:
            entry.again = False
            self.waits.ask(entry)
            return
        if not entry.urgent:
            self.waits.end_last_chances(entry)
        if entry.waiters:
            self.waits.looks.add(entry.due, entry)

    async def _fetch(self, look: Look, entries: list[Entry], asked: set[int]) -> None:
        count_look(look.kind, page=look.page)
        try:
            if look.page:
                seen = await self.fetch.page(look.kind, look.ids[0] + 1)
            else:
                seen = [await self.fetch.one(look.kind, look.ids[0])]
        except AstriaError as error:
            self._take_refusal(look, entries, error)
        except Exception as error:  # noqa: BLE001 - logged, and ends these waits
            # Nobody knows what a transport of the user's own may raise. It ends these waits, which
            # say so, and not the whole client.
            log_event(logger, logging.ERROR, "look.broken", kind=look.kind, exc_info=True)
            for entry in entries:
                self.waits.fail(entry, _broken(look, error))
        else:
            for job in seen:
                self.waits.learn(job)
            self._look_again(look, entries, asked, [job.id for job in seen])

    def _take_refusal(self, look: Look, entries: list[Entry], error: AstriaError) -> None:
        if isinstance(error, NotFound) and not look.page:
            self.waits.fail(entries[0], _deleted(look, error))
        elif isinstance(error, (AuthenticationError, PermissionDenied)):
            for entry in entries:
                self.waits.fail(entry, error)
        else:
            self._miss(entries, error)

    def _look_again(
        self, look: Look, entries: list[Entry], asked: set[int], shown: list[int]
    ) -> None:
        beyond, absent = not_shown(look, shown)
        if absent and not look.page:
            self._miss(entries, DecodeError(f"asked for {look.kind} {look.ids[0]}, got {shown}"))
            return
        for entry in entries:
            number = entry.last.id
            if number in beyond or number in absent:
                # Lists may leave out what a single read shows: only that tells that it is gone.
                entry.alone = number in absent
                entry.urgent = entry.urgent or number in asked
                self.waits.put_off(entry, 0.0)

    def _miss(self, entries: list[Entry], error: AstriaError) -> None:
        log_event(logger, logging.WARNING, "look.failed", error=type(error).__name__)
        tries = min(max(entry.failures for entry in entries), MAX_DOUBLINGS)
        pause = min(LONGEST_BACKOFF, 2.0 * 2.0**tries) * self.waits.rng.uniform(1.0, 1.25)
        retry_after = getattr(error, "retry_after", None)
        for entry in entries:
            self.waits.missed(entry, error, pause=max(pause, retry_after or 0.0))


def _is_asked(entry: Entry) -> bool:
    return entry.urgent and not entry.looking and bool(entry.waiters)


def _is_polled(entry: Entry) -> bool:
    return not entry.urgent and not entry.looking and bool(entry.waiters)


def _deleted(look: Look, error: NotFound) -> Deleted:
    return Deleted(
        f"{look.kind} {look.ids[0]} is gone",
        status=error.status,
        body=error.body,
        method=error.method,
        path=error.path,
        request_id=error.request_id,
    )


def _broken(look: Look, error: Exception) -> AstriaError:
    broken = AstriaError(
        f"looking at {look.kind} {look.ids[0]} failed in a way that no retry mends: "
        f"{type(error).__name__}. See its cause; wait again once that is mended"
    )
    broken.__cause__ = error
    return broken
