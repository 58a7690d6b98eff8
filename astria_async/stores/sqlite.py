"""The default durable store: one file, any number of processes on one host, no server."""

import contextlib
import datetime as dt
import itertools
import sqlite3
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import anyio
import attrs
from anyio import from_thread, to_thread

from astria_async.clock import Clock, SystemClock
from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import ConfigurationError
from astria_async.stores import sqlite_tables as tables
from astria_async.stores import transitions
from astria_async.stores.base import Expectation, Record, State
from astria_async.stores.group_commit import GroupCommit
from astria_async.stores.hints import Hints
from astria_async.stores.lifetime import CLOSING, Lifetime
from astria_async.stores.sqlite_file import SQLiteFile, Work
from astria_async.stores.sqlite_watch import Lookout
from astria_async.stores.watching import background

T = TypeVar("T")
LOOK_EVERY = 0.015
"""Seconds between two looks for other processes' commits, at 4 µs each."""


@attrs.frozen(eq=False)
class _Put:
    """A callback to keep: with others where there are any."""

    callback: Callback
    at: dt.datetime

    def __call__(self, db: sqlite3.Connection) -> bool:
        (is_new,) = tables.put(db, [(self.callback, self.at)])
        return is_new


class SQLiteStore(Lifetime):
    """
    Records in a SQLite file with a write-ahead log; each commit is on the disk before it counts.

    Needs no driver: it uses Python's own ``sqlite3``, in threads. Any number of processes of one
    host may share the file; over a network file system SQLite's locks do not hold. It works on
    asyncio and trio.

    Args:
        path: The file, made on first use; its folder must exist. A relative one is seen from the
            working directory at this moment.
        clock: What times come from.
        timeout: Seconds that a call may take before it is ``StoreUnavailable``.
        look_every: Seconds between two looks for commits of other processes, while watching.
    """

    durable = True

    def __init__(
        self,
        path: str | Path,
        *,
        clock: Clock | None = None,
        timeout: float = 5.0,
        look_every: float = LOOK_EVERY,
    ) -> None:
        super().__init__()
        if str(path) == ":memory:":
            raise ConfigurationError("SQLite in memory keeps nothing: use the store 'memory:'")
        self._path = Path(path).absolute()
        self._clock = clock or SystemClock()
        self._timeout = timeout
        self._look_every = look_every
        self._lookouts: list[Lookout] = []
        self._reader: SQLiteFile
        self._writer: SQLiteFile
        self._writes: GroupCommit[Work[Any], Any]

    def __repr__(self) -> str:
        """Which file."""
        return f"<{type(self).__name__} {self._path}>"

    async def check(self) -> None:
        """
        Commit a write that nobody reads.

        Raises:
            StoreUnavailable: The disk is full or read-only, the file is gone, or locked too long.
        """
        await self._write(tables.prove)

    async def expect(self, expectation: Expectation) -> bool:
        """Note that a callback is to come; see :class:`~astria_async.stores.base.Store`."""

        def work(db: sqlite3.Connection) -> bool:
            old = tables.get(db, expectation.wait)
            tables.save(db, transitions.expected(old, expectation), hint=False)
            return old is None

        return await self._write(work)

    async def forget(self, wait: str, *, since: dt.datetime | None = None) -> None:
        """Drop the record if it is only expected, and noted for *since* if that is given."""
        await self._write(lambda db: tables.forget(db, wait, since))

    async def overdue(self, *, before: dt.datetime, limit: int) -> Sequence[Expectation]:
        """Records still expected since before *before*, oldest first."""
        late = await self._read(lambda db: tables.overdue(db, before, limit))
        return [transitions.expectation_of(record) for record in late]

    async def put(self, callback: Callback) -> bool:
        """Commit a callback, with those that come at the same time; whether it is news."""
        return await self._write(_Put(callback, self._clock.now()))

    async def find(self, waits: Collection[str]) -> Sequence[Callback]:
        """The latest callback of each of *waits* that has one, in no order."""
        return await self._read(lambda db: tables.find(db, waits))

    @contextlib.asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[frozenset[str]]]:
        """Hints of new callbacks; see :class:`~astria_async.stores.base.Store`."""
        self._require_open()
        hints = Hints()
        connected = anyio.Event()

        def miss() -> None:
            hints.miss()
            connected.set()

        lookout = Lookout(
            path=self._path,
            interval=self._look_every,
            timeout=min(1.0, self._timeout),
            add=lambda waits: from_thread.run_sync(hints.add, waits),
            miss=lambda: from_thread.run_sync(miss),
        )
        # A limiter of its own: a watch must not use up a thread that uploads wait for.
        own = anyio.CapacityLimiter(1)
        async with background(lambda: to_thread.run_sync(lookout.run, limiter=own)):
            self._lookouts.append(lookout)
            try:
                await connected.wait()
                yield hints
            finally:
                self._lookouts.remove(lookout)
                lookout.stop()

    async def claim(
        self, owner: str, *, kinds: Collection[Kind], limit: int, lease: float
    ) -> Sequence[Record]:
        """Take up to *limit* due records for *lease* seconds, those due longest first."""
        now = self._clock.now()
        until = now + dt.timedelta(seconds=lease)

        def work(db: sqlite3.Connection) -> list[Record]:
            taken = [
                transitions.claimed(record, owner=owner, lease_until=until)
                for record in tables.due(db, kinds, now, limit)
            ]
            for record in taken:
                tables.update(db, record, hint=False)
            return [transitions.for_handlers(record) for record in taken]

        # Looked at first, so that whoever asks in vain does not stop the writers.
        due = await self.next_due(kinds)
        return await self._write(work) if due is not None and due <= now else []

    async def renew(self, record: Record, *, lease: float) -> bool:
        """Extend the lease from now; False when it was lost."""
        until = self._clock.now() + dt.timedelta(seconds=lease)
        return await self._change(record, lambda now: attrs.evolve(now, lease_until=until))

    async def finish(self, record: Record, *, handled: str) -> bool:
        """Mark it done, or pending when more came; False when the lease was lost."""
        at = self._clock.now()
        return await self._change(
            record, lambda now: transitions.finished(now, record, handled=handled, now=at)
        )

    async def release(
        self, record: Record, *, error: str | None, due_at: dt.datetime | None
    ) -> bool:
        """Give a claimed record back, or set it aside; False when the lease was lost."""
        at = self._clock.now()
        return await self._change(
            record,
            lambda now: transitions.released(now, record, error=error, due_at=due_at, now=at),
        )

    async def next_due(self, kinds: Collection[Kind]) -> dt.datetime | None:
        """When the next pending record of *kinds* can be claimed."""
        return await self._read(lambda db: tables.next_due(db, kinds))

    async def records(
        self, *, state: State | None = None, limit: int = 50, before: dt.datetime | None = None
    ) -> Sequence[Record]:
        """Records, newest first, received before *before*."""
        return await self._read(lambda db: tables.records(db, state, limit, before))

    async def record(self, wait: str) -> Record | None:
        """The record of one wait id."""
        return await self._read(lambda db: tables.get(db, wait))

    async def replay(self, wait: str) -> bool:
        """Make a done or set-aside record pending; False if there is none such."""
        now = self._clock.now()

        def work(db: sqlite3.Connection) -> bool:
            old = tables.get(db, wait)
            record = None if old is None else transitions.replayed(old, now=now)
            if record is not None:
                tables.update(db, record, hint=True)
            return record is not None

        return await self._write(work)

    async def prune(self, *, before: dt.datetime) -> int:
        """Delete records received before *before*, but for those set aside; how many."""
        return await self._write(lambda db: tables.prune(db, before))

    async def _start(self) -> None:
        writer = await SQLiteFile.open(self._path, bound=self._timeout, prepare=tables.prepare)
        try:
            self._reader = await SQLiteFile.open(
                self._path, bound=self._timeout, prepare=tables.prepare
            )
        except BaseException:
            with anyio.move_on_after(CLOSING, shield=True):
                await writer.close()
            raise
        self._writer = writer
        self._writes = GroupCommit(self._commit, bound=self._timeout, server="the SQLite store")

    async def _stop(self) -> None:
        try:
            await self._reader.close()
        finally:
            # Last: whoever closes last folds the log into the file.
            await self._writer.close()

    async def _read(self, work: Work[T]) -> T:
        self._require_open()
        return await self._reader.read(work)

    async def _write(self, work: Work[T]) -> T:
        self._require_open()
        result: T = await self._writes.write(work)
        return result

    async def _commit(self, works: Sequence[Work[Any]]) -> list[Any]:
        def run(db: sqlite3.Connection) -> list[Any]:
            tables.check_version(db)
            results: list[Any] = []
            for together, group in itertools.groupby(works, lambda it: isinstance(it, _Put)):
                if together:
                    puts = cast("Iterable[_Put]", group)
                    results += tables.put(db, [(it.callback, it.at) for it in puts])
                else:
                    results += [work(db) for work in group]
            return results

        results = await self._writer.write(run)
        for lookout in self._lookouts:
            lookout.ring()
        return results

    async def _change(self, lease: Record, change: Callable[[Record], Record]) -> bool:
        def work(db: sqlite3.Connection) -> bool:
            now = tables.get(db, lease.callback.wait)
            if now is None or not transitions.holds(now, lease):
                return False
            record = change(now)
            free = record.state is State.PENDING and record.owner is None
            tables.update(db, record, hint=free)
            return True

        return await self._write(work)
