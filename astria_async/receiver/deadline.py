"""A bound on how long something may take, on a clock that a test can move."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar, cast

import anyio

from astria_async.clock import Clock, SystemClock
from astria_async.loops import on_asyncio

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
        return await _on_own_time(seconds, work)
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


async def _on_own_time(seconds: float, work: Callable[[], Awaitable[T]]) -> T:
    if not on_asyncio():
        with anyio.move_on_after(seconds):
            return await work()
        raise _too_long(seconds)
    begun = Begun(_run(work))
    if begun.is_over:
        # It never waited, as most bodies and a store in memory do not: nothing is to be bounded.
        return begun.result()
    bound = asyncio.timeout(seconds)
    try:
        # Not a scope of anyio's: they nest, and one may have been entered in the work already.
        async with bound:
            return await begun
    except TimeoutError:
        if not bound.expired():
            raise  # the work's own
        raise _too_long(seconds) from None


async def _run(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


def _too_long(seconds: float) -> TimeoutError:
    return TimeoutError(f"took longer than {seconds:g} s")


class Begun(Generic[T]):
    """
    A coroutine that ran to its first pause, or to its end if it has none.

    Awaiting it goes on from there, in the task that began it; it is awaited unless it is over.

    Args:
        work: The coroutine, not begun yet.
    """

    def __init__(self, work: Coroutine[Any, Any, T]) -> None:
        self._work = work
        self._paused: Any = None
        self._result: T | None = None
        self.is_over: bool = False
        try:
            self._paused = work.send(None)
        except StopIteration as end:
            self._result = end.value
            self.is_over = True

    def result(self) -> T:
        """What it returned; only once it is over."""
        return cast("T", self._result)

    def __await__(self) -> Generator[Any, Any, T]:
        """Go on, and pass the loop on what it waits for."""
        paused = self._paused
        try:
            while True:
                try:
                    sent = yield paused
                except BaseException as exc:  # noqa: BLE001 - it is the coroutine's to handle
                    paused = self._work.throw(exc)
                else:
                    paused = self._work.send(sent)
        except StopIteration as end:
            result: T = end.value
            return result
