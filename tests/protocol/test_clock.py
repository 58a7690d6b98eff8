"""The machine's own time, as everything that waits asks for it."""

import datetime as dt

import pytest

from astria_async.clock import SystemClock

pytestmark = pytest.mark.anyio


def test_now_is_aware_and_utc() -> None:
    """The wall-clock time can be compared with what the API says."""
    before = dt.datetime.now(dt.UTC)

    now = SystemClock().now()

    assert before <= now <= dt.datetime.now(dt.UTC)
    assert now.tzinfo is dt.UTC


def test_monotonic_never_goes_back() -> None:
    """Two looks are in order."""
    clock = SystemClock()

    assert clock.monotonic() <= clock.monotonic()


@pytest.mark.parametrize("seconds", [0, -5, 0.001])
async def test_sleeping_takes_its_time_at_least(seconds: float) -> None:
    """A sleep returns no earlier than asked; nothing and less are no error."""
    clock = SystemClock()
    before = clock.monotonic()

    await clock.sleep(seconds)

    assert clock.monotonic() - before >= min(seconds, 0.0009)
