"""How long to wait, and how often to look."""

import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.waiting import WaitPolicy
from astria_async.waiting.policy import meeting

from .bench import START

POLICY = WaitPolicy()


def job(kind: str, age: float, **fields: Any) -> Job:
    """A tune or prompt of that age."""
    created_at = START - dt.timedelta(seconds=age)
    model = Tune if kind == "tune" else Prompt
    return model(id=1, created_at=created_at, **fields)


@pytest.mark.parametrize(
    ("kind", "age", "called_back", "seconds"),
    [
        ("tune", 0, False, 5),
        ("tune", 50, False, 5),
        ("tune", 300, False, 30),
        ("tune", 6000, False, 60),
        ("tune", 0, True, 60),
        ("tune", 1200, True, 120),
        ("tune", 60_000, True, 600),
        ("prompt", 0, False, 2),
        ("prompt", 100, False, 10),
        ("prompt", 6000, False, 30),
        ("prompt", 0, True, 30),
        ("prompt", 1200, True, 120),
        ("prompt", 60_000, True, 300),
        ("prompt", -500, False, 2),
    ],
)
def test_pauses_are_a_tenth_of_the_age_within_bounds(
    kind: str, age: float, *, called_back: bool, seconds: float
) -> None:
    """Often while it is young, seldom once it has shown that it is not quick."""
    assert POLICY.pause(job(kind, age), now=START, called_back=called_back) == seconds


@pytest.mark.parametrize(("ahead", "seconds"), [(-60, 5), (40, 10), (120, 30), (3600, 60)])
def test_a_tune_is_left_alone_while_its_eta_is_far(ahead: float, seconds: float) -> None:
    """A quarter of what is left, within the bounds."""
    tune = job("tune", 0, eta=START + dt.timedelta(seconds=ahead))

    assert POLICY.pause(tune, now=START, called_back=False) == seconds


def test_an_object_without_a_date_is_young() -> None:
    """Its age cannot be told."""
    assert POLICY.pause(Prompt(id=1), now=START, called_back=False) == 2


def test_deadlines_fit_the_kind() -> None:
    """Training takes longer than generation."""
    assert (POLICY.timeout_for(Tune(id=1)), POLICY.timeout_for(Prompt(id=1))) == (10_800, 1800)


@pytest.mark.parametrize(
    "field",
    [
        {"tune_poll": (0.0, 1.0)},
        {"prompt_backup": (30.0, 2.0)},
        {"tune_timeout": 0.0},
        {"last_look": -1.0},
        {"polls_per_minute": 0},
        {"parallel": 0},
    ],
)
def test_what_would_never_look_or_never_rest_is_refused(field: dict[str, Any]) -> None:
    """Pauses and bounds are positive, the shortest before the longest."""
    with pytest.raises(ValueError, match=next(iter(field))):
        WaitPolicy(**field)


@given(moment=st.floats(0, 1e7), pause=st.floats(0.01, 1000))
def test_looks_meet_soon(moment: float, pause: float) -> None:
    """Never before the moment, and at most a quarter of the pause after it."""
    met = meeting(moment, pause)

    assert moment - 1e-6 <= met <= moment + pause / 4 + 1e-6


def test_looks_that_are_due_about_the_same_time_meet() -> None:
    """A hundred objects created within three seconds are looked at together."""
    assert len({meeting(100 + number * 0.03, 30) for number in range(100)}) <= 2
