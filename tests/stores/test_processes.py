"""Several processes at one store: real ones, some of which are killed."""

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import pytest
import redis
from anyio import to_thread

from astria_async.stores import MISSED, Store, open_store
from astria_async.testing.store_fixtures import callback, waits
from astria_async.testing.stores import opened

from .servers import Server, postgres_url, redis_url

pytestmark = [pytest.mark.anyio, pytest.mark.external_service]
ACTOR = Path(__file__).with_name("actor.py")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def server(request: pytest.FixtureRequest) -> Server | None:
    """The server to run against; SQLite needs none."""
    if request.param == "sqlite":
        return None
    server: Server = request.getfixturevalue(f"{request.param}_server")
    return server


@pytest.fixture
async def url(server: Server | None, tmp_path: Path) -> str:
    """An empty store of each durable kind."""
    if server is None:
        return f"sqlite:///{tmp_path / 'callbacks.db'}"
    if "redis" in server.command[0]:
        with redis.Redis.from_url(redis_url(server)) as client:
            client.flushall()
        return redis_url(server)
    db = await asyncpg.connect(postgres_url(server))
    await db.execute("DROP SCHEMA IF EXISTS astria_async CASCADE")
    await db.close()
    return postgres_url(server)


@pytest.fixture
async def store(url: str) -> AsyncIterator[Store]:
    async with opened(open_store(url)) as store:
        yield store


class Actor:
    """Another process at the same store."""

    def __init__(self, url: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(ACTOR), url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def ask(self, *words: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()

    def hear(self) -> Any:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def close(self) -> None:
        """End it in order, if it still runs, and see that it ends well."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with self.process.stdin, self.process.stdout:
            self.process.stdin.close()
            self.process.wait(20)


@pytest.fixture
def actors(url: str) -> Iterator[list[Actor]]:
    """Three other processes, each with the store open."""
    found = [Actor(url) for _ in range(3)]
    try:
        assert [actor.hear() for actor in found] == 3 * ["open"]
        yield found
    finally:
        for actor in found:
            actor.close()


async def test_no_record_is_claimed_twice(store: Store, actors: list[Actor]) -> None:
    """Processes that claim at the same time never both hold a record, and leave none."""
    put = {f"w{number}" for number in range(200)}
    async with anyio.create_task_group() as tasks:
        for wait in put:
            tasks.start_soon(store.put, callback(wait))

    for number, actor in enumerate(actors):
        actor.ask("claim", f"p{number}", 5)
    claims = [set(await to_thread.run_sync(actor.hear)) for actor in actors]

    assert sum(map(len, claims)) == 200
    assert set.union(*claims) == put


async def test_killed_after_put(store: Store, actors: list[Actor]) -> None:
    """What a process was told is kept is there after it is killed with -9 that moment."""
    for number, actor in enumerate(actors):
        actor.ask("put", *(f"{number}-{count}" for count in range(5000)))
    acknowledged: list[str] = []
    for actor in actors:
        acknowledged += [await to_thread.run_sync(actor.hear) for _ in range(20)]
        actor.process.send_signal(signal.SIGKILL)
        while (more := await to_thread.run_sync(actor.hear)) is not None:
            acknowledged.append(more)

    assert len(acknowledged) >= 60
    assert sorted(waits(await store.find(acknowledged))) == sorted(acknowledged)
    assert [actor.process.wait() for actor in actors] == 3 * [-signal.SIGKILL]


async def test_put_here_wakes_there(store: Store, actors: list[Actor]) -> None:
    """Each process that watches hears of a callback that another one put."""
    for actor in actors:
        actor.ask("watch", 1)
    assert [await to_thread.run_sync(actor.hear) for actor in actors] == 3 * [sorted(MISSED)]

    await store.put(callback("a"))

    with anyio.fail_after(10):
        assert [await to_thread.run_sync(actor.hear) for actor in actors] == 3 * [["a"]]


async def test_put_there_wakes_here(store: Store, actors: list[Actor]) -> None:
    """A watcher hears of every callback that others put, however they come."""
    heard: set[str] = set()
    sent = {f"{number}-{count}" for number in range(3) for count in range(50)}
    with anyio.fail_after(30):
        async with store.watch() as hints:
            await anext(hints)
            for number, actor in enumerate(actors):
                actor.ask("put", *(f"{number}-{count}" for count in range(50)))
            while heard < sent:
                heard |= await anext(hints)

    assert heard == sent
