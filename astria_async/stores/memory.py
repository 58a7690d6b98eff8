"""The store that lives and dies with its process: for one process, for tests, for a laptop."""

import contextlib
import datetime as dt
import heapq
from collections.abc import AsyncIterator, Collection, Sequence

import attrs
from anyio.lowlevel import checkpoint, checkpoint_if_cancelled

from astria_async.clock import Clock, SystemClock
from astria_async.protocol.addresses import KINDS, Kind
from astria_async.protocol.callbacks import Callback
from astria_async.stores import transitions
from astria_async.stores.base import RETENTION, Expectation, Record, State
from astria_async.stores.hints import Hints
from astria_async.stores.lifetime import Lifetime

_SPARED = (State.DONE, State.EXPECTED, State.PENDING, State.SET_ASIDE)
"""What a full store drops, first to last."""


@attrs.define
class _Agenda:
    """
    Which pending records of one kind can be claimed next, without looking at all of them.

    Entries are never taken out when a record changes; one that no longer says what its record says
    is dropped when it comes up, or when such entries are the greater part.
    """

    entries: list[tuple[dt.datetime, str]] = attrs.field(factory=list)

    def add(self, record: Record) -> None:
        heapq.heappush(self.entries, (transitions.ready_at(record), record.callback.wait))

    def first(self, records: dict[str, Record], kind: Kind) -> Record | None:
        while self.entries:
            when, wait = self.entries[0]
            record = records.get(wait)
            if _is_at(record, kind, when):
                return record
            heapq.heappop(self.entries)
        return None

    def tidy(self, records: dict[str, Record], kind: Kind) -> None:
        if len(self.entries) > 2 * len(records) + 64:
            entries = set(self.entries)
            self.entries = [it for it in entries if _is_at(records.get(it[1]), kind, it[0])]
            heapq.heapify(self.entries)


@attrs.define
class _Ages:
    """Which record of one state came first; kept as loosely as an agenda."""

    entries: list[tuple[dt.datetime, str]] = attrs.field(factory=list)

    def add(self, record: Record) -> None:
        heapq.heappush(self.entries, (record.callback.received_at, record.callback.wait))

    def pop(self, records: dict[str, Record], state: State) -> Record | None:
        while self.entries:
            when, wait = heapq.heappop(self.entries)
            record = records.get(wait)
            if record is not None and record.state is state and _came_at(record, when):
                return record
        return None

    def tidy(self, records: dict[str, Record], state: State) -> None:
        if len(self.entries) > 2 * len(records) + 64:
            known = ((it, records.get(it[1])) for it in set(self.entries))
            self.entries = [
                it
                for it, record in known
                if record is not None and record.state is state and _came_at(record, it[0])
            ]
            heapq.heapify(self.entries)


def _came_at(record: Record, when: dt.datetime) -> bool:
    return record.callback.received_at == when


def _is_as_old(one: Record, other: Record) -> bool:
    return one.callback.received_at == other.callback.received_at


def _is_at(record: Record | None, kind: Kind, when: dt.datetime) -> bool:
    return (
        record is not None
        and record.state is State.PENDING
        and record.callback.kind == kind
        and transitions.ready_at(record) == when
    )


class MemoryStore(Lifetime):
    """
    Records in this process's memory; gone when it ends, unseen by others.

    Bounded in number: past *max_records* the oldest are dropped, those that are done first, then
    those only expected, pending, set aside, and last those that a handler is working on.

    Args:
        clock: What times come from.
        retention: Seconds that a record is kept; those set aside stay until they are replayed.
        max_records: How many records are kept at most.
    """

    durable = False

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        retention: float = RETENTION,
        max_records: int = 10_000,
    ) -> None:
        super().__init__()
        self._clock = clock or SystemClock()
        self._retention = dt.timedelta(seconds=retention)
        self._max_records = max_records
        self._records: dict[str, Record] = {}  # oldest first, by the time they came
        self._agendas: dict[Kind, _Agenda] = {kind: _Agenda() for kind in KINDS}
        self._ages: dict[State, _Ages] = {state: _Ages() for state in _SPARED}
        self._watchers: list[Hints] = []
        self._sweep_at: dt.datetime | None = None

    def __repr__(self) -> str:
        """How full it is."""
        return f"<{type(self).__name__} of {len(self._records)} records>"

    async def check(self) -> None:
        """Return at once: memory takes every write."""
        await self._begin()

    async def expect(self, expectation: Expectation) -> bool:
        """Note that a callback is to come; see :class:`~astria_async.stores.base.Store`."""
        await self._begin()
        old = self._records.get(expectation.wait)
        self._keep(transitions.expected(old, expectation))
        self._make_room(expectation.wait)
        return old is None

    async def forget(self, wait: str, *, since: dt.datetime | None = None) -> None:
        """Drop the record if it is only expected, and noted for *since* if that is given."""
        await self._begin()
        record = self._records.get(wait)
        if record is not None and transitions.forgettable(record, since):
            del self._records[wait]

    async def overdue(self, *, before: dt.datetime, limit: int) -> Sequence[Expectation]:
        """Records still expected since before *before*, oldest first."""
        await self._begin()
        late = [
            transitions.expectation_of(record)
            for record in self._records.values()
            if record.state is State.EXPECTED and record.callback.received_at < before
        ]
        return sorted(late, key=lambda it: it.since)[: max(0, limit)]

    async def put(self, callback: Callback) -> bool:
        """Keep a callback and wake the watchers; whether it says something new."""
        self._require_open()
        # No pause for other tasks: who puts one callback of many has pauses of its own.
        await checkpoint_if_cancelled()
        old = self._records.get(callback.wait)
        if callback.attempt:
            callback = attrs.evolve(callback, attempt=0)
        record, is_new = transitions.received(old, callback, now=self._clock.now())
        if is_new:
            self._records.pop(callback.wait, None)  # to the end: it is the latest
        self._keep(record)
        self._make_room(callback.wait)
        self._hint(callback.wait)
        return is_new

    async def find(self, waits: Collection[str]) -> Sequence[Callback]:
        """The latest callback of each of *waits* that has one, in no order."""
        await self._begin()
        found = (self._records.get(wait) for wait in set(waits))
        return [it.callback for it in found if it is not None and it.state is not State.EXPECTED]

    @contextlib.asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[frozenset[str]]]:
        """Hints of new callbacks; see :class:`~astria_async.stores.base.Store`."""
        await self._begin()
        hints = Hints()
        self._watchers.append(hints)
        try:
            yield hints
        finally:
            self._watchers.remove(hints)

    async def claim(
        self, owner: str, *, kinds: Collection[Kind], limit: int, lease: float
    ) -> Sequence[Record]:
        """Take up to *limit* due records for *lease* seconds, those due longest first."""
        await self._begin()
        now = self._clock.now()
        taken: list[Record] = []
        while len(taken) < limit:
            record = self._next(kinds)
            if record is None or transitions.ready_at(record) > now:
                break
            until = now + dt.timedelta(seconds=lease)
            record = transitions.claimed(record, owner=owner, lease_until=until)
            self._keep(record)
            taken.append(transitions.for_handlers(record))
        return taken

    async def renew(self, record: Record, *, lease: float) -> bool:
        """Extend the lease from now; False when it was lost."""
        await self._begin()
        mine = self._held(record)
        if mine is None:
            return False
        until = self._clock.now() + dt.timedelta(seconds=lease)
        self._keep(attrs.evolve(mine, lease_until=until))
        return True

    async def finish(self, record: Record, *, handled: str) -> bool:
        """Mark it done, or pending when more came; False when the lease was lost."""
        await self._begin()
        mine = self._held(record)
        if mine is None:
            return False
        self._give_back(transitions.finished(mine, record, handled=handled, now=self._clock.now()))
        return True

    async def release(
        self, record: Record, *, error: str | None, due_at: dt.datetime | None
    ) -> bool:
        """Give a claimed record back, or set it aside; False when the lease was lost."""
        await self._begin()
        mine = self._held(record)
        if mine is None:
            return False
        self._give_back(
            transitions.released(mine, record, error=error, due_at=due_at, now=self._clock.now())
        )
        return True

    async def next_due(self, kinds: Collection[Kind]) -> dt.datetime | None:
        """When the next pending record of *kinds* can be claimed."""
        await self._begin()
        record = self._next(kinds)
        return None if record is None else transitions.ready_at(record)

    async def records(
        self, *, state: State | None = None, limit: int = 50, before: dt.datetime | None = None
    ) -> Sequence[Record]:
        """Records, newest first, received before *before*."""
        await self._begin()
        found = [
            record
            for record in reversed(self._records.values())
            if (state is None or record.state is state)
            and (before is None or record.callback.received_at < before)
        ]
        found.sort(key=lambda it: it.callback.received_at, reverse=True)
        return found[: max(0, limit)]

    async def record(self, wait: str) -> Record | None:
        """The record of one wait id."""
        await self._begin()
        return self._records.get(wait)

    async def replay(self, wait: str) -> bool:
        """Make a done or set-aside record pending; False if there is none such."""
        await self._begin()
        old = self._records.get(wait)
        record = None if old is None else transitions.replayed(old, now=self._clock.now())
        if record is None:
            return False
        self._give_back(record)
        return True

    async def prune(self, *, before: dt.datetime) -> int:
        """Delete records received before *before*, but for those set aside; how many."""
        await self._begin()
        return self._prune(before)

    async def _begin(self) -> None:
        self._require_open()
        # Before the change, which then happens without a pause: cancelled means not done.
        await checkpoint()

    def _held(self, lease: Record) -> Record | None:
        record = self._records.get(lease.callback.wait)
        return record if transitions.holds(record, lease) else None

    def _next(self, kinds: Collection[Kind]) -> Record | None:
        heads = [self._agendas[kind].first(self._records, kind) for kind in set(kinds)]
        return min((it for it in heads if it is not None), key=transitions.ready_at, default=None)

    def _keep(self, record: Record) -> None:
        old = self._records.get(record.callback.wait)
        self._records[record.callback.wait] = record
        if old is None or old.state is not record.state or not _is_as_old(old, record):
            ages = self._ages[record.state]
            ages.add(record)
            ages.tidy(self._records, record.state)
        if record.state is State.PENDING:
            agenda = self._agendas[record.callback.kind]
            agenda.add(record)
            agenda.tidy(self._records, record.callback.kind)

    def _give_back(self, record: Record) -> None:
        self._keep(record)
        if record.state is State.PENDING:
            self._hint(record.callback.wait)

    def _hint(self, wait: str) -> None:
        for hints in self._watchers:
            hints.add((wait,))

    def _prune(self, before: dt.datetime) -> int:
        old = [
            wait
            for wait, record in self._records.items()
            if record.callback.received_at < before and record.state is not State.SET_ASIDE
        ]
        for wait in old:
            del self._records[wait]
        return len(old)

    def _make_room(self, latest: str) -> None:
        now = self._clock.now()
        if self._sweep_at is None or now >= self._sweep_at:
            # Every hundredth of the retention is often enough, and costs nothing in between.
            self._sweep_at = now + self._retention / 100
            self._prune(now - self._retention)
        if len(self._records) <= self._max_records:
            return
        for busy in (False, True):
            for state in _SPARED:
                if self._drop_oldest(state, now, sparing=latest, busy=busy):
                    return

    def _drop_oldest(self, state: State, now: dt.datetime, *, sparing: str, busy: bool) -> bool:
        """Drop records of *state* until there is room; whether there is."""
        ages, spared = self._ages[state], list[Record]()
        while len(self._records) > self._max_records:
            record = ages.pop(self._records, state)
            if record is None:
                break
            held = record.lease_until is not None and record.lease_until > now
            if record.callback.wait == sparing or (held and not busy):
                spared.append(record)
            else:
                del self._records[record.callback.wait]
        for record in spared:
            ages.add(record)
        return len(self._records) <= self._max_records
