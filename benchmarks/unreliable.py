"""
What faults cost: the requests of a program over an unreliable API, against the same without faults.

    python benchmarks/unreliable.py [--prompts 1000]

The program creates prompts, waits for them and downloads each image. The sandbox drops 20 % of the
callbacks, answers 10 % of the creates with 504 (half of them after doing the work), and 5 % of all
API requests with 500 and 5 % with 429.
"""

import argparse
import json
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import anyio
import httpx

from astria_async.sandbox.faults import CallbackFault, RequestFault
from astria_async.testing import Sandbox

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63"
    "606060000000040001f61738550000000049454e44ae426082"
)


def spoil(sandbox: Sandbox) -> None:
    """Switch the faults on."""
    creates: dict[str, Any] = {"method": "POST", "path": "/tunes/*/prompts"}
    faults = sandbox.faults
    faults.add(CallbackFault(kind="drop", probability=0.2))
    faults.add(RequestFault(kind="gateway_timeout", probability=0.05, processed=True, **creates))
    faults.add(RequestFault(kind="gateway_timeout", probability=0.05 / 0.95, **creates))
    faults.add(RequestFault(kind="server_error", probability=0.05))
    faults.add(RequestFault(kind="rate_limited", probability=0.05, retry_after=2.0))


class Counting(httpx.AsyncBaseTransport):
    """Passes requests on, and counts them by what they ask for."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.requests: Counter[str] = Counter()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        what = "image" if path.startswith("/files/") else path.rsplit("/", 1)[-1]
        self.requests[f"{request.method} {'object' if what.isdigit() else what}"] += 1
        return await self.inner.handle_async_request(request)


async def program(prompts: int, *, faulty: bool, speed: float) -> dict[str, object]:
    """Run it; what it came to."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        async with Sandbox(speed=speed, seed=3) as sandbox:
            counted = Counting(sandbox.transport())
            async with (
                httpx.AsyncClient(transport=counted) as engine,
                sandbox.client(http_client=engine) as astria,
            ):
                tune = await astria.tunes.create(name="cat", images=[PIXEL], model_type="faceid")
                if faulty:
                    spoil(sandbox)
                files: list[Path] = []
                gate = anyio.CapacityLimiter(40)

                async def one(number: int) -> None:
                    async with gate:
                        prompt = await tune.prompts.create(f"cat number {number}.", num_images=1)
                    ready = await prompt.wait_ready()
                    async with gate:
                        files.extend(await ready.download(folder))

                async with anyio.create_task_group() as group:
                    for number in range(prompts):
                        group.start_soon(one, number)
                made = Counter(it.text for it in sandbox.world.prompts if "cat number" in it.text)
                played: Counter[str] = Counter()
                for it in sandbox.faults.active:
                    played[str(it.fault)] += it.played
    return {
        "prompts": len(made),
        "created_twice": sum(count - 1 for count in made.values()),
        "images": len(files),
        "requests": counted.requests.total(),
        "by_kind": dict(counted.requests),
        "faults": played,
        "seconds": round(time.monotonic() - began, 1),
    }


async def main() -> None:
    """Both runs, and their ratio."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--prompts", type=int, default=1000)
    parser.add_argument("--speed", type=float, default=20.0)
    options = parser.parse_args()
    plain = await program(options.prompts, faulty=False, speed=options.speed)
    faulty = await program(options.prompts, faulty=True, speed=options.speed)
    ratio = faulty["requests"] / plain["requests"]  # type: ignore[operator]
    print(json.dumps({"faultless": plain, "faulty": faulty, "ratio": round(ratio, 3)}, indent=2))


if __name__ == "__main__":
    anyio.run(main)
