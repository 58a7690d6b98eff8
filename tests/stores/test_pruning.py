"""Durable stores forget what is too old to matter, by themselves."""

import datetime as dt
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from anyio import wait_all_tasks_blocked

from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import StoreUnavailable
from astria_async.stores import MemoryStore, Store
from astria_async.stores.pruning import EVERY, FIRST, Pruner
from astria_async.stores.sqlite import SQLiteStore
from astria_async.testing.store_fixtures import HandClock

pytestmark = pytest.mark.anyio

DAY = 86_400.0


@asynccontextmanager
async def pruning(store: Store, clock: HandClock) -> AsyncIterator[None]:
    """A pruner at work that keeps two days."""
    pruner = Pruner(store=store, retention=2 * DAY, clock=clock, rng=random.Random(0))
    await store.open()
    async with anyio.create_task_group() as group:
        group.start_soon(pruner.run)
        await wait_all_tasks_blocked()
        yield
        group.cancel_scope.cancel()
    await store.aclose()


async def pass_time(clock: HandClock, seconds: float) -> None:
    """Let time pass, and what it wakes run."""
    clock.advance(seconds)
    await wait_all_tasks_blocked()


def callback(wait: str, received_at: dt.datetime) -> Callback:
    """One that came at that time."""
    return Callback(
        kind="tune", wait=wait.rjust(22, "-"), metadata={}, body=b"{}", received_at=received_at
    )


async def held(store: Store) -> list[str]:
    """The wait ids in *store*, newest first."""
    return [record.callback.wait.strip("-") for record in await store.records()]


async def test_what_is_older_than_the_retention_goes() -> None:
    """The first round comes soon after the start, so that short-lived processes prune too."""
    clock = HandClock()
    store = MemoryStore(clock=clock, retention=900 * DAY)
    async with pruning(store, clock):
        await store.put(callback("old", clock.now() - dt.timedelta(days=3)))
        await store.put(callback("new", clock.now() - dt.timedelta(days=1)))

        await pass_time(clock, FIRST * 1.2)

        assert await held(store) == ["new"]


async def test_rounds_go_on() -> None:
    """What gets too old later goes later."""
    clock = HandClock()
    store = MemoryStore(clock=clock, retention=900 * DAY)
    async with pruning(store, clock):
        await store.put(callback("new", clock.now()))
        await pass_time(clock, FIRST * 1.2)
        before = await held(store)

        await pass_time(clock, 2 * DAY + EVERY)

        assert (before, await held(store)) == (["new"], [])


class Told(SQLiteStore):
    """A file that tells when it was pruned."""

    def __init__(self, path: Path, clock: HandClock) -> None:
        super().__init__(path, clock=clock)
        self.pruned = anyio.Event()

    async def prune(self, *, before: dt.datetime) -> int:
        deleted = await super().prune(before=before)
        self.pruned.set()
        return deleted


async def test_a_file_is_pruned_too(tmp_path: Path) -> None:
    """As rows of a SQLite file are."""
    clock = HandClock()
    store = Told(tmp_path / "callbacks.db", clock)
    async with pruning(store, clock):
        await store.put(callback("old", clock.now() - dt.timedelta(days=3)))
        clock.advance(FIRST * 1.2)
        with anyio.fail_after(10):
            await store.pruned.wait()

        assert await held(store) == []


class Away(MemoryStore):
    """A store whose first round of pruning fails."""

    def __init__(self, clock: HandClock) -> None:
        super().__init__(clock=clock, retention=900 * DAY)
        self.failures = 1

    async def prune(self, *, before: dt.datetime) -> int:
        if self.failures:
            self.failures -= 1
            raise StoreUnavailable("the database does not answer")
        return await super().prune(before=before)


async def test_a_store_that_is_away_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    """It is logged, and the next round makes up for it."""
    clock = HandClock()
    store = Away(clock)
    async with pruning(store, clock):
        await store.put(callback("old", clock.now() - dt.timedelta(days=3)))
        await pass_time(clock, FIRST * 1.2)
        after_first = await held(store)

        await pass_time(clock, EVERY * 1.2)

        assert (after_first, await held(store)) == (["old"], [])
        assert any("store.prune_failed" in it for it in caplog.messages)
