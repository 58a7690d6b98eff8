"""Programs that are killed between create and callback, and started again."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest

from astria_async import Receiver
from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve
from astria_async.stores import State

pytestmark = pytest.mark.anyio

CREATES = '''
"""Creates a tune, says so, and waits for it."""
import asyncio
from pathlib import Path
from astria_async import Astria, Receiver

async def main():
    receiver = Receiver("https://hooks.example.com/astria")
    async with receiver.serve(port=0) as listening, Astria(receiver=receiver) as astria:
        print("port", listening.port)
        tune = await astria.tunes.create(name="cat", images=Path("samples").glob("*.jpg"))
        print("created", tune.id)
        await tune.wait_ready()
        print("never comes to this")

asyncio.run(main())
'''

RESUMES = '''
"""Knows the id of a tune, and waits for it."""
import asyncio
import sys
from astria_async import Astria, Receiver

async def main():
    receiver = Receiver("https://hooks.example.com/astria")
    async with receiver.serve(port=0) as listening, Astria(receiver=receiver) as astria:
        print("port", listening.port)
        tune = await astria.tunes.get(int(sys.argv[1]))
        print("found", tune.status)
        tune = await tune.wait_ready()
        print("ready", tune.id)

asyncio.run(main())
'''

Start = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture
async def sandbox(anyio_backend: object, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Sandbox]:
    """Astria, on a socket; its time stands still until the test moves it."""
    async with Sandbox(speed=0) as sandbox, serve(sandbox) as url:
        monkeypatch.setenv("ASTRIA_BASE_URL", url)
        monkeypatch.setenv("ASTRIA_API_KEY", "sd_sandbox")
        yield sandbox


@pytest.fixture
def programs(here: Path, secret: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder with both programs, which share a secret and a store on disk."""
    (here / "creates.py").write_text(CREATES)
    (here / "resumes.py").write_text(RESUMES)
    monkeypatch.setenv("ASTRIA_CALLBACK_SECRET", secret)
    monkeypatch.setenv("ASTRIA_CALLBACK_STORE", "sqlite:///callbacks.db")
    return here


@pytest.fixture
async def orphan(programs: Path, start: Start, sandbox: Sandbox) -> str:
    """The id of a tune whose program was killed when it had just created it."""
    with anyio.fail_after(30):
        async with start(programs / "creates.py") as script:
            tune_id: str = await script.line("created ")
            script.process.kill()
            assert await script.process.wait() == -signal.SIGKILL
    return tune_id


async def test_resumes_before_the_callback(
    orphan: str, programs: Path, start: Start, sandbox: Sandbox, gateway: Any
) -> None:
    """The next program waits on, and the callback to the first one's URL ends its wait."""
    with anyio.fail_after(30):
        async with start(programs / "resumes.py", orphan) as script:
            gateway.port = int(await script.line("port "))
            found = await script.line("found ")
            await sandbox.advance(3600)
            rest = await script.rest()

    assert found == "queued"
    assert [f"ready {orphan}"] == rest
    assert [it.status for it in sandbox.deliveries] == [204]


async def test_resumes_after_the_callback(
    orphan: str, programs: Path, start: Start, sandbox: Sandbox, gateway: Any
) -> None:
    """A callback that found nobody is lost, and the next program is ready all the same."""
    await sandbox.advance(3600)

    with anyio.fail_after(30):
        async with start(programs / "resumes.py", orphan) as script:
            rest = await script.rest()

    assert [it.status for it in sandbox.deliveries] == [502]
    assert ["found ready", f"ready {orphan}"] == rest[1:]


async def test_finds_what_another_process_received(
    orphan: str, programs: Path, start: Start, sandbox: Sandbox, gateway: Any, secret: str
) -> None:
    """A callback that another process committed meanwhile is in the store that they share."""
    receiver = Receiver(
        "https://hooks.example.com/astria", secret=secret, store="sqlite:///callbacks.db"
    )
    async with receiver.serve(port=0) as listening:
        gateway.port = listening.port
        await sandbox.advance(3600)
        (record,) = await receiver.store.records(state=State.PENDING)

    with anyio.fail_after(30):
        async with start(programs / "resumes.py", orphan) as script:
            rest = await script.rest()

    assert [int(orphan)] == [it["id"] for it in record.callback.objects]
    assert f"ready {orphan}" == rest[-1]
