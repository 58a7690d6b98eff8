"""What happened to a job, and what will, in order."""

import datetime as dt

import attrs

from astria_async.sandbox.records import Prompt, Tune


@attrs.frozen
class Step:
    """
    One moment of a job.

    Attributes:
        name: What happens.
        at: When it was, or is to be; ``None`` if that is not known yet.
        done: Whether it has happened.
        bad: Whether it is a failure.
    """

    name: str
    at: dt.datetime | None
    done: bool
    bad: bool = False


def of_tune(tune: Tune, now: dt.datetime) -> list[Step]:
    """From creation to expiry."""
    steps = [Step("Created", tune.created_at, done=True)]
    steps += [_start("Training started", tune.started_training_at)]
    if tune.failed_at is not None and tune.trained_at is None:
        return [*steps, Step("Failed", tune.failed_at, done=True, bad=True)]
    if tune.trained_at is None:
        steps += [Step("Ready", tune.eta, done=False)]
    else:
        steps += [Step("Ready", tune.trained_at, done=True)]
    if tune.expires_at is not None:
        name = "Expires, or is extended" if tune.auto_extend else "Expires"
        steps += [Step(name, tune.expires_at, done=tune.expires_at <= now)]
    return steps


def of_prompt(prompt: Prompt) -> list[Step]:
    """From creation to the pictures."""
    steps = [Step("Created", prompt.created_at, done=True)]
    steps += [_start("Started", prompt.started_training_at)]
    if prompt.failed_at is not None:
        return [*steps, Step("Failed", prompt.failed_at, done=True, bad=True)]
    return [*steps, Step("Ready", prompt.trained_at, done=prompt.trained_at is not None)]


def progress(job: Tune | Prompt, seconds: float, now: dt.datetime) -> float | None:
    """How much of a running job is done, from 0 to 1; ``None`` if it does not run."""
    if job.settled or job.started_training_at is None:
        return None
    if seconds <= 0:
        return 1.0
    elapsed = (now - job.started_training_at).total_seconds()
    # In hundredths, so that a slow clock changes nothing that nobody could see.
    return round(min(1.0, max(0.0, elapsed / seconds)), 2)


def _start(name: str, at: dt.datetime | None) -> Step:
    return Step(name, at, done=at is not None)
