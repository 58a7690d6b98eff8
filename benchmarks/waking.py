"""How late a waiter wakes after its callback was sent, at a thousand callbacks a second."""

import datetime as dt
import gc
import subprocess
import sys
import time
from functools import partial

import anyio
import anyio.abc
import uvloop

from astria_async import Astria
from astria_async.protocol.addresses import Address, mint_wait_id
from astria_async.protocol.codec import structure
from astria_async.protocol.models import Tune
from astria_async.receiver import Receiver
from benchmarks.measure import Result, percentile
from benchmarks.samples import KEY, SECRET, encoded, tune

RATE = 1000
SECONDS = 5
WARMING = 1
"""Seconds at the beginning that are not counted: the sender has just started."""
PUBLIC = "https://hooks.example.com/"
CONNECTIONS = 32


async def send(port: int) -> None:
    """Send what stdin lists, a query a line, at the rate; each body tells when it was sent."""
    queries = [line.strip() for line in sys.stdin]
    began = time.monotonic() + 0.5

    async def worker(number: int) -> None:
        async with await anyio.connect_tcp("127.0.0.1", port) as stream:
            for index in range(number, len(queries), CONNECTIONS):
                await anyio.sleep(max(0.0, began + index / RATE - time.monotonic()))
                await post(stream, index)

    async def post(stream: anyio.abc.ByteStream, index: int) -> None:
        body = encoded({"tune": tune(index + 1) | {"sent": time.monotonic()}})
        head = f"POST /?{queries[index]} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}\r\n\r\n"
        await stream.send(head.encode() + body)
        answer = await stream.receive()
        assert answer.startswith(b"HTTP/1.1 204"), answer

    async with anyio.create_task_group() as group:
        for number in range(CONNECTIONS):
            group.start_soon(worker, number)


async def wait(astria: Astria, number: int, url: str, late: list[float]) -> None:
    now = dt.datetime.now(dt.UTC).isoformat()
    raw = tune(number) | {"trained_at": None, "callback": url, "created_at": now, "eta": now}
    ready = await structure(Tune, raw, binding=astria._core).wait_ready()
    if number > RATE * WARMING:
        late.append(1000 * (time.monotonic() - ready.extra["sent"]))


async def measure() -> list[float]:
    late: list[float] = []
    receiver = Receiver(PUBLIC, secret=SECRET, trust_body=True)
    urls = [
        receiver.callback_url(Address(kind="tune", wait=mint_wait_id()))
        for _ in range(RATE * SECONDS)
    ]
    queries = "\n".join(url.partition("?")[2] for url in urls).encode()
    async with (
        receiver.serve(port=0) as listening,
        Astria(KEY, receiver=receiver, base_url="http://127.0.0.1:9") as astria,
        anyio.create_task_group() as group,
    ):
        for number, url in enumerate(urls, start=1):
            group.start_soon(partial(wait, astria, number, url, late))
        await anyio.sleep(1)
        # What is waited for was made beforehand: collecting garbage is not to go through all of it.
        gc.collect()
        gc.freeze()
        command = [sys.executable, "-m", __spec__.name, str(listening.port)]
        await anyio.run_process(command, input=queries, stderr=subprocess.PIPE)
    return late


def run() -> list[Result]:
    late = uvloop.run(measure())
    return [
        Result(
            what=f"wake-up at {RATE:,} callbacks/s, sent to woken, p99",
            against="bound",
            value=percentile(late, 0.99),
            unit="ms",
            target=5.0,
            bound="most",
            low=percentile(late, 0.5),
            high=percentile(late, 0.999),
            detail={"callbacks": len(late), "the range is": "median to p99.9"},
        )
    ]


if __name__ == "__main__":
    uvloop.run(send(int(sys.argv[1])))
