"""
Two processes: one receives callbacks, the other waits. From the answer to the wake.

    python benchmarks/across.py [--wakes 200]

A receiver served on a socket, a waiter with a client, and Astria's part (a sandbox on a socket,
whose clock stands still) are a process each; only the store joins receiver and waiter. The time is
from the moment at which the POST of a callback was answered with 204 to the moment at which
``wait_ready()`` returned in the other process, its fetch of the object included.
"""

import argparse
import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE

import anyio
import attrs
import httpx
from anyio.abc import Process
from anyio.streams.buffered import BufferedByteReceiveStream

from astria_async import Astria, Receiver, WaitPolicy
from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "stores"))
import servers  # type: ignore[import-not-found]  # beside the tests

PROGRAM = os.fspath(Path(__file__).resolve())
SECRET = "a secret that is long enough"
PUBLIC = "https://hooks.example.com/astria/"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63"
    "606060000000040001f61738550000000049454e44ae426082"
)
# Far apart, so that no poll finds what a callback should have told.
PATIENT = WaitPolicy(prompt_backup=(3600.0, 3600.0), prompt_timeout=7200.0)


async def receive(store: str) -> None:
    """The process that is called."""
    receiver = Receiver(PUBLIC, secret=SECRET, store=store)
    async with receiver.serve(port=0) as listening:
        print(listening.url, flush=True)
        await anyio.sleep_forever()


async def wait(store: str, api: str, tune_id: int, wakes: int) -> None:
    """The process that waits: says that it does, and when it no longer has to."""
    receiver = Receiver(PUBLIC, secret=SECRET, store=store)
    async with Astria("sd_test", base_url=api, receiver=receiver, wait=PATIENT) as astria:
        for number in range(wakes):
            prompt = await astria.prompts.create(tune_id, f"cat {number}", num_images=1)
            print("waiting", flush=True)
            await prompt.wait_ready()
            print(time.monotonic(), flush=True)


@attrs.frozen
class Program:
    """One of the two, and what it says."""

    process: Process
    _said: BufferedByteReceiveStream

    async def line(self) -> str:
        """The next line."""
        return (await self._said.receive_until(b"\n", 10_000)).decode()


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[Program]:
    """This file in a process of its own, killed at the end."""
    process = await anyio.open_process(
        [sys.executable, PROGRAM, *arguments],
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=None,
    )
    assert process.stdout is not None
    async with process:
        try:
            yield Program(process, BufferedByteReceiveStream(process.stdout))
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def wake_times(store: str, wakes: int) -> list[float]:
    """Milliseconds from each answer to the wake."""
    letters: list[tuple[str, bytes]] = []

    async def keep(url: str, body: bytes, _: dict[str, str]) -> int:
        letters.append((url, body))
        return 204

    times = []
    async with AsyncExitStack() as stack:
        sandbox = await stack.enter_async_context(Sandbox(api_key="sd_test", speed=0, deliver=keep))
        api = await stack.enter_async_context(serve(sandbox))
        astria = await stack.enter_async_context(Astria("sd_test", base_url=api))
        tune = await astria.tunes.create(name="cat", images=[PIXEL], model_type="faceid")
        receiver = await stack.enter_async_context(running("receive", store))
        url = (await receiver.line()).strip().rstrip("/")
        caller = await stack.enter_async_context(httpx.AsyncClient())
        waiter = await stack.enter_async_context(
            running("wait", store, api, str(tune.id), str(wakes))
        )
        for number in range(wakes):
            assert await waiter.line() == "waiting"
            # Not in step with the other's looks.
            await anyio.sleep(0.02 + (number * 0.618 % 1) * 0.03)
            letters.clear()
            await sandbox.advance(600)
            ((address, body),) = letters
            answer = await caller.post(f"{url}/?{address.partition('?')[2]}", content=body)
            answered = time.monotonic()
            assert answer.is_success, answer.text
            times.append(1000 * max(0.0, float(await waiter.line()) - answered))
    return times


async def main(wakes: int) -> None:
    """Each durable store in turn."""
    redis, postgres = servers.redis_server(), servers.postgres_server()
    with contextlib.ExitStack() as stack:
        for server in (redis, postgres):
            stack.callback(server.stop)
            server.start()
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for name, url in (
            ("sqlite", f"sqlite:///{folder}/callbacks.db"),
            ("redis", servers.redis_url(redis)),
            ("postgres", servers.postgres_url(postgres)),
        ):
            times = sorted(await wake_times(url, wakes))
            figures = {
                "store": name,
                "wakes": len(times),
                "median_ms": round(statistics.median(times), 2),
                "p99_ms": round(times[int(0.99 * len(times))], 2),
            }
            print(json.dumps(figures), flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive"]:
        anyio.run(receive, sys.argv[2])
    elif sys.argv[1:2] == ["wait"]:
        anyio.run(wait, sys.argv[2], sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--wakes", type=int, default=200)
        anyio.run(main, parser.parse_args().wakes)
