"""An account with Astria on a sandbox whose time stands still, and a client of it."""

import io
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol, TypeVar

import anyio
import anyio.to_thread
import httpx
import pytest
from anyio.lowlevel import checkpoint
from PIL import Image

from astria_async import Astria
from astria_async.groups import task_group
from astria_async.testing import Sandbox

T = TypeVar("T")
FLUX = 1504944
TURNS = 100
"""By far enough for a request to get from the client to the sandbox and back."""


class Passing(Protocol):
    """Lets time pass until something is done, and gives its result or raises its error."""

    async def __call__(self, work: Awaitable[T], *, step: float = 5.0) -> T: ...


@pytest.fixture
async def sandbox(anyio_backend: object) -> AsyncIterator[Sandbox]:
    async with Sandbox(speed=0) as opened:
        yield opened


@pytest.fixture
async def astria(sandbox: Sandbox) -> AsyncIterator[Astria]:
    """A client that is called back."""
    async with sandbox.client() as opened:
        yield opened


@pytest.fixture
async def polling(sandbox: Sandbox) -> AsyncIterator[Astria]:
    """A client without a receiver."""
    async with sandbox.client(receiver=None) as opened:
        yield opened


@pytest.fixture
def passing(sandbox: Sandbox) -> Passing:
    async def passing(work: Awaitable[T], *, step: float = 5.0) -> T:
        results: list[T] = []

        async def run() -> None:
            results.append(await work)

        async with task_group() as tasks:
            tasks.start_soon(run)
            with anyio.fail_after(60):
                while not results:
                    await _idle()
                    if not results:
                        await sandbox.advance(step)
        return results[0]

    return passing


async def _idle() -> None:
    """
    Let everything get on that needs no time to pass.

    Threads read and write files: an hour of the sandbox's would pass while one is at it.
    """
    threads = anyio.to_thread.current_default_thread_limiter()
    for _ in range(TURNS):
        await checkpoint()
        while threads.borrowed_tokens:  # noqa: ASYNC110 - a thread has no event
            await anyio.sleep(0.0005)


def picture(colour: str = "teal", size: int = 600, kind: str = "JPEG", **options: Any) -> bytes:
    """A picture that opens."""
    file = io.BytesIO()
    Image.new("RGB", (size, size), colour).save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def photo() -> bytes:
    return picture()


@pytest.fixture(name="picture")
def make_picture() -> Callable[..., bytes]:
    return picture


Fetch = Callable[[str], Awaitable[bytes]]


@pytest.fixture
def fetch(sandbox: Sandbox) -> Fetch:
    """What lies at a URL of the sandbox, read as anybody would."""

    async def fetch(url: str) -> bytes:
        async with httpx.AsyncClient(transport=sandbox.transport()) as http:
            return (await http.get(url)).raise_for_status().content

    return fetch
