"""
What the stores cost: callbacks a second, time from an acknowledged put to a wake in another
process, processor time of a watcher that has nothing to do, memory of a record.

Run ``python benchmarks/stores.py`` with the ``tests`` group installed; it starts the database
servers itself and takes about a minute.
"""

import datetime as dt
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import anyio
from anyio import to_thread

from astria_async.protocol.addresses import mint_wait_id
from astria_async.protocol.callbacks import Callback
from astria_async.stores import MISSED, MemoryStore, Store, open_store

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "stores"))
import servers  # type: ignore[import-not-found]  # beside the tests

BODY = json.dumps({"tune": {"id": 1, "title": "t" * 40, "orig_images": ["u" * 60] * 20}}).encode()
WAKES = 300


def callback() -> Callback:
    now = dt.datetime.now(dt.UTC)
    return Callback(kind="tune", wait=mint_wait_id(), body=BODY, received_at=now)


async def put_rate(store: Store, *, ways: int, puts: int) -> float:
    async def worker() -> None:
        for _ in range(puts // ways):
            await store.put(callback())

    began = time.perf_counter()
    async with anyio.create_task_group() as tasks:
        for _ in range(ways):
            tasks.start_soon(worker)
    return puts / (time.perf_counter() - began)


async def watch(url: str) -> None:
    """The other process: tells when each hint came, by the clock that all processes share."""
    store = open_store(url)
    await store.open()
    async with store.watch() as hints:
        async for waits in hints:
            now = time.monotonic()
            print(json.dumps([now, sorted(waits)]), flush=True)


@contextmanager
def watcher(url: str) -> Iterator["subprocess.Popen[str]"]:
    program = [sys.executable, __file__, "watch", url]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())[1] == sorted(MISSED)
        try:
            yield process
        finally:
            process.kill()


async def wake_times(store: Store, url: str) -> list[float]:
    """Milliseconds from the return of a put here to the hint in another process."""
    times = []
    with watcher(url) as process:
        assert process.stdout is not None
        for number in range(WAKES):
            # Not in step with the other's looks.
            await anyio.sleep(0.02 + (number * 0.618 % 1) * 0.03)
            sent = callback()
            await store.put(sent)
            acknowledged = time.monotonic()
            heard, waits = json.loads(await to_thread.run_sync(process.stdout.readline))
            assert waits == [sent.wait]
            times.append(1000 * max(0.0, heard - acknowledged))
    return times


def idle_cost(url: str, seconds: float = 5) -> float:
    """Percent of one core that a watcher with nothing to hear uses."""
    with watcher(url) as process:
        before = _processor_time(process.pid)
        time.sleep(seconds)
        return 100 * (_processor_time(process.pid) - before) / seconds


def _processor_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(url: str) -> None:
    store = open_store(url)
    await store.open()
    one = await put_rate(store, ways=1, puts=1000)
    many = await put_rate(store, ways=64, puts=8000)
    times = sorted(await wake_times(store, url)) if store.durable else []
    await store.aclose()
    line = f"{store!r:.40}: {one:.0f} puts/s one by one, {many:.0f} puts/s 64 at a time"
    if times:
        median, late = statistics.median(times), times[int(0.99 * len(times))]
        line += f"; wake {median:.2f} ms median, {late:.2f} ms p99"
        line += f"; idle watcher {await to_thread.run_sync(idle_cost, url):.2f} % of a core"
    print(line, flush=True)


async def memory_per_record(records: int = 10_000) -> float:
    store = MemoryStore(max_records=records)
    await store.open()
    tracemalloc.start()
    for _ in range(records):
        await store.put(callback())
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / records  # the body is one object, shared by all


async def main() -> None:
    with ExitStack() as stack:
        redis, postgres = servers.redis_server(), servers.postgres_server()
        for server in (redis, postgres):
            stack.callback(server.stop)
            server.start()
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        for url in (
            "memory:",
            f"sqlite:///{folder}/callbacks.db",
            servers.redis_url(redis),
            servers.postgres_url(postgres),
        ):
            await measure(url)
    print(f"memory: {await memory_per_record():.0f} bytes a record, beside its body")


if __name__ == "__main__":
    if sys.argv[1:2] == ["watch"]:
        anyio.run(watch, sys.argv[2])
    else:
        anyio.run(main)
