"""A bound on a clock that the test moves."""

import math
from collections.abc import Callable
from typing import Any

import anyio
import pytest
from anyio.lowlevel import checkpoint

from astria_async.clock import SystemClock
from astria_async.receiver.deadline import within
from astria_async.sandbox.clock import VirtualClock

pytestmark = pytest.mark.anyio


async def test_in_time(clock: VirtualClock) -> None:
    """What ends in time gives its result."""

    async def work() -> int:
        return 7

    assert await within(clock, 1, work) == 7


async def test_too_late(clock: VirtualClock, advance: Callable[[float], Any]) -> None:
    """What does not is cancelled, and a TimeoutError says so."""
    errors = []

    async def wait() -> None:
        with pytest.raises(TimeoutError, match="3 s") as caught:
            await within(clock, 3, anyio.sleep_forever)
        errors.append(caught.value)

    async with anyio.create_task_group() as tg:
        tg.start_soon(wait)
        await advance(2.9)
        assert not errors
        await advance(0.2)

    assert errors


async def test_error(clock: VirtualClock) -> None:
    """An error comes through as it is, not in a group."""

    async def work() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await within(clock, 1, work)


async def test_cancelled_from_outside(clock: VirtualClock) -> None:
    """A cancellation from outside is no timeout."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await within(clock, 1, anyio.sleep_forever)

    assert scope.cancelled_caught


async def test_no_bound(clock: VirtualClock) -> None:
    """Infinite seconds are no bound, and need no clock that knows infinity."""

    async def work() -> int:
        return 7

    assert await within(clock, math.inf, work) == 7


async def test_own_time_too_late() -> None:
    """On the machine's clock, too, what takes too long is cancelled, wherever it waits."""
    ended = []

    async def work() -> None:
        # A scope of its own, as a store has: bounds need not end in the order they began.
        with anyio.CancelScope():
            try:
                await anyio.sleep_forever()
            finally:
                ended.append("work")

    with pytest.raises(TimeoutError, match="took longer"):
        await within(SystemClock(), 0.001, work)

    assert ended == ["work"]


async def test_own_time_in_time() -> None:
    """What pauses and ends in time gives its result; what never pauses does too."""

    async def work() -> int:
        await checkpoint()
        return 7

    async def at_once() -> int:
        return 8

    assert await within(SystemClock(), 60, work) == 7
    assert await within(SystemClock(), 60, at_once) == 8


async def test_own_time_own_error() -> None:
    """A TimeoutError of the work's own is not taken for ours."""

    async def work() -> None:
        await checkpoint()
        raise TimeoutError("mine")

    with pytest.raises(TimeoutError, match="mine"):
        await within(SystemClock(), 60, work)


async def test_own_time_cancelled() -> None:
    """A cancellation from outside reaches the work, which may clean up, and is no timeout."""
    cleaned = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                await checkpoint()
                cleaned.append(True)

    async with anyio.create_task_group() as group:
        group.start_soon(within, SystemClock(), 60, work)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()

    assert cleaned
