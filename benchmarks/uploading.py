"""Twenty files of 20 MB uploaded from the disk; against bare httpx with the files in memory."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import anyio
import attrs
import httpx
import psutil
import uvloop

from astria_async import Astria
from benchmarks.canned import running
from benchmarks.measure import Result, clocked, in_turn, quartiles, ratios
from benchmarks.samples import KEY
from benchmarks.upload_memory import make_files

FILES = 20
MEGABYTES = 20
ROUNDS = 5
TICK = 0.001


@attrs.define
class Watch:
    """
    How long the loop stands still, and how much the resident memory grows.

    The processor time of the loop's thread between two looks is counted, at most that between two
    turns of the loop: unlike the time on the wall, it knows nothing of other programs.
    """

    turns: list[float] = attrs.field(factory=list)
    least: int = 0
    most: int = 0

    async def run(self) -> None:
        """Look until cancelled."""
        process = psutil.Process()
        self.least = self.most = process.memory_info().rss
        for number in itertools.count():
            before = time.thread_time()
            await asyncio.sleep(TICK)
            self.turns.append(1000 * (time.thread_time() - before))
            if number % 5 == 0:
                self.most = max(self.most, process.memory_info().rss)

    async def over(self, work: Callable[[], Awaitable[object]]) -> None:
        """Watch *work*."""
        async with anyio.create_task_group() as group:
            group.start_soon(self.run)
            await asyncio.sleep(0.1)
            await work()
            group.cancel_scope.cancel()


async def measure(url: str, paths: list[Path], rounds: int) -> list[Result]:
    """Ours alone first, since the peer's files fill the memory; then both in turn."""
    total = sum(path.stat().st_size for path in paths) / 1e6
    watch = Watch()
    async with (
        Astria(KEY, base_url=url, timeout=120) as astria,
        httpx.AsyncClient(timeout=120) as client,
    ):

        async def ours(chosen: list[Path]) -> None:
            await astria.tunes.create(name="cat", title="benchmark", images=chosen)

        await ours(paths[:1])  # imports, pools and threads are there before
        await watch.over(partial(ours, paths))
        held = [("tune[images][]", (path.name, path.read_bytes(), "image/jpeg")) for path in paths]

        async def theirs() -> None:
            data = {"tune[title]": "benchmark", "tune[name]": "cat"}
            (await client.post(f"{url}/tunes", data=data, files=held)).raise_for_status()

        ways = {"astria": partial(clocked, partial(ours, paths)), "httpx": partial(clocked, theirs)}
        taken = await in_turn(ways, rounds=rounds)
    what = f"upload of {len(paths)} × {round(total / len(paths))} MB"
    speeds = {f"{name}, MB/s": round(total / quartiles(it)[1]) for name, it in taken.items()}
    return [
        Result.of(
            ratios(taken["httpx"], taken["astria"]),
            what=f"{what}, throughput",
            against="bare httpx, files held in memory",
            target=1.0,
            bound="least",
            detail=speeds,
        ),
        Result(
            what=f"{what}, longest turn of the loop",
            against="bound",
            value=max(watch.turns),
            unit="ms",
            target=20.0,
            bound="most",
            low=quartiles(watch.turns)[1],
            high=max(watch.turns),
            detail={"the range is": "median to longest, processor time"},
        ),
        Result.of(
            [(watch.most - watch.least) / 1e6],
            what=f"{what}, growth of memory",
            against="bound",
            unit="MB",
            target=16.0,
            bound="most",
        ),
    ]


def run(files: int = FILES, megabytes: float = MEGABYTES, rounds: int = ROUNDS) -> list[Result]:
    """To a server in a process of its own, which reads as fast as it can."""
    with running() as url, tempfile.TemporaryDirectory() as folder:
        paths = make_files(Path(folder), files, int(megabytes * 1e6))
        return uvloop.run(measure(url, paths, rounds))
