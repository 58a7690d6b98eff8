"""
The processes of a chaos run, each to be killed at any time and started again.

``receiver`` receives callbacks; ``worker`` creates prompts and waits for them; ``handler`` runs a
handler on each. What an actor knows for certain it writes to its journal, a line at a time, each
in one write, so that a kill leaves whole lines.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio
import attrs
import psutil

from astria_async import (
    Astria,
    Callback,
    Prompt,
    Receiver,
    RetryPolicy,
    StoreUnavailable,
    WaitPolicy,
)
from astria_async.receiver import HandlerLimits

Role = Callable[[argparse.Namespace, Receiver], Awaitable[None]]

RETRY = RetryPolicy(
    attempts=12, base=0.05, server_error_base=0.2, maximum=1.0, settle=1.5, jitter=0.25
)
WAIT = WaitPolicy(
    prompt_timeout=90.0,
    prompt_backup=(1.0, 3.0),
    polls_per_minute=600,
    overdue_after=3.0,
    sweep_every=1.0,
    last_look=5.0,
)
LIMITS = HandlerLimits(
    pauses=(0.1, 0.3, 1.0), lease=2.0, max_attempts=50, shutdown_grace=1.0, concurrency=8
)


@attrs.frozen
class Journal:
    """An append-only file of JSON lines."""

    path: Path

    def write(self, event: str, **facts: Any) -> None:
        line = json.dumps({"event": event, "at": time.time(), **facts}) + "\n"
        handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            os.write(handle, line.encode())
        finally:
            os.close(handle)

    def read(self) -> Iterator[dict[str, Any]]:
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                yield json.loads(line)


async def receive(options: argparse.Namespace, receiver: Receiver) -> None:
    async with receiver.serve(port=options.port):
        print("ready", flush=True)
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                return


async def handle(options: argparse.Namespace, receiver: Receiver) -> None:
    journal = Journal(options.journal)

    @receiver.on_prompt
    async def note(prompt: Prompt, callback: Callback) -> None:
        journal.write("handled", id=prompt.id, key=callback.metadata.get("key", ""))

    async with client(options, receiver):
        print("ready", flush=True)
        with anyio.open_signal_receiver(signal.SIGTERM) as signals:
            async for _ in signals:
                return


async def work(options: argparse.Namespace, receiver: Receiver) -> None:
    journal = Journal(options.journal)
    done = {line["key"] for line in journal.read() if line["event"] == "done"}
    keys = [f"{options.name}-{number}" for number in range(options.jobs)]
    async with client(options, receiver) as astria, anyio.create_task_group() as group:
        gate = anyio.CapacityLimiter(10)

        async def one(key: str) -> None:
            async with gate:
                prompt = await create(astria, options.tune, key)
                journal.write("created", key=key, id=prompt.id)
            began = time.time()
            ready = await prompt.wait_ready()
            journal.write("done", key=key, id=ready.id, images=len(ready.images), began=began)

        for key in keys:
            if key not in done:
                group.start_soon(one, key)


async def create(astria: Astria, tune: int, key: str) -> Prompt:
    """A prompt; a store that is away refuses before anything is sent, so that is no harm."""
    while True:
        try:
            return await astria.prompts.create(
                tune,
                f"picture {key}.",
                num_images=1,
                idempotency_key=key,
                metadata={"key": key},
            )
        except StoreUnavailable:
            await anyio.sleep(0.3)


def _held() -> tuple[int, int]:
    """Tasks of the event loop, and open file descriptors, once the loop has come to rest."""
    return len(asyncio.all_tasks()), psutil.Process().num_fds()


def client(options: argparse.Namespace, receiver: Receiver) -> Astria:
    return Astria(
        "sd_chaos", base_url=options.api, receiver=receiver, retry=RETRY, wait=WAIT, timeout=10.0
    )


async def play(role: Role, options: argparse.Namespace, receiver: Receiver) -> None:
    """Act, once the store is there: a service's supervisor starts it again until then."""
    before = _held()
    async with AsyncExitStack() as stack:
        while True:
            try:
                await stack.enter_async_context(receiver)
            except StoreUnavailable:
                await anyio.sleep(0.3)
            else:
                break
        await role(options, receiver)
    if role is work:
        after = _held()
        left = {"tasks": after[0] - before[0], "descriptors": after[1] - before[1]}
        Journal(options.journal).write("finished", **left)


@contextmanager
def one_line_errors() -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        print(f"died: {error!r}", flush=True)
        raise


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("role", choices=["receiver", "worker", "handler"])
    parser.add_argument("--api", default="")
    parser.add_argument("--store", required=True)
    parser.add_argument("--secret", required=True)
    parser.add_argument("--public-url", required=True)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--journal", type=Path)
    parser.add_argument("--name", default="")
    parser.add_argument("--jobs", type=int, default=0)
    parser.add_argument("--tune", type=int, default=0)
    options = parser.parse_args()
    receiver = Receiver(
        options.public_url, secret=options.secret, store=options.store, handler_limits=LIMITS
    )
    role = {"receiver": receive, "worker": work, "handler": handle}[options.role]
    with one_line_errors():
        anyio.run(play, role, options, receiver)
    sys.exit(0)


if __name__ == "__main__":
    main()
