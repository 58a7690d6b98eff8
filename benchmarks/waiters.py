"""A hundred thousand waits on one client, against plain futures in a dict."""

import asyncio
import datetime as dt
import gc
import time
import tracemalloc
from collections.abc import Sequence

import anyio

from astria_async import Astria
from astria_async.protocol.codec import structure
from astria_async.protocol.models import Prompt
from benchmarks.measure import Result, in_turn, quartiles, ratios
from benchmarks.samples import KEY, prompt

WAITERS = 100_000
ROUNDS = 5


async def on_futures(count: int) -> float:
    """What a program without us does: a future for each id, and a task that awaits it."""
    futures: dict[int, asyncio.Future[int]] = {}

    async def wait(number: int) -> int:
        future = futures[number] = asyncio.get_running_loop().create_future()
        return await future

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


async def memory(astria: Astria, running: Sequence[Prompt]) -> dict[str, float]:
    """Kilobytes of each wait: in a task of its own, all together, and a bare future's."""
    sizes = {}
    tracemalloc.start()
    async with asyncio.TaskGroup() as group:
        before = _traced()
        tasks = [group.create_task(job.wait_ready()) for job in running]
        await asyncio.sleep(0)
        sizes["wait_ready in a task"] = (_traced() - before) / len(running) / 1000
        _end(tasks)
    async with asyncio.TaskGroup() as group:
        before = _traced()
        futures = {it: asyncio.get_running_loop().create_future() for it in range(len(running))}
        tasks = [group.create_task(_awaited(futures[it])) for it in futures]
        await asyncio.sleep(0)
        sizes["future in a task"] = (_traced() - before) / len(running) / 1000
        _end(tasks)
    del futures
    async with anyio.create_task_group() as tasks_of_anyio:
        before = _traced()
        outcomes = astria.wait_all(running)
        tasks_of_anyio.start_soon(anext, outcomes)
        while len(astria._core.waits.entries) < len(running):
            await asyncio.sleep(0)
        sizes["wait_all"] = (_traced() - before) / len(running) / 1000
        tasks_of_anyio.cancel_scope.cancel()
    tracemalloc.stop()
    return sizes


async def _awaited(future: "asyncio.Future[int]") -> int:
    return await future


def _traced() -> int:
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def _end(tasks: Sequence["asyncio.Task[object]"]) -> None:
    for task in tasks:
        task.cancel()


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
        growth = {
            count: await on_client(astria, running[:count], ready[:count])
            for count in (1000, 10_000, 100_000)
        }
        sizes = await memory(astria, running)
    detail = {f"{name}, µs each": quartiles(it)[1] / WAITERS * 1e6 for name, it in taken.items()}
    return [
        Result.of(
            ratios(taken["astria"], taken["futures"]),
            what=f"{WAITERS:,} waits registered and woken",
            against="asyncio.Future in a dict",
            target=3.0,
            bound="most",
            detail=detail | {f"{n} waits, µs each": it / n * 1e6 for n, it in growth.items()},
        ),
        Result.of(
            [sizes["wait_ready in a task"]],
            what=f"memory of a wait among {WAITERS:,}, task included",
            against="bound",
            unit="KB",
            target=2.0,
            bound="most",
            detail=sizes,
        ),
    ]


def run() -> list[Result]:
    """Nothing waits for anything but the processor, so its time is what counts."""
    return asyncio.run(measure())
