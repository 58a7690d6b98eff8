"""A bound on how long something may take, on a clock that a test can move."""

import math
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from astria_async.clock import Clock

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
        raise TimeoutError(f"took longer than {seconds:g} s")
    return results[0]
