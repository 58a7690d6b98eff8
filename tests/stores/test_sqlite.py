"""What the SQLite store does beside the contract: bad files, full disks, other programs."""

# ruff: noqa: ASYNC240 - these tests meddle with the file, for microseconds

import contextlib
import os
import resource
import sqlite3
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import psutil
import pytest

from astria_async.protocol.errors import ConfigurationError, StoreUnavailable
from astria_async.stores import MISSED, open_store
from astria_async.stores.sqlite import SQLiteStore
from astria_async.stores.sqlite_file import SQLiteFile, connect
from astria_async.testing.store_fixtures import callback, expectation, waits
from astria_async.testing.stores import opened

from .servers import NOBODY

pytestmark = pytest.mark.anyio


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "callbacks.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SQLiteStore]:
    store = SQLiteStore(path, timeout=0.5)
    async with opened(store):
        yield store


@contextlib.contextmanager
def connected(path: Path) -> Iterator[sqlite3.Connection]:
    """Another program at the same file."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


@contextlib.contextmanager
def full_disk(size: int) -> Iterator[None]:
    """No file of this process may grow beyond *size*, as if its disk were full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def put_many(store: SQLiteStore) -> None:
    for number in range(100):
        await store.put(callback(f"small{number}", body=b"x" * 10_000))


async def test_missing_folder(tmp_path: Path) -> None:
    """A folder that does not exist is named at start."""
    with pytest.raises(ConfigurationError, match=r"no/such.*does its folder exist"):
        await SQLiteStore(tmp_path / "no" / "such" / "a.db").open()


async def test_not_a_database(path: Path) -> None:
    """A file that is something else is refused at start, and left as it is."""
    path.write_bytes(b"a diary, and no database" * 100)

    with pytest.raises(ConfigurationError, match="not a SQLite database"):
        await SQLiteStore(path).open()

    assert path.read_bytes().startswith(b"a diary")


def test_no_write_ahead_log() -> None:
    """Where SQLite cannot keep a log the error says what to use instead."""
    with pytest.raises(ConfigurationError, match=r"write-ahead log.*use 'memory:'"):
        connect(Path(":memory:"), 1.0, lambda _: None)


def test_memory_is_another_store() -> None:
    """SQLite's name for a database in memory is an error that names the store to use."""
    with pytest.raises(ConfigurationError, match="use the store 'memory:'"):
        open_store("sqlite:///:memory:")


async def test_read_only_file() -> None:
    """A file that this user may not write is refused at start."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.db"
        async with opened(SQLiteStore(path)):
            pass
        path.chmod(0o444)
        Path(folder).chmod(0o755)
        root = os.geteuid() == 0
        if root:
            os.seteuid(NOBODY)
        try:
            with pytest.raises(ConfigurationError, match="may you write"):
                await SQLiteStore(path).open()
        finally:
            if root:
                os.seteuid(0)


async def test_newer_tables(path: Path, store: SQLiteStore) -> None:
    """Tables of a newer version are refused at start, and by a program that runs meanwhile."""
    with connected(path) as db:
        db.execute("UPDATE astria_async_meta SET version = 99")

    with pytest.raises(ConfigurationError, match="have version 99"):
        await SQLiteStore(path).open()
    with pytest.raises(StoreUnavailable, match="version 99"):
        await store.put(callback())


async def test_full_disk(store: SQLiteStore) -> None:
    """On a full disk nothing is acknowledged; with room again, all that was is there."""
    await store.put(callback("before"))
    with full_disk(200_000):
        with pytest.raises(StoreUnavailable, match="SQLite store failed"):
            await store.put(callback("too large", body=b"x" * 1_000_000))
        with pytest.raises(StoreUnavailable):
            await put_many(store)

    assert await store.put(callback("after")) is True
    found = waits(await store.records(limit=1000))
    assert {"before", "after"} <= set(found)
    assert "too large" not in found


async def test_check_on_a_full_disk(store: SQLiteStore) -> None:
    """A check fails when a commit would not be kept."""
    with full_disk(4096), pytest.raises(StoreUnavailable):
        await store.check()

    await store.check()


async def test_opening_on_a_full_disk(path: Path) -> None:
    """A disk that is full at the start is a matter of set-up."""
    with full_disk(4096), pytest.raises(ConfigurationError, match="cannot be used"):
        await SQLiteStore(path).open()


async def test_locked_by_another_program(path: Path, store: SQLiteStore) -> None:
    """A lock that another program holds too long makes the store unavailable, not slow."""
    with connected(path) as db:
        db.execute("BEGIN IMMEDIATE")
        with anyio.fail_after(5), pytest.raises(StoreUnavailable):
            await store.put(callback())
        with pytest.raises(StoreUnavailable, match="locked"):
            await SQLiteStore(path, timeout=0.1).open()
        assert await store.record("a") is None
        db.execute("ROLLBACK")

    assert await store.put(callback()) is True


async def test_lock_that_is_let_go(path: Path, store: SQLiteStore) -> None:
    """A short lock is waited for."""
    with connected(path) as db:
        db.execute("BEGIN IMMEDIATE")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(store.put, callback())
            await anyio.wait_all_tasks_blocked()
            db.execute("ROLLBACK")

    assert waits(await store.records()) == ["a"]


@pytest.mark.parametrize("replaced", [True, False])
async def test_file_taken_away(path: Path, store: SQLiteStore, replaced: bool) -> None:
    """Nothing is acknowledged into a file that was deleted or replaced while in use."""
    await store.put(callback("a"))
    path.rename(path.with_suffix(".old"))
    if replaced:
        path.write_bytes(b"")

    with pytest.raises(StoreUnavailable, match="moved, deleted or replaced"):
        await store.put(callback("b"))


async def test_foreign_tables_are_left_alone(path: Path) -> None:
    """The file may be one that the application has its own tables in."""
    with connected(path) as db:
        db.execute("CREATE TABLE mine (x)")
        db.execute("INSERT INTO mine VALUES (7)")

    async with opened(SQLiteStore(path)) as store:
        await store.put(callback())

    with connected(path) as db:
        assert db.execute("SELECT x FROM mine").fetchall() == [(7,)]


async def test_commits_wait_for_the_disk(path: Path, store: SQLiteStore) -> None:
    """Each commit is synchronous, in a write-ahead log that is folded in at the end."""
    await store.put(callback())
    assert path.with_name("callbacks.db-wal").exists()
    async with opened(SQLiteStore(path)):
        pass
    assert store._writer._opened.db.execute("PRAGMA synchronous").fetchone() == (2,)


async def test_closed_file_is_one_file(path: Path) -> None:
    """Once closed everywhere, the database is a single file again."""
    async with opened(SQLiteStore(path)) as store:
        await store.put(callback())

    assert [found.name for found in path.parent.iterdir()] == [path.name]


async def test_one_bad_write_in_a_group(path: Path) -> None:
    """A write that SQLite cannot take fails alone, the ones beside it are kept."""
    errors: list[Exception] = []

    async with opened(SQLiteStore(path)) as store:

        async def expect(wait: str, object_id: int) -> None:
            try:
                await store.expect(expectation(wait, object_id=object_id))
            except OverflowError as exc:
                errors.append(exc)

        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(expect, f"w{number}", 2**70 if number == 10 else number)
        kept = await store.records(limit=100)

    assert (len(errors), len(kept)) == (1, 19)


async def test_hung_disk(path: Path) -> None:
    """Work that hangs is given up at the bound; what comes next does not touch its connection."""
    gate = threading.Event()
    file = await SQLiteFile.open(path, bound=0.1, prepare=lambda _: None)
    try:
        with pytest.raises(StoreUnavailable, match="did not answer"):
            await file.read(lambda _: gate.wait())
        with pytest.raises(StoreUnavailable):
            await file.read(lambda db: db.execute("SELECT 1").fetchone())
        with pytest.raises(StoreUnavailable, match="hangs"):
            await file.close()
    finally:
        gate.set()

    with anyio.fail_after(5):
        while True:
            with contextlib.suppress(StoreUnavailable):
                assert await file.read(lambda db: db.execute("SELECT 1").fetchone()) == (1,)
                break
    await file.close()


async def test_fault_of_ours_is_not_hidden(path: Path) -> None:
    """A statement that is wrong in itself is no unavailable store."""
    file = await SQLiteFile.open(path, bound=5, prepare=lambda _: None)
    try:
        for work in (file.read, file.write):
            with pytest.raises(sqlite3.ProgrammingError):
                await work(lambda db: db.execute("SELECT ?", ()))
    finally:
        await file.close()


async def test_cancelled_opening_leaks_nothing(path: Path) -> None:
    """An opening that is cancelled at any moment leaves no file open."""
    store = SQLiteStore(path)
    for step in range(40):
        with anyio.move_on_after(step * 0.0005):
            await store.open()
        await store.aclose()

    assert [file for file in psutil.Process().open_files() if file.path.startswith(str(path))] == []


async def test_watch_survives_a_lost_file(path: Path, store: SQLiteStore) -> None:
    """A watcher whose file cannot be opened is told that it misses hints, and waits for it."""
    other = SQLiteStore(path)
    async with opened(other):
        moved = path.rename(path.with_suffix(".old"))
        path.mkdir()
        with anyio.fail_after(10):
            async with other.watch() as hints:
                assert await anext(hints) == MISSED
                path.rmdir()
                moved.rename(path)
                await store.put(callback("w0"))
                number, heard = 0, await anext(hints)
                # As often as it failed to open the file, and once that it could.
                while heard == MISSED:
                    number += 1
                    await store.put(callback(f"w{number}"))
                    heard = await anext(hints)
                assert heard <= {f"w{before}" for before in range(number + 1)}


async def test_watch_reads_again_after_an_error(path: Path, store: SQLiteStore) -> None:
    """A watcher whose tables were laid out anew reads its records again and goes on."""
    with anyio.fail_after(10):
        async with store.watch() as hints:
            await anext(hints)
            with connected(path) as db:
                db.execute("ALTER TABLE astria_async_callbacks RENAME TO away")
                assert await anext(hints) == MISSED
                db.execute("ALTER TABLE away RENAME TO astria_async_callbacks")
            await store.put(callback("a"))
            # Missed once more, if it looked while the tables were still away.
            assert await anext(hints) in {MISSED, frozenset(waits([callback("a")]))}


async def test_callbacks_that_come_together_are_kept_one_by_one(store: SQLiteStore) -> None:
    """A group of callbacks, some to one URL, leaves what the same ones leave in their order."""
    sent = [callback(f"w{number % 50}", b"%d" % (number % 2)) for number in range(75)]
    news: dict[int, bool] = {}

    async def put(number: int) -> None:
        news[number] = await store.put(sent[number])

    async with anyio.create_task_group() as group:
        for number in range(len(sent)):
            group.start_soon(put, number)
    records = {it.callback.wait: it for it in await store.records(limit=100)}

    # Every second comer to a URL brings the same body: 50 is even.
    assert sum(news.values()) == 50
    assert [records[f"w{number}"].count for number in range(50)] == [2] * 25 + [1] * 25
    assert {it.callback.body for it in records.values()} == {b"0", b"1"}
