"""How far a command is: bars, lines, or nothing."""

import datetime as dt
import io

import pytest
from rich.console import Console

from astria_async.cli.progress import ALMOST, Reporter, reporter
from astria_async.testing.store_fixtures import HandClock

CLOCK = HandClock()
NOW = CLOCK.now()
HOUR = dt.timedelta(hours=1)


def screen(*, lively: bool) -> Console:
    """A screen whose content can be read."""
    return Console(file=io.StringIO(), force_terminal=lively, width=80, highlight=False)


def shown(place: Console) -> str:
    """What was written there."""
    assert isinstance(place.file, io.StringIO)
    return place.file.getvalue()


def work(report: Reporter) -> None:
    """A step of every sort."""
    with report.step("Upload", total=10) as step:
        step.advance(4)
        step.expect(NOW - HOUR, NOW)
        step.tell("half")


def test_lines() -> None:
    """In a pipe a step leaves one line when it is done."""
    place = screen(lively=False)

    work(reporter(place, silent=False, clock=CLOCK))

    assert shown(place) == "Upload: half (0.0 s)\n"


def test_bars() -> None:
    """At a terminal a bar moves, and a line remains."""
    place = screen(lively=True)

    work(reporter(place, silent=False, clock=CLOCK))

    assert "━" in shown(place)
    assert "Upload: half (0.0 s)\n" in shown(place)


def test_bar_stops_short_of_its_end() -> None:
    """A bar that follows the time is never full before the thing is done."""
    place = screen(lively=True)

    with reporter(place, silent=False, clock=CLOCK).step("Train") as step:
        step.expect(NOW - 2 * HOUR, NOW - HOUR)
        bars = step.bars  # type: ignore[attr-defined]
        bars.refresh()
        completed, left = bars.tasks[0].completed, bars.tasks[0].fields["left"]

    assert (completed, left) == (ALMOST, "expected any moment")


def test_bar_counts_down() -> None:
    """A bar that follows the time says how much of it is left."""
    place = screen(lively=True)

    with reporter(place, silent=False, clock=CLOCK).step("Train") as step:
        step.expect(NOW - HOUR, NOW + HOUR)
        step.bars.refresh()  # type: ignore[attr-defined]

    assert "expected in 60 min" in shown(place)
    assert shown(place).endswith("Train (0.0 s)\n")


def test_download() -> None:
    """A bar of a download tells the bytes, and of how many once that is known."""
    place = screen(lively=True)

    with reporter(place, silent=False, clock=CLOCK).step("Download") as step:
        step.reach(500_000, None)
        step.bars.refresh()  # type: ignore[attr-defined]
        step.reach(1_500_000, 3_000_000)
        step.bars.refresh()  # type: ignore[attr-defined]

    assert "0.5 MB" in shown(place)
    assert "1.5 of 3.0 MB" in shown(place)


def test_silence() -> None:
    """For programs nothing is shown."""
    place = screen(lively=True)

    work(reporter(place, silent=True))

    assert shown(place) == ""


def test_what_fails_leaves_no_line() -> None:
    """A step that raised is not told as done."""
    place = screen(lively=False)

    with (
        pytest.raises(ValueError, match="x"),
        reporter(place, silent=False, clock=CLOCK).step("Upload"),
    ):
        raise ValueError("x")

    assert shown(place) == ""
