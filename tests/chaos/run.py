"""
A chaos run: real processes over a real store, killed and cut off at random, and the books checked.

    python tests/chaos/run.py --store postgres --seeds 1-20

One seed is one run: a sandbox on a socket with faults of every kind, a receiver, workers that
create and wait, handlers, and a database server that is restarted. At the end the sandbox's own
record says what was created and which callbacks were answered with 2xx, and all must agree with it.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import anyio.abc
import anyio.to_thread
import attrs

from astria_async.sandbox import Sandbox
from astria_async.sandbox.faults import CallbackFault, RequestFault
from astria_async.sandbox.serve import serve
from astria_async.stores import Store, open_store

sys.path.insert(0, os.fspath(Path(__file__).parents[1]))
from stores.servers import PASSWORD, Server, free_port, postgres_server, redis_server

ACTORS = Path(__file__).with_name("actors.py")
SECRET = "a secret that is long enough for chaos"
BOUND = 150.0


@attrs.define
class Books:
    """What one run came to."""

    store: str
    seed: int
    created: int = 0
    sent: int = 0
    acknowledged: int = 0
    lost: int = 0
    duplicates: int = 0
    handled: int = 0
    handler_runs: int = 0
    outcomes: int = 0
    kills: int = 0
    restarts: int = 0
    requests: int = 0
    seconds: float = 0.0
    problems: list[str] = attrs.field(factory=list)

    def line(self) -> str:
        """The figures, and whether everything agreed."""
        facts = attrs.asdict(self)
        problems = facts.pop("problems")
        facts["seconds"] = round(self.seconds, 1)
        said = " ".join(f"{name}={value}" for name, value in facts.items())
        return f"{said} {'OK' if not problems else 'PROBLEMS ' + '; '.join(problems[:5])}"


@attrs.define(eq=False)
class Actor:
    """One process of the run, and how to start it again."""

    role: str
    arguments: list[str]
    process: anyio.abc.Process | None = None
    said: list[str] = attrs.field(factory=list)

    async def start(self) -> None:
        self.process = await anyio.open_process(
            [sys.executable, str(ACTORS), self.role, *self.arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    async def listen(self) -> None:
        """Keep what it says until it ends."""
        assert self.process is not None
        assert self.process.stdout is not None
        try:
            async for chunk in self.process.stdout:
                self.said.append(chunk.decode("utf-8", "replace"))
                del self.said[:-50]
        except anyio.ClosedResourceError:
            return

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def end(self) -> None:
        """Ask it to end; whether it did in time."""
        if self.process is None or self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        with anyio.move_on_after(10):
            await self.process.wait()
        await self.kill()


@attrs.define(eq=False)
class Chaos:
    """The run of one seed."""

    store_kind: str
    seed: int
    jobs: int
    kills: int
    folder: Path
    books: Books = attrs.field(init=False)
    dice: random.Random = attrs.field(init=False)
    actors: list[Actor] = attrs.field(factory=list)
    server: Server | None = None

    def __attrs_post_init__(self) -> None:
        self.books = Books(self.store_kind, self.seed)
        self.dice = random.Random(self.seed)

    async def run(self) -> Books:
        began = time.monotonic()
        try:
            url = await anyio.to_thread.run_sync(self._open_store)
            async with (
                Sandbox(api_key="sd_chaos", speed=1.0, pace=20.0, seed=self.seed) as sandbox,
                serve(sandbox) as api,
                self._troupe(sandbox, url, api) as workers,
            ):
                await self._play(sandbox, workers, url)
                await self._audit(sandbox, url)
        finally:
            if self.server is not None:
                await anyio.to_thread.run_sync(self.server.stop)
        self.books.seconds = time.monotonic() - began
        return self.books

    def _open_store(self) -> str:
        if self.store_kind == "sqlite":
            return f"sqlite:///{self.folder / 'callbacks.db'}"
        word = PASSWORD.replace(" ", "%20")
        if self.store_kind == "redis":
            self.server = redis_server()
            self.server.start()
            return f"redis://:{word}@127.0.0.1:{self.server.port}/0"
        self.server = postgres_server()
        self.server.start()
        return f"postgresql://astria:{word}@127.0.0.1:{self.server.port}/postgres"

    @asynccontextmanager
    async def _troupe(self, sandbox: Sandbox, url: str, api: str) -> AsyncIterator[list[Actor]]:
        port = free_port()
        tune = await _train(sandbox)
        common = ["--store", url, "--secret", SECRET, "--api", api]
        common += ["--public-url", f"http://127.0.0.1:{port}/callbacks", "--tune", str(tune)]
        self.actors.append(Actor("receiver", [*common, "--port", str(port)]))
        for number in range(2):
            journal = ["--journal", str(self.folder / f"handler-{number}.jsonl")]
            self.actors.append(Actor("handler", [*common, *journal]))
        workers = []
        for number in range(2):
            name = f"s{self.seed}w{number}"
            journal = ["--journal", str(self.folder / f"{name}.jsonl")]
            jobs = ["--name", name, "--jobs", str(self.jobs)]
            workers.append(Actor("worker", [*common, *journal, *jobs]))
        self.actors += workers
        _break(sandbox)
        try:
            async with anyio.create_task_group() as group:
                for actor in self.actors:
                    await actor.start()
                    group.start_soon(actor.listen)
                self._group = group
                yield workers
                for actor in self.actors:
                    await actor.end()
        finally:
            with anyio.CancelScope(shield=True):
                for actor in self.actors:
                    await actor.kill()

    _group: anyio.abc.TaskGroup = attrs.field(init=False)

    async def _play(self, sandbox: Sandbox, workers: list[Actor], url: str) -> None:
        """Let it run, killing at random, until the workers are through and the books can close."""
        with anyio.move_on_after(BOUND) as scope:
            while not all(self._finished(worker) for worker in workers):
                await anyio.sleep(self.dice.uniform(0.2, 0.9))
                await self._strike(workers)
            sandbox.faults.clear()
            await self._revive(workers)
            while len(self._handled()) < 2 * self.jobs:  # noqa: ASYNC110 - other processes' files
                await anyio.sleep(0.2)
        if scope.cancelled_caught:
            unfinished = [worker.arguments[-3] for worker in workers if not self._finished(worker)]
            self.books.problems.append(
                f"not through after {BOUND} s: workers {unfinished}, {len(self._handled())} handled"
            )
            await self._explain(sandbox, url)

    async def _explain(self, sandbox: Sandbox, url: str) -> None:
        """Print what each process last said, and all that is known of what was not handled."""
        for actor in self.actors:
            print(actor.role, "".join(actor.said)[-3000:], file=sys.stderr)
        handled = self._handled()
        async with opened(url) as store:
            for prompt in sandbox.world.prompts:
                key = prompt.text.removeprefix("picture ").rstrip(".")
                if prompt.callback and key not in handled:
                    print(key, prompt, await store.record(_wait(prompt.callback)), file=sys.stderr)

    async def _strike(self, workers: list[Actor]) -> None:
        running = [it for it in self.actors if it.role != "worker" or not self._finished(it)]
        for actor in running:
            if actor.process is not None and actor.process.returncode not in {None, 0, -9}:
                said = "".join(actor.said)[-300:]
                self.books.problems.append(f"{actor.role} died by itself: {said}")
        if self.books.kills < self.kills:
            await self.dice.choice(running).kill()
            self.books.kills += 1
        if self.server is not None and self.books.restarts < self.books.kills // 4:
            await anyio.to_thread.run_sync(self._restart)
        await self._revive(workers)

    def _restart(self) -> None:
        assert self.server is not None
        self.server.kill()
        time.sleep(self.dice.uniform(0.1, 1.0))
        self.server.start()
        self.books.restarts += 1

    async def _revive(self, workers: list[Actor]) -> None:
        for actor in self.actors:
            over = actor.process is None or actor.process.returncode is not None
            if over and not (actor in workers and self._finished(actor)):
                await actor.start()
                self._group.start_soon(actor.listen)

    def _finished(self, worker: Actor) -> bool:
        journal = Path(worker.arguments[worker.arguments.index("--journal") + 1])
        return any(line["event"] == "finished" for line in _lines(journal))

    def _handled(self) -> set[str]:
        return {line["key"] for line in self._events("handled")}

    def _events(self, event: str) -> list[dict[str, Any]]:
        files = sorted(self.folder.glob("*.jsonl"))
        return [line for file in files for line in _lines(file) if line["event"] == event]

    async def _audit(self, sandbox: Sandbox, url: str) -> None:
        books, problems = self.books, self.books.problems
        prompts = sandbox.world.prompts
        made = Counter(it.text for it in prompts if it.text.startswith("picture "))
        books.created = sum(made.values())
        books.duplicates = books.created - len(made)
        books.requests = len(sandbox.requests)
        if books.duplicates:
            twice = [text for text, count in made.items() if count > 1]
            problems.append(f"created twice: {twice}")
        books.sent = len(sandbox.deliveries)
        answered = [it for it in sandbox.deliveries if it.status and 200 <= it.status < 300]
        books.acknowledged = len(answered)
        books.lost = await self._missing(url, {_wait(it.url) for it in answered})
        if books.lost:
            problems.append(f"{books.lost} acknowledged callbacks are not in the store")
        done = self._events("done")
        books.outcomes = len({line["key"] for line in done})
        for key, ids in _by_key(done).items():
            if len(ids) != 1:
                problems.append(f"{key} had several outcomes: {ids}")
        if books.outcomes != 2 * self.jobs:
            problems.append(f"{books.outcomes} outcomes of {2 * self.jobs}")
        for line in self._events("finished"):
            if line["tasks"] > 0 or line["descriptors"] > 0:
                problems.append(f"a worker's client left something behind: {line}")
        books.handler_runs = len(self._events("handled"))
        books.handled = len(self._handled())

    async def _missing(self, url: str, waits: set[str]) -> int:
        async with opened(url) as store:
            return len(waits - {it.wait for it in await store.find(waits)})


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Store]:
    """The store at *url*, open."""
    store = open_store(url)
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


async def _train(sandbox: Sandbox) -> int:
    """A tune to work with, made before anything breaks."""
    import httpx

    async with httpx.AsyncClient(
        transport=sandbox.transport(), base_url=sandbox.base_url
    ) as client:
        answer = await client.post(
            "/tunes",
            headers={"Authorization": "Bearer sd_chaos"},
            data={
                "tune[title]": "chaos",
                "tune[name]": "cat",
                "tune[model_type]": "faceid",
            },
            files={"tune[images][]": ("cat.png", _dot(), "image/png")},
        )
    answer.raise_for_status()
    tune: int = answer.json()["id"]
    return tune


def _dot() -> bytes:
    import io

    from PIL import Image

    out = io.BytesIO()
    Image.new("RGB", (64, 64), "teal").save(out, "PNG")
    return out.getvalue()


def _break(sandbox: Sandbox) -> None:
    faults = sandbox.faults
    posts = {"method": "POST", "path": "/tunes/*/prompts"}
    faults.add(RequestFault(kind="gateway_timeout", probability=0.06, processed=True, **posts))
    faults.add(RequestFault(kind="gateway_timeout", probability=0.06, **posts))
    faults.add(RequestFault(kind="reset", probability=0.04, processed=True, **posts))
    faults.add(RequestFault(kind="reset", probability=0.04, **posts))
    faults.add(RequestFault(kind="server_error", probability=0.05))
    faults.add(RequestFault(kind="rate_limited", probability=0.04, retry_after=0.2))
    faults.add(RequestFault(kind="html", probability=0.02))
    faults.add(CallbackFault(kind="drop", probability=0.2))
    faults.add(CallbackFault(kind="duplicate", probability=0.15))
    faults.add(CallbackFault(kind="reorder", probability=0.15, seconds=0.5))
    faults.add(CallbackFault(kind="delay", probability=0.1, seconds=1.0))
    faults.add(CallbackFault(kind="truncate", probability=0.05))
    faults.add(CallbackFault(kind="early", probability=0.05))


def _wait(url: str) -> str:
    return parse_qs(urlsplit(url).query)["wait"][0]


def _lines(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def _by_key(done: list[dict[str, Any]]) -> dict[str, set[tuple[int, int]]]:
    found: dict[str, set[tuple[int, int]]] = {}
    for line in done:
        found.setdefault(line["key"], set()).add((line["id"], line["images"]))
    return found


async def play(store: str, seed: int, *, jobs: int, kills: int) -> Books:
    """One run."""
    with tempfile.TemporaryDirectory(prefix="astria-chaos-") as folder:
        return await Chaos(store, seed, jobs, kills, Path(folder)).run()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--store", choices=["sqlite", "redis", "postgres"], action="append")
    parser.add_argument("--seeds", default="1-3", help="one, or a range such as 1-20")
    parser.add_argument("--jobs", type=int, default=40, help="prompts a worker")
    parser.add_argument("--kills", type=int, default=12, help="processes killed at most")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    failed = 0
    for store in options.store or ["sqlite", "redis", "postgres"]:
        for seed in range(int(first), int(last or first) + 1):
            books = anyio.run(
                lambda s=store, n=seed: play(s, n, jobs=options.jobs, kills=options.kills)
            )
            print(books.line(), flush=True)
            failed += bool(books.problems)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    sys.path.insert(0, os.fspath(Path(__file__).parents[1]))
    main()
