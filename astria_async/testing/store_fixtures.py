"""What the conformance suite is played with: a clock moved by hand, callbacks, opened stores."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from astria_async.clock import Clock
from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.stores.base import Expectation, Record, Store

START = dt.datetime(2025, 3, 4, 10, 20, 30, 456789, tzinfo=dt.UTC)
MakeStore = Callable[[Clock], Store]
"""Another store over the same data."""


class HandClock:
    """Time that passes only when told to."""

    def __init__(self) -> None:
        self._passed = 0.0
        self._moved = anyio.Event()

    def now(self) -> dt.datetime:
        """The time of day on this clock."""
        return START + dt.timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        """Seconds since it was made, as it sees them."""
        return self._passed

    async def sleep(self, seconds: float) -> None:
        """Return once it was moved on by *seconds*."""
        until = self._passed + seconds
        await checkpoint()
        while self._passed < until:
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        """Let *seconds* pass."""
        self._passed += seconds
        self._moved.set()
        self._moved = anyio.Event()


@contextlib.asynccontextmanager
async def opened(store: Store) -> AsyncIterator[Store]:
    """*store*, open inside the block."""
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


class Fixtures:
    """What each part of the suite asks for; ``make_store`` is the subclass's own."""

    pytestmark: pytest.MarkDecorator = pytest.mark.anyio

    @pytest.fixture
    def clock(self) -> HandClock:
        """The clock of both stores."""
        return HandClock()

    @pytest.fixture
    async def store(self, make_store: MakeStore, clock: HandClock) -> AsyncIterator[Store]:
        """An open store."""
        async with opened(make_store(clock)) as store:
            yield store

    @pytest.fixture
    async def other(self, make_store: MakeStore, clock: HandClock) -> AsyncIterator[Store]:
        """An open store over the same data, as another process has it."""
        async with opened(make_store(clock)) as store:
            yield store


def callback(wait: str = "a", body: bytes = b"{}", **fields: Any) -> Callback:
    """A callback; *fields* replace what it has by default."""
    fields.setdefault("kind", "tune")
    fields.setdefault("received_at", START)
    return Callback(wait=wait, body=body, **fields)


def expectation(wait: str = "a", **fields: Any) -> Expectation:
    """An expectation; *fields* replace what it has by default."""
    fields.setdefault("kind", "tune")
    fields.setdefault("since", START)
    return Expectation(wait=wait, **fields)


async def claim_one(store: Store, *, owner: str = "p", kind: Kind = "tune") -> Record:
    """The one record that can be claimed, for a minute."""
    [record] = await store.claim(owner, kinds=[kind], limit=10, lease=60)
    return record


async def the(store: Store, wait: str = "a") -> Record:
    """The record of *wait*, which is there."""
    record = await store.record(wait)
    assert record is not None
    return record


def waits(records: Any) -> list[str]:
    """The wait ids of records, callbacks or expectations, in their order."""
    return [getattr(it, "callback", it).wait for it in records]
