"""A hundred thousand waits on one client, against plain futures in a dict."""

import asyncio
import contextlib
import datetime as dt
import gc
import time
import tracemalloc
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from astria_async import Astria
from astria_async.protocol.codec import structure
from astria_async.protocol.models import Prompt
from benchmarks.measure import Result, in_turn, quartiles, ratios
from benchmarks.samples import KEY, prompt

WAITERS = 100_000
ROUNDS = 3
WEIGHED = 20_000
"""Waits whose memory is counted; the counting is slow."""


async def on_futures(count: int) -> float:
    """What a program without us does: a future for each id, and a task that awaits it."""
    futures: dict[int, asyncio.Future[int]] = {}

    async def wait(number: int) -> int:
        futures[number] = asyncio.get_running_loop().create_future()
        return await futures[number]

    began = time.process_time()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            group.create_task(wait(number))
        await asyncio.sleep(0)
        for number in range(count):
            futures.pop(number).set_result(number)
    return time.process_time() - began


async def on_client(astria: Astria, running: Sequence[Prompt], ready: Sequence[Prompt]) -> float:
    """The same number of tasks, each in ``prompt.wait_ready()``."""
    assert astria._core is not None
    waits = astria._core.waits

    async def wait(job: Prompt) -> None:
        await job.wait_ready()

    began = time.process_time()
    async with asyncio.TaskGroup() as group:
        for job in running:
            group.create_task(wait(job))
        await asyncio.sleep(0)
        for job in ready:
            waits.learn(job)
    return time.process_time() - began


def prompts(astria: Astria, count: int, *, ready: bool) -> list[Prompt]:
    raw = prompt(1, images=4 if ready else 0)
    raw["created_at"] = dt.datetime.now(dt.UTC).isoformat()
    numbers = range(1, count + 1)
    return [structure(Prompt, raw | {"id": it}, binding=astria._core) for it in numbers]


async def memory(running: Sequence[Prompt]) -> dict[str, float]:
    """Kilobytes of each wait: in a task of its own, all together, and a bare future's."""
    sizes = {}
    futures: dict[int, asyncio.Future[int]] = {}

    async def on_future(number: int) -> int:
        futures[number] = asyncio.get_running_loop().create_future()
        return await futures[number]

    ways: dict[str, Callable[[Prompt], Coroutine[Any, Any, object]]] = {
        "wait_ready in a task": lambda job: job.wait_ready(),
        "future in a task": lambda job: on_future(job.id),
    }
    for name, way in ways.items():
        sizes[name] = await _weighed(running, way)
    return sizes


async def _weighed(
    running: Sequence[Prompt], way: Callable[[Prompt], Coroutine[Any, Any, object]]
) -> float:
    size = 0.0
    with contextlib.suppress(asyncio.CancelledError):
        async with asyncio.TaskGroup() as group:
            tracemalloc.start()
            before = _traced()
            tasks = [group.create_task(way(job)) for job in running]
            await asyncio.sleep(0)
            size = (_traced() - before) / len(running) / 1000
            tracemalloc.stop()
            for task in tasks:
                task.cancel()
    return size


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


async def measure() -> list[Result]:
    async with Astria(KEY, base_url="http://127.0.0.1:9") as astria:
        running = prompts(astria, WAITERS, ready=False)
        ready = prompts(astria, WAITERS, ready=True)
        taken = await in_turn(
            {
                "astria": lambda: on_client(astria, running, ready),
                "futures": lambda: on_futures(WAITERS),
            },
            rounds=ROUNDS,
        )
        sizes = await memory(running[:WEIGHED])
    detail = {
        f"{name}, µs each": round(quartiles(it)[1] / WAITERS * 1e6, 1) for name, it in taken.items()
    }
    return [
        Result.of(
            ratios(taken["astria"], taken["futures"]),
            what=f"{WAITERS:,} waits registered and woken",
            against="asyncio.Future in a dict",
            target=3.0,
            bound="most",
            detail=detail,
        ),
        Result.of(
            [sizes["wait_ready in a task"] - sizes["future in a task"]],
            what="memory of a wait, its task left out",
            against="a task that awaits a bare future",
            unit="KB",
            target=2.0,
            bound="most",
            detail={name: round(size, 3) for name, size in sizes.items()},
        ),
    ]


def run() -> list[Result]:
    """Nothing waits for anything but the processor, so its time is what counts."""
    return asyncio.run(measure())
