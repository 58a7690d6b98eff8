"""A bound on a clock that the test moves."""

import math
from collections.abc import Callable
from typing import Any

import anyio
import pytest

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
