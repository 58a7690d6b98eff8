"""The sandbox, served: a prompt created and read; against a bare app that gives the same JSON."""

import asyncio
import itertools
import sys
from typing import Any

import anyio
import attrs
import httpx
import psutil
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from astria_async.sandbox import Sandbox
from benchmarks.canned import running
from benchmarks.measure import Result, Timed, in_turn, quartiles, ratios
from benchmarks.receiving import serve
from benchmarks.samples import KEY, PIXEL

ROUNDS = 5
PAIRS = 1600
WAYS = 8


async def ours() -> None:
    """A sandbox whose clock stands still."""
    async with Sandbox(api_key=KEY, speed=0) as sandbox:
        await serve(sandbox.app)


async def bare() -> None:
    """The least that does it: parse what comes, count, answer with what the sandbox answered."""
    made: dict[str, Any] = {}
    numbers = itertools.count(1)

    async def teach(request: Request) -> JSONResponse:
        made["sample"] = await request.json()
        return JSONResponse({})

    async def create(request: Request) -> JSONResponse:
        sent = (await request.json())["prompt"]
        number = next(numbers)
        made[str(number)] = made["sample"] | {"id": number, "text": sent["text"]}
        return JSONResponse(made[str(number)], 201)

    async def read(request: Request) -> JSONResponse:
        return JSONResponse(made[request.path_params["number"]])

    routes = [
        Route("/sample", teach, methods=["POST"]),
        Route("/tunes/{tune}/prompts", create, methods=["POST"]),
        Route("/prompts/{number}", read),
    ]
    await serve(Starlette(routes=routes))


def pairs(client: httpx.AsyncClient, server: "Server", tune: int, count: int) -> Timed:
    """Creates and reads, some at a time; the server's processor seconds for one pair."""
    body = {"prompt": {"text": "ohwx woman", "num_images": 4}}

    async def worker() -> None:
        for _ in range(count // WAYS):
            made = await client.post(f"{server.url}/tunes/{tune}/prompts", json=body)
            (await client.get(f"{server.url}/prompts/{made.json()['id']}")).raise_for_status()

    async def run() -> float:
        before = server.seconds()
        async with anyio.create_task_group() as group:
            for _ in range(WAYS):
                group.start_soon(worker)
        return (server.seconds() - before) / count

    return run


@attrs.frozen
class Server:
    """A server in a process of its own. What a client takes for itself is not its affair."""

    url: str
    process: psutil.Process

    def seconds(self) -> float:
        """Processor time that it took until now."""
        times = self.process.cpu_times()
        return float(times.user + times.system)


def server(url: str) -> Server:
    """The server that listens at *url*, among the processes that this one started."""
    port = int(url.rpartition(":")[2])
    for process in psutil.Process().children():
        if any(it.laddr.port == port for it in process.net_connections()):
            return Server(url, process)
    raise RuntimeError(f"no process of ours listens at {url}")


async def measure(sandbox: Server, plain: Server, rounds: int, count: int) -> list[Result]:
    """Both, in turn, by the same client."""
    async with httpx.AsyncClient(headers={"Authorization": f"Bearer {KEY}"}) as client:
        fields = {"tune[title]": "a", "tune[name]": "cat", "tune[model_type]": "faceid"}
        files = [("tune[images][]", ("a.png", PIXEL))]
        made = await client.post(f"{sandbox.url}/tunes", data=fields, files=files)
        tune = made.raise_for_status().json()["id"]
        body = {"prompt": {"text": "ohwx woman", "num_images": 4}}
        sample = (await client.post(f"{sandbox.url}/tunes/{tune}/prompts", json=body)).json()
        await client.post(f"{plain.url}/sample", json=sample)
        ways = {
            "sandbox": pairs(client, sandbox, tune, count),
            "starlette": pairs(client, plain, tune, count),
        }
        taken = await in_turn(ways, rounds=rounds)
    return [
        Result.of(
            ratios(taken["starlette"], taken["sandbox"]),
            what="sandbox: create a prompt and read it",
            against="a bare Starlette app with the same JSON",
            target=0.5,
            bound="least",
            detail={
                f"{name}, ms a pair": round(1000 * quartiles(it)[1], 2)
                for name, it in taken.items()
            },
        )
    ]


def run(rounds: int = ROUNDS, count: int = PAIRS) -> list[Result]:
    """Both under uvicorn, in processes of their own."""
    with running(__spec__.name, "ours") as sandbox, running(__spec__.name, "bare") as plain:
        return asyncio.run(measure(server(sandbox), server(plain), rounds, count))


if __name__ == "__main__":
    uvloop.run(ours() if sys.argv[1] == "ours" else bare())
