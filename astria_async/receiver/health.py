"""Whether a callback would be kept, asked as often as anyone likes."""

import logging
from collections.abc import Awaitable, Callable

import anyio
import attrs

from astria_async.clock import Clock
from astria_async.protocol.errors import AstriaError
from astria_async.receiver.log import describe, log_event

EVERY = 5.0
"""Seconds for which an answer holds."""


@attrs.define(eq=False)
class Health:
    """
    Remembers for five seconds whether *check* passed, so that strangers cannot load the database.

    Args:
        check: Returns when the store would keep a callback; raises one of our errors otherwise.
        clock: What the five seconds are measured on.
    """

    check: Callable[[], Awaitable[None]]
    clock: Clock
    _healthy: bool = False
    _asked_at: float | None = None
    _asking: anyio.Lock = attrs.field(factory=anyio.Lock)

    async def passes(self) -> bool:
        """Whether the last check passed; checks anew if that is more than five seconds ago."""
        async with self._asking:
            now = self.clock.monotonic()
            if self._asked_at is None or now - self._asked_at >= EVERY:
                self._healthy = await self._ask()
                self._asked_at = self.clock.monotonic()
        return self._healthy

    async def _ask(self) -> bool:
        try:
            await self.check()
        except (AstriaError, TimeoutError) as exc:
            log_event(logging.ERROR, "store.unavailable", error=describe(exc))
            return False
        return True
