"""Five hundred images downloaded, each file whole or not there; against httpx, gather and write."""

import asyncio
import tempfile
from functools import partial
from pathlib import Path

import httpx
import uvloop

from astria_async import Astria
from astria_async.protocol.codec import structure
from astria_async.protocol.models import Prompt
from benchmarks.canned import running
from benchmarks.measure import Result, clocked, in_turn, quartiles, ratios
from benchmarks.samples import KEY, prompt

IMAGES = 500
ROUNDS = 5


async def measure(url: str, folder: Path, images: int, rounds: int) -> list[Result]:
    """Both, in turn, each round into a folder of its own."""
    urls = [f"{url}/files/{number}" for number in range(images)]
    made = iter(range(10**6))

    def fresh() -> Path:
        path = folder / str(next(made))
        path.mkdir()
        return path

    async with Astria(KEY, base_url=url) as astria, httpx.AsyncClient(timeout=None) as client:
        job = structure(Prompt, prompt(1) | {"images": urls}, binding=astria._core)

        async def ours() -> None:
            files = await job.download(fresh())
            assert len(files) == images

        async def one(address: str, path: Path) -> None:
            answer = (await client.get(address)).raise_for_status()
            path.write_bytes(answer.content)

        async def theirs() -> None:
            to = fresh()
            await asyncio.gather(*(one(it, to / f"{n}.jpg") for n, it in enumerate(urls)))

        ways = {"astria": partial(clocked, ours), "httpx": partial(clocked, theirs)}
        taken = await in_turn(ways, rounds=rounds)
    return [
        Result.of(
            ratios(taken["httpx"], taken["astria"]),
            what=f"{images} images downloaded, atomic files",
            against="httpx.AsyncClient, gather, write_bytes",
            target=1.0,
            bound="least",
            detail={f"{name}, s": round(quartiles(it)[1], 2) for name, it in taken.items()},
        )
    ]


def run(images: int = IMAGES, rounds: int = ROUNDS) -> list[Result]:
    """Images of 200 KB, from a process of their own."""
    with running() as url, tempfile.TemporaryDirectory() as folder:
        return uvloop.run(measure(url, Path(folder), images, rounds))
