"""From a filled-in form to a fault."""

from collections.abc import Callable, Mapping
from typing import Any

from astria_async.sandbox.dashboard.fault_words import (
    CALLBACK_KINDS,
    JOB_KINDS,
    REQUEST_KINDS,
    SUBJECTS,
)
from astria_async.sandbox.dashboard.forms import Answers
from astria_async.sandbox.faults import CallbackFault, Fault, JobFault, RequestFault

METHODS: Mapping[str, str] = {"": "Any"} | {m: m for m in ("GET", "POST", "PATCH", "DELETE")}
OUTCOMES: Mapping[str, str] = {"fails": "Fails", "hangs": "Never ends"}
MOST_SECONDS = 86400 * 40
_MANY = 1_000_000


def request_fault(answers: Answers) -> Fault | None:
    """A fault on requests; ``None`` if something is filled in wrongly."""
    kind: Any = answers.choice("kind", REQUEST_KINDS, "server_error")
    method = answers.choice("method", METHODS, "")
    retry_after = answers.whole("retry_after", 0, 86400)
    values: dict[str, Any] = {
        "kind": kind,
        "method": method or None,
        "path": answers.text("path", "*"),
        "processed": answers.flag("processed"),
        "seconds": answers.number("seconds", 0, MOST_SECONDS),
        "retry_after": retry_after,
        "status": answers.whole("status", 400, 599) or 502,
        "message": answers.text("message", "The sandbox was told to refuse this."),
    }
    return _make(RequestFault, answers, values)


def callback_fault(answers: Answers) -> Fault | None:
    """A fault on callbacks; ``None`` if something is filled in wrongly."""
    kind: Any = answers.choice("kind", CALLBACK_KINDS, "drop")
    values: dict[str, Any] = {
        "kind": kind,
        "subject": answers.choice("subject", SUBJECTS, "") or None,
        "match": answers.text("match"),
        "seconds": answers.number("seconds", 0, MOST_SECONDS, default=60.0),
    }
    return _make(CallbackFault, answers, values)


def job_fault(answers: Answers) -> Fault | None:
    """A fault on jobs; ``None`` if something is filled in wrongly."""
    kind: Any = answers.choice("kind", JOB_KINDS, "tune")
    hangs = answers.choice("outcome", OUTCOMES, "fails") == "hangs"
    reason = answers.text("reason", "The sandbox was told to fail this.")
    values: dict[str, Any] = {
        "kind": kind,
        "match": answers.text("match"),
        "reason": "" if hangs else reason,
    }
    return _make(JobFault, answers, values)


READERS: Mapping[str, Callable[[Answers], Fault | None]] = {
    "request": request_fault,
    "callback": callback_fault,
    "job": job_fault,
}


def _make(kind: Callable[..., Fault], answers: Answers, values: dict[str, Any]) -> Fault | None:
    values |= {
        "probability": answers.number("percent", 0, 100, default=100.0) / 100,
        "times": answers.whole("times", 0, _MANY),
        "skip": answers.whole("skip", 0, _MANY) or 0,
    }
    return None if answers.errors else kind(**values)
