"""A program that is called back and one that waits, with only a store between them."""

import contextlib
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from stores.servers import Server, postgres_server, postgres_url, redis_server, redis_url

from astria_async import Receiver
from astria_async.protocol.addresses import Address
from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve
from astria_async.stores import open_store

pytestmark = [pytest.mark.anyio, pytest.mark.external_service]

RECEIVES = '''
"""Receives callbacks, and does nothing else."""
import anyio
from astria_async import Receiver

async def main():
    async with Receiver("https://hooks.example.com/astria").serve(port=0) as listening:
        print("port", listening.port)
        await anyio.sleep_forever()

anyio.run(main)
'''

WAITS = '''
"""Creates a tune and waits for it; it polls so seldom that only a callback can tell it."""
import anyio
from pathlib import Path
from astria_async import Astria, Receiver, WaitPolicy

async def main():
    receiver = Receiver("https://hooks.example.com/astria")
    seldom = WaitPolicy(tune_backup=(86400.0, 86400.0))
    async with Astria(receiver=receiver, wait=seldom) as astria:
        tune = await astria.tunes.create(name="cat", images=Path("samples").glob("*.jpg"))
        print("created", tune.id)
        tune = await tune.wait_ready()
        print("ready", tune.id)

anyio.run(main)
'''

Start = Callable[..., AbstractAsyncContextManager[Any]]


@contextlib.contextmanager
def serving(server: Server, url: Callable[[Server], str]) -> Iterator[str]:
    """The URL of a database server, which runs for the length of the block."""
    try:
        server.start()
        yield url(server)
    finally:
        server.stop()


@pytest.fixture(params=["sqlite", "redis", "postgres"])
def store_url(
    request: pytest.FixtureRequest, here: Path, secret: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A store of each durable kind, as the environment tells every program."""
    with contextlib.ExitStack() as stack:
        url = f"sqlite:///{here / 'callbacks.db'}"
        if request.param == "redis":
            url = stack.enter_context(serving(redis_server(), redis_url))
        elif request.param == "postgres":
            url = stack.enter_context(serving(postgres_server(), postgres_url))
        monkeypatch.setenv("ASTRIA_CALLBACK_STORE", url)
        monkeypatch.setenv("ASTRIA_CALLBACK_SECRET", secret)
        (here / "receives.py").write_text(RECEIVES)
        (here / "waits.py").write_text(WAITS)
        yield url


@pytest.fixture
async def sandbox(anyio_backend: object, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """Astria, on a socket; its time stands still until the test moves it."""
    async with Sandbox(speed=0) as sandbox, serve(sandbox) as url:
        monkeypatch.setenv("ASTRIA_BASE_URL", url)
        monkeypatch.setenv("ASTRIA_API_KEY", "sd_sandbox")
        yield sandbox


async def test_one_receives_and_the_other_wakes(
    store_url: str, here: Path, start: Start, sandbox: Sandbox, gateway: Any
) -> None:
    """A wait ends in a process that no callback ever came to."""
    with anyio.fail_after(60):
        async with start(here / "receives.py") as called, start(here / "waits.py") as waiting:
            gateway.port = int(await called.line("port "))
            tune_id = await waiting.line("created ")
            await sandbox.advance(3600)
            rest = await waiting.rest()

    assert gateway.statuses == [204]
    assert rest == [f"ready {tune_id}"]


async def test_killed_right_after_its_answer(
    store_url: str, here: Path, start: Start, secret: str, sandbox: Sandbox
) -> None:
    """What was answered with 204 is there after the receiver was killed with -9 that moment."""
    signed = Receiver("https://hooks.example.com/astria", secret=secret)
    ids = [f"{number}".rjust(22, "w") for number in range(200)]
    kept: set[str] = set()
    with anyio.fail_after(60):
        async with start(here / "receives.py") as called, httpx.AsyncClient() as caller:
            base = f"http://127.0.0.1:{await called.line('port ')}/?"

            async def call(wait: str) -> None:
                url = signed.callback_url(Address(kind="tune", wait=wait))
                with contextlib.suppress(httpx.TransportError):
                    answer = await caller.post(base + url.partition("?")[2], json={"id": 7})
                    assert answer.status_code == 204
                    kept.add(wait)
                    if len(kept) == 20:
                        called.process.kill()

            async with anyio.create_task_group() as tasks:
                for wait in ids:
                    tasks.start_soon(call, wait)
            ended = await called.process.wait()

    store = open_store(store_url)
    await store.open()
    found = {it.wait for it in await store.find(kept)}
    await store.aclose()
    assert ended == -signal.SIGKILL
    assert len(kept) >= 20
    assert found == kept
