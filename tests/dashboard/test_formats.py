"""How times, money and sizes are written."""

import datetime as dt

import pytest

from astria_async.sandbox.dashboard import formats


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (150_000, "$1.50"),
        (11_500, "$0.115"),
        (5_750, "$0.0575"),
        (1, "$0.00001"),
        (-300_000, "\N{MINUS SIGN}$3.00"),
        (123_456_700_000, "$1,234,567.00"),
    ],
)
def test_money_is_exact(amount: int, text: str) -> None:
    """Two decimals, or as many more as the amount has."""
    assert formats.usd(amount) == text


def test_columns_of_money_line_up() -> None:
    """A ledger writes every amount with as many decimals, and a sign where money moves."""
    assert formats.usd(11_500, 4) == "$0.1150"
    assert formats.change(150_000, 4) == "+$1.5000"
    assert formats.change(-1, 4) == "\N{MINUS SIGN}$0.00001"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "<1 ms"),
        (0.25, "250 ms"),
        (1, "1.0 s"),
        (59.94, "59.9 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86400 * 30 + 3600, "30 d 1 h"),
    ],
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    """The two largest units say enough."""
    assert formats.span(seconds) == text


def test_a_duration_is_never_negative() -> None:
    """A FaceID tune is ready before it was created; that took no time."""
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    assert formats.between(start, start - dt.timedelta(seconds=1)) == "<1 ms"


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (1 << 31, "2.0 GiB"),
    ],
)
def test_sizes_grow_by_1024(count: int, text: str) -> None:
    """Bytes are told in the unit that fits."""
    assert formats.size(count) == text


def test_times_are_utc() -> None:
    """Whatever the zone, a time is shown as the API writes it."""
    moment = dt.datetime(2026, 1, 2, 1, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))

    assert formats.iso(moment) == "2026-01-01T23:30:00.000Z"
    assert formats.date(moment) == "2026-01-01"
    assert formats.clock_time(moment) == "23:30:00"


@pytest.mark.parametrize(
    ("speed", "text"),
    [
        (0, "stopped"),
        (1, "1\N{MULTIPLICATION SIGN}"),
        (0.2, "0.2\N{MULTIPLICATION SIGN}"),
        (1000, "1,000\N{MULTIPLICATION SIGN}"),
    ],
)
def test_a_clock_has_a_speed(speed: float, text: str) -> None:
    """Virtual seconds per second, or standing still."""
    assert formats.times(speed) == text


def test_json_is_laid_out() -> None:
    """Bodies are indented; a truncated one is shown as it is."""
    assert formats.pretty('{"a":[1]}') == '{\n  "a": [\n    1\n  ]\n}'
    assert formats.pretty('{"a":[1') == '{"a":[1'
    assert formats.pretty("[" * 100_000).startswith("[[")
