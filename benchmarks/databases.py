"""The Redis and PostgreSQL stores against their bare drivers doing the same write, 64 at a time."""

import asyncio
import datetime as dt
import importlib.util
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path
from types import ModuleType

import anyio
import asyncpg
import redis.asyncio

from astria_async.protocol.addresses import mint_wait_id
from astria_async.protocol.callbacks import Callback
from astria_async.stores import Store, open_store
from benchmarks.measure import Result, Timed, clocked, in_turn, quartiles, ratios
from benchmarks.samples import encoded, tune

WAYS = 64
PUTS = 3200
ROUNDS = 7
CONNECTIONS = 10
BODY = encoded({"tune": tune(1)})
TABLE = """
    CREATE TABLE callbacks (wait text PRIMARY KEY, kind text, metadata text, body bytea,
        received_at timestamptz, state text, count bigint, news bigint, due_at timestamptz);
    CREATE INDEX ON callbacks (state, received_at);
    CREATE INDEX ON callbacks (kind, due_at);
"""
INSERT = """
    WITH put AS (
        INSERT INTO callbacks VALUES ($1, $2, $3, $4, $5, 'pending', 1, 1, $5)
        ON CONFLICT (wait) DO UPDATE SET body = excluded.body RETURNING wait
    )
    SELECT pg_notify('callbacks', wait) FROM put
"""
Put = Callable[[], Awaitable[object]]


def crowd(put: Put) -> Timed:
    async def worker() -> None:
        for _ in range(PUTS // WAYS):
            await put()

    async def all_of_them() -> None:
        async with anyio.create_task_group() as group:
            for _ in range(WAYS):
                group.start_soon(worker)

    async def run() -> float:
        return await clocked(all_of_them) / PUTS

    return run


def by_store(store: Store) -> Put:
    async def put() -> None:
        now = dt.datetime.now(dt.UTC)
        await store.put(Callback(kind="tune", wait=mint_wait_id(), body=BODY, received_at=now))

    return put


def by_redis(client: redis.asyncio.Redis) -> Put:
    async def put() -> None:
        """A record, its place in two orders, and a hint: in one transaction."""
        wait, now = mint_wait_id(), dt.datetime.now(dt.UTC).timestamp()
        fields: dict[str, str | bytes | float] = {
            "kind": "tune", "metadata": "{}", "body": BODY, "received_at": now, "state": "pending",
            "count": 1, "news": 1, "attempts": 0, "claims": 0, "due_at": now,
        }  # fmt: skip
        async with client.pipeline(transaction=True) as pipe:
            pipe.hset(f"bare:r:{wait}", mapping=fields)  # type: ignore[arg-type]  # is invariant
            pipe.zadd("bare:s:pending", {wait: now})
            pipe.zadd("bare:due:tune", {wait: now})
            pipe.hincrby("bare:meta", "hints", 1)
            pipe.xadd("bare:hints", {"wait": wait}, maxlen=10_000, approximate=True)
            await pipe.execute()

    return put


def by_asyncpg(pool: asyncpg.Pool) -> Put:
    async def put() -> None:
        now = dt.datetime.now(dt.UTC)
        await pool.fetch(INSERT, mint_wait_id(), "tune", "{}", BODY, now)

    return put


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    store = open_store(url)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


async def on_redis(url: str) -> Result:
    pool = redis.asyncio.BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS)
    async with opened(url) as store, redis.asyncio.Redis(connection_pool=pool) as bare:
        ways = {"astria": crowd(by_store(store)), "driver": crowd(by_redis(bare))}
        return _result("Redis", "redis-py", await in_turn(ways, rounds=ROUNDS))


async def on_postgres(url: str) -> Result:
    async with (
        opened(url) as store,
        asyncpg.create_pool(url, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool,
    ):
        await pool.execute(TABLE)
        ways = {"astria": crowd(by_store(store)), "driver": crowd(by_asyncpg(pool))}
        return _result("PostgreSQL", "asyncpg", await in_turn(ways, rounds=ROUNDS))


def _result(name: str, driver: str, taken: dict[str, list[float]]) -> Result:
    return Result.of(
        ratios(taken["driver"], taken["astria"]),
        what=f"store in {name}, {WAYS} ways",
        against=f"bare {driver} doing the same write",
        target=0.8,
        bound="least",
        detail={f"{name}/s": round(1 / quartiles(it)[1]) for name, it in taken.items()},
    )


def servers() -> ModuleType:
    """The database servers that the tests start."""
    path = Path(__file__).parents[1] / "tests" / "stores" / "servers.py"
    spec = importlib.util.spec_from_file_location("servers", path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules["servers"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run() -> list[Result]:
    """Both servers write to the disk before they answer."""
    starting = servers()
    with ExitStack() as stack:
        cache, database = starting.redis_server(), starting.postgres_server()
        for server in (cache, database):
            stack.callback(server.stop)
            server.start()
        return [
            asyncio.run(on_redis(starting.redis_url(cache))),
            asyncio.run(on_postgres(starting.postgres_url(database))),
        ]
