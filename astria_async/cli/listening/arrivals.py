"""Callbacks as they come in, told by the store that the receiver commits them to."""

import datetime as dt
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable

import attrs

from astria_async.clock import Clock, SystemClock
from astria_async.protocol.errors import StoreUnavailable
from astria_async.receiver.log import describe, log_event
from astria_async.stores import State, Store
from astria_async.stores.base import Record

REMEMBERED = 10_000
RECENT = 200
LONGEST_PAUSE = 30.0
"""Seconds between tries while the store does not answer."""


@attrs.define(eq=False)
class Arrivals:
    """
    Follows a store for callbacks that come after *since*, repetitions too.

    Args:
        store: Open.
        since: What came earlier is not told.
        remembered: Of how many callbacks it is known how often they came.
        clock: What pauses are made by; the machine's by default.
    """

    store: Store
    since: dt.datetime
    remembered: int = REMEMBERED
    clock: Clock = attrs.field(factory=SystemClock)
    _counts: OrderedDict[str, int] = attrs.field(factory=OrderedDict, init=False)

    async def follow(self, tell: Callable[[Record], None]) -> None:
        """Tell of each arrival, until cancelled; a store that fails is asked again, and logged."""
        async with self.store.watch() as hints:
            async for woken in hints:
                for record in await self._read_at_last(woken):
                    if self._is_news(record):
                        tell(record)

    async def _read_at_last(self, woken: frozenset[str]) -> Iterable[Record]:
        pause = 1.0
        while True:
            try:
                return await self._read(woken)
            except StoreUnavailable as exc:
                error = describe(exc)
                log_event(logging.WARNING, "store.unavailable", error=error, pause=pause)
                await self.clock.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
                woken = frozenset()  # more may have come meanwhile

    async def _read(self, woken: frozenset[str]) -> Iterable[Record]:
        if not woken:  # hints may have been lost
            return reversed(await self.store.records(limit=RECENT))
        found = [await self.store.record(wait) for wait in woken]
        return sorted(
            (record for record in found if record is not None),
            key=lambda record: record.callback.received_at,
        )

    def _is_news(self, record: Record) -> bool:
        """Whether it tells of an arrival: a hint comes too when a handler is done with one."""
        wait = record.callback.wait
        known = self._counts.get(wait)
        if record.state is State.EXPECTED or record.count == known:
            return False
        self._counts[wait] = record.count
        self._counts.move_to_end(wait)
        if len(self._counts) > self.remembered:
            self._counts.popitem(last=False)
        return known is not None or record.callback.received_at >= self.since
