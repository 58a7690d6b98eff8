"""
Hold the sandbox against the real API: the same requests to both, and their differences printed.

    ASTRIA_API_KEY=sd_… python tests/api/live/run.py

Nothing that it asks for costs anything, and what it makes it deletes. Statuses, content types and
shapes are compared: which fields there are, and of which type, but not their values. ``null`` and
empty lists fit everything. ``ASTRIA_BASE_URL`` is asked in place of Astria's own address.

Exit code: 0 without differences, 1 with some, 2 without a key, 3 if the real API cannot be asked.
"""

import os
import re
import sys
import uuid
from collections.abc import Iterator

import anyio
import httpx
from shapes import differences
from sides import Answer, NeverDone, Side
from steps import STEPS

from astria_async.sandbox import Sandbox

REAL = "https://api.astria.ai"
NO_KEY = "ASTRIA_API_KEY is not set: this compares the sandbox with the real API, and needs a key"
SPEED = 1000.0


def differing(live: Answer, sandbox: Answer) -> Iterator[str]:
    """Each difference of two answers, as a sentence."""
    if live.status != sandbox.status:
        yield f"status {live.status} in life, {sandbox.status} in the sandbox"
    if live.kind != sandbox.kind:
        yield f"{live.kind or 'no body'} in life, {sandbox.kind or 'no body'} in the sandbox"
    # Success on one side and refusal on the other have nothing in common.
    if live.status // 100 == sandbox.status // 100:
        yield from differences(live.body, sandbox.body)


async def compare(live: Side, sandbox: Side) -> int:
    """Ask both sides everything; the number of differences, each counted once."""
    told: set[tuple[str, str]] = set()
    try:
        for step in STEPS:
            found = list(differing(await live.ask(step), await sandbox.ask(step)))
            print(f"{'=' if not found else '≠'} {step.method} {step.path}: {step.does}")
            # A prompt differs in a list in what it differs in by itself.
            of = re.findall(r"/([a-z]+)", step.path)[-1]
            new = {(of, it.removeprefix("[].")) for it in found} - told
            for _, difference in sorted(new):
                print(f"    {difference}")
            if len(found) > len(new):
                print(f"    and {len(found) - len(new)} as above")
            told |= new
    finally:
        for path in await live.tidy():
            print(f"left behind: {path}")
    print(f"{len(STEPS)} requests to either side, {len(told)} differences")
    return len(told)


async def main(key: str, base_url: str, pause: float) -> int:
    """Compare the API at an address with a sandbox of our own; the exit code."""
    run = uuid.uuid4().hex[:12]
    async with (
        Sandbox(speed=SPEED) as emulator,
        httpx.AsyncClient(base_url=base_url, timeout=60) as real,
        httpx.AsyncClient(base_url=emulator.base_url, transport=emulator.transport()) as ours,
    ):
        live = Side(real, key, run, pause)
        sandbox = Side(ours, "sd_sandbox", run, pause=0.05)
        try:
            return int(bool(await compare(live, sandbox)))
        except (httpx.TransportError, NeverDone) as error:
            print(f"{base_url} could not be asked: {str(error) or type(error).__name__}")
            return 3


if __name__ == "__main__":
    api_key = os.environ.get("ASTRIA_API_KEY", "").strip()
    if not api_key:
        print(NO_KEY, file=sys.stderr)
        sys.exit(2)
    address = os.environ.get("ASTRIA_BASE_URL") or REAL
    sys.exit(anyio.run(main, api_key, address, float(os.environ.get("ASTRIA_LIVE_PAUSE", "5"))))
