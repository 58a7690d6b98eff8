"""Requests made while ten thousand prompts run and every callback is lost; nothing is timed."""

from collections import Counter

import anyio
import httpx

from astria_async import Prompt, Receiver
from astria_async.testing import Sandbox
from benchmarks.measure import Result
from benchmarks.samples import PIXEL

PROMPTS = 10_000
STEP = 5.0
"""Seconds by which the sandbox's clock is moved at a time."""
INTERVAL = 5.0
"""Seconds between two polls of one object, as the vendor's own command line has it."""


class Counting(httpx.AsyncBaseTransport):
    """Passes requests on, and counts them by method."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.requests: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests[request.method] += 1
        return await self.inner.handle_async_request(request)


async def lose(_url: str, _body: bytes, _headers: dict[str, str]) -> int:
    """A receiver that no callback reaches."""
    return 503


async def measure(prompts: int) -> list[Result]:
    """Create them, wait for all, move the clock until all ended."""
    ready: list[Prompt] = []
    receiver = Receiver("https://receiver.sandbox/callbacks")
    async with Sandbox(speed=0, deliver=lose) as sandbox:
        counted = Counting(sandbox.transport())
        async with (
            httpx.AsyncClient(transport=counted) as engine,
            sandbox.client(receiver=receiver, http_client=engine) as astria,
        ):
            tune = await astria.tunes.create(name="cat", images=[PIXEL], model_type="faceid")
            jobs = [await tune.prompts.create(f"cat {n}", num_images=1) for n in range(prompts)]

            async def wait() -> None:
                ready.extend([job async for job in astria.wait_all(jobs)])

            counted.requests.clear()
            async with anyio.create_task_group() as group:
                group.start_soon(wait)
                while not ready:
                    await anyio.wait_all_tasks_blocked()
                    await sandbox.advance(STEP)
    theirs = sum(1 + int(lived(job) / INTERVAL) for job in ready)
    ours = counted.requests.total()
    return [
        Result.of(
            [ours / theirs],
            what=f"requests while {prompts:,} prompts run, no callback",
            against=f"a poll of each every {INTERVAL:g} s",
            target=1 / 50,
            bound="most",
            detail={
                "requests": ours,
                "polls of each": theirs,
                "median life, s": sorted(map(lived, ready))[prompts // 2],
            },
        )
    ]


def lived(job: Prompt) -> float:
    """Seconds from its create to its end."""
    assert job.created_at is not None
    assert job.trained_at is not None
    return (job.trained_at - job.created_at).total_seconds()


def run(prompts: int = PROMPTS) -> list[Result]:
    """On a clock that is moved by hand."""
    return anyio.run(measure, prompts)
