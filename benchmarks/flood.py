"""
A flood of bad requests at a receiver, and whether good callbacks still get through.

    python benchmarks/flood.py [--seconds 20] [--rate 1000]

The receiver is a process of its own with a SQLite store. Forged, altered, unsigned and malformed
requests come at the given rate, each on a connection of its own, since the receiver closes those;
twenty good callbacks a second come with them. Prints what was sent and answered, how long a good
callback took, and by how much the receiver's resident memory grew between the first quarter and
the end.
"""

import argparse
import json
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import Any

import anyio
import attrs
import psutil
from anyio.streams.buffered import BufferedByteReceiveStream

from astria_async import Receiver
from astria_async.protocol.addresses import Address, mint_wait_id
from astria_async.stores import open_store

PROGRAM = os.fspath(Path(__file__).resolve())
SECRET = "a secret that is long enough"
PUBLIC = "https://hooks.example.com/astria/"
GOOD_RATE = 20
MALFORMED = 0.1
BODY = json.dumps({"tune": {"id": 7, "title": "t" * 40}}).encode()
MEGABYTE = 1_000_000
HEAD = "POST {target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n"


async def receive(store: str) -> None:
    """The process that is flooded."""
    async with Receiver(PUBLIC, secret=SECRET, store=store).serve(port=0) as listening:
        print(listening.port, flush=True)
        await anyio.sleep_forever()


def bad_request(dice: random.Random, signed: Receiver) -> bytes:
    """Something that no receiver should take."""
    genuine = signed.callback_url(Address(kind="tune", wait=mint_wait_id())).partition("?")[2]
    target = dice.choice(
        [
            "/?" + genuine.replace("kind=tune", "kind=pack"),
            "/?" + genuine[:-3] + "AAA",
            "/?" + genuine + "&user_id=7",
            "/?kind=tune&wait=x&sig=y",
            "/",
        ]
    )
    if dice.random() < MALFORMED:
        return dice.randbytes(200) + b"\r\n\r\n"
    return HEAD.format(target=target, length=len(BODY)).encode() + BODY


@attrs.define
class Flood:
    """What was sent to a port, and what came back."""

    port: int
    seconds: float
    bad: Counter[str] = attrs.field(factory=Counter)
    good: Counter[str] = attrs.field(factory=Counter)
    took: list[float] = attrs.field(factory=list)
    waits: set[str] = attrs.field(factory=set)

    async def say(self, request: bytes) -> str:
        """The status of the answer, or how the connection ended."""
        try:
            async with await anyio.connect_tcp("127.0.0.1", self.port) as stream:
                await stream.send(request)
                return (await stream.receive(64))[9:12].decode("latin-1")
        except (OSError, anyio.EndOfStream, anyio.BrokenResourceError):
            return "closed"

    async def send_bad(self, rate: float) -> None:
        """Bad ones at *rate* a second, whether the last was answered or not."""
        dice, signed = random.Random(1), Receiver(PUBLIC, secret=SECRET)

        async def one(request: bytes) -> None:
            async with gate:
                self.bad[await self.say(request)] += 1

        gate = anyio.CapacityLimiter(200)
        prepared = [bad_request(dice, signed) for _ in range(500)]
        async with anyio.create_task_group() as group:
            began = time.monotonic()
            for number in range(int(rate * self.seconds)):
                await anyio.sleep(max(0.0, began + number / rate - time.monotonic()))
                group.start_soon(one, prepared[number % len(prepared)])

    async def send_good(self) -> None:
        """Good ones, one after the other, on time."""
        signed = Receiver(PUBLIC, secret=SECRET)
        began = time.monotonic()
        for number in range(int(GOOD_RATE * self.seconds)):
            await anyio.sleep(max(0.0, began + number / GOOD_RATE - time.monotonic()))
            wait = mint_wait_id()
            url = signed.callback_url(Address(kind="tune", wait=wait))
            head = HEAD.format(target="/?" + url.partition("?")[2], length=len(BODY))
            sent = time.perf_counter()
            self.good[await self.say(head.encode() + BODY)] += 1
            self.took.append(1000 * (time.perf_counter() - sent))
            self.waits.add(wait)


async def flood(seconds: float, rate: float) -> dict[str, Any]:
    """Run it; the figures."""
    with tempfile.TemporaryDirectory() as folder:
        store = f"sqlite:///{folder}/callbacks.db"
        command = [sys.executable, PROGRAM, "receive", store]
        async with await anyio.open_process(
            command, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL
        ) as process:
            assert process.stdout is not None
            port = int(await BufferedByteReceiveStream(process.stdout).receive_until(b"\n", 99))
            memory = psutil.Process(process.pid).memory_info
            run = Flood(port, seconds)
            began, early = time.monotonic(), 0
            async with anyio.create_task_group() as group:
                group.start_soon(run.send_bad, rate)
                group.start_soon(run.send_good)
                await anyio.sleep(seconds / 4)
                early = memory().rss
            took = time.monotonic() - began
            grown = memory().rss - early
            process.kill()
        return await figures(run, store, took, grown)


async def figures(run: Flood, url: str, took: float, grown: int) -> dict[str, Any]:
    """What the run came to, against what the store says."""
    store = open_store(url)
    await store.open()
    kept = {it.callback.wait for it in await store.records(limit=10**6)}
    await store.aclose()
    times = sorted(run.took)
    return {
        "bad_a_second": round(run.bad.total() / took),
        "bad_answers": dict(run.bad),
        "good_answers": dict(run.good),
        "kept_are_the_good_ones": kept == run.waits,
        "good_median_ms": round(statistics.median(times), 1),
        "good_p99_ms": round(times[int(0.99 * len(times))], 1),
        "rss_growth_mb": round(grown / MEGABYTE, 2),
    }


if __name__ == "__main__":
    if sys.argv[1:2] == ["receive"]:
        anyio.run(receive, sys.argv[2])
    else:
        parser = argparse.ArgumentParser()
        parser.add_argument("--seconds", type=float, default=20.0)
        parser.add_argument("--rate", type=float, default=1000.0)
        options = parser.parse_args()
        print(json.dumps(anyio.run(flood, options.seconds, options.rate), indent=2))
