"""A sandbox whose time stands still, a program that uses its API, and a person's browser."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import attrs
import httpx
import pytest

from astria_async.sandbox import Sandbox
from astria_async.sandbox.dashboard import HOME

HOOK = "https://hooks.example.com/astria?user_id=7&sig=s3cr3t-signature"
KEY = "sd_dashboard-key"
BROWSER = {"Accept": "text/html", "Sec-Fetch-Site": "same-origin"}


@attrs.define(eq=False)
class Rig:
    """
    Everything that a test of the dashboard needs.

    Attributes:
        api: What programs use, with the key.
        browser: What a person uses on the same machine, without one.
        received: The addresses of callbacks that arrived.
        answer: What their receiver answers, or the error that it ends in.
    """

    sandbox: Sandbox
    api: httpx.AsyncClient
    browser: httpx.AsyncClient
    received: list[str] = attrs.field(factory=list)
    answer: int | OSError = 204

    async def tune(self, **fields: Any) -> dict[str, Any]:
        body = {
            "title": "Ada",
            "name": "woman",
            "image_urls": ["https://x.example.com/1.jpg"],
            "callback": HOOK,
        }
        response = await self.api.post("/tunes", json={"tune": body | fields})
        assert response.is_success, response.text
        tune: dict[str, Any] = response.json()
        return tune

    async def prompt(self, tune_id: int = 1504944, **fields: Any) -> dict[str, Any]:
        body = {"text": "a portrait", "callback": HOOK} | fields
        response = await self.api.post(f"/tunes/{tune_id}/prompts", json={"prompt": body})
        assert response.is_success, response.text
        prompt: dict[str, Any] = response.json()
        return prompt

    async def page(self, path: str = "/", status: int = 200, **query: Any) -> str:
        response = await self.browser.get(f"{HOME}{path}", params=query)
        assert response.status_code == status, response.text
        return response.text

    async def post(self, path: str, /, **form: Any) -> httpx.Response:
        return await self.browser.post(f"{HOME}{path}", data=form)

    async def said(self, path: str, /, **form: Any) -> str:
        """Send a form that is taken, and read the notice on the page that follows."""
        response = await self.post(path, **form)
        assert response.status_code == 303, response.text
        follows = await self.browser.get(response.headers["location"])
        assert follows.status_code == 200
        return follows.text.partition('role="status">')[2].partition("</div>")[0]


@asynccontextmanager
async def open_rig(**settings: Any) -> AsyncIterator[Rig]:
    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        rig.received.append(url)
        if isinstance(rig.answer, OSError):
            raise rig.answer
        return rig.answer

    options = {"speed": 0, "api_key": KEY, "deliver": deliver} | settings
    async with (
        Sandbox(**options) as sandbox,
        httpx.AsyncClient(
            transport=sandbox.transport(),
            base_url=sandbox.base_url,
            headers={"Authorization": f"Bearer {KEY}"},
        ) as api,
        httpx.AsyncClient(
            transport=sandbox.transport(), base_url="http://127.0.0.1:8787", headers=BROWSER
        ) as browser,
    ):
        rig = Rig(sandbox, api, browser)
        yield rig


@pytest.fixture
async def rig(anyio_backend: object) -> AsyncIterator[Rig]:
    """A rig with everything as it is by default."""
    async with open_rig() as opened:
        yield opened


@pytest.fixture
def rigged() -> Callable[..., AbstractAsyncContextManager[Rig]]:
    """Makes rigs with settings of the test's own."""
    return open_rig
