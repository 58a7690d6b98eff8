"""What ``import astria_async`` costs beyond what it imports, in fresh processes."""

import asyncio
import resource
import subprocess
import sys

from benchmarks.measure import Result, Timed, in_turn, quartiles, ratios

ROUNDS = 15
DEPENDENCIES = "import anyio, attrs, cattrs, cattrs.gen, httpx"
"""Those that it imports by itself; what serves or stores waits until it is used."""


def timed(code: str) -> Timed:
    """Processor seconds of a process that runs *code*, its start included."""

    async def run() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=subprocess.DEVNULL
        )
        if await process.wait():
            raise RuntimeError(f"{code!r} failed")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    return run


def run(rounds: int = ROUNDS) -> list[Result]:
    """Both, in turn."""
    # The client with all that it needs: the package's names are looked up when they are used.
    ways = {
        code: timed(code) for code in ("import astria_async", "from astria_async import Astria")
    } | {
        "dependencies": timed(DEPENDENCIES),
    }
    taken = asyncio.run(in_turn(ways, rounds=rounds))
    return [
        Result.of(
            ratios(taken[what], taken["dependencies"]),
            what=what,
            against="its own dependencies imported",
            target=1.15,
            bound="most",
            detail={f"{name}, ms": round(1000 * quartiles(it)[1]) for name, it in taken.items()},
        )
        for what in ("import astria_async", "from astria_async import Astria")
    ]
