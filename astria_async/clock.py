"""
Time as a parameter: everything that waits takes a clock.

The real one is :class:`SystemClock`. Tests hand in one that they move themselves; any object with
these three methods will do, such as the sandbox's virtual clock.
"""

import datetime as dt
import time
from typing import Protocol

import anyio


class Clock(Protocol):
    """What backoff, deadlines, polling and expiry ask the time of."""

    def now(self) -> dt.datetime:
        """The wall-clock time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed point; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once *seconds* have passed on this clock; zero or less yields once."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> dt.datetime:
        """The wall-clock time, aware, in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep in the running event loop."""
        await anyio.sleep(max(0.0, seconds))
