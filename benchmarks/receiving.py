"""The receiver under wrk: verify, parse, resolve; against a bare Starlette route with that body."""

import asyncio
import contextlib
import datetime as dt
import gc
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from astria_async import Astria
from astria_async.protocol.addresses import Address, mint_wait_id
from astria_async.protocol.codec import structure
from astria_async.protocol.models import Tune
from astria_async.protocol.signing import CallbackSigner
from astria_async.receiver import Receiver
from benchmarks.canned import running
from benchmarks.measure import Result, Timed, absent, in_turn, quartiles, ratios
from benchmarks.samples import KEY, SECRET, called_back, encoded, tune

URLS = 100_000
SECONDS = 2
ROUNDS = 5
WHAT = "receiver: verify, parse, resolve; memory"
NO_WRK = "it needs wrk (apt-get install wrk)"
PUBLIC = "https://hooks.example.com/callbacks"
SCRIPT = """
local urls = {}
for line in io.lines("%s") do urls[#urls + 1] = line end
local n = 0
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
function init(args) n = tonumber(args[1]) end
function request()
  n = n + 1
  local id = (n - 1) %% #urls + 1
  return wrk.format(nil, urls[id], nil, [[{"tune":{"id":]] .. id .. [[%s]])
end
"""


async def receive(request: Request) -> Response:
    """What a program without us does at least."""
    await request.json()
    return Response(status_code=204)


async def bare() -> None:
    """A Starlette route on uvicorn as its documents say, with uvloop and httptools."""
    await serve(Starlette(routes=[Route("/callbacks", receive, methods=["POST"])]))


async def serve(app: Any) -> None:
    """Serve *app* on a free port, and tell which."""
    config = uvicorn.Config(app, port=0, log_level="error", access_log=False)
    server = uvicorn.Server(config)
    async with asyncio.TaskGroup() as group:
        group.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        print(server.servers[0].sockets[0].getsockname()[1], flush=True)


async def ours(urls: str) -> None:
    """A receiver, served as its documents say, with a wait for each callback that will come."""
    receiver = Receiver(PUBLIC, secret=SECRET, trust_body=True, trailing_slash=False)
    async with (
        receiver.serve(port=0) as listening,
        Astria(KEY, receiver=receiver, base_url="http://127.0.0.1:9") as astria,
        anyio.create_task_group() as group,
    ):
        assert astria._core is not None
        waits = astria._core.waits
        jobs = [waited_for(astria, number, url) for number, url in enumerate(lines(urls), start=1)]
        group.start_soon(resolve, astria, jobs)
        while len(waits.entries) < len(jobs) or waits.newcomers:
            await anyio.sleep(0.1)  # registering is another benchmark
        # What is waited for was made beforehand: collecting garbage is not to go through all of it.
        gc.collect()
        gc.freeze()
        print(listening.port, flush=True)


def lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines()


def waited_for(astria: Astria, number: int, url: str) -> Tune:
    raw = tune(number) | {"trained_at": None, "callback": f"https://hooks.example.com{url}"}
    raw["created_at"] = raw["eta"] = dt.datetime.now(dt.UTC).isoformat()
    return structure(Tune, raw, binding=astria._core)


async def resolve(astria: Astria, jobs: list[Tune]) -> None:
    async for _ in astria.wait_all(jobs):
        pass


def signed_urls(count: int = URLS) -> list[str]:
    """The path and query of so many callbacks."""
    signer = CallbackSigner([SECRET])
    return [
        signer.url(
            PUBLIC, Address(kind="tune", wait=mint_wait_id(), metadata={"user_id": str(number)})
        ).removeprefix("https://hooks.example.com")
        for number in range(count)
    ]


@contextlib.asynccontextmanager
async def wrk_script(count: int = URLS) -> AsyncIterator[Path]:
    """What wrk is to send."""
    with tempfile.TemporaryDirectory() as folder:
        urls, script = Path(folder, "urls"), Path(folder, "script.lua")
        urls.write_text("\n".join(signed_urls(count)))
        _, _, rest = encoded({"tune": called_back(1)}).decode().partition('"id":1')
        script.write_text(SCRIPT % (urls, rest))
        yield script


async def wrk(
    url: str, script: Path, *, seconds: float = SECONDS, first: int = 0
) -> dict[str, float]:
    """Requests a second and milliseconds of the 99th percentile, 64 at a time from one thread."""
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", "--latency", "-s", str(script), url]
    done = await anyio.run_process([*command, "--", str(first)], stderr=subprocess.STDOUT)
    said = done.stdout.decode()
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    rate = re.search(r"Requests/sec: *([\d.]+)", said)
    late = re.search(r"99% *([\d.]+)(us|ms|s)", said)
    sent = re.search(r"(\d+) requests in", said)
    assert rate is not None
    assert late is not None
    assert sent is not None
    milliseconds = {"us": 1e-3, "ms": 1.0, "s": 1e3}[late[2]]
    return {
        "rate": float(rate[1]),
        "p99": float(late[1]) * milliseconds,
        "requests": float(sent[1]),
    }


async def measure() -> list[Result]:
    """Both, in turn."""
    async with wrk_script() as script:
        with (
            running(__spec__.name, "bare") as theirs,
            running(__spec__.name, "ours", str(script.with_name("urls"))) as mine,
        ):

            def one(url: str) -> Timed:
                sent = 0

                async def period() -> float:
                    nonlocal sent
                    found = await wrk(f"{url}/callbacks", script, first=sent)
                    sent += int(found["requests"])
                    return 1 / found["rate"]

                return period

            taken = await in_turn({"astria": one(mine), "starlette": one(theirs)}, rounds=ROUNDS)
    return [
        Result.of(
            ratios(taken["starlette"], taken["astria"]),
            what=WHAT,
            against="a bare Starlette route that parses the JSON",
            target=0.9,
            bound="least",
            detail={f"{name}/s": round(1 / quartiles(it)[1]) for name, it in taken.items()},
        )
    ]


def run() -> list[Result]:
    """Needs wrk, as Debian's package has it."""
    if shutil.which("wrk") is None:
        return [absent(WHAT, NO_WRK)]
    return asyncio.run(measure())


if __name__ == "__main__":
    uvloop.run(ours(sys.argv[2]) if sys.argv[1] == "ours" else bare())
