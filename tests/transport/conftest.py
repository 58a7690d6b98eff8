"""Engines over which the same tests run: our own client, and the two kinds that users hand in."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx
import httpx2
import pytest

from astria_async.transport import HttpxTransport

KEY = "sd_s3cret_key"
HEADERS = {"Accept": "application/json", "Authorization": f"Bearer {KEY}"}

Opener = Callable[..., AbstractAsyncContextManager[HttpxTransport]]


@asynccontextmanager
async def opened(
    base_url: str, *, patience: float = 10.0, http_client: Any = None
) -> AsyncIterator[HttpxTransport]:
    """A transport to *base_url*, closed afterwards."""
    transport = HttpxTransport(
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


@pytest.fixture(params=["own", "httpx", "httpx2"])
def engine(request: pytest.FixtureRequest) -> Opener:
    """Opens a transport over each engine in turn."""

    @asynccontextmanager
    async def over_users_client(base_url: str, **options: Any) -> AsyncIterator[HttpxTransport]:
        library: Any = {"httpx": httpx, "httpx2": httpx2}[request.param]
        async with (
            library.AsyncClient() as client,
            opened(base_url, http_client=client, **options) as transport,
        ):
            yield transport

    return opened if request.param == "own" else over_users_client


@pytest.fixture
def own() -> Opener:
    """Opens a transport over our own client."""
    return opened
