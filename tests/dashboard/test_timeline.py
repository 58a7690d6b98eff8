"""What happened to a job, and how far it is."""

import datetime as dt

import attrs
import pytest

from astria_async.sandbox.dashboard.timeline import of_prompt, of_tune, progress
from astria_async.sandbox.records import Prompt, Tune

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
MINUTE = dt.timedelta(minutes=1)
TUNE = Tune(
    id=1,
    account_id=77,
    payer_id=77,
    title="Ada",
    name="woman",
    branch="flux1",
    created_at=START,
    updated_at=START,
    eta=START + 5 * MINUTE,
)
PROMPT = Prompt(
    id=2, account_id=77, payer_id=77, tune_id=1, text="x", created_at=START, updated_at=START
)


def test_a_queued_tune_has_its_future_before_it() -> None:
    """What is not known yet has no time, and the promised end is not done."""
    created, started, ready = of_tune(TUNE, START)

    assert (created.at, created.done) == (START, True)
    assert (started.at, started.done) == (None, False)
    assert (ready.at, ready.done) == (TUNE.eta, False)


def test_a_failed_tune_ends_there() -> None:
    """After a failure nothing more is to come."""
    tune = attrs.evolve(TUNE, started_training_at=START, failed_at=START + MINUTE)

    last = of_tune(tune, START + MINUTE)[-1]

    assert (last.name, last.bad) == ("Failed", True)


@pytest.mark.parametrize(
    ("extended", "name"), [(False, "Expires"), (True, "Expires, or is extended")]
)
def test_a_ready_tune_expires(extended: bool, name: str) -> None:
    """The day of its end stands there, and whether it is one."""
    end = START + dt.timedelta(days=30)
    tune = attrs.evolve(TUNE, trained_at=START, expires_at=end, auto_extend=extended)

    last = of_tune(tune, START)[-1]

    assert (last.name, last.at, last.done) == (name, end, False)


def test_a_failed_prompt_was_never_ready() -> None:
    """A prompt that failed has a time of training too, which does not count."""
    prompt = attrs.evolve(PROMPT, started_training_at=START, trained_at=START, failed_at=START)

    assert [step.name for step in of_prompt(prompt)] == ["Created", "Started", "Failed"]


@pytest.mark.parametrize(
    ("elapsed", "seconds", "share"),
    [(0, 60, 0), (30, 60, 0.5), (90, 60, 1), (20, 60, 0.33), (0, 0, 1)],
)
def test_progress_is_a_share(elapsed: float, seconds: float, share: float) -> None:
    """From nothing to all, in hundredths."""
    prompt = attrs.evolve(PROMPT, started_training_at=START)

    assert progress(prompt, seconds, START + dt.timedelta(seconds=elapsed)) == share


def test_what_does_not_run_has_no_progress() -> None:
    """Neither before its start nor after its end."""
    done = attrs.evolve(PROMPT, started_training_at=START, trained_at=START)

    assert progress(PROMPT, 60, START) is None
    assert progress(done, 60, START) is None
