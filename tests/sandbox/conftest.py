"""A sandbox whose time stands still, and an HTTP client that speaks with it."""

from collections.abc import AsyncIterator

import httpx
import pytest

from astria_async.sandbox import Sandbox

START_KEY = "sd_sandbox"


@pytest.fixture
async def sandbox(anyio_backend: object) -> AsyncIterator[Sandbox]:
    async with Sandbox(speed=0) as running:
        yield running


@pytest.fixture
async def api(sandbox: Sandbox) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=sandbox.app),
        base_url=sandbox.base_url,
        headers={"Authorization": f"Bearer {START_KEY}"},
    ) as client:
        yield client
