"""The same work at 1×, 10× and 100× the size: what each item costs must hardly grow."""

import asyncio
import contextlib
import datetime as dt
import gc
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import anyio

from astria_async import Astria
from astria_async.protocol.addresses import mint_wait_id
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.models import Tune
from astria_async.protocol.replies import Reply, read_list
from astria_async.stores import MemoryStore, Store, open_store
from benchmarks.measure import Result
from benchmarks.samples import KEY, called_back, encoded, tune
from benchmarks.waiters import on_client, prompts

SIZES = (1000, 10_000, 100_000)
LEAST = 100
"""As many items are measured at least, so that a clock can tell."""
WAYS = 64
TARGET = 2.0
"""Of n log n, 100 times as many items cost 1.7 times as much each; the rest is for noise."""


@contextlib.contextmanager
def without_collector() -> Iterator[None]:
    """Python's garbage collector goes through all that there is: its growth is not ours."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def waits(count: int) -> float:
    """Processor seconds to register and wake a wait among so many."""
    async with Astria(KEY, base_url="http://127.0.0.1:9") as astria:
        running = prompts(astria, count, ready=False)
        ready = prompts(astria, count, ready=True)
        with without_collector():
            return await on_client(astria, running, ready) / count


async def listed(count: int) -> float:
    """Processor seconds to read an object of a list of so many, in pages of 100."""
    page = encoded([tune(number) for number in range(1, LEAST + 1)])
    reply = Reply(status=200, body=page)
    with without_collector():
        began = time.process_time()
        kept = [read_list(Tune, reply) for _ in range(max(1, count // LEAST))]
        return (time.process_time() - began) / (len(kept) * LEAST)


async def stored(store: Store, count: int) -> float:
    """Processor seconds to keep a callback in a store that holds so many."""
    body = encoded({"tune": called_back(1)})

    async def put(how_many: int) -> None:
        async def worker() -> None:
            for _ in range(how_many // WAYS):
                now = dt.datetime.now(dt.UTC)
                await store.put(
                    Callback(kind="tune", wait=mint_wait_id(), body=body, received_at=now)
                )

        async with anyio.create_task_group() as group:
            for _ in range(WAYS):
                group.start_soon(worker)

    await store.open()
    await put(count)
    some = WAYS * 20
    with without_collector():
        began = time.process_time()
        await put(some)
        taken = time.process_time() - began
    await store.aclose()
    return taken / some


async def measure(sizes: tuple[int, ...]) -> list[Result]:
    """Everything at every size."""
    with tempfile.TemporaryDirectory() as folder:
        found = {
            "waits": [await waits(n) for n in sizes],
            "objects listed": [await listed(n) for n in sizes],
            "callbacks in memory": [await stored(MemoryStore(max_records=n), n) for n in sizes],
            "callbacks in SQLite": [
                await stored(open_store(f"sqlite:///{Path(folder, str(n))}.db"), n) for n in sizes
            ],
        }
    return [
        Result.of(
            [each[-1] / each[0]],
            what=f"{what}: cost of one among {sizes[-1]:,}",
            against=f"among {sizes[0]:,}",
            target=TARGET,
            bound="most",
            detail={f"{n}, µs": round(it * 1e6, 1) for n, it in zip(sizes, each, strict=True)},
        )
        for what, each in found.items()
    ]


def run(sizes: tuple[int, ...] = SIZES) -> list[Result]:
    """Processor time, without the garbage collector's."""
    return asyncio.run(measure(sizes))
