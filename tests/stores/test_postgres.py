"""What the PostgreSQL store does beside the contract: bad servers, restarts, rights."""

import contextlib
import logging
from collections.abc import AsyncIterator
from typing import Any

import anyio
import asyncpg
import pytest
from anyio import to_thread
from anyio.lowlevel import checkpoint

from astria_async.protocol.errors import ConfigurationError, StoreUnavailable
from astria_async.stores import MISSED
from astria_async.stores.hints import Hints
from astria_async.stores.postgres import PostgresStore
from astria_async.stores.postgres_server import connect
from astria_async.stores.postgres_watch import follow
from astria_async.stores.watching import background
from astria_async.testing.store_fixtures import START, callback, claim_one, the, waits
from astria_async.testing.stores import HandClock, opened

from .servers import PASSWORD, Server, free_port, postgres_url

pytestmark = [pytest.mark.anyio, pytest.mark.external_service]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@contextlib.asynccontextmanager
async def connected(server: Server, database: str = "postgres") -> AsyncIterator[Any]:
    """Another program's connection."""
    db = await asyncpg.connect(postgres_url(server, database=database))
    try:
        yield db
    finally:
        await db.close()


@pytest.fixture
async def store(postgres_server: Server) -> AsyncIterator[PostgresStore]:
    async with connected(postgres_server) as db:
        await db.execute("DROP SCHEMA IF EXISTS astria_async CASCADE")
    store = PostgresStore(postgres_url(postgres_server), clock=HandClock(), timeout=30)
    async with opened(store):
        yield store


async def kill_others(db: Any) -> None:
    """Cut every connection of ours but *db*."""
    await db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND application_name = 'astria-async'"
    )


async def test_wrong_password(postgres_server: Server) -> None:
    """A wrong password is told at start, and not shown."""
    with pytest.raises(ConfigurationError, match="check user, password") as caught:
        await PostgresStore(postgres_url(postgres_server, password="hunter2")).open()

    assert "hunter2" not in str(caught.value)


async def test_no_such_database(postgres_server: Server) -> None:
    """A database that does not exist is told at start."""
    with pytest.raises(ConfigurationError, match="nowhere"):
        await PostgresStore(postgres_url(postgres_server, database="nowhere")).open()


async def test_unknown_option(postgres_server: Server) -> None:
    """An option that the driver does not know is told at start, without the URL."""
    with pytest.raises(ConfigurationError, match="cannot be read") as caught:
        await PostgresStore(f"{postgres_url(postgres_server)}?sslmode=perhaps").open()

    assert PASSWORD not in str(caught.value)


async def test_unreachable() -> None:
    """A server that is not there makes the store unavailable within its bound."""
    store = PostgresStore(f"postgresql://me:{PASSWORD}@127.0.0.1:{free_port()}/app", timeout=0.2)
    with anyio.fail_after(5), pytest.raises(StoreUnavailable, match=r"within 0\.2 s") as caught:
        await store.open()

    assert PASSWORD not in str(caught.value)


async def test_other_layout(store: PostgresStore, postgres_server: Server) -> None:
    """A schema of another version is refused at start."""
    async with connected(postgres_server) as db:
        await db.execute("UPDATE astria_async.meta SET version = 99")

    with pytest.raises(ConfigurationError, match="has version 99"):
        await PostgresStore(postgres_url(postgres_server)).open()


async def test_user_without_rights(store: PostgresStore, postgres_server: Server) -> None:
    """A user who may neither create nor use the schema is told so at start."""
    async with connected(postgres_server) as db:
        await db.execute("DROP ROLE IF EXISTS guest")
        await db.execute("CREATE ROLE guest LOGIN PASSWORD 'guest'")
        url = postgres_url(postgres_server, password="guest").replace("astria:", "guest:")
        with pytest.raises(ConfigurationError, match="permission denied"):
            await PostgresStore(url).open()
        await db.execute("DROP SCHEMA astria_async CASCADE")
        with pytest.raises(ConfigurationError, match="permission denied"):
            await PostgresStore(url).open()


async def test_user_of_an_existing_schema(store: PostgresStore, postgres_server: Server) -> None:
    """Who may use the schema but not create it works with one that is there."""
    async with connected(postgres_server) as db:
        await db.execute("DROP ROLE IF EXISTS app")
        await db.execute("CREATE ROLE app LOGIN PASSWORD 'app'")
        await db.execute("GRANT USAGE ON SCHEMA astria_async TO app")
        await db.execute("GRANT ALL ON ALL TABLES IN SCHEMA astria_async TO app")
        url = postgres_url(postgres_server, password="app").replace("astria:", "app:")
        async with opened(PostgresStore(url)) as app:
            assert await app.put(callback()) is True
        await db.execute("DROP OWNED BY app")


async def test_restart(store: PostgresStore, postgres_server: Server) -> None:
    """While the server restarts calls wait for it, and what was acknowledged is there."""
    await store.put(callback("a"))
    record = await claim_one(store)
    await to_thread.run_sync(postgres_server.kill)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.put, callback("b"))
        await to_thread.run_sync(postgres_server.start)

    assert sorted(waits(await store.records())) == ["a", "b"]
    assert await store.finish(record, handled="x") is True


async def test_watch_goes_on_after_a_restart(store: PostgresStore, postgres_server: Server) -> None:
    """A watcher connects again by itself, and is told that it may have missed something."""
    with anyio.fail_after(20):
        async with store.watch() as hints:
            await anext(hints)
            await to_thread.run_sync(postgres_server.kill)
            await to_thread.run_sync(postgres_server.start)
            assert await anext(hints) == MISSED
            await store.put(callback("a"))
            assert await anext(hints) == {"a"}


async def test_cut_connections(store: PostgresStore, postgres_server: Server) -> None:
    """Connections that the server cuts are made again, and the watcher reads its records again."""
    with anyio.fail_after(20):
        async with connected(postgres_server) as db, store.watch() as hints:
            await anext(hints)
            await kill_others(db)
            await store.put(callback("a"))
            # A connection may end, and be made again, before or after "a" is there.
            while (heard := await anext(hints)) != MISSED:
                assert heard == {"a"}
            await store.put(callback("b"))
            while "b" not in (heard := await anext(hints)):
                assert heard == {"a"}


async def test_silent_watch_is_alive(store: PostgresStore, postgres_server: Server) -> None:
    """A watcher that hears nothing asks whether its connection still is one, and goes on."""
    hints, ready, asked = Hints(), anyio.Event(), 0

    async def listen() -> None:
        await follow(
            lambda: connect(postgres_url(postgres_server), bound=5),
            hints,
            bound=5,
            ready=ready.set,
            alive_every=0.05,
        )

    with anyio.fail_after(20):
        async with connected(postgres_server) as db, background(listen):
            await ready.wait()
            assert await anext(hints) == MISSED
            while not asked:
                asked = await db.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT 1'"
                )
            await store.put(callback("a"))

            assert await anext(hints) == {"a"}


async def test_hanging_server(postgres_server: Server, store: PostgresStore) -> None:
    """A transaction of others that holds the table makes the store unavailable in time."""
    url = postgres_url(postgres_server)
    async with opened(PostgresStore(url, timeout=2)) as hasty, connected(postgres_server) as db:
        async with db.transaction():
            await db.execute("LOCK TABLE astria_async.callbacks")
            with anyio.fail_after(5), pytest.raises(StoreUnavailable, match="did not answer"):
                await hasty.put(callback())

        assert await hasty.put(callback()) is True
        assert (await the(hasty)).count == 1


async def test_server_that_stops_answering(postgres_server: Server, store: PostgresStore) -> None:
    """A server that takes connections and says nothing makes opening fail in time."""
    postgres_server.pause()
    try:
        with anyio.fail_after(5), pytest.raises(StoreUnavailable):
            await PostgresStore(postgres_url(postgres_server), timeout=0.3).open()
    finally:
        postgres_server.resume()


async def test_read_only_server(postgres_server: Server, store: PostgresStore) -> None:
    """A read-only server, such as a standby, acknowledges nothing, and its check says so."""
    url = postgres_url(postgres_server)
    async with connected(postgres_server) as db:
        await db.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
        try:
            async with opened(PostgresStore(url, timeout=0.5)) as replica:
                with pytest.raises(StoreUnavailable, match="read-only transaction"):
                    await replica.check()
                with pytest.raises(StoreUnavailable, match="read-only transaction"):
                    await replica.put(callback())
                await db.execute("SET default_transaction_read_only = off")
                await db.execute("ALTER DATABASE postgres RESET default_transaction_read_only")
                # New connections see the change; those that were refused are not used again.
                assert await replica.put(callback()) is True
        finally:
            await db.execute("SET default_transaction_read_only = off")
            await db.execute("ALTER DATABASE postgres RESET default_transaction_read_only")


async def test_schema_taken_away(store: PostgresStore, postgres_server: Server) -> None:
    """A schema that vanishes makes the store unavailable; nothing is acknowledged."""
    async with connected(postgres_server) as db:
        await db.execute("DROP SCHEMA astria_async CASCADE")

    with pytest.raises(StoreUnavailable, match="does not exist"):
        await store.put(callback())


async def test_check_warns_of_losses(
    postgres_server: Server, store: PostgresStore, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that does not wait for its disk works and is warned of, without its password."""
    await store.check()
    assert caplog.records == []
    async with connected(postgres_server) as db:
        await db.execute("ALTER ROLE astria SET synchronous_commit = off")
        try:
            async with opened(PostgresStore(postgres_url(postgres_server))) as hasty:
                with caplog.at_level(logging.WARNING):
                    await hasty.check()
        finally:
            await db.execute("ALTER ROLE astria RESET synchronous_commit")

    assert "synchronous_commit=off" in caplog.text
    assert PASSWORD not in caplog.text


async def test_serializable_default(store: PostgresStore, postgres_server: Server) -> None:
    """A database that is serializable by default loses and doubles nothing."""
    async with connected(postgres_server) as db:
        await db.execute("ALTER ROLE astria SET default_transaction_isolation = serializable")
        try:
            strict = PostgresStore(postgres_url(postgres_server))
            async with opened(strict), anyio.create_task_group() as tasks:
                for number in range(100):
                    into = (store, strict)[number % 2]
                    tasks.start_soon(into.put, callback(f"w{number % 10}"))
        finally:
            await db.execute("ALTER ROLE astria RESET default_transaction_isolation")

    assert {(record.count, record.news) for record in await store.records()} == {(10, 1)}


async def test_lost_answers(postgres_server: Server, store: PostgresStore) -> None:
    """A put whose answer was lost is tried again, and counts once."""
    async with connected(postgres_server) as db:
        for number in range(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(store.put, callback(f"w{number}"))
                await checkpoint()
                await kill_others(db)

    records = await store.records(limit=100)
    assert {(record.count, record.news) for record in records} == {(1, 1)}
    assert len(records) == 20


async def test_prune_in_parts(store: PostgresStore, postgres_server: Server) -> None:
    """More records than one statement deletes are all deleted."""
    await store.put(callback())
    async with connected(postgres_server) as db:
        await db.execute(
            "INSERT INTO astria_async.callbacks "
            "(wait, kind, metadata, body, received_at, state, count, news, due_at) "
            "SELECT 'w' || n, kind, metadata, body, received_at, state, 1, 1, due_at "
            "FROM astria_async.callbacks, generate_series(1, 6000) n"
        )

    assert await store.prune(before=START.replace(year=2026)) == 6001


async def test_cancelled_calls_use_up_no_connection(
    postgres_server: Server, store: PostgresStore
) -> None:
    """Calls that are cancelled at any moment leave the few connections usable."""
    async with opened(PostgresStore(postgres_url(postgres_server), connections=2)) as small:
        for steps in range(15):
            with anyio.CancelScope() as scope:
                async with anyio.create_task_group() as tasks:
                    for number in range(4):
                        tasks.start_soon(small.put, callback(f"w{number}"))
                        tasks.start_soon(small.record, f"w{number}")
                    for _ in range(steps):
                        await checkpoint()
                    scope.cancel()

        with anyio.fail_after(10):
            for number in range(8):
                assert await small.put(callback(f"last{steps}{number}")) is True
                assert await small.record(f"last{steps}{number}") is not None


def test_on_trio() -> None:
    """On trio the store says at start that its driver cannot work there."""
    with pytest.raises(ConfigurationError, match="asyncio only"):
        anyio.run(PostgresStore("postgresql://localhost").open, backend="trio")
