"""Faults on demand: what may go wrong, by rule or by seeded chance."""

from random import Random
from typing import Literal

import attrs

from astria_async.sandbox.records import Prompt, Tune


@attrs.frozen(kw_only=True)
class JobFault:
    """
    Lets jobs fail when they would have ended well.

    Attributes:
        kind: Which jobs.
        match: A part of the tune's title or the prompt's text, without case; empty fits all.
        reason: What the object says as ``user_error``; empty leaves the job hanging for ever.
        times: How often at most; ``None`` is always.
        probability: How likely, each time.
    """

    kind: Literal["tune", "prompt"]
    match: str = ""
    reason: str = "The sandbox was told to fail this."
    times: int | None = None
    probability: float = 1.0


class Faults:
    """
    The faults that are switched on.

    Args:
        seed: Of the chances.
    """

    def __init__(self, seed: int) -> None:
        self._dice = Random(f"faults:{seed}")  # noqa: S311 - has to repeat
        self._jobs: list[tuple[JobFault, list[None]]] = []

    def add(self, fault: JobFault) -> None:
        """Switch a fault on."""
        self._jobs.append((fault, []))

    def clear(self) -> None:
        """Switch all off."""
        self._jobs.clear()

    def verdict(self, kind: str, record: Tune | Prompt) -> str | None:
        """Why this job fails; ``None`` if it does not, ``""`` if it hangs."""
        text = record.title if isinstance(record, Tune) else record.text
        for fault, used in self._jobs:
            if fault.kind != kind or fault.match.lower() not in text.lower():
                continue
            if fault.times is not None and len(used) >= fault.times:
                continue
            if self._dice.random() < fault.probability:
                used.append(None)
                return fault.reason
        return None
