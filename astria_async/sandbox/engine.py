"""The hand of the clock: does what is due, in order, and sends what came of it."""

import datetime as dt
from collections.abc import Awaitable, Callable

import anyio
import anyio.lowlevel

from astria_async.sandbox.clock import LAST
from astria_async.sandbox.records import Due
from astria_async.sandbox.world import World

_YIELD_EVERY = 32


class Engine:
    """
    Runs the world's agenda along its clock.

    Args:
        world: Whose agenda and clock.
        act: Does one thing that is due; must not wait.
        commit: Keeps the changes and sends what they gave rise to.
        settle: Waits till nothing sent is in flight.
    """

    def __init__(
        self,
        world: World,
        act: Callable[[Due], None],
        commit: Callable[[], Awaitable[None]],
        settle: Callable[[], Awaitable[None]],
    ) -> None:
        self._world = world
        self._act = act
        self._commit = commit
        self._settle = settle
        self._lock = anyio.Lock()
        self._nap: anyio.CancelScope | None = None
        self._napping_till: dt.datetime | None = None

    async def run(self) -> None:
        """Follow the clock until cancelled."""
        while True:
            async with self._lock:
                await self._do_all(self._world.clock.now())
            due = self._world.next_due()
            # Between here and the nap nothing is awaited, so no earlier event can slip in.
            with anyio.CancelScope() as self._nap:
                self._napping_till = None if due is None else due.at
                if due is None:
                    await anyio.sleep_forever()
                else:
                    await self._world.clock.sleep(self._seconds_to(due.at))
            self._nap = None

    def wake(self, *, anyway: bool = False) -> None:
        """
        Look again: something may have been scheduled earlier than what is waited for.

        Args:
            anyway: Even if not, because the wall clock was set.
        """
        due = self._world.next_due()
        if self._nap is None or due is None:
            return
        if anyway or self._napping_till is None or due.at < self._napping_till:
            self._nap.cancel()

    async def advance(self, seconds: float) -> None:
        """
        Move time ahead, event by event, and wait for the callbacks of each.

        Each event happens at its own time, and a receiver's reaction to a callback comes before
        what is due later.

        Raises:
            ValueError: For no finite, positive amount, or one beyond the end of time.
        """
        clock = self._world.clock
        if not 0 <= seconds <= (LAST - clock.now()).total_seconds():
            raise ValueError(f"time moves ahead, and until {LAST.year} at most; not {seconds!r} s")
        target = clock.now() + dt.timedelta(seconds=seconds)
        while True:
            async with self._lock:
                due = self._world.next_due()
                if due is not None and due.at <= target:
                    clock.advance(max(0.0, self._seconds_to(due.at)))
                    await self._do_all(due.at)
            await self._settle()
            due = self._world.next_due()
            if due is None or due.at > target:
                break
        clock.advance(max(0.0, self._seconds_to(target)))

    async def _do_all(self, until: dt.datetime) -> None:
        done = 0
        while (due := self._world.next_due()) is not None and due.at <= until:
            self._world.dues.remove(due.id)
            self._act(due)
            done += 1
            if done % _YIELD_EVERY == 0:
                await self._commit()
                await anyio.lowlevel.checkpoint()
        if done:
            await self._commit()

    def _seconds_to(self, moment: dt.datetime) -> float:
        return (moment - self._world.clock.now()).total_seconds()
