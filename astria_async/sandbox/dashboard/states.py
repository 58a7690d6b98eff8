"""What a thing is doing, in one word, and how that looks."""

from typing import Literal

import attrs

from astria_async.sandbox.records import Delivery, Prompt, Tune

Tone = Literal["idle", "busy", "good", "bad"]


@attrs.frozen
class State:
    """
    One word for a record, with its mark.

    Attributes:
        word: Lower case.
        tone: Which mark and colour it has; the word alone says enough.
    """

    word: str
    tone: Tone


QUEUED = State("queued", "idle")
TRAINING = State("training", "busy")
RUNNING = State("running", "busy")
READY = State("ready", "good")
FAILED = State("failed", "bad")
WAITING = State("waiting", "idle")
SENDING = State("sending", "busy")
DROPPED = State("dropped", "bad")
UNREACHED = State("no answer", "bad")
TUNE_STATES = (QUEUED, TRAINING, READY, FAILED)
PROMPT_STATES = (QUEUED, RUNNING, READY, FAILED)


def of_tune(tune: Tune) -> State:
    """What a tune is doing."""
    return _of_job(tune, TRAINING)


def of_prompt(prompt: Prompt) -> State:
    """What a prompt is doing."""
    return _of_job(prompt, RUNNING)


def _of_job(job: Tune | Prompt, busy: State) -> State:
    # A prompt that failed has both times; a tune that failed has no ``trained_at``.
    if job.failed_at is not None:
        return FAILED
    if job.trained_at is not None:
        return READY
    return QUEUED if job.started_training_at is None else busy


def of_delivery(delivery: Delivery) -> State:
    """How a callback went."""
    if delivery.sent_at is None:
        return DROPPED if delivery.fault == "drop" else WAITING
    if delivery.answered_at is None:
        return SENDING
    if delivery.status is None:
        return UNREACHED
    return State(str(delivery.status), "good" if delivery.ok else "bad")


def of_status(status: int | None) -> State:
    """How a request was answered."""
    if status is None:
        return UNREACHED
    return State(str(status), "good" if status < 400 else "bad")  # noqa: PLR2004
