"""Callbacks as they come in, told by the store that the receiver commits them to."""

import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Iterable

import attrs

from astria_async.stores import State, Store
from astria_async.stores.base import Record

REMEMBERED = 10_000
RECENT = 200


@attrs.define(eq=False)
class Arrivals:
    """
    Follows a store for callbacks that come after *since*, repetitions too.

    Args:
        store: Open.
        since: What came earlier is not told.
        remembered: Of how many callbacks it is known how often they came.
    """

    store: Store
    since: dt.datetime
    remembered: int = REMEMBERED
    _counts: OrderedDict[str, int] = attrs.field(factory=OrderedDict, init=False)

    async def follow(self, tell: Callable[[Record], None]) -> None:
        """Tell of each arrival, until cancelled."""
        async with self.store.watch() as hints:
            async for woken in hints:
                for record in await self._read(woken):
                    if self._is_news(record):
                        tell(record)

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
