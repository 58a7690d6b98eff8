"""How a process hears of callbacks that others put into PostgreSQL: it listens on a channel."""

from collections.abc import Awaitable, Callable

import anyio
import asyncpg

from astria_async.protocol.errors import ConfigurationError
from astria_async.stores.bounded import Pauses
from astria_async.stores.hints import Hints
from astria_async.stores.postgres_server import LOST, Connection
from astria_async.stores.postgres_tables import CHANNEL

ALIVE_EVERY = 5.0
"""Seconds of silence after which a connection is asked whether it still is one."""


async def follow(
    connect: Callable[[], Awaitable[Connection]],
    hints: Hints,
    *,
    bound: float,
    ready: Callable[[], None],
    alive_every: float = ALIVE_EVERY,
) -> None:
    """
    Listen for ever, connecting again as often as need be; each time, hints may have been missed.

    Args:
        connect: Makes a connection.
        hints: Where to.
        bound: Seconds that the server may take to answer.
        ready: Called once the first attempt to connect succeeded or failed.
        alive_every: Seconds of silence after which the connection has to prove itself.
    """
    pauses = Pauses()
    while True:
        try:
            db = await connect()
            try:
                ended = anyio.Event()
                db.add_termination_listener(lambda _, ended=ended: ended.set())
                with anyio.fail_after(bound):
                    await db.add_listener(CHANNEL, lambda *args: hints.add((args[-1],)))
                hints.miss()
                ready()
                pauses = Pauses()
                await _until(ended, db, bound=bound, alive_every=alive_every)
            finally:
                # Not close(): it waits for a server that may be gone.
                db.terminate()
        except (*LOST, asyncpg.PostgresError, ConfigurationError):
            ready()
        await pauses.rest()


async def _until(ended: anyio.Event, db: Connection, *, bound: float, alive_every: float) -> None:
    while not ended.is_set():
        with anyio.move_on_after(alive_every):
            await ended.wait()
            return
        with anyio.fail_after(bound):
            await db.execute("SELECT 1")
