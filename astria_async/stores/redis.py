"""Records in Redis: many hosts, little delay, as durable as the server is set up to be."""

import contextlib
import datetime as dt
import logging
from collections.abc import AsyncIterator, Collection, Sequence

import anyio

from astria_async.clock import Clock, SystemClock
from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.stores import redis_scripts as scripts
from astria_async.stores.base import Expectation, Record, State
from astria_async.stores.bounded import require_asyncio
from astria_async.stores.hints import Hints
from astria_async.stores.lifetime import CLOSING, Lifetime
from astria_async.stores.redis_rows import to_record
from astria_async.stores.redis_server import RedisServer, connect, describe
from astria_async.stores.redis_watch import BLOCK, Place, follow
from astria_async.stores.transitions import expectation_of, for_handlers
from astria_async.stores.watching import background
from astria_async.stores.wire import clean, from_micros, to_json, to_micros

PREFIX = "{astria-async}:"
CONNECTIONS = 32
_BATCH = 500
_log = logging.getLogger("astria_async.stores")


class RedisStore(Lifetime):
    """
    Records in one Redis server of version 6.2 or later, or what speaks its protocol.

    Redis acknowledges from memory. A callback that was answered survives the receiver in any case,
    but the server's own crash only as far as it writes: turn on ``appendonly yes``, and
    ``appendfsync always`` if not even the last second may be lost (``everysec`` is the default).
    Set ``maxmemory-policy noeviction``, or the server drops records when memory runs short;
    :meth:`check` logs a warning where it sees either. Works on asyncio only.

    Args:
        url: ``redis://user:password@host:port/database``, or ``rediss://`` for TLS.
        clock: What times come from.
        timeout: Seconds that a call may take, reconnecting included, before ``StoreUnavailable``.
        prefix: What every key begins with; the braces keep all in one slot of a cluster.
        connections: How many connections may be open besides one for each watch.
    """

    durable = True

    def __init__(
        self,
        url: str,
        *,
        clock: Clock | None = None,
        timeout: float = 5.0,
        prefix: str = PREFIX,
        connections: int = CONNECTIONS,
    ) -> None:
        super().__init__()
        self._url = url
        self._clock = clock or SystemClock()
        self._timeout = timeout
        self._prefix = prefix
        self._connections = connections
        self._server: RedisServer

    def __repr__(self) -> str:
        """Which server, without its password."""
        return f"<{type(self).__name__} {describe(self._url)}>"

    async def check(self) -> None:
        """
        Write something that nobody reads; log a warning if the server may lose what it took.

        Raises:
            StoreUnavailable: Unreachable, a read-only replica, out of memory, or its disk failed.
        """
        self._require_open()
        await self._server.run(scripts.PROVE)
        info = await self._server.info()
        if not info.get("aof_enabled"):
            _log.warning("%r has no append-only file: a crash of the server loses callbacks", self)
        policy = info.get("maxmemory_policy", "noeviction")
        if info.get("maxmemory") and policy.startswith("allkeys"):
            _log.warning("%r evicts callbacks when memory runs short: %s", self, policy)

    async def expect(self, expectation: Expectation) -> bool:
        """Note that a callback is to come; see :class:`~astria_async.stores.base.Store`."""
        self._require_open()
        is_new = await self._server.run(
            scripts.EXPECT,
            expectation.wait,
            expectation.kind,
            to_json(expectation.metadata),
            to_micros(expectation.since),
            "" if expectation.object_id is None else expectation.object_id,
        )
        return bool(is_new)

    async def forget(self, wait: str, *, since: dt.datetime | None = None) -> None:
        """Drop the record if it is only expected, and noted for *since* if that is given."""
        self._require_open()
        await self._server.run(scripts.FORGET, wait, "" if since is None else to_micros(since))

    async def overdue(self, *, before: dt.datetime, limit: int) -> Sequence[Expectation]:
        """Records still expected since before *before*, oldest first."""
        self._require_open()
        rows = await self._server.run(scripts.OVERDUE, to_micros(before), max(0, limit))
        return [expectation_of(to_record(row)) for row in rows]

    async def put(self, callback: Callback) -> bool:
        """Commit a callback and wake the watchers; whether it says something new."""
        self._require_open()
        fields = (
            callback.wait,
            callback.kind,
            to_json(callback.metadata),
            callback.body,
            to_micros(callback.received_at),
            to_micros(self._clock.now()),
        )
        return bool(await self._server.rerun(scripts.PUT, lambda again: (*fields, int(again))))

    async def find(self, waits: Collection[str]) -> Sequence[Callback]:
        """The latest callback of each of *waits* that has one, in no order."""
        return [it.callback for it in await self._get(waits) if it.state is not State.EXPECTED]

    @contextlib.asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[frozenset[str]]]:
        """Hints of new callbacks; see :class:`~astria_async.stores.base.Store`."""
        self._require_open()
        hints, ready = Hints(), anyio.Event()
        client = connect(self._url, bound=self._timeout, connections=2, patience=BLOCK)

        async def find_end() -> Place:
            entry, number = await self._server.run(scripts.END_OF_HINTS)
            return Place(entry=entry, number=int(number))

        try:
            async with background(
                lambda: follow(
                    client, f"{self._prefix}hints", hints, find_end=find_end, ready=ready.set
                )
            ):
                await ready.wait()
                yield hints
        finally:
            with anyio.move_on_after(CLOSING, shield=True):
                await client.aclose()
                await client.connection_pool.disconnect()

    async def claim(
        self, owner: str, *, kinds: Collection[Kind], limit: int, lease: float
    ) -> Sequence[Record]:
        """Take up to *limit* due records for *lease* seconds, those due longest first."""
        self._require_open()
        now = to_micros(self._clock.now())
        rows = await self._server.run(
            scripts.CLAIM, owner, now, now + round(lease * 1e6), max(0, limit), *set(kinds)
        )
        return [for_handlers(to_record(row)) for row in rows]

    async def renew(self, record: Record, *, lease: float) -> bool:
        """Extend the lease from now; False when it was lost."""
        until = to_micros(self._clock.now()) + round(lease * 1e6)
        return await self._hold(scripts.RENEW, record, until, gives_back=False)

    async def finish(self, record: Record, *, handled: str) -> bool:
        """Mark it done, or pending when more came; False when the lease was lost."""
        return await self._hold(
            scripts.FINISH, record, to_micros(self._clock.now()), handled, record.news
        )

    async def release(
        self, record: Record, *, error: str | None, due_at: dt.datetime | None
    ) -> bool:
        """Give a claimed record back, or set it aside; False when the lease was lost."""
        return await self._hold(
            scripts.RELEASE,
            record,
            to_micros(self._clock.now()),
            record.news,
            "" if due_at is None else to_micros(due_at),
            int(error is not None),
            clean(error) or "",
        )

    async def next_due(self, kinds: Collection[Kind]) -> dt.datetime | None:
        """When the next pending record of *kinds* can be claimed."""
        self._require_open()
        first = await self._server.run(scripts.NEXT_DUE, *set(kinds))
        return None if first is None else from_micros(int(first))

    async def records(
        self, *, state: State | None = None, limit: int = 50, before: dt.datetime | None = None
    ) -> Sequence[Record]:
        """Records, newest first, received before *before*."""
        self._require_open()
        until = "+inf" if before is None else f"({to_micros(before)}"
        states = list(State) if state is None else [state]
        rows = await self._server.run(scripts.RECORDS, until, max(0, limit), *states)
        return [to_record(row) for row in rows]

    async def record(self, wait: str) -> Record | None:
        """The record of one wait id."""
        found = await self._get([wait])
        return found[0] if found else None

    async def replay(self, wait: str) -> bool:
        """Make a done or set-aside record pending; False if there is none such."""
        self._require_open()
        now = to_micros(self._clock.now())
        return bool(await self._server.rerun(scripts.REPLAY, lambda again: (wait, now, int(again))))

    async def prune(self, *, before: dt.datetime) -> int:
        """Delete records received before *before*, but for those set aside; how many."""
        self._require_open()
        total = 0
        while True:
            # In parts, because a script holds up everyone else's.
            dropped = int(await self._server.run(scripts.PRUNE, to_micros(before), _BATCH))
            total += dropped
            if dropped < _BATCH:
                return total

    async def _start(self) -> None:
        require_asyncio("Redis")
        server = RedisServer(
            self._url,
            prefix=self._prefix,
            bound=self._timeout,
            connections=self._connections,
        )
        try:
            await server.open()
        except BaseException:
            with anyio.move_on_after(CLOSING, shield=True):
                await server.close()
            raise
        self._server = server

    async def _stop(self) -> None:
        await self._server.close()

    async def _get(self, waits: Collection[str]) -> list[Record]:
        self._require_open()
        every = list(set(waits))
        found: list[Record] = []
        for start in range(0, len(every), _BATCH):
            rows = await self._server.run(scripts.GET, *every[start : start + _BATCH])
            found += [to_record(row) for row in rows]
        return found

    async def _hold(
        self, script: str, lease: Record, *args: str | int, gives_back: bool = True
    ) -> bool:
        self._require_open()
        held = (lease.callback.wait, lease.owner or "", lease.claims)
        answer = await self._server.rerun(
            script, lambda again: (*held, int(again and gives_back), *args)
        )
        return bool(answer)
