"""Which callbacks ``listen`` tells of, and how."""

import asyncio
import datetime as dt
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import attrs
import pytest
from rich.console import Console

from astria_async.cli import keeping
from astria_async.cli.exits import CommandError
from astria_async.cli.interrupts import interrupted
from astria_async.cli.listening.arrivals import Arrivals
from astria_async.cli.listening.facts import body, title
from astria_async.cli.listening.views import Lines
from astria_async.cli.settings import Settings
from astria_async.clock import Clock, SystemClock
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import StoreUnavailable
from astria_async.stores import Expectation, MemoryStore, State
from astria_async.stores.base import Record

pytestmark = pytest.mark.anyio

NOW = dt.datetime.now(dt.UTC)


def callback(letter: str, content: bytes = b"{}", *, minutes: int = 0) -> Callback:
    """A callback that came so many minutes from now."""
    moment = NOW + dt.timedelta(minutes=minutes)
    return Callback(kind="tune", wait=letter * 22, body=content, received_at=moment)


@attrs.define
class Told:
    """Follows a store, and remembers what is told."""

    store: Any
    records: list[Record] = attrs.field(factory=list)
    changed: anyio.Event = attrs.field(factory=anyio.Event)

    def tell(self, record: Record) -> None:
        self.records.append(record)
        self.changed.set()
        self.changed = anyio.Event()

    async def until(self, count: int) -> None:
        while len(self.records) < count:
            await self.changed.wait()


@asynccontextmanager
async def following(
    store: MemoryStore | None = None, clock: Clock | None = None
) -> AsyncIterator[Told]:
    """A store in memory that is followed for the length of the block."""
    store = store or MemoryStore()
    await store.open()
    told = Told(store)
    async with anyio.create_task_group() as group:
        group.start_soon(Arrivals(store, NOW, clock=clock or SystemClock()).follow, told.tell)
        yield told
        group.cancel_scope.cancel()
    await store.aclose()


async def test_what_came_earlier_is_not_told() -> None:
    """Only what comes after the beginning is told, the oldest first."""
    async with following() as told:
        await told.store.put(callback("a", minutes=-5))
        await told.store.put(callback("c", minutes=2))
        await told.store.put(callback("b", minutes=1))
        await told.store.expect(Expectation(kind="tune", wait="e" * 22, since=NOW))
        await told.until(2)

    assert [record.callback.wait[0] for record in told.records] == ["b", "c"]


async def test_repetition_is_told_and_handling_is_not() -> None:
    """A second delivery is told; that a handler took or gave back the callback is not."""
    async with following() as told:
        await told.store.put(callback("a", minutes=1))
        await told.until(1)
        (record,) = await told.store.claim("me", kinds=["tune"], limit=1, lease=60)
        await told.store.release(record, error="x", due_at=NOW)
        await told.store.put(callback("a", minutes=1))
        await told.until(2)

    assert [record.count for record in told.records] == [1, 2]


class Away(MemoryStore):
    """A store that cannot be read so many times."""

    failures = 0

    async def record(self, wait: str) -> Record | None:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the database went away")
        return await super().record(wait)

    async def records(self, **asked: Any) -> Sequence[Record]:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the database went away")
        return await super().records(**asked)


class Pauses(SystemClock):
    """A clock on which nobody waits; how long they would have is remembered."""

    def __init__(self) -> None:
        self.taken: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        await super().sleep(0)


async def test_store_that_is_away_is_asked_again() -> None:
    """Where the store fails, it is asked again after growing pauses, and nothing is missed."""
    clock = Pauses()
    async with following(Away(), clock) as told:
        await told.store.put(callback("a", minutes=1))
        await told.until(1)
        told.store.failures = 7
        await told.store.put(callback("b", minutes=1))
        await told.until(2)

    assert [record.callback.wait[0] for record in told.records] == ["a", "b"]
    assert clock.taken == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


async def test_memory_is_bounded() -> None:
    """Of very many callbacks only the latest are remembered as told."""
    store = MemoryStore()
    followed = Arrivals(store, NOW, remembered=2)
    for letter in "abc":
        record = Record(callback=callback(letter, minutes=1), state=State.PENDING, due_at=NOW)
        assert followed._is_news(record)

    assert len(followed._counts) == 2


async def test_unreadable_body() -> None:
    """A body that is no JSON is text, and tells of no object."""
    odd = callback("a", b"<html>")

    assert body(odd) == "<html>"
    assert body(callback("a", b"[" * 100_000)) == "[" * 100_000
    assert title(odd) == "tune ?"


async def test_long_body_is_cut() -> None:
    """People see as much of a body as fits in a line."""
    screen = Console(file=io.StringIO(), width=60)
    record = Record(
        callback=callback("a", b'"' + b"x" * 200 + b'"'), state=State.PENDING, due_at=NOW
    )

    Lines(screen).arrived(record)

    assert isinstance(screen.file, io.StringIO)
    assert max(map(len, screen.file.getvalue().splitlines())) == 60


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_loop_without_signals() -> None:
    """On a loop that knows no signals, as on Windows, one waits for ``KeyboardInterrupt``."""

    class NoSignals(asyncio.SelectorEventLoop):
        def add_signal_handler(self, *_: object) -> None:
            raise NotImplementedError

    told: list[str] = []

    async def wait() -> bool:
        with anyio.move_on_after(0) as scope:
            await interrupted(lambda: told.append("ready"))
        return scope.cancelled_caught

    def run() -> bool:
        with asyncio.Runner(loop_factory=NoSignals) as runner:
            return runner.run(wait())

    assert await anyio.to_thread.run_sync(run)
    assert told == ["ready"]


async def test_password_is_not_shown() -> None:
    """A store is shown without its password."""
    assert keeping.shown("redis://me:secret@host:1/0") == "redis://host:1/0"
    assert keeping.shown("sqlite:////a/b.db") == "sqlite:////a/b.db"


async def test_secret_that_is_set_up_is_used() -> None:
    """A secret from the environment wins over one of our own."""
    assert keeping.secret_of(Settings(callback_secret="given")) == "given"


async def test_no_place_for_the_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the file of callbacks cannot be made, ``--store`` is suggested."""
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))

    with pytest.raises(CommandError, match="give --store"):
        keeping.store_url(None, Settings())
