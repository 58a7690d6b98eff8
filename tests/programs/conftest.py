"""What a program needs around it: Astria on a socket, a way in from there, and itself as text."""

import contextlib
import re
import secrets
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import attrs
import httpx
import pytest
import uvicorn
from anyio.streams.text import TextReceiveStream
from PIL import Image
from starlette.requests import Request
from starlette.responses import Response

from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve

ROOT = Path(__file__).parents[2]
PACE = 5000.0
"""How many times as fast as in life jobs are done."""

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Servers are uvicorn's, which needs asyncio."""
    return "asyncio"


@pytest.fixture(autouse=True)
def here(samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every program starts in a folder of its own, with photographs, and no setting of ours."""
    for name in ("API_KEY", "WORKSPACE_ID", "CALLBACK_URL", "CALLBACK_SECRET", "CALLBACK_STORE"):
        monkeypatch.delenv(f"ASTRIA_{name}", raising=False)
    monkeypatch.delenv("NGROK_AUTHTOKEN", raising=False)
    return samples.parent


@pytest.fixture
def uncounted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start programs at their own speed: the branches that they cover are counted elsewhere."""
    monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture
async def sandbox(anyio_backend: object, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """Astria, on a socket, as the environment tells every program."""
    async with Sandbox(speed=1.0, pace=PACE) as sandbox, serve(sandbox) as url:
        monkeypatch.setenv("ASTRIA_BASE_URL", url)
        monkeypatch.setenv("ASTRIA_API_KEY", "sd_sandbox")
        yield sandbox


@attrs.define
class Gateway:
    """
    The reverse proxy in front of a program: what comes to the public name goes on over a socket.

    Attributes:
        port: Where the program listens; ``None`` while none does, and then the answer is 502.
        statuses: What the program answered, in order.
    """

    port: int | None = None
    statuses: list[int] = attrs.field(factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        answer = await self._forward(Request(scope, receive))
        self.statuses.append(answer.status_code)
        await answer(scope, receive, send)

    async def _forward(self, request: Request) -> Response:
        url = request.url.replace(scheme="http", netloc=f"127.0.0.1:{self.port}")
        try:
            async with httpx.AsyncClient(trust_env=False) as client:
                answer = await client.request(
                    request.method, str(url), content=await request.body(), headers=request.headers
                )
        except (httpx.TransportError, httpx.InvalidURL):
            return Response(status_code=502)
        return Response(answer.content, answer.status_code)


@pytest.fixture
def gateway(sandbox: Sandbox) -> Gateway:
    """The way in, for the two names under which the README's receivers are known."""
    gateway = Gateway()
    sandbox.mount("https://hooks.example.com", gateway)
    sandbox.mount("https://example.com", gateway)
    return gateway


@pytest.fixture
def free_port() -> Iterator[int]:
    """A port that is ours: bound, so that nobody is given it, but open to who may share it."""
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0))
        yield sock.getsockname()[1]


@pytest.fixture
def readme() -> Callable[..., str]:
    """The first Python block under a heading of the README: ``readme("A pipeline")``."""
    text = (ROOT / "README.md").read_text()

    def block(heading: str, number: int = 0) -> str:
        _, _, below = text.partition(f"\n### {heading}\n")
        section = re.split(r"(?m)^##", below)[0]
        blocks: list[str] = re.findall(r"(?s)```python\n(.*?)```", section)
        return blocks[number]

    return block


@attrs.define
class Site:
    """
    A web application under uvicorn, and who visits it.

    Attributes:
        port: Where it listens.
        visitor: An HTTP client of it.
    """

    port: int
    visitor: httpx.AsyncClient


class _Uvicorn(uvicorn.Server):
    """uvicorn as a part of the test: it leaves signals alone and tells when it is up."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.up = anyio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.up.set()


@pytest.fixture
def visit() -> Callable[[Any], contextlib.AbstractAsyncContextManager[Site]]:
    """Serve a web application on a socket: ``async with visit(app) as site``."""

    @contextlib.asynccontextmanager
    async def run(app: Any) -> AsyncIterator[Site]:
        server = _Uvicorn(uvicorn.Config(app, lifespan="on", log_config=None))
        with socket.create_server(("127.0.0.1", 0)) as sock:
            port = sock.getsockname()[1]
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(server.serve, [sock])
                await server.up.wait()
                base = f"http://127.0.0.1:{port}"
                async with httpx.AsyncClient(base_url=base, trust_env=False) as visitor:
                    yield Site(port, visitor)
                server.should_exit = True

    return run


@attrs.define
class Script:
    """
    A program in a process of its own.

    Attributes:
        process: That process.
        lines: What it prints, line by line.
    """

    process: anyio.abc.Process
    lines: AsyncIterator[str]

    async def line(self, beginning: str = "") -> str:
        """The next line that begins so, without that beginning; others are passed over."""
        async for line in self.lines:
            if line.startswith(beginning):
                return line.removeprefix(beginning)
        raise AssertionError(f"it ended without printing {beginning!r}")

    async def rest(self) -> list[str]:
        """Every line until it ends by itself, and well."""
        lines = [line async for line in self.lines]
        assert await self.process.wait() == 0, lines
        return lines


async def _lines(stream: anyio.abc.ByteReceiveStream) -> AsyncIterator[str]:
    buffer = ""
    async for text in TextReceiveStream(stream):
        *whole, buffer = (buffer + text).split("\n")
        for line in whole:
            yield line
    if buffer:
        yield buffer


@pytest.fixture
def start() -> Callable[..., contextlib.AbstractAsyncContextManager[Script]]:
    """Run Python in a process: ``async with start("program.py", "argument") as script``."""

    @contextlib.asynccontextmanager
    async def run(*arguments: str | Path, **options: Any) -> AsyncIterator[Script]:
        command = [sys.executable, "-u", *(str(argument) for argument in arguments)]
        process = await anyio.open_process(command, **({"stderr": None} | options))
        assert process.stdout is not None
        async with process:
            try:
                yield Script(process, _lines(process.stdout))
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()

    return run


@pytest.fixture
def is_picture() -> Callable[[Path], bool]:
    """Whether a file is a whole picture with the extension that it should have."""

    def check(path: Path) -> bool:
        with Image.open(path) as picture:
            picture.load()
            return (picture.format, path.suffix) in {("JPEG", ".jpg"), ("PNG", ".png")}

    return check


@pytest.fixture
def secret() -> str:
    """A key for callback URLs."""
    return secrets.token_urlsafe(32)
