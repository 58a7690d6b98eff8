"""
A process of its own that uses a store: run as ``python actor.py URL``.

Each line that it reads is a JSON array, a verb and its arguments; each line that it writes is the
JSON answer.
"""

import datetime as dt
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

from astria_async.protocol.callbacks import Callback
from astria_async.stores import Store, open_store


def answer(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


async def put(store: Store, *waits: str) -> None:
    """Put a callback for each wait id, and say so after each."""
    for wait in waits:
        now = dt.datetime.now(dt.UTC)
        await store.put(Callback(kind="tune", wait=wait, body=b"{}", received_at=now))
        answer(wait)


async def claim(store: Store, owner: str, limit: int) -> None:
    """Claim until there is nothing left, and tell the wait ids."""
    taken: list[str] = []
    while records := await store.claim(owner, kinds=["tune"], limit=limit, lease=600):
        taken += [record.callback.wait for record in records]
    answer(taken)


async def watch(store: Store, number: int) -> None:
    """Tell when watching, and then each of *number* hints."""
    async with store.watch() as hints:
        answer(sorted(await anext(hints)))
        for _ in range(number):
            answer(sorted(await anext(hints)))


VERBS: dict[str, Callable[..., Awaitable[None]]] = {"put": put, "claim": claim, "watch": watch}


async def main(url: str) -> None:
    store = open_store(url)
    await store.open()
    answer("open")
    try:
        for line in iter(sys.stdin.readline, ""):
            verb, *args = json.loads(line)
            await VERBS[verb](store, *args)
    finally:
        await store.aclose()


if __name__ == "__main__":
    anyio.run(main, sys.argv[1])
