"""A bound on how long something may take, on a clock that a test can move."""

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from astria_async.clock import Clock, SystemClock

T = TypeVar("T")


async def within(clock: Clock, seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    """
    What *work* returns, unless it takes longer than *seconds*: then it is cancelled.

    Infinite *seconds* are no bound.

    Raises:
        TimeoutError: It took too long. What *work* itself raises comes through as it is.
    """
    if math.isinf(seconds):
        return await work()
    if isinstance(clock, SystemClock):
        # The loop's own time: no task is needed to watch it, and this is done for every callback.
        with anyio.move_on_after(seconds):
            return await work()
        raise _too_long(seconds)
    results: list[T] = []
    error: Exception | None = None
    scope = anyio.CancelScope()

    async def ring() -> None:
        """Cancel the work when its time is up."""
        await clock.sleep(seconds)
        scope.cancel()

    async with anyio.create_task_group() as tg:
        tg.start_soon(ring)
        with scope:
            # Kept and raised outside, so that it does not end up in an exception group.
            try:
                results.append(await work())
            except Exception as exc:  # noqa: BLE001 - raised again below
                error = exc
        tg.cancel_scope.cancel()
    if error is not None:
        raise error
    if not results:
        raise _too_long(seconds)
    return results[0]


def _too_long(seconds: float) -> TimeoutError:
    return TimeoutError(f"took longer than {seconds:g} s")
