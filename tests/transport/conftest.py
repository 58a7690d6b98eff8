"""Engines over which the same tests run: our own client, and the kinds that users hand in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import aiohttp
import httpx
import httpx2
import pytest

from astria_async.protocol.calls import Call, Effect
from astria_async.protocol.forms import File
from astria_async.protocol.sources import FileSource
from astria_async.transport import Transport, open_transport

KEY = "sd_s3cret_key"
HEADERS = {"Accept": "application/json", "Authorization": f"Bearer {KEY}"}

Opener = Callable[..., AbstractAsyncContextManager[Transport]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave out what cannot be: aiohttp knows asyncio alone."""
    items[:] = [item for item in items if not _impossible(item)]


def _impossible(item: pytest.Item) -> bool:
    params = getattr(getattr(item, "callspec", None), "params", {})
    return params.get("anyio_backend") == "trio" and "aiohttp" in params.values()


@asynccontextmanager
async def opened(
    base_url: str, *, patience: float = 10.0, http_client: Any = None
) -> AsyncIterator[Transport]:
    """A transport to *base_url*, closed afterwards."""
    transport = open_transport(
        base_url=base_url,
        headers=HEADERS,
        timeout=patience,
        connections=10,
        http_client=http_client,
    )
    try:
        yield transport
    finally:
        await transport.aclose()


CLIENTS: dict[str, Any] = {
    "httpx": httpx.AsyncClient,
    "httpx2": httpx2.AsyncClient,
    "aiohttp": aiohttp.ClientSession,
}


@pytest.fixture(params=["own", *CLIENTS])
def engine(request: pytest.FixtureRequest) -> Opener:
    """Opens a transport over each engine in turn."""
    if request.param == "own":
        return opened

    @asynccontextmanager
    async def over_users_client(base_url: str, **options: Any) -> AsyncIterator[Transport]:
        async with (
            CLIENTS[request.param]() as client,
            opened(base_url, http_client=client, **options) as transport,
        ):
            yield transport

    return over_users_client


@pytest.fixture
def own() -> Opener:
    """Opens a transport over our own client."""
    return opened


def upload(content: Any) -> Call:
    """A create with one picture."""
    part = File("tune[images][]", FileSource(content, "a.jpg", "images[0]"))
    return Call(method="POST", path="/tunes", parts=(part,), effect=Effect.CREATES)
