"""A sandbox whose time stands still, and an HTTP client that speaks with it."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
import httpx
import pytest

from astria_async.sandbox import Sandbox

HOOK = "https://hooks.example.com/astria"
JPEG = b"\xff\xd8\xff\xe0 not much of a picture"


@attrs.define(eq=False)
class Rig:
    """A sandbox, a client of it, and what its callbacks brought."""

    sandbox: Sandbox
    http: httpx.AsyncClient
    received: list[tuple[str, Any]] = attrs.field(factory=list)

    async def tune(self, **fields: Any) -> dict[str, Any]:
        body = {"title": "Ada", "name": "woman", "image_urls": ["https://x.example.com/1.jpg"]}
        response = await self.http.post("/tunes", json={"tune": body | fields})
        assert response.is_success, response.text
        tune: dict[str, Any] = response.json()
        return tune

    async def trained(self, **fields: Any) -> dict[str, Any]:
        tune = await self.tune(**fields)
        await self.sandbox.advance(1300)
        return await self.get(f"/tunes/{tune['id']}")

    async def prompt(self, tune_id: int = 1504944, **fields: Any) -> dict[str, Any]:
        body = {"text": "a portrait"} | fields
        response = await self.http.post(f"/tunes/{tune_id}/prompts", json={"prompt": body})
        assert response.is_success, response.text
        prompt: dict[str, Any] = response.json()
        return prompt

    async def get(self, path: str, **query: Any) -> Any:
        response = await self.http.get(path, params=query)
        assert response.status_code == 200, response.text
        return response.json()

    async def status(self, path: str) -> int:
        return (await self.http.get(path)).status_code

    async def balance(self) -> int:
        user = await self.get("/users")
        amount: int = user["usd_balance_mc"]
        return amount


@asynccontextmanager
async def open_rig(**settings: Any) -> AsyncIterator[Rig]:
    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        rig.received.append((url, httpx.Response(200, content=body)))
        return 204

    options = {"speed": 0, "deliver": deliver} | settings
    async with (
        Sandbox(**options) as sandbox,
        httpx.AsyncClient(
            transport=sandbox.transport(),
            base_url=sandbox.base_url,
            headers={"Authorization": "Bearer sd_sandbox"},
        ) as http,
    ):
        rig = Rig(sandbox, http)
        yield rig


@pytest.fixture
async def rig(anyio_backend: object) -> AsyncIterator[Rig]:
    """A rig with everything as it is by default, but for the clock, which stands still."""
    async with open_rig() as opened:
        yield opened


@pytest.fixture
def rigged() -> Callable[..., AbstractAsyncContextManager[Rig]]:
    """Makes rigs with settings of the test's own."""
    return open_rig
