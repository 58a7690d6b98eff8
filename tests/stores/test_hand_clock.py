"""The clock that the conformance suite moves by hand."""

import datetime as dt

import anyio
import pytest

from astria_async.testing.stores import HandClock

pytestmark = pytest.mark.anyio


async def test_time_passes_when_told() -> None:
    """Both times move by what it is advanced, and by nothing else."""
    clock = HandClock()
    before = clock.now(), clock.monotonic()
    clock.advance(1.5)

    assert clock.now() - before[0] == dt.timedelta(seconds=1.5)
    assert clock.monotonic() - before[1] == 1.5


async def test_sleeper_wakes_when_its_time_has_come() -> None:
    """A sleeper wakes once the whole of its time has passed, and not before."""
    clock = HandClock()
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as tasks:
        for seconds in (0.0, 3.0, 5.0):
            tasks.start_soon(sleep, seconds)
        await anyio.wait_all_tasks_blocked()
        assert woken == [0.0]
        clock.advance(4)
        await anyio.wait_all_tasks_blocked()
        assert woken == [0.0, 3.0]
        clock.advance(1)

    assert woken == [0.0, 3.0, 5.0]
