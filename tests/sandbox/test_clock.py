"""Virtual time."""

import datetime as dt
import math
from typing import Any

import anyio
import pytest

from astria_async.sandbox import VirtualClock
from astria_async.sandbox.clock import LAST

pytestmark = pytest.mark.anyio
NOON = dt.datetime(2025, 3, 4, 12, tzinfo=dt.UTC)


async def test_stopped_clock_moves_only_by_advance() -> None:
    """At speed 0 time stands still until it is pushed."""
    clock = VirtualClock(speed=0, start=NOON)
    before = clock.monotonic()

    clock.advance(90)

    assert (before, clock.monotonic()) == (0, 90)
    assert clock.now() == NOON + dt.timedelta(seconds=90)


async def test_running_clock_is_faster_than_the_wall() -> None:
    """At speed N, N virtual seconds pass in a real one."""
    clock = VirtualClock(speed=1e6)

    with anyio.fail_after(10):
        await clock.sleep(1000)

    assert clock.monotonic() >= 1000


async def test_sleepers_wake_in_order_as_time_is_pushed() -> None:
    """A push wakes exactly the sleepers that are due by then."""
    clock, woken = VirtualClock(speed=0), list[int]()

    async def sleeper(seconds: int) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    async with anyio.create_task_group() as tasks:
        for seconds in (30, 10, 20):
            tasks.start_soon(sleeper, seconds)
        await anyio.wait_all_tasks_blocked()
        clock.advance(10)
        await anyio.wait_all_tasks_blocked()
        first = list(woken)
        clock.advance(20)

    assert first == [10]
    assert sorted(woken) == [10, 20, 30]


async def test_push_shortens_sleeps_of_a_running_clock() -> None:
    """A push brings forward the end of sleeps on a clock that runs, too."""
    clock = VirtualClock(speed=0.001)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 60)
        await anyio.wait_all_tasks_blocked()
        clock.advance(59.9999)
        await anyio.wait_all_tasks_blocked()
        clock.advance(1)

    assert clock.monotonic() >= 60


async def test_speed_can_change_under_a_sleep() -> None:
    """A sleep that began at one speed ends at another's time."""
    clock = VirtualClock(speed=0)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(clock.sleep, 100)
        await anyio.wait_all_tasks_blocked()
        clock.speed = 1e6

    assert clock.speed == 1e6
    assert clock.monotonic() >= 100


async def test_sleep_of_nothing_returns_at_once() -> None:
    """Zero and less yields and returns."""
    clock = VirtualClock(speed=0)

    await clock.sleep(0)
    await clock.sleep(-5)

    assert clock.monotonic() == 0


async def test_cancelled_sleeps_are_forgotten() -> None:
    """Sleeps that were cancelled do not pile up."""
    clock = VirtualClock(speed=0)

    for _ in range(300):
        with anyio.CancelScope() as scope:
            scope.cancel()
            await clock._nap(1000)

    assert len(clock._sleepers) < 200


async def test_cancelled_sleep_that_falls_due_wakes_nobody() -> None:
    """A push past a cancelled sleep is harmless."""
    clock = VirtualClock(speed=0)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await clock._nap(5)

    clock.advance(10)

    assert clock._sleepers == []


async def test_setting_the_wall_clock_leaves_sleeps_alone() -> None:
    """The wall clock may go back; monotonic time does not."""
    clock = VirtualClock(speed=0, start=NOON)
    clock.advance(100)

    clock.set(NOON)

    assert (clock.now(), clock.monotonic()) == (NOON, 100)


@pytest.mark.parametrize("speed", [-1, math.inf, math.nan])
async def test_speed_must_be_a_number(speed: float) -> None:
    """A speed below zero, endless or undefined is refused."""
    with pytest.raises(ValueError, match="speed"):
        VirtualClock(speed=speed)


async def test_time_does_not_go_back() -> None:
    """A push of less than nothing, or a start without a zone, is refused."""
    with pytest.raises(ValueError, match="ahead"):
        VirtualClock().advance(-1)
    with pytest.raises(ValueError, match="aware"):
        VirtualClock(start=NOON.replace(tzinfo=None))


async def test_time_ends(rig: Any) -> None:
    """Time cannot be moved past its end, and however fast it runs it stands still there."""
    century = 100 * 365 * 86_400
    for _ in range(80):
        answer = await rig.http.post("/_sandbox/advance", json={"seconds": century})
    refused = answer.status_code
    rig.sandbox.clock.speed = 1e9
    rig.sandbox.clock.advance(1e12)

    assert refused == 422
    assert [*answer.json()] == ["seconds"]
    assert rig.sandbox.clock.now() == LAST
    assert (await rig.tune())["created_at"].startswith("9000-01-01")


async def test_a_snapshot_brings_time_back_from_its_end(rig: Any) -> None:
    """After any number of years a snapshot's time is that of the snapshot."""
    before = rig.sandbox.snapshot()
    began = rig.sandbox.clock.now()
    for _ in range(25):
        await rig.sandbox.advance(8e9)

    await rig.sandbox.restore(before)

    assert abs((rig.sandbox.clock.now() - began).total_seconds()) < 1


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), 1e300])
async def test_time_moves_ahead_only(rig: Any, seconds: float) -> None:
    """Time moves by a finite amount, and never back."""
    with pytest.raises(ValueError, match="time moves ahead"):
        await rig.sandbox.advance(seconds)
