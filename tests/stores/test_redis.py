"""What the Redis store does beside the contract: bad servers, restarts, lost hints."""

import contextlib
import logging
from collections.abc import AsyncIterator, Iterator

import anyio
import pytest
import redis
from anyio import to_thread
from anyio.lowlevel import checkpoint

from astria_async.protocol.errors import ConfigurationError, StoreUnavailable
from astria_async.stores import MISSED
from astria_async.stores.redis import RedisStore
from astria_async.testing.store_fixtures import START, callback, claim_one, the, waits
from astria_async.testing.stores import HandClock, opened

from .servers import PASSWORD, Server, free_port, redis_url

pytestmark = [pytest.mark.anyio, pytest.mark.external_service]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def admin(redis_server: Server) -> Iterator[redis.Redis]:
    """Another program's connection; what it changes is put right at the end."""
    with redis.Redis.from_url(redis_url(redis_server)) as client:
        client.flushall()
        yield client
        client.config_set("maxmemory", 0)
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("appendonly", "yes")
        client.replicaof("NO", "ONE")


@pytest.fixture
async def store(redis_server: Server, admin: redis.Redis) -> AsyncIterator[RedisStore]:
    async with opened(RedisStore(redis_url(redis_server), clock=HandClock(), timeout=30)) as store:
        yield store


@pytest.mark.parametrize("password", ["wrong", ""])
async def test_wrong_password(redis_server: Server, password: str) -> None:
    """A wrong or missing password is told at start, and not shown."""
    with pytest.raises(ConfigurationError, match="check user, password") as caught:
        await RedisStore(redis_url(redis_server, password=password)).open()

    assert PASSWORD not in str(caught.value)


async def test_password_with_special_characters(redis_server: Server, admin: redis.Redis) -> None:
    """A password is percent-encoded in the URL."""
    secret = "p@ss/w:rd%?#"
    admin.config_set("requirepass", secret)
    try:
        async with opened(RedisStore(redis_url(redis_server, password=secret))) as store:
            assert secret not in repr(store)
    finally:
        admin.config_set("requirepass", PASSWORD)


@pytest.mark.parametrize("database", [99, "x"])
async def test_no_such_database(redis_server: Server, database: int | str) -> None:
    """A database that the server does not have is told at start."""
    with pytest.raises(ConfigurationError):
        await RedisStore(redis_url(redis_server, database=database)).open()


@pytest.mark.parametrize("option", ["colour=red", "socket_timeout=soon"])
async def test_unknown_option(redis_server: Server, option: str) -> None:
    """An option that the driver does not know is told at start, without the URL."""
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        await RedisStore(f"{redis_url(redis_server)}?{option}").open()

    assert PASSWORD not in str(caught.value)


async def test_unreachable() -> None:
    """A server that is not there makes the store unavailable within its bound."""
    store = RedisStore(f"redis://:{PASSWORD}@127.0.0.1:{free_port()}/0", timeout=0.2)
    with anyio.fail_after(5), pytest.raises(StoreUnavailable, match=r"within 0\.2 s") as caught:
        await store.open()

    assert PASSWORD not in str(caught.value)


async def test_other_layout(store: RedisStore, redis_server: Server, admin: redis.Redis) -> None:
    """Keys of another version are refused at start, and by a program that runs meanwhile."""
    admin.hset("{astria-async}:meta", "version", 99)

    with pytest.raises(ConfigurationError, match="have version 99"):
        await RedisStore(redis_url(redis_server)).open()
    with pytest.raises(StoreUnavailable, match="version 99"):
        await store.put(callback())


async def test_prefixes_are_apart(store: RedisStore, redis_server: Server) -> None:
    """Two programs with different prefixes share a server and nothing else."""
    async with opened(RedisStore(redis_url(redis_server), prefix="mine:")) as mine:
        await mine.put(callback())

        assert await store.record("a") is None
        assert waits(await mine.records()) == ["a"]


async def test_restart(store: RedisStore, redis_server: Server) -> None:
    """While the server restarts calls wait for it, and what was acknowledged is there."""
    await store.put(callback("a"))
    record = await claim_one(store)
    await to_thread.run_sync(redis_server.kill)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.put, callback("b"))
        await to_thread.run_sync(redis_server.start)

    assert waits(await store.find(["a", "b"])) != []
    assert sorted(waits(await store.records())) == ["a", "b"]
    assert await store.finish(record, handled="x") is True


async def test_watch_goes_on_after_a_restart(store: RedisStore, redis_server: Server) -> None:
    """A watcher connects again by itself, and hears of what came meanwhile or that it missed it."""
    with anyio.fail_after(20):
        async with store.watch() as hints:
            await anext(hints)
            await store.put(callback("a"))
            assert await anext(hints) == {"a"}
            await to_thread.run_sync(redis_server.kill)
            await to_thread.run_sync(redis_server.start)
            await store.put(callback("b"))
            heard = await anext(hints)
            assert heard in ({"b"}, MISSED)
            await store.put(callback("c"))
            while "c" not in (heard := await anext(hints)):
                assert heard in ({"b"}, MISSED)


async def test_lost_hints_are_missed(store: RedisStore, admin: redis.Redis) -> None:
    """A watcher that fell behind what the stream holds is told that it missed some."""
    with anyio.fail_after(20):
        async with store.watch() as hints:
            await anext(hints)
            admin.hincrby("{astria-async}:meta", "hints", 5)
            await store.put(callback("a"))

            assert await anext(hints) == MISSED


async def test_emptied_server(store: RedisStore, admin: redis.Redis) -> None:
    """A server that lost everything is a new one: hints go on, after MISSED."""
    await store.put(callback("a"))
    with anyio.fail_after(20):
        async with store.watch() as hints:
            await anext(hints)
            admin.flushall()
            await store.put(callback("b"))
            assert await anext(hints) == MISSED
            await store.put(callback("c"))
            assert await anext(hints) == {"c"}

    assert sorted(waits(await store.records())) == ["b", "c"]


async def test_cut_connections(store: RedisStore, admin: redis.Redis) -> None:
    """Connections that the server cuts are made again, and no hint is lost unsaid."""
    with anyio.fail_after(20):
        async with store.watch() as hints:
            await anext(hints)
            await store.put(callback("a"))
            assert await anext(hints) == {"a"}
            admin.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await store.put(callback("b"))
            assert await anext(hints) == {"b"}


async def test_hanging_server(redis_server: Server, admin: redis.Redis) -> None:
    """A server that takes connections and does not answer makes the store unavailable in time."""
    async with opened(RedisStore(redis_url(redis_server), timeout=0.3)) as store:
        redis_server.pause()
        try:
            with anyio.fail_after(5), pytest.raises(StoreUnavailable, match="did not answer"):
                await store.put(callback())
        finally:
            redis_server.resume()

        await store.put(callback())
        assert (await the(store)).count in {1, 2}


async def test_full_memory(store: RedisStore, admin: redis.Redis) -> None:
    """A server without memory acknowledges nothing; with room again it goes on."""
    await store.put(callback("a"))
    admin.config_set("maxmemory", 1)
    with pytest.raises(StoreUnavailable, match="out of memory"):
        await store.put(callback("b"))
    with pytest.raises(StoreUnavailable, match="out of memory"):
        await store.check()
    admin.config_set("maxmemory", 0)

    assert await store.put(callback("b")) is True


async def test_read_only_replica(
    redis_server: Server, admin: redis.Redis, store: RedisStore
) -> None:
    """A read-only replica acknowledges nothing, and its check says so."""
    admin.replicaof("127.0.0.1", str(free_port()))
    async with opened(RedisStore(redis_url(redis_server), timeout=0.3)) as replica:
        with pytest.raises(StoreUnavailable, match="read-only replica"):
            await replica.check()
        admin.replicaof("NO", "ONE")

        assert await replica.put(callback()) is True


async def test_check_warns_of_losses(
    store: RedisStore, admin: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that keeps no file, or evicts keys, works and is warned of, without its password."""
    await store.check()
    assert caplog.records == []
    admin.config_set("appendonly", "no")
    admin.config_set("maxmemory-policy", "allkeys-lru")
    admin.config_set("maxmemory", 2**30)
    with caplog.at_level(logging.WARNING):
        await store.check()

    assert "no append-only file" in caplog.text
    assert "allkeys-lru" in caplog.text
    assert PASSWORD not in caplog.text


async def test_evicted_record(store: RedisStore, admin: redis.Redis) -> None:
    """A record that the server evicted is no reason not to claim the others."""
    await store.put(callback("a"))
    await store.put(callback("b"))
    admin.delete("{astria-async}:r:a")

    assert waits(await store.claim("p", kinds=["tune"], limit=9, lease=60)) == ["b"]
    assert waits(await store.records()) == ["b"]


async def test_scripts_are_sent_again(store: RedisStore, admin: redis.Redis) -> None:
    """A server that forgot the scripts gets them again."""
    await store.put(callback("a"))
    admin.script_flush()

    assert await store.put(callback("b")) is True


async def test_prune_in_parts(store: RedisStore) -> None:
    """More records than one script deletes are all deleted."""
    async with anyio.create_task_group() as tasks:
        for number in range(1200):
            tasks.start_soon(store.put, callback(f"w{number}"))

    assert await store.prune(before=START) == 0
    assert await store.prune(before=START.replace(year=2026)) == 1200
    assert list(await store.records()) == []


async def test_cancelled_calls_use_up_no_connection(redis_server: Server) -> None:
    """Calls that are cancelled at any moment leave the few connections usable."""
    async with opened(RedisStore(redis_url(redis_server), connections=2)) as store:
        for steps in range(30):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    for number in range(8):
                        tasks.start_soon(store.put, callback(f"w{number}"))
                    tasks.start_soon(_cancel_after, scope, steps)

        with anyio.fail_after(5):
            for number in range(8):
                await store.put(callback(f"last{number}"))


async def _cancel_after(scope: anyio.CancelScope, steps: int) -> None:
    for _ in range(steps):
        await checkpoint()
    scope.cancel()


async def test_lost_answers(redis_server: Server, admin: redis.Redis, store: RedisStore) -> None:
    """A put whose answer was lost is tried again, and counts once."""
    async with opened(RedisStore(redis_url(redis_server), clock=HandClock())) as other:
        for number in range(20):
            with contextlib.suppress(StoreUnavailable):
                async with anyio.create_task_group() as tasks:
                    tasks.start_soon(other.put, callback(f"w{number}"))
                    await checkpoint()
                    kill = ("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
                    await to_thread.run_sync(lambda: admin.execute_command(*kill))  # noqa: B023

    records = await store.records(limit=100)
    assert len(records) == 20
    assert {(record.count, record.news) for record in records} == {(1, 1)}


def test_on_trio() -> None:
    """On trio the store says at start that its driver cannot work there."""
    with pytest.raises(ConfigurationError, match="asyncio only"):
        anyio.run(RedisStore("redis://localhost").open, backend="trio")
