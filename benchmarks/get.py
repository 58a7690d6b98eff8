"""One object fetched and modelled: what our layers add to bare httpx; and the openai SDK's."""

import time
from collections.abc import Awaitable, Callable

import aiohttp
import anyio
import httpx
import httpx2
import openai

from astria_async import Astria
from benchmarks.canned import running
from benchmarks.measure import Result, Timed, alternating, in_turn, quartiles, ratios
from benchmarks.samples import KEY

Way = Callable[[], Awaitable[None]]

ROUNDS = 9
BATCH = 100
WAYS = 50
AT_ONCE = 600


async def measure(url: str) -> list[Result]:
    """Each engine, alone and with our client on it."""
    async with (
        httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as bare,
        httpx2.AsyncClient() as second,
        aiohttp.ClientSession() as fast,
        Astria(KEY, base_url=url) as ours,
        Astria(KEY, base_url=url, http_client=second) as ours_second,
        Astria(KEY, base_url=url, http_client=fast) as ours_fast,
        openai.AsyncOpenAI(api_key=KEY, base_url=url) as sdk,
    ):

        async def fetch() -> None:
            (await bare.get(f"{url}/tunes/1")).json()

        async def retrieve() -> None:
            await sdk.fine_tuning.jobs.retrieve("1")

        def getting(client: Astria) -> Way:
            async def get() -> None:
                await client.tunes.get(1)

            return get

        ways = {
            "astria": getting(ours),
            "httpx": fetch,
            "openai": retrieve,
            "astria on httpx2": getting(ours_second),
            "astria on aiohttp": getting(ours_fast),
        }
        one = await alternating(ways, times=BATCH, rounds=ROUNDS)
        many = await in_turn({name: crowd(way) for name, way in ways.items()}, rounds=7)
    return [
        Result.of(
            ratios(one["astria"], one["httpx"]),
            what="tunes.get, one after the other",
            against="httpx.AsyncClient.get(…).json()",
            target=1.10,
            bound="most",
            detail=told(one),
        ),
        beside_sdk(one, "astria", "tunes.get, one after the other, rate"),
        beside_sdk(one, "astria on httpx2", "the same, both on httpx2"),
        beside_sdk(one, "astria on aiohttp", "the same, [fast]"),
        beside_sdk(
            many, "astria on aiohttp", f"tunes.get, {WAYS} at a time, [fast], rate", target=4.0
        ),
    ]


def beside_sdk(taken: dict[str, list[float]], ours: str, what: str, target: float = 1.5) -> Result:
    """Our rate by the SDK's."""
    return Result.of(
        ratios(taken["openai"], taken[ours]),
        what=what,
        against="openai SDK, fine_tuning.jobs.retrieve",
        target=target,
        bound="least",
        detail=told(taken),
    )


def crowd(way: Way) -> Timed:
    """
    Many requests, so many at a time; the processor seconds that one took.

    The client has a core of its own, and is what bounds the rate, since the server does nothing.
    """

    async def run() -> float:
        async def worker() -> None:
            for _ in range(AT_ONCE // WAYS):
                await way()

        began = time.process_time()
        async with anyio.create_task_group() as group:
            for _ in range(WAYS):
                group.start_soon(worker)
        return (time.process_time() - began) / AT_ONCE

    return run


def told(taken: dict[str, list[float]]) -> dict[str, float]:
    """Microseconds of each way."""
    return {f"{name}, µs": round(quartiles(figures)[1] * 1e6) for name, figures in taken.items()}


def run() -> list[Result]:
    """Measure on uvloop, as ``[fast]`` has it, for everybody."""
    with running() as url:
        return anyio.run(measure, url, backend_options={"use_uvloop": True})
