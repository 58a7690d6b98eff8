"""
How long the command line takes to start, against its libraries, in processes of their own.

``python -m benchmarks.startup`` runs this alone. Each round starts every program once, in an order
that changes, so that what else the machine does hits all alike; the figure is the median of the
rounds' ratios.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from benchmarks import table
from benchmarks.measure import Result, Timed, clocked, in_turn, quartiles, ratios

ROUNDS = 21
TARGET = 1.3
LIBRARIES = "python -c 'import cyclopts, rich'"
SCRIPT = str(Path(sys.executable).with_name("astria-async"))

PROGRAMS: Mapping[str, tuple[list[str], int]] = {
    LIBRARIES: ([sys.executable, "-c", "import cyclopts, rich"], 0),
    "astria-async --help": ([SCRIPT, "--help"], 0),
    "astria-async --version": ([SCRIPT, "--version"], 0),
    "astria-async tunez": ([SCRIPT, "tunez"], 2),
    "astria-async tunes get x": ([SCRIPT, "tunes", "get", "x"], 2),
    "astria-async tunes --help": ([SCRIPT, "tunes", "--help"], 0),
}
"""Each with the exit code that it ends with: two of them fail, as a typo does."""

TARGETS = {"astria-async tunes get x": 3.0, "astria-async tunes --help": 3.0}
"""These import the libraries, and the API's parameter classes besides."""


def run() -> list[Result]:
    """Every program against the import of the libraries."""
    return asyncio.run(_measure())


async def _measure() -> list[Result]:
    with tempfile.TemporaryDirectory() as home:
        # Nobody's settings are read, and every program may keep its byte code.
        env = {**os.environ, "HOME": home}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        ways = {name: _timed(words, code, env) for name, (words, code) in PROGRAMS.items()}
        taken = await in_turn(ways, rounds=ROUNDS)
    base = taken.pop(LIBRARIES)
    return [
        Result.of(
            ratios(seconds, base),
            what=f"start: {name}",
            against=LIBRARIES,
            target=TARGETS.get(name, TARGET),
            bound="most",
            detail={
                "ours_ms": round(quartiles(seconds)[1] * 1000, 1),
                "theirs_ms": round(quartiles(base)[1] * 1000, 1),
            },
        )
        for name, seconds in taken.items()
    ]


def _timed(words: list[str], code: int, env: Mapping[str, str]) -> Timed:
    async def start() -> None:
        process = await asyncio.create_subprocess_exec(
            *words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        found = await process.wait()
        if found != code:
            raise RuntimeError(f"{words} ended with {found}, not {code}")

    return lambda: clocked(start)


if __name__ == "__main__":
    for result in run():
        print(table.line(result), result.detail)
