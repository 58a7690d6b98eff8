"""Every example, as its first lines say to run it, on the sandbox."""

import contextlib
import importlib.util
import socket
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import httpx
import pytest

from astria_async.sandbox import Sandbox

pytestmark = pytest.mark.anyio

EXAMPLES = Path(__file__).parents[2] / "examples"

Start = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture
async def pipeline(
    start: Start, sandbox: Sandbox, secret: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Any]:
    """Runs the pipeline; the lines that it prints."""
    monkeypatch.setenv("ASTRIA_CALLBACK_SECRET", secret)
    words = ("samples", "--name", "cat", "--port", "0")

    async def run() -> list[str]:
        async with start(EXAMPLES / "pipeline.py", *words) as script:
            lines: list[str] = await script.rest()
        return lines

    return run


async def test_pipeline(
    pipeline: Callable[[], Any], sandbox: Sandbox, is_picture: Callable[[Path], bool]
) -> None:
    """The pipeline prints where its pictures are, and is called back for each of its jobs."""
    lines = await pipeline()
    await sandbox.settle()

    files = [Path(line) for line in lines if line.startswith("pictures")]
    assert len(files) >= 3
    assert all(is_picture(path) for path in files)
    assert [it.status for it in sandbox.deliveries] == [204] * 4


async def test_pipeline_again(pipeline: Callable[[], Any], sandbox: Sandbox) -> None:
    """Run a second time, the pipeline creates nothing and finds the same pictures."""
    first = await pipeline()
    jobs = [it.id for it in (*sandbox.world.tunes, *sandbox.world.prompts)]

    second = await pipeline()

    assert [it.id for it in (*sandbox.world.tunes, *sandbox.world.prompts)] == jobs
    assert {line for line in first if line.startswith("pictures")} <= set(second)


@pytest.fixture
def site(
    start: Start, sandbox: Sandbox, secret: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]]:
    """Runs a web service under the command uvicorn, and visits it."""

    @contextlib.asynccontextmanager
    async def run(module: str) -> AsyncIterator[httpx.AsyncClient]:
        with socket.create_server(("127.0.0.1", 0)) as sock:
            base = f"http://127.0.0.1:{sock.getsockname()[1]}"
            monkeypatch.setenv("ASTRIA_CALLBACK_URL", f"{base}/astria")
            monkeypatch.setenv("ASTRIA_CALLBACK_SECRET", secret)
            fd = sock.fileno()
            words = ("--app-dir", EXAMPLES, "--log-level", "warning", "--fd", str(fd))
            async with (
                start("-m", "uvicorn", *words, f"{module}:app", pass_fds=[fd]),
                httpx.AsyncClient(base_url=base, trust_env=False, timeout=30) as visitor,
            ):
                yield visitor

    return run


@pytest.fixture
def photos(samples: Path) -> list[tuple[str, tuple[str, bytes]]]:
    """Photographs as the fields of a form."""
    return [("photos", (path.name, path.read_bytes())) for path in samples.glob("*.jpg")]


async def _finished(visitor: httpx.AsyncClient, page: str) -> Any:
    while True:
        shown = (await visitor.get(page)).json()
        if shown["done"]:
            return shown
        await anyio.sleep(0.02)


async def test_webservice(
    site: Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]],
    photos: list[tuple[str, tuple[str, bytes]]],
) -> None:
    """An order of photographs ends with pictures in the service's own table."""
    with anyio.fail_after(30):
        async with site("webservice") as visitor:
            answer = await visitor.post("/orders", data={"name": "cat"}, files=photos)
            shown = await _finished(visitor, answer.json()["pictures"])

    assert answer.status_code == 202
    assert [len(it["urls"]) for it in shown["prompts"].values()] == [2, 2]


async def test_webservice_refuses(
    site: Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]],
) -> None:
    """An order without photographs is refused in words."""
    async with site("webservice") as visitor:
        answer = await visitor.post("/orders", data={"name": "cat"})

    assert answer.status_code == 422
    assert "at least one image" in answer.json()["error"]


async def test_fastapi_service(
    site: Callable[[str], AbstractAsyncContextManager[httpx.AsyncClient]],
) -> None:
    """A visitor who waits for a picture gets it; one who asks for another learns there is none."""
    async with site("fastapi_service") as visitor:
        drawn = (await visitor.post("/pictures", json={"text": "a boat", "num_images": 2})).json()
        ready = await visitor.get(f"/pictures/{drawn['id']}", params={"wait": 20})
        missing = await visitor.get("/pictures/1")

    assert drawn["status"] == "queued"
    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    assert len(ready.json()["images"]) == 2
    assert missing.status_code == 404


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
async def test_offline(start: Start, loop: str) -> None:
    """The scenes on the sandbox play on both event loops."""
    async with start(EXAMPLES / "offline.py", loop) as script:
        lines = await script.rest()

    assert lines == [
        "2 pictures after 2 callbacks",
        "the tune is ready, and no callback came",
        "the training failed: No face in the photographs.",
    ]


class Forwarding:
    """A tunnel as far as the next port of this machine: it carries bytes both ways."""

    def __init__(self) -> None:
        self.connections = 0

    @contextlib.asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[str]:
        """Listen on another port, and forward what comes."""

        async def forward(near: anyio.abc.SocketStream) -> None:
            self.connections += 1
            far = await anyio.connect_tcp("127.0.0.1", port)
            async with near, far, anyio.create_task_group() as group:
                group.start_soon(pump, near, far)
                group.start_soon(pump, far, near)

        async def pump(source: anyio.abc.SocketStream, sink: anyio.abc.SocketStream) -> None:
            with contextlib.suppress(anyio.BrokenResourceError):
                async for chunk in source:
                    await sink.send(chunk)
                await sink.send_eof()

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with listener, anyio.create_task_group() as group:
            group.start_soon(listener.serve, forward)
            outside = listener.extra(anyio.abc.SocketAttribute.local_port)
            yield f"http://127.0.0.1:{outside}"
            group.cancel_scope.cancel()


async def test_laptop(sandbox: Sandbox, is_picture: Callable[[Path], bool]) -> None:
    """The laptop's callbacks come through the tunnel that it opens."""
    spec = importlib.util.spec_from_file_location("laptop_ngrok", EXAMPLES / "laptop_ngrok.py")
    assert spec is not None
    assert spec.loader is not None
    laptop = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(laptop)
    tunnel = Forwarding()

    files = await laptop.draw("a red bicycle", tunnel=tunnel)

    assert tunnel.connections >= 1
    assert len(files) == 2
    assert all(is_picture(path) for path in files)


async def test_laptop_without_token(start: Start, sandbox: Sandbox) -> None:
    """Without ngrok's token the laptop's program ends, and says which variable to set."""
    async with start(EXAMPLES / "laptop_ngrok.py", stderr=subprocess.STDOUT) as script:
        said = await script.line("astria_async.protocol.errors.ConfigurationError: ")
        code = await script.process.wait()

    assert "NGROK_AUTHTOKEN" in said
    assert code == 1
