"""
Half an hour of callbacks at a steady rate: does anything grow?

    python -m benchmarks.soak [--minutes 30] [--rate 500] [--keep FILE]

One process has a receiver on a socket and a client; it begins waits, the other sends their
callbacks, and each wait ends by its callback. Sampled are the first one's resident memory, its
descriptors and threads, the waits that are open, and how late waits end. An interrupted run keeps
what it has.
"""

import argparse
import asyncio
import collections
import contextlib
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.abc
import attrs
import psutil
import uvloop

from astria_async import Astria
from astria_async.protocol.addresses import Address, mint_wait_id
from astria_async.protocol.codec import structure
from astria_async.protocol.models import Tune
from astria_async.receiver import Receiver
from benchmarks import chart
from benchmarks.measure import percentile
from benchmarks.samples import KEY, SECRET, called_back, encoded

RATE = 500
MINUTES = 30.0
SAMPLES = 180
"""In a whole run."""
CONNECTIONS = 16
TICKS = 50
"""How often in a second new waits begin."""
BEHIND = 1
"""Seconds' worth of waits that may be open."""
PUBLIC = "https://hooks.example.com/"
BODY = encoded(called_back(7)).replace(b"%", b"%%").replace(b'"id":7', b'"id":%d')[1:] + b"}"
RESULTS = Path(__file__).with_name("soak.json")


class Connection(asyncio.Protocol):
    """Sends a request at a time; a request is a line of stdin."""

    def __init__(self, queue: collections.deque[tuple[int, str]]) -> None:
        self._queue = queue
        self._sent: tuple[int, str] | None = None
        self.is_open = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's derives from none

    def data_received(self, data: bytes) -> None:
        if not data.startswith(b"HTTP/1.1 204"):
            raise RuntimeError(data)
        self._sent = None
        self.next()

    def connection_lost(self, exc: Exception | None) -> None:
        # The receiver closes what is idle; what crossed that is sent again.
        self.is_open = False
        if self._sent is not None:
            self._queue.append(self._sent)

    def next(self) -> None:
        """Send what waits, if nothing is on its way."""
        if self.is_open and self._sent is None and self._queue:
            self._sent = number, query = self._queue.popleft()
            body = b'{"tune":{"sent":%f,%b' % (time.monotonic(), BODY % number)
            head = f"POST /?{query} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
            if self._transport.is_closing():
                return  # it is sent again
            self._transport.write(head.encode() + body)


async def send(port: int) -> None:
    """Send a callback for each query that stdin names; each body tells when it was sent."""
    queue = collections.deque[tuple[int, str]]()
    reader = asyncio.StreamReader(limit=2**24)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    connections: list[Connection] = []
    while line := await reader.readline():
        queue.extend((number, query) for number, query in json.loads(line))
        connections = [connection for connection in connections if connection.is_open]
        while len(connections) < CONNECTIONS:
            made = await loop.create_connection(lambda: Connection(queue), "127.0.0.1", port)
            connections.append(made[1])
        for connection in connections:
            connection.next()


@attrs.define(eq=False)
class Soak:
    """A run, and what it saw."""

    astria: Astria
    receiver: Receiver
    rate: int
    begun: int = 0
    owed: float = 0.0
    ended: int = 0
    late: list[float] = attrs.field(factory=list)
    samples: list[dict[str, float]] = attrs.field(factory=list)

    async def begin(self, to: anyio.abc.ByteSendStream, *, until: float) -> None:
        """Begin waits at the rate, and have their callbacks sent."""
        async with anyio.create_task_group() as group:
            began = time.monotonic()
            while (now := time.monotonic()) < until:
                due, began = (now - began) * self.rate + self.owed, now
                room = BEHIND * self.rate - (self.begun - self.ended)
                # Where another program has the machine, the rate drops rather than a queue grows.
                new = max(0, min(int(due), room))
                self.owed = min(due - new, 1.0)
                await to.send(encoded([self.wait(group) for _ in range(new)]) + b"\n")
                await anyio.sleep(1 / TICKS)

    def wait(self, group: anyio.abc.TaskGroup) -> tuple[int, str]:
        """Begin one wait; its object's number and its callback's query."""
        self.begun += 1
        url = self.receiver.callback_url(Address(kind="tune", wait=mint_wait_id()))
        group.start_soon(self.watch, self.begun, url)
        return self.begun, url.partition("?")[2]

    async def watch(self, number: int, url: str) -> None:
        """Wait for one, and note how late its end was."""
        raw = {"id": number, "callback": url, "created_at": dt.datetime.now(dt.UTC).isoformat()}
        ready = await structure(Tune, raw, binding=self.astria._core).wait_ready()
        self.late.append(1000 * (time.monotonic() - ready.extra["sent"]))
        self.ended += 1

    async def sample(self, every: float) -> None:
        """Look every so many seconds."""
        process, began = psutil.Process(), time.monotonic()
        while True:
            before, since = self.ended, time.monotonic()
            await anyio.sleep(every)
            late, self.late = self.late, []
            found = {
                "minute": round((time.monotonic() - began) / 60, 3),
                "memory_mb": round(process.memory_info().rss / 1e6, 2),
                "descriptors": process.num_fds(),
                "threads": process.num_threads(),
                "open_waits": self.begun - self.ended,
                "ended": self.ended,
                "rate": round((self.ended - before) / (time.monotonic() - since)),
                "median_ms": round(percentile(late or [0.0], 0.5), 2),
                "p99_ms": round(percentile(late or [0.0], 0.99), 2),
                "load": round(os.getloadavg()[0], 1),
            }
            self.samples.append(found)
            print(json.dumps(found), flush=True)


@contextlib.asynccontextmanager
async def sending(port: int) -> AsyncIterator[anyio.abc.ByteSendStream]:
    """The process that sends; what it is to send goes into the stream."""
    command = [sys.executable, "-m", __spec__.name, "--send", str(port)]
    async with await anyio.open_process(command, stdin=subprocess.PIPE, stderr=None) as process:
        assert process.stdin is not None
        try:
            yield process.stdin
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()


async def soak(minutes: float, rate: int) -> list[dict[str, float]]:
    """The samples of a run."""
    receiver = Receiver(PUBLIC, secret=SECRET, trust_body=True)
    samples: list[dict[str, float]] = []
    async with (
        receiver.serve(port=0) as listening,
        Astria(KEY, receiver=receiver, base_url="http://127.0.0.1:9") as astria,
        sending(listening.port) as to,
        anyio.create_task_group() as group,
    ):
        run = Soak(astria, receiver, rate, samples=samples)
        group.start_soon(_until_told, group.cancel_scope)
        group.start_soon(partial(run.sample, every=60 * minutes / SAMPLES))
        with contextlib.suppress(anyio.BrokenResourceError):
            await run.begin(to, until=time.monotonic() + 60 * minutes)
        group.cancel_scope.cancel()
    return samples


async def _until_told(scope: anyio.CancelScope) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for _ in signals:
            scope.cancel()


def growth(samples: list[dict[str, float]], field: str) -> float:
    """The mean of the last quarter over that of the second: the first warms up."""
    quarter = max(1, len(samples) // 4)
    early = [it[field] for it in samples[quarter : 2 * quarter]] or [samples[0][field]]
    late = [it[field] for it in samples[-quarter:]]
    return (sum(late) / len(late)) / (sum(early) / len(early) or 1.0)


def summary(samples: list[dict[str, float]]) -> dict[str, Any]:
    """What a run came to."""
    fields = ("memory_mb", "descriptors", "threads", "median_ms", "p99_ms")
    return {
        "callbacks": samples[-1]["ended"],
        "minutes": samples[-1]["minute"],
        "growth, last quarter by the second": {
            field: round(growth(samples, field), 3) for field in fields
        },
    }


def main() -> None:
    """Run, print the samples, keep them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak")
    parser.add_argument("--minutes", type=float, default=MINUTES)
    parser.add_argument("--rate", type=int, default=RATE, help="callbacks a second")
    parser.add_argument("--keep", type=Path, default=RESULTS, help="the file of samples")
    parser.add_argument("--charts", type=Path, help="a folder to draw a chart into")
    parser.add_argument("--send", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.send is not None:
        uvloop.run(send(options.send))
        return
    began = dt.datetime.now(dt.UTC).isoformat(timespec="minutes")
    samples = uvloop.run(soak(options.minutes, options.rate))
    if not samples:
        sys.exit("interrupted before the first sample")
    told = summary(samples)
    kept = {"began": began, "rate": options.rate, "summary": told, "samples": samples}
    options.keep.write_text(json.dumps(kept, indent=1) + "\n")
    print(json.dumps(told, indent=1))
    if options.charts:
        (options.charts / "soak.svg").write_text(chart.course(samples))


if __name__ == "__main__":
    main()
