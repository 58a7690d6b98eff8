"""A receiver on a clock that the test moves, and a store that can be taken down."""

import datetime as dt
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import anyio
import httpx
import pytest
from anyio.lowlevel import checkpoint

from astria_async.protocol.addresses import Address, Kind, mint_wait_id
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import StoreUnavailable
from astria_async.receiver import Receiver
from astria_async.sandbox.clock import VirtualClock
from astria_async.stores import MemoryStore, Record

SECRET = "a secret of the tests, 32 bytes."
START = dt.datetime(2025, 3, 4, 10, 20, 30, tzinfo=dt.UTC)


class FaultyStore(MemoryStore):
    """Memory whose verbs named in ``broken`` do not answer: at once, or for ever if ``hanging``."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.broken: set[str] = set()
        self.hanging: set[str] = set()
        self.calls: list[str] = []

    async def _pass(self, verb: str) -> None:
        self.calls.append(verb)
        if verb in self.hanging:
            await anyio.sleep_forever()
        if verb in self.broken:
            raise StoreUnavailable("the database went away")

    async def open(self) -> None:
        await self._pass("open")
        await super().open()

    async def aclose(self) -> None:
        await self._pass("aclose")
        await super().aclose()

    async def check(self) -> None:
        await self._pass("check")
        await super().check()

    async def put(self, callback: Callback) -> bool:
        await self._pass("put")
        return await super().put(callback)

    async def record(self, wait: str) -> Record | None:
        await self._pass("record")
        return await super().record(wait)

    async def claim(
        self, owner: str, *, kinds: Collection[Kind], limit: int, lease: float
    ) -> Sequence[Record]:
        await self._pass("claim")
        return await super().claim(owner, kinds=kinds, limit=limit, lease=lease)

    async def renew(self, record: Record, *, lease: float) -> bool:
        await self._pass("renew")
        return await super().renew(record, lease=lease)

    async def finish(self, record: Record, *, handled: str) -> bool:
        await self._pass("finish")
        return await super().finish(record, handled=handled)

    async def release(
        self, record: Record, *, error: str | None, due_at: dt.datetime | None
    ) -> bool:
        await self._pass("release")
        return await super().release(record, error=error, due_at=due_at)

    @property
    def uses(self) -> int:
        """How many users have it open."""
        return self._uses


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the developer's own reaches a test."""
    for name in ("URL", "SECRET", "STORE"):
        monkeypatch.delenv(f"ASTRIA_CALLBACK_{name}", raising=False)
    monkeypatch.delenv("NGROK_AUTHTOKEN", raising=False)


@pytest.fixture
def secret() -> str:
    """The receiver's."""
    return SECRET


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still until the test moves it."""
    return VirtualClock(speed=0, start=START)


@pytest.fixture
def store(clock: VirtualClock) -> FaultyStore:
    """The receiver's store."""
    return FaultyStore(clock=clock)


@pytest.fixture
def receiver(store: FaultyStore, clock: VirtualClock) -> Receiver:
    """A receiver that is not open yet."""
    return Receiver("https://hooks.example.com/astria", secret=SECRET, store=store, clock=clock)


@pytest.fixture
def address() -> Callable[..., Address]:
    """Makes addresses: ``address("tune", user_id="7")``."""

    def make(kind: Kind = "tune", /, wait: str | None = None, **metadata: str) -> Address:
        return Address(kind=kind, wait=wait or mint_wait_id(), metadata=metadata)

    return make


@pytest.fixture
def request_app() -> Callable[..., Awaitable[httpx.Response]]:
    """Sends one request to an ASGI app: ``await request_app(app, "POST", url, content=…)``."""

    async def send(app: Any, method: str, url: str, **options: Any) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return await client.request(method, url, **options)

    return send


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    """What the receiver logged so far, a line for each event."""
    caplog.set_level(logging.DEBUG, "astria_async.receiver")

    def lines() -> list[str]:
        return [it.getMessage() for it in caplog.records if it.name.startswith("astria_async")]

    return lines


@pytest.fixture
def settle() -> Callable[[], Awaitable[None]]:
    """Lets every task run until all of them wait for something."""

    async def run() -> None:
        # anyio's own looks every 100 ms under asyncio: most have nothing left to do by then.
        for _ in range(50):
            await checkpoint()
        await anyio.wait_all_tasks_blocked()

    return run


@pytest.fixture
def advance(
    clock: VirtualClock, settle: Callable[[], Awaitable[None]]
) -> Callable[[float], Awaitable[None]]:
    """Moves the clock by some seconds, with every task idle before and after."""

    async def move(seconds: float) -> None:
        await settle()
        clock.advance(seconds)
        await settle()

    return move
