"""
Virtual time: the one source of every timestamp, duration and expiry in the sandbox.

Time runs at a rate of the user's choice and can be pushed ahead by hand, so that forty days pass in
a test that takes milliseconds. Whoever shares the clock (a client, a receiver) shares the time.
"""

import datetime as dt
import heapq
import itertools
import math
import time
from collections.abc import Iterator

import anyio
import anyio.lowlevel
import attrs

_COMPACT_ABOVE = 64
# Sums of floats are off by less than this, and datetimes know nothing finer.
_HAIR = 5e-7
LAST = dt.datetime(9000, 1, 1, tzinfo=dt.UTC)
"""Where wall-clock time ends: expiries beyond it still are dates."""


@attrs.define(eq=False)
class _Sleeper:
    """One pending sleep: woken by its scope's deadline, or cancelled early by ``advance``."""

    scope: anyio.CancelScope
    queued: bool = True
    gone: bool = False


def _truncated(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


class VirtualClock:
    """
    A clock that runs *speed* times as fast as the machine's, and jumps on ``advance``.

    Args:
        speed: Virtual seconds per real second; ``0`` stops time but for ``advance``.
        start: The virtual time to begin at, aware; the current UTC time by default.
    """

    def __init__(self, *, speed: float = 1.0, start: dt.datetime | None = None) -> None:
        _check_speed(speed)
        if start is not None and start.tzinfo is None:
            raise ValueError("start must be an aware datetime")
        self._speed = float(speed)
        self._start = _truncated((start or dt.datetime.now(dt.UTC)).astimezone(dt.UTC))
        self._most = _until_last(self._start)
        self._started = 0.0
        self._elapsed = 0.0
        self._since = time.monotonic()
        self._sleepers: list[tuple[float, int, _Sleeper]] = []
        self._gone = 0
        self._numbers: Iterator[int] = itertools.count()

    @property
    def speed(self) -> float:
        """Virtual seconds per real second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        """Let time run at another rate from now on."""
        _check_speed(speed)
        self._elapsed, self._since = self.monotonic(), time.monotonic()
        self._speed = float(speed)
        self._wake_due()
        self._retime()

    def now(self) -> dt.datetime:
        """The virtual wall-clock time, aware, in UTC; at the end of time it stands still."""
        passed = self.monotonic() - self._started
        if passed >= self._most:
            return LAST
        return self._start + dt.timedelta(seconds=passed)

    def monotonic(self) -> float:
        """Virtual seconds since this clock was made; never goes back."""
        return self._elapsed + (time.monotonic() - self._since) * self._speed

    def advance(self, seconds: float) -> None:
        """Move time ahead at once and wake every sleeper that is due by then."""
        if not 0 <= seconds < math.inf:
            raise ValueError(f"time moves ahead by a finite, positive amount, not {seconds!r}")
        self._elapsed += seconds
        self._wake_due()
        # A stopped clock's sleepers have no real deadline that a jump could bring nearer.
        if self._speed:
            self._retime()

    def set(self, moment: dt.datetime) -> None:
        """Change the wall-clock time, either way; ``monotonic`` and all sleeps are untouched."""
        self._start, self._started = _truncated(moment), self.monotonic()
        self._most = _until_last(self._start)

    async def sleep(self, seconds: float) -> None:
        """Return once *seconds* of virtual time have passed; zero or less yields once."""
        until = self.monotonic() + seconds
        await anyio.lowlevel.checkpoint()
        while until - self.monotonic() > _HAIR:
            await self._nap(until)

    async def _nap(self, until: float) -> None:
        with anyio.CancelScope(deadline=self._real(until)) as scope:
            sleeper = _Sleeper(scope)
            heapq.heappush(self._sleepers, (until, next(self._numbers), sleeper))
            try:
                await anyio.sleep_forever()
            finally:
                sleeper.gone = True
                self._gone += sleeper.queued
                self._compact()

    def _real(self, until: float) -> float:
        left = until - self.monotonic()
        if left <= _HAIR:
            return -math.inf
        return anyio.current_time() + left / self._speed if self._speed else math.inf

    def _wake_due(self) -> None:
        moment = self.monotonic() + _HAIR
        while self._sleepers and self._sleepers[0][0] <= moment:
            _, _, sleeper = heapq.heappop(self._sleepers)
            sleeper.queued = False
            self._gone -= sleeper.gone
            if not sleeper.gone:
                sleeper.scope.cancel()

    def _retime(self) -> None:
        for until, _, sleeper in self._sleepers:
            sleeper.scope.deadline = self._real(until)

    def _compact(self) -> None:
        # Sleeps that were cancelled stay queued until they are due: drop them once they prevail.
        if self._gone > _COMPACT_ABOVE and self._gone * 2 > len(self._sleepers):
            self._sleepers = [entry for entry in self._sleepers if not entry[2].gone]
            heapq.heapify(self._sleepers)
            self._gone = 0


def _until_last(start: dt.datetime) -> float:
    return (LAST - start).total_seconds()


def _check_speed(speed: float) -> None:
    if not 0 <= speed < math.inf:
        raise ValueError(f"speed is a finite number of zero or more, not {speed!r}")
