"""
What a large upload costs: how long the event loop stands still, and how much memory it takes.

    python benchmarks/upload_memory.py [--files 20] [--megabytes 20] [--rate 100] [--json]

Uploads the files to a server that reads slowly, in a process of its own on loopback: once as one
create with all of them, once as one create for each, all at the same time. For comparison the same
files go out the way most programs send them, read into memory and handed to httpx.

Memory is the growth of the resident set (RSS), sampled every few milliseconds: unlike tracemalloc
it counts what is allocated outside of Python's own allocator too, such as the buffers of the
engine and of the threads that read, and does not slow down what it measures. The gap is the longest
time between two turns of the loop beyond the millisecond that the watcher sleeps; an idle loop is
measured first, since other programs of the machine make gaps as well.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import anyio.abc
import attrs
import httpx
import psutil
from anyio.abc import SocketAttribute

from astria_async import Astria

MEGABYTE = 1_000_000
BLOCK = 64 * 1024
TICK = 0.001
SAMPLE = 0.005
LIMIT = 0.05
TUNE = json.dumps({"id": 7, "title": "benchmark", "orig_images": []}).encode()


@attrs.define
class Watch:
    """Watches loop and memory while it runs."""

    longest: float = 0.0
    over: int = 0
    least: int = 0
    most: int = 0

    async def run(self) -> None:
        process = psutil.Process()
        self.least = self.most = process.memory_info().rss
        last, sampled = time.perf_counter(), 0.0
        while True:
            await anyio.sleep(TICK)
            now = time.perf_counter()
            gap, last = now - last - TICK, now
            self.longest = max(self.longest, gap)
            self.over += gap > LIMIT
            if now - sampled > SAMPLE:
                self.most, sampled = max(self.most, process.memory_info().rss), now

    @property
    def growth(self) -> float:
        """How much the resident set grew at most, in megabytes."""
        return (self.most - self.least) / MEGABYTE


async def measured(work: Callable[[], Awaitable[None]]) -> dict[str, float]:
    """What *work* cost."""
    watch, seconds = Watch(), 0.0
    async with anyio.create_task_group() as group:
        group.start_soon(watch.run)
        await anyio.sleep(0.05)
        began = time.perf_counter()
        await work()
        seconds = time.perf_counter() - began
        group.cancel_scope.cancel()
    return {
        "seconds": round(seconds, 2),
        "longest_gap_ms": round(watch.longest * 1000, 1),
        "gaps_over_50_ms": watch.over,
        "rss_growth_mb": round(watch.growth, 1),
    }


async def serve(rate: float) -> None:
    """Read requests at *rate* bytes a second in all, and answer each with a tune."""
    gate = anyio.Lock()
    due = 0.0

    async def take(stream: anyio.abc.SocketStream) -> int:
        nonlocal due
        async with gate:
            got = len(await stream.receive(BLOCK))
            now = time.perf_counter()
            due = max(due, now - BLOCK / rate) + got / rate
            if due > now:
                await anyio.sleep(due - now)
            return got

    async def handle(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            while True:
                try:
                    left = await head(stream)
                except anyio.EndOfStream:
                    return
                while left > 0:
                    left -= await take(stream)
                await stream.send(
                    b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n"
                    b"Content-Length: %d\r\n\r\n%b" % (len(TUNE), TUNE)
                )

    async def head(stream: anyio.abc.SocketStream) -> int:
        text = b""
        while b"\r\n\r\n" not in text:
            text += await stream.receive(BLOCK)
        lines, _, rest = text.partition(b"\r\n\r\n")
        headers = dict(line.lower().split(b": ", 1) for line in lines.split(b"\r\n")[1:])
        return int(headers[b"content-length"]) - len(rest)

    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    print(listener.extra(SocketAttribute.local_port), flush=True)
    await listener.serve(handle)


def make_files(folder: Path, count: int, size: int) -> list[Path]:
    """Files that begin as pictures do."""
    paths = [folder / f"{number:02}.jpg" for number in range(count)]
    for path in paths:
        with path.open("wb") as file:
            file.write(b"\xff\xd8\xff\xe0")
            while (left := size - file.tell()) > 0:
                file.write(os.urandom(min(left, MEGABYTE)))
    return paths


async def together(astria: Astria, paths: list[Path]) -> None:
    """One create with all files."""
    await astria.tunes.create(name="cat", title="benchmark", images=paths)


async def apart(astria: Astria, paths: list[Path]) -> None:
    """A create for each file, all at once."""
    async with anyio.create_task_group() as group:
        for path in paths:
            group.start_soon(together, astria, [path])


async def in_memory(url: str, paths: list[Path]) -> None:
    """One request with all files, read as a plain program would."""
    files = [("tune[images][]", (path.name, path.read_bytes())) for path in paths]
    async with httpx.AsyncClient(timeout=60) as client:
        await client.post(f"{url}/tunes", data={"tune[name]": "cat"}, files=files)


async def compare(url: str, paths: list[Path]) -> dict[str, dict[str, float]]:
    """Every way of sending the files, each measured."""
    figures = {"idle loop, 3 s": await measured(lambda: anyio.sleep(3))}
    async with Astria("sd_benchmark", base_url=url) as astria:
        await together(astria, paths[:1])  # imports, pools and threads are there before
        figures["one create of all files"] = await measured(lambda: together(astria, paths))
        figures["a create for each file"] = await measured(lambda: apart(astria, paths))
    figures["plain httpx, files in memory"] = await measured(lambda: in_memory(url, paths))
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--files", type=int, default=20)
    parser.add_argument("--megabytes", type=float, default=20, help="size of each file")
    parser.add_argument("--rate", type=float, default=100, help="megabytes a second")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.rate * MEGABYTE))
        return
    command = [sys.executable, __file__, "--serve", "--rate", str(options.rate)]
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server,
    ):
        try:
            assert server.stdout is not None
            url = f"http://127.0.0.1:{int(server.stdout.readline())}"
            size = int(options.megabytes * MEGABYTE)
            figures = asyncio.run(compare(url, make_files(Path(folder), options.files, size)))
        finally:
            server.terminate()
    if options.json:
        print(json.dumps(figures))
        return
    for name, found in figures.items():
        told = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in found.items())
        print(f"{name:30} {told}")


if __name__ == "__main__":
    main()
