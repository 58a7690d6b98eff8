"""
Ten thousand waits on one client, and all their callbacks in one burst.

    python benchmarks/burst.py [--waits 10000]

The prompts are made in a sandbox whose clock stands still. Nine in ten are waited for; then time
moves, and their callbacks come through the receiver's app in a shuffled order, a fifth of them
twice. The rest are waited for only after their callback. Prints what it took.
"""

import argparse
import gc
import json
import random
import time
import tracemalloc
from collections import Counter
from typing import Any

import anyio
import httpx

from astria_async import Receiver
from astria_async.testing import Sandbox

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63"
    "606060000000040001f61738550000000049454e44ae426082"
)


async def burst(count: int) -> dict[str, Any]:
    """Run it; the figures."""
    letters: list[tuple[str, bytes]] = []

    async def keep(url: str, body: bytes, _: dict[str, str]) -> int:
        letters.append((url, body))
        return 204

    receiver = Receiver("https://receiver.sandbox/callbacks")
    async with (
        Sandbox(speed=0, deliver=keep) as sandbox,
        sandbox.client(receiver=receiver) as astria,
        httpx.AsyncClient(
            transport=httpx.ASGITransport(app=receiver.app), base_url="https://receiver.sandbox"
        ) as caller,
    ):
        tune = await astria.tunes.create(name="cat", images=[PIXEL], model_type="faceid")
        prompts = [await tune.prompts.create(f"cat {n}", num_images=1) for n in range(count)]
        late, early = prompts[: count // 10], prompts[count // 10 :]
        ended: list[int] = []
        answers = Counter[int]()
        began = held = 0.0

        async def wait(prompt: Any) -> None:
            ready = await prompt.wait_ready(timeout=30 * 86400)
            assert ready.images
            ended.append(ready.id)

        gc.collect()
        tracemalloc.start()
        before = tracemalloc.get_traced_memory()[0]
        async with anyio.create_task_group() as group:
            for prompt in early:
                group.start_soon(wait, prompt)
            await anyio.wait_all_tasks_blocked()
            gc.collect()
            held = (tracemalloc.get_traced_memory()[0] - before) / len(early)
            tracemalloc.stop()
            await sandbox.advance(600)
            random.Random(1).shuffle(letters)
            began = time.perf_counter()
            for number, (url, body) in enumerate(letters):
                for _ in range(2 if number % 5 == 0 else 1):
                    answers[(await caller.post(url, content=body)).status_code] += 1
            for prompt in late:
                group.start_soon(wait, prompt)
        seconds = time.perf_counter() - began
    return {
        "waits": count,
        "ended": len(ended),
        "ended_once": len(set(ended)) == len(ended) == count,
        "callbacks_answered": dict(answers),
        "seconds_from_first_callback_to_last_end": round(seconds, 2),
        "bytes_a_wait_with_its_task": round(held),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--waits", type=int, default=10_000)
    print(json.dumps(anyio.run(burst, parser.parse_args().waits), indent=2))
