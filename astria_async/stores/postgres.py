"""Records in PostgreSQL: many hosts, beside the application's own data, as durable as that."""

import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import anyio

from astria_async.clock import Clock, SystemClock
from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.stores import postgres_tables as tables
from astria_async.stores.base import Expectation, Record, State
from astria_async.stores.bounded import require_asyncio
from astria_async.stores.group_commit import GroupCommit
from astria_async.stores.hints import Hints
from astria_async.stores.lifetime import Lifetime
from astria_async.stores.postgres_server import Connection, PostgresServer, connect, describe
from astria_async.stores.postgres_watch import follow
from astria_async.stores.transitions import expectation_of, for_handlers
from astria_async.stores.watching import background
from astria_async.stores.wire import clean, to_json

CONNECTIONS = 10
_BATCH = 5000
_log = logging.getLogger("astria_async.stores")


class PostgresStore(Lifetime):
    """
    Records in the schema ``astria_async`` of a PostgreSQL database, which the first user creates.

    Needs PostgreSQL 12 or later, and sessions: behind PgBouncer use its session pooling, because
    watching listens on a channel. Works on asyncio only.

    Args:
        url: ``postgresql://user:password@host:port/database``, with asyncpg's options.
        clock: What times come from.
        timeout: Seconds that a call may take, reconnecting included, before ``StoreUnavailable``.
        connections: How many connections may be open besides one for each watch.
    """

    durable = True

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        timeout: float = 5.0,
        connections: int = CONNECTIONS,
    ) -> None:
        super().__init__()
        self._url = url
        self._clock = clock or SystemClock()
        self._timeout = timeout
        self._connections = connections
        self._server: PostgresServer
        self._puts: GroupCommit[tuple[Any, ...], bool]

    def __repr__(self) -> str:
        """Which database, without its password."""
        return f"<{type(self).__name__} {describe(self._url)}>"

    async def check(self) -> None:
        """
        Commit a write that nobody reads; log a warning if commits do not wait for the disk.

        Raises:
            StoreUnavailable: Unreachable, read-only, or its disk is full.
        """
        [(commits, fsync)] = await self._fetch(tables.PROVE)
        if commits == "off" or fsync == "off":
            _log.warning(
                "%r commits without waiting for its disk (synchronous_commit=%s, fsync=%s): a "
                "crash of the server loses callbacks",
                self,
                commits,
                fsync,
            )

    async def expect(self, expectation: Expectation) -> bool:
        """Note that a callback is to come; see :class:`~astria_async.stores.base.Store`."""
        ((is_new,),) = await self._fetch(
            tables.EXPECT,
            expectation.wait,
            expectation.kind,
            to_json(expectation.metadata),
            expectation.since,
            expectation.object_id,
        )
        return bool(is_new)

    async def forget(self, wait: str, *, since: dt.datetime | None = None) -> None:
        """Drop the record if it is only expected, and noted for *since* if that is given."""
        await self._fetch(tables.FORGET, wait, since)

    async def overdue(self, *, before: dt.datetime, limit: int) -> Sequence[Expectation]:
        """Records still expected since before *before*, oldest first."""
        rows = await self._fetch(tables.OVERDUE, before, max(0, limit))
        return [expectation_of(tables.to_record(row)) for row in rows]

    async def put(self, callback: Callback) -> bool:
        """Commit a callback, with those that come at the same time; whether it is news."""
        fields = (
            callback.wait,
            callback.kind,
            to_json(callback.metadata),
            callback.body,
            callback.received_at,
            self._clock.now(),
        )

        self._require_open()
        return await self._puts.write(fields)

    async def find(self, waits: Collection[str]) -> Sequence[Callback]:
        """The latest callback of each of *waits* that has one, in no order."""
        return [tables.to_callback(row) for row in await self._fetch(tables.FIND, list(waits))]

    @contextlib.asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[frozenset[str]]]:
        """Hints of new callbacks; see :class:`~astria_async.stores.base.Store`."""
        self._require_open()
        hints, ready = Hints(), anyio.Event()

        async def listen() -> None:
            await follow(
                lambda: connect(self._url, bound=self._timeout),
                hints,
                bound=self._timeout,
                ready=ready.set,
            )

        async with background(listen):
            await ready.wait()
            yield hints

    async def claim(
        self, owner: str, *, kinds: Collection[Kind], limit: int, lease: float
    ) -> Sequence[Record]:
        """Take up to *limit* due records for *lease* seconds, those due longest first."""
        now = self._clock.now()
        until = now + dt.timedelta(seconds=lease)
        rows = await self._fetch(tables.CLAIM, owner, now, until, list(kinds), max(0, limit))
        taken = [for_handlers(tables.to_record(row)) for row in rows]
        return sorted(taken, key=lambda record: record.due_at)

    async def renew(self, record: Record, *, lease: float) -> bool:
        """Extend the lease from now; False when it was lost."""
        until = self._clock.now() + dt.timedelta(seconds=lease)
        return bool(await self._fetch(tables.RENEW, *_held(record), until))

    async def finish(self, record: Record, *, handled: str) -> bool:
        """Mark it done, or pending when more came; False when the lease was lost."""
        return await self._give_back(tables.FINISH, record, self._clock.now(), handled, record.news)

    async def release(
        self, record: Record, *, error: str | None, due_at: dt.datetime | None
    ) -> bool:
        """Give a claimed record back, or set it aside; False when the lease was lost."""
        return await self._give_back(
            tables.RELEASE, record, self._clock.now(), clean(error), due_at, record.news
        )

    async def next_due(self, kinds: Collection[Kind]) -> dt.datetime | None:
        """When the next pending record of *kinds* can be claimed."""
        [(first,)] = await self._fetch(tables.NEXT_DUE, list(kinds))
        due: dt.datetime | None = first
        return due

    async def records(
        self, *, state: State | None = None, limit: int = 50, before: dt.datetime | None = None
    ) -> Sequence[Record]:
        """Records, newest first, received before *before*."""
        rows = await self._fetch(tables.RECORDS, state, before, max(0, limit))
        return [tables.to_record(row) for row in rows]

    async def record(self, wait: str) -> Record | None:
        """The record of one wait id."""
        rows = await self._fetch(tables.GET, wait)
        return tables.to_record(rows[0]) if rows else None

    async def replay(self, wait: str) -> bool:
        """Make a done or set-aside record pending; False if there is none such."""
        now = self._clock.now()

        async def work(db: Connection, again: bool) -> bool:
            if again and await db.fetchval(tables.REPLAYED, wait, now):
                return True
            return bool(await db.fetch(tables.REPLAY, wait, now))

        self._require_open()
        return await self._server.run(work)

    async def prune(self, *, before: dt.datetime) -> int:
        """Delete records received before *before*, but for those set aside; how many."""
        total = 0
        while True:
            # In parts, so that each is done within the bound.
            [(count,)] = await self._fetch(tables.PRUNE, before, _BATCH)
            dropped = int(count)
            total += dropped
            if dropped < _BATCH:
                return total

    async def _start(self) -> None:
        require_asyncio("PostgreSQL")
        server = PostgresServer(self._url, bound=self._timeout, connections=self._connections)
        await server.open()
        self._server = server
        self._puts = GroupCommit(self._put, bound=self._timeout, server="the PostgreSQL store")

    async def _stop(self) -> None:
        await self._server.close()

    async def _put(self, puts: Sequence[tuple[Any, ...]]) -> list[bool]:
        async def work(db: Connection, again: bool) -> list[bool]:
            rows = await db.fetchmany(tables.PUT, [(*fields, again) for fields in puts])
            return [bool(row[0]) for row in rows]

        return await self._server.run(work)

    async def _fetch(self, statement: str, *args: Any) -> list[Any]:
        self._require_open()
        return await self._server.fetch(statement, *args)

    async def _give_back(self, statement: str, lease: Record, *args: Any) -> bool:
        wait, owner, claims = _held(lease)

        async def work(db: Connection, again: bool) -> bool:
            if again and await db.fetchval(tables.GIVEN_BACK, wait, claims):
                return True
            return bool(await db.fetch(statement, wait, owner, claims, *args))

        self._require_open()
        return await self._server.run(work)


def _held(lease: Record) -> tuple[str, str | None, int]:
    return lease.callback.wait, lease.owner, lease.claims
