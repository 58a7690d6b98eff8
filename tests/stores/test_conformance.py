"""The four stores keep to their contract."""

from pathlib import Path

import asyncpg
import pytest
import redis

from astria_async.clock import Clock
from astria_async.stores import MemoryStore
from astria_async.stores.postgres import PostgresStore
from astria_async.stores.redis import RedisStore
from astria_async.stores.sqlite import SQLiteStore
from astria_async.testing.stores import MakeStore, StoreConformance

from .servers import Server, postgres_url, redis_url


class TestMemory(StoreConformance):
    """In this process, on both loops."""

    @pytest.fixture
    def make_store(self) -> MakeStore:
        made: list[MemoryStore] = []

        def make(clock: Clock) -> MemoryStore:
            if not made:
                made.append(MemoryStore(clock=clock))
            return made[0]

        return make


class TestSQLite(StoreConformance):
    """In a file, on both loops."""

    @pytest.fixture
    def make_store(self, tmp_path: Path) -> MakeStore:
        return lambda clock: SQLiteStore(tmp_path / "callbacks.db", clock=clock)


@pytest.mark.external_service
class TestRedis(StoreConformance):
    """On a real server."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture
    def make_store(self, redis_server: Server) -> MakeStore:
        url = redis_url(redis_server)
        with redis.Redis.from_url(url) as client:
            client.flushall()
        return lambda clock: RedisStore(url, clock=clock)


@pytest.mark.external_service
class TestPostgres(StoreConformance):
    """On a real server."""

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture
    async def make_store(self, postgres_server: Server) -> MakeStore:
        url = postgres_url(postgres_server)
        db = await asyncpg.connect(url)
        await db.execute("DROP SCHEMA IF EXISTS astria_async CASCADE")
        await db.close()
        return lambda clock: PostgresStore(url, clock=clock)
