"""The receiver with SQLite, each callback on the disk before its answer; against a commit each."""

import asyncio
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import anyio
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from astria_async.receiver import Receiver
from benchmarks.canned import running
from benchmarks.measure import Result, Timed, absent, in_turn, quartiles, ratios
from benchmarks.receiving import NO_WRK, PUBLIC, serve, wrk, wrk_script
from benchmarks.samples import SECRET

ROUNDS = 5
SECONDS = 3
WHAT = "receiver with SQLite, synchronous=FULL, 64 ways"
TABLE = "CREATE TABLE callbacks (wait TEXT PRIMARY KEY, body BLOB)"
INSERT = "INSERT OR REPLACE INTO callbacks VALUES (?, ?)"


async def bare(folder: str) -> None:
    """The same file mode and durability; each request commits by itself, one after the other."""
    db = sqlite3.connect(f"{folder}/bare.db", isolation_level=None, check_same_thread=False)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", TABLE):
        db.execute(statement)
    turn = asyncio.Lock()

    async def receive(request: Request) -> Response:
        values = (request.query_params["wait"], await request.body())
        async with turn:
            await asyncio.to_thread(db.execute, INSERT, values)
        return Response(status_code=204)

    await serve(Starlette(routes=[Route("/callbacks", receive, methods=["POST"])]))


async def ours(folder: str) -> None:
    receiver = Receiver(PUBLIC, secret=SECRET, store=f"sqlite:///{folder}/ours.db")
    async with receiver.serve(port=0) as listening:
        print(listening.port, flush=True)
        await anyio.sleep_forever()


def disk(folder: str) -> float:
    """Milliseconds that the disk takes to make a page safe."""
    taken = []
    with Path(folder, "probe").open("wb") as file:
        for _ in range(100):
            file.write(bytes(4096))
            file.flush()
            began = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - began))
    return quartiles(taken)[1]


async def measure(folder: str) -> list[Result]:
    late: list[float] = []
    async with wrk_script(50_000) as script:
        with (
            running(__spec__.name, "bare", folder) as theirs,
            running(__spec__.name, "ours", folder) as mine,
        ):

            def one(url: str, kept: list[float]) -> Timed:
                sent = 0

                async def period() -> float:
                    nonlocal sent
                    found = await wrk(f"{url}/callbacks", script, first=sent, seconds=SECONDS)
                    sent += int(found["requests"])
                    kept.append(found["p99"])
                    return 1 / found["rate"]

                return period

            ways = {"astria": one(mine, late), "one commit each": one(theirs, [])}
            taken = await in_turn(ways, rounds=ROUNDS)
    detail = {f"{name}/s": round(1 / quartiles(it)[1]) for name, it in taken.items()}
    return [
        Result.of(
            ratios(taken["one commit each"], taken["astria"]),
            what=WHAT,
            against="one commit per request",
            target=10.0,
            bound="least",
            detail=detail | {"fsync, ms": round(disk(folder), 3)},
        ),
        Result.of(
            late,
            what="receiver with SQLite, 64 ways, p99",
            against="bound",
            unit="ms",
            target=50.0,
            bound="most",
        ),
    ]


def run() -> list[Result]:
    """Needs wrk too."""
    if shutil.which("wrk") is None:
        return [absent(WHAT, NO_WRK)]
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measure(folder))


if __name__ == "__main__":
    uvloop.run({"bare": bare, "ours": ours}[sys.argv[1]](*sys.argv[2:]))
