"""How a process hears of callbacks that others put into Redis: it reads the stream of hints."""

from collections.abc import Awaitable, Callable
from typing import Any

import attrs
import redis.asyncio as driver
from redis.exceptions import RedisError

from astria_async.protocol.errors import StoreUnavailable
from astria_async.stores.bounded import Pauses
from astria_async.stores.hints import Hints

BLOCK = 5.0
"""Seconds that one read waits in the server; then it is sent again, which proves it is alive."""
_BATCH = 1000


@attrs.frozen
class Place:
    """
    How far the stream was read.

    Attributes:
        entry: Id of the last entry.
        number: Its number: numbers leave no gaps, so a gap is a loss.
    """

    entry: bytes
    number: int


async def follow(
    client: driver.Redis,
    stream: str,
    hints: Hints,
    *,
    find_end: Callable[[], Awaitable[Place]],
    ready: Callable[[], None],
) -> None:
    """
    Read *stream* into *hints* for ever, connecting again as often as need be.

    A new connection goes on where the old one ended if that entry is still there; if not, entries
    may have been lost, and the watcher is told so.

    Args:
        client: A client of its own, whose patience is longer than ``BLOCK``.
        stream: Its key.
        hints: Where to.
        find_end: Asks where the stream ends now.
        ready: Called once the first attempt to connect succeeded or failed.
    """
    place: Place | None = None
    pauses = Pauses()
    while True:
        try:
            if place is None or not await client.xrange(stream, place.entry, place.entry):
                place = await find_end()
                hints.miss()
            ready()
            pauses = Pauses()
            while True:
                place = await _read(client, stream, hints, place)
        except (RedisError, OSError, StoreUnavailable):
            ready()
            await pauses.rest()


async def _read(client: driver.Redis, stream: str, hints: Hints, place: Place) -> Place:
    answer: Any = await client.xread({stream: place.entry}, count=_BATCH, block=int(BLOCK * 1000))
    for _, entries in answer or ():
        for entry, fields in entries:
            number = int(fields[b"n"])
            if number != place.number + 1:
                hints.miss()
            hints.add((fields[b"wait"].decode(),))
            place = Place(entry=entry, number=number)
    return place
