"""The shop for headshots: two processes on one PostgreSQL, and a visitor's browser."""

import contextlib
import json
import os
import secrets
import shutil
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import attrs
import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect
from stores.servers import Server, postgres_server, postgres_url

from astria_async.sandbox import JobFault, Sandbox
from astria_async.sandbox.serve import serve

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.external_service,
    pytest.mark.usefixtures("uncounted"),
]

FOLDER = Path(__file__).parents[2] / "examples" / "headshots"
BINARIES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
WIDTHS = {"phone": 375, "desk": 1280}
LONG = 3600.0
"""Virtual seconds in which everything that was begun has ended."""

expect.set_options(timeout=15_000)

Start = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """uvicorn and Playwright know asyncio only."""
    return "asyncio"


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    """A PostgreSQL of our own."""
    server = postgres_server()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
async def sandbox(anyio_backend: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """Astria on a socket; its time stands still, and it calls back for failures too."""
    async with Sandbox(speed=0, failure_callbacks=True) as sandbox, serve(sandbox) as url:
        monkeypatch.setenv("ASTRIA_BASE_URL", url)
        monkeypatch.setenv("ASTRIA_API_KEY", "sd_sandbox")
        yield sandbox


@attrs.frozen
class Shop:
    """Two processes of the shop; Astria calls the first."""

    first: str
    second: str


@pytest.fixture
async def shop(
    start: Start, sandbox: Sandbox, postgres: Server, secret: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Shop]:
    """The shop in two processes, under the command uvicorn."""
    # One for each test: every sandbox numbers its prompts alike.
    name = f"shop_{secrets.token_hex(4)}"
    connection = await asyncpg.connect(postgres_url(postgres))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    monkeypatch.setenv("DATABASE_URL", postgres_url(postgres, database=name))
    monkeypatch.setenv("ASTRIA_CALLBACK_SECRET", secret)
    async with contextlib.AsyncExitStack() as stack:
        doors = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(2)]
        urls = [f"http://127.0.0.1:{door.getsockname()[1]}" for door in doors]
        monkeypatch.setenv("ASTRIA_CALLBACK_URL", f"{urls[0]}/astria")
        for door in doors:
            fd = str(door.fileno())
            words = ("--app-dir", FOLDER, "--log-level", "warning", "--fd", fd, "service:app")
            await stack.enter_async_context(
                start("-m", "uvicorn", *words, pass_fds=[door.fileno()])
            )
        yield Shop(*urls)


@pytest.fixture
def photos(samples: Path) -> list[Path]:
    """What a visitor has on their machine."""
    return sorted(samples.glob("*.jpg"))


async def _order(shop: Shop, photos: list[Path]) -> str:
    files = [("photos", (path.name, path.read_bytes())) for path in photos]
    async with httpx.AsyncClient(base_url=shop.first, trust_env=False, timeout=30) as visitor:
        answer = await visitor.post("/orders", data={"name": "woman"}, files=files)
    assert answer.status_code == 303, answer.text
    page: str = answer.headers["location"]
    return page


async def _events(url: str) -> AsyncIterator[dict[str, Any]]:
    """The events of an order, until the server ends them."""
    async with (
        httpx.AsyncClient(trust_env=False, timeout=30) as visitor,
        visitor.stream("GET", url) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            if line.startswith("data: "):
                yield json.loads(line.removeprefix("data: "))


async def test_an_order_is_followed_in_another_process(
    shop: Shop, sandbox: Sandbox, photos: list[Path]
) -> None:
    """What one process is told by Astria, a visitor of the other one sees, stage by stage."""
    events = []
    with anyio.fail_after(60):
        page = await _order(shop, photos)
        async for event in _events(f"{shop.second}{page}/events"):
            events.append(event)
            if len(events) == 1:
                await sandbox.advance(LONG)

    stages = [event["stage"] for event in events]
    assert stages[0] == "training"
    assert stages[-1] == "done"
    assert stages == sorted(stages, key=["training", "drawing", "done"].index)
    assert len(events[-1]["urls"]) == len(set(events[-1]["urls"])) == 4


async def test_a_failed_training_is_told(shop: Shop, sandbox: Sandbox, photos: list[Path]) -> None:
    """The visitor reads what Astria says, and the connection ends."""
    sandbox.faults.add(JobFault(kind="tune", reason="No face in the photographs."))

    with anyio.fail_after(60):
        page = await _order(shop, photos)
        await sandbox.advance(LONG)
        events = [event async for event in _events(f"{shop.second}{page}/events")]

    assert events[-1]["stage"] == "failed"
    # Its prompts fail with it, and may have told so by now.
    assert events[-1]["reasons"][0] == "No face in the photographs."


async def test_what_is_no_order_is_404(shop: Shop) -> None:
    """Neither its page nor its events are there."""
    async with httpx.AsyncClient(base_url=shop.first, trust_env=False, timeout=30) as visitor:
        answers = [await visitor.get(f"/orders/none{rest}") for rest in ("", "/events")]

    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.fixture
async def chromium(anyio_backend: str) -> AsyncIterator[Browser]:
    """The system's browser, or the one that "playwright install chromium" left."""
    async with async_playwright() as playwright:
        places = (*BINARIES, playwright.chromium.executable_path)
        binary = next((found for name in places if (found := shutil.which(name))), None)
        if binary is None:
            need = f"these tests need a browser: install one of {', '.join(BINARIES)}"
            # Only a person's machine may do without one: a check that counts never does.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(need)
        browser = await playwright.chromium.launch(executable_path=binary, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_a_visitor_watches_pictures_come(
    shop: Shop, sandbox: Sandbox, chromium: Browser, photos: list[Path], width: int
) -> None:
    """From the form to four pictures without a reload; neither the browser nor axe complains."""
    troubles: list[str] = []
    page = await chromium.new_page(viewport={"width": width, "height": 800})
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda it: troubles.append(it.text) if it.type == "error" else None)
    await page.goto(shop.first)
    found = await _serious(page)
    await page.get_by_label("They show a").select_option("woman")
    await page.get_by_label("Photographs").set_input_files(photos)
    await page.get_by_role("button", name="Order").click()

    await expect(page.get_by_role("status")).to_contain_text("Learning your face")
    await page.evaluate("window.untouched = true")
    await sandbox.advance(LONG)
    await expect(page.get_by_role("status")).to_have_text("Ready.")
    await expect(page.get_by_role("img", name="Portrait")).to_have_count(4)
    await page.wait_for_function("[...document.images].every((it) => it.naturalWidth > 0)")
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert await page.evaluate("window.untouched")
    assert wide <= width
    assert [*troubles, *found, *await _serious(page)] == []


async def _serious(page: Page) -> list[str]:
    """What axe finds, and thinks serious."""
    violations = (await Axe().run(page)).response["violations"]
    return [it["id"] for it in violations if it["impact"] in {"serious", "critical"}]
