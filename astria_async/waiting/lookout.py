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

from astria_async.protocol.callbacks import Kind
from astria_async.protocol.errors import (
    AstriaError,
    AuthenticationError,
    Deleted,
    NotFound,
    PermissionDenied,
)
from astria_async.protocol.models import Job
from astria_async.waiting.entries import Entry, Key, timed_out
from astria_async.waiting.plan import Look, not_shown, plan_looks
from astria_async.waiting.waits import Waits

logger = logging.getLogger("astria_async.waiting")

KINDS: tuple[Kind, ...] = ("tune", "prompt")
LONGEST_BACKOFF = 300.0


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
    _ready: dict[Key, Entry] = attrs.field(factory=dict, init=False)
    _active: int = attrs.field(default=0, init=False)
    _allowance: float = attrs.field(default=0.0, init=False)
    _counted_at: float = attrs.field(default=0.0, init=False)

    async def run(self) -> None:
        """Look until cancelled."""
        self._allowance = float(self.waits.policy.polls_per_minute)
        self._counted_at = self.waits.clock.monotonic()
        async with anyio.create_task_group() as group:
            while True:
                self._pass_deadlines()
                refill = self._launch(group)
                await self._sleep(refill)

    def _pass_deadlines(self) -> None:
        waits = self.waits
        now = waits.clock.monotonic()
        for waiter in waits.deadlines.due(now):
            if waiter.last_chance:
                entry = waiter.entry
                waiter.finish(lambda entry=entry: timed_out(entry.last))  # type: ignore[misc]
                continue
            waiter.last_chance = True
            waiter.deadline = now + waits.policy.last_look
            waits.deadlines.add(waiter.deadline, waiter)
            waits.ask(waiter.entry)

    def _launch(self, group: anyio.abc.TaskGroup) -> float | None:
        """Start what may start; when to come back if only the ceiling on polls held it up."""
        now = self.waits.clock.monotonic()
        for entry in self.waits.looks.due(now):
            self._ready[entry.last.kind, entry.last.id] = entry
        for kind in KINDS:
            if self._active >= self.waits.policy.parallel:
                return None
            for look in self._plan(kind, now):
                if not self._may_look(look, now):
                    return now + 60.0 / self.waits.policy.polls_per_minute
                for object_id in look.ids:
                    entry = self._ready.pop((kind, object_id))
                    entry.looking, entry.urgent = True, False
                self._active += 1
                group.start_soon(self._look, look)
        return None

    def _plan(self, kind: Kind, now: float) -> list[Look]:
        free = self.waits.policy.parallel - self._active
        # One that another page showed meanwhile, or that nobody waits for now, is passed over.
        self._ready = {k: it for k, it in self._ready.items() if it.waiters and it.due <= now}
        ready = {key[1]: entry for key, entry in self._ready.items() if key[0] == kind}
        alone = [object_id for object_id, entry in ready.items() if entry.alone]
        singles = [Look(kind=kind, ids=(object_id,), page=False) for object_id in alone[:free]]
        shared = ready.keys() - set(alone)
        return singles + plan_looks(kind, shared, limit=free - len(singles))

    def _may_look(self, look: Look, now: float) -> bool:
        """Whether a callback or deadline asked for it, or the ceiling on polls leaves room."""
        ceiling = self.waits.policy.polls_per_minute
        earned = (now - self._counted_at) * ceiling / 60.0
        self._allowance, self._counted_at = min(float(ceiling), self._allowance + earned), now
        if any(self._ready[look.kind, object_id].urgent for object_id in look.ids):
            return True
        if self._allowance < 1.0:
            return False
        self._allowance -= 1.0
        return True

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
        async with anyio.create_task_group() as group:
            group.start_soon(self._ring_at, min(times))
            await waits.bell.wait()
            group.cancel_scope.cancel()

    async def _ring_at(self, when: float) -> None:
        await self.waits.clock.sleep(when - self.waits.clock.monotonic())
        self.waits.bell.ring()

    async def _look(self, look: Look) -> None:
        entries = [
            entry
            for object_id in look.ids
            if (entry := self.waits.entries.get((look.kind, object_id))) is not None
        ]
        try:
            if entries:
                await self._fetch(look, entries)
        finally:
            self._active -= 1
            for entry in entries:
                entry.looking = False
                if entry.again:
                    entry.again = False
                    self.waits.ask(entry)
                elif entry.waiters:
                    self.waits.looks.add(entry.due, entry)
            self.waits.bell.ring()

    async def _fetch(self, look: Look, entries: list[Entry]) -> None:
        try:
            if look.page:
                seen = await self.fetch.page(look.kind, look.ids[0] + 1)
            else:
                seen = [await self.fetch.one(look.kind, look.ids[0])]
        except NotFound as error:
            if look.page:
                self._miss(entries, error)
            else:
                self.waits.fail(entries[0], _deleted(look, error))
        except (AuthenticationError, PermissionDenied) as error:
            for entry in entries:
                self.waits.fail(entry, error)
        except AstriaError as error:
            self._miss(entries, error)
        else:
            for job in seen:
                self.waits.learn(job)
            if look.page:
                self._look_again(look, [job.id for job in seen])

    def _look_again(self, look: Look, shown: list[int]) -> None:
        beyond, absent = not_shown(look, shown)
        for object_id in beyond | absent:
            entry = self.waits.entries.get((look.kind, object_id))
            if entry is not None:
                # Lists may leave out what a single read shows, so only that tells that it is gone.
                entry.alone = object_id in absent
                entry.urgent = True
                self.waits.put_off(entry, 0.0)

    def _miss(self, entries: list[Entry], error: AstriaError) -> None:
        logger.warning("astria.look_failed", extra={"error": type(error).__name__})
        tries = max(entry.failures for entry in entries)
        pause = min(LONGEST_BACKOFF, 2.0 * 2.0**tries) * self.waits.rng.uniform(1.0, 1.25)
        retry_after = getattr(error, "retry_after", None)
        for entry in entries:
            self.waits.missed(entry, pause=max(pause, retry_after or 0.0))


def _deleted(look: Look, error: NotFound) -> Deleted:
    return Deleted(
        f"{look.kind} {look.ids[0]} is gone",
        status=error.status,
        body=error.body,
        method=error.method,
        path=error.path,
        request_id=error.request_id,
    )
