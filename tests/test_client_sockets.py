"""The client over real sockets: what it logs, and what it leaves behind."""

import asyncio
import gc
import logging
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.lowlevel
import psutil
import pytest

from astria_async import Astria, ConfigurationError, Receiver, Tune
from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve

pytestmark = pytest.mark.anyio

KEY = "sd_S3cr3tKey"
JPEG = b"\xff\xd8\xff\xe0 not much of a picture"
PACE = 5000.0


@pytest.fixture
def anyio_backend() -> str:
    """Servers are uvicorn's, which needs asyncio."""
    return "asyncio"


@pytest.fixture
async def url(anyio_backend: object) -> AsyncIterator[str]:
    """Where a sandbox listens."""
    async with (
        Sandbox(api_key=KEY, speed=1.0, pace=PACE, image_url_lifetime=3600) as sandbox,
        serve(sandbox) as url,
    ):
        yield url


async def work(astria: Astria, out: Path) -> Tune:
    """Train, generate, download."""
    tune = await astria.tunes.create(name="cat", images=[JPEG], branch="fast")
    tune = await tune.wait_ready()
    prompt = await tune.prompts.create("a cat", num_images=2, metadata={"user": "7"})
    prompt = await prompt.wait_ready()
    await prompt.download(out)
    await tune.download_checkpoint(out)
    return tune


async def test_nothing_secret_is_logged(
    url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No key, no signature, no right to read a file: neither by us nor by the HTTP engine."""
    caplog.set_level(logging.DEBUG)
    receiver = Receiver()

    async with receiver.serve(port=0), Astria(KEY, base_url=url, receiver=receiver) as astria:
        tune = await work(astria, tmp_path)

    client = [it for it in caplog.records if it.name.split(".")[0] in {"httpx", "astria_async"}]
    ours = "\n".join(f"{it.getMessage()} {vars(it)}" for it in client)
    engine = "\n".join(it.getMessage() for it in caplog.records if it.name.startswith("httpcore"))
    signature = parse_qs(urlsplit(tune.callback or "").query)["sig"][0]
    assert ours
    assert engine
    for secret in (KEY, signature, "signature="):
        assert secret not in ours
        assert secret not in engine


async def test_an_error_shows_nothing_secret(url: str) -> None:
    """Neither in its message, nor in its attributes, nor in those of its causes."""
    async with Astria(f"{KEY}x", base_url=url) as astria:
        error: BaseException | None = None
        try:
            await astria.tunes.list(title="private").page()
        except Exception as caught:  # noqa: BLE001 - looked at below
            error = caught

    shown = ""
    while error is not None:
        shown += f"{error!r} {error} {vars(error)}"
        error = error.__cause__ or error.__context__
    assert KEY not in shown
    assert "private" not in shown


async def whole_life(url: str, out: Path) -> int:
    """A client with a receiver, used and left while something waits; the receiver's port."""
    receiver = Receiver()
    async with (
        receiver.serve(port=0) as listening,
        Astria(KEY, base_url=url, receiver=receiver) as astria,
    ):
        await work(astria, out)
        waiting = await astria.tunes.create(name="cat", images=[JPEG], branch="flux1")
        async with anyio.create_task_group() as group:
            group.start_soon(waiting.wait_ready)
            await anyio.lowlevel.checkpoint()
            group.cancel_scope.cancel()
    return listening.port


def connected(process: psutil.Process, ports: set[int | None]) -> bool:
    """Whether a connection to one of *ports* is still there."""
    found = process.net_connections()
    open_ones = (it for it in found if it.status == psutil.CONN_ESTABLISHED and it.raddr)
    return any(it.raddr.port in ports for it in open_ones)


async def test_leaving_ends_every_task_and_connection(url: str, tmp_path: Path) -> None:
    """Nothing is left of a client, its waits, its downloads and its receiver."""
    process = psutil.Process()
    await whole_life(url, tmp_path / "warm")  # some things are loaded once
    tasks, files = len(asyncio.all_tasks()), len(process.open_files())

    port = await whole_life(url, tmp_path / "out")

    with anyio.fail_after(10):
        # The system closes in its time, and the sandbox's server ends its requests.
        while (  # noqa: ASYNC110
            connected(process, {urlsplit(url).port, port})
            or len(asyncio.all_tasks()) > tasks
            or len(process.open_files()) > files
        ):
            await anyio.sleep(0.01)


async def test_a_block_that_fails_to_open_leaves_nothing(url: str) -> None:
    """The connections of the first half are closed with it."""
    tasks = len(asyncio.all_tasks())
    receiver = Receiver("https://hooks.example.com/")
    receiver.store.open = refuse  # type: ignore[method-assign]

    with pytest.raises(ConfigurationError, match="no"):
        async with Astria(KEY, base_url=url, receiver=receiver):
            pass

    assert len(asyncio.all_tasks()) <= tasks


async def refuse() -> None:
    """Open nothing."""
    raise ConfigurationError("no such folder")


async def test_clients_that_come_and_go_keep_no_memory(url: str) -> None:
    """Sixty of them weigh as much as ten."""
    tracemalloc.start()
    try:
        for number in range(60):
            async with Astria(KEY, base_url=url) as astria:
                await astria.tunes.list().page()
            if number == 10:
                gc.collect()
                before, _ = tracemalloc.get_traced_memory()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 300_000
