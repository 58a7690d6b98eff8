"""The clock's buttons."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import pytest

from astria_async.sandbox.dashboard import HOME

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]


async def test_advancing_lets_everything_due_happen(rig: Any) -> None:
    """One click trains a tune and sends its callback."""
    await rig.tune()

    said = await rig.said("/clock/advance", amount="3600", unit="seconds")

    assert "everything due by then has happened" in said
    assert rig.sandbox.deliveries[0].ok


@pytest.mark.parametrize(
    ("amount", "unit", "seconds"),
    [
        ("90", "seconds", 90),
        ("1.5", "minutes", 90),
        ("2", "hours", 7200),
        ("30", "days", 2592000),
        ("", "days", 0),
    ],
)
async def test_time_moves_by_as_much_as_was_said(
    rig: Any, amount: str, unit: str, seconds: float
) -> None:
    """An amount and a unit."""
    before = rig.sandbox.clock.now()

    await rig.said("/clock/advance", amount=amount, unit=unit)

    assert rig.sandbox.clock.now() - before == dt.timedelta(seconds=seconds)


@pytest.mark.parametrize(
    "form",
    [
        {"amount": "-1"},
        {"amount": "x"},
        {"amount": "nan"},
        {"amount": "inf"},
        {"amount": "1e400"},
        {"amount": "401", "unit": "days"},
        {"amount": "1", "unit": "fortnights"},
    ],
)
async def test_time_does_not_move_by_nonsense(rig: Any, form: dict[str, str]) -> None:
    """Backwards, too far, or not a number: refused in words, and nothing happens."""
    before = rig.sandbox.clock.now()

    response = await rig.post("/clock/advance", **form)

    assert response.status_code == 400
    assert "400 days" in response.text
    assert rig.sandbox.clock.now() == before


async def test_the_calendar_has_an_end(rig: Any) -> None:
    """Near the year 9999 time stays where it is, in place of an error."""
    rig.sandbox.clock.set(dt.datetime(9000, 1, 1, tzinfo=dt.UTC))

    response = await rig.post("/clock/advance", amount="1")

    assert response.status_code == 400
    assert "as far as the calendar goes" in response.text


async def test_one_stays_on_the_page(rig: Any) -> None:
    """The buttons are on every page, and lead back to it."""
    response = await rig.post("/clock/advance", amount="1", back=f"{HOME}/tunes?q=a")

    assert response.headers["location"] == f"{HOME}/tunes?q=a&said=advanced"


async def test_a_slow_receiver_does_not_hold_the_page(rigged: Rigged) -> None:
    """Moving on takes as long as receivers take; the click does not."""
    begun, release = anyio.Event(), anyio.Event()

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        begun.set()
        await release.wait()
        return 204

    async with rigged(deliver=deliver) as rig:
        rig.sandbox._machine.app.desk.patience = 0
        await rig.tune()

        said = await rig.said("/clock/advance", amount="3600")
        await begun.wait()
        page = await rig.page()
        release.set()
        await rig.sandbox.settle()

        assert "slow to answer" in said
        assert "moving ahead" in page
        assert rig.sandbox.deliveries[0].ok


@pytest.mark.parametrize(("given", "speed"), [("60", 60), ("0", 0), ("0.5", 0.5), ("", 0)])
async def test_the_speed_can_be_set(rig: Any, given: str, speed: float) -> None:
    """Faster, slower, or stopped; blank leaves it."""
    await rig.said("/clock/speed", speed=given)

    assert rig.sandbox.clock.speed == speed
    rig.sandbox.clock.speed = 0


@pytest.mark.parametrize("given", ["-1", "x", "1e9", "nan"])
async def test_a_speed_is_a_number_within_reason(rig: Any, given: str) -> None:
    """Anything else is refused."""
    response = await rig.post("/clock/speed", speed=given)

    assert response.status_code == 400
    assert rig.sandbox.clock.speed == 0
