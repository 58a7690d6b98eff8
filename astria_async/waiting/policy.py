"""How long to wait and how often to look, as plain functions of an object's age."""

import datetime as dt
import math
from typing import Any

import attrs

from astria_async.protocol.models import Job, Tune

_positive: Any = attrs.validators.gt(0)


def _range(_: object, field: "attrs.Attribute[tuple[float, float]]", value: Any) -> None:
    shortest, longest = value
    if not 0 < shortest <= longest:
        raise ValueError(f"{field.name} is (shortest, longest) with 0 < shortest <= longest")


def meeting(moment: float, pause: float) -> float:
    """
    *moment*, put off by up to a quarter of *pause*, to where others with a like pause look too.

    Looks at many objects would cost a request each; those that meet share a page.
    """
    grid = 2.0 ** math.floor(math.log2(pause / 4))
    return math.ceil(moment / grid) * grid


@attrs.frozen(kw_only=True)
class WaitPolicy:
    """
    Deadlines and polling. All in seconds, but for the two that count.

    Attributes:
        tune_timeout: Default deadline of a tune.
        prompt_timeout: Default deadline of a prompt.
        tune_poll: Shortest and longest pause between looks at a tune.
        prompt_poll: The same for a prompt.
        tune_backup: The same for a tune whose callback is expected.
        prompt_backup: The same for a prompt whose callback is expected.
        last_look: How long the look at the deadline may take.
        polls_per_minute: Ceiling on the polling requests of one client. Looks that a callback
            asked for do not count.
        parallel: How many looks may be on their way at once.
        overdue_after: How long a callback that handlers need may be expected before its object is
            looked at on their behalf.
        sweep_every: Pause between such rounds.
    """

    tune_timeout: float = attrs.field(default=3 * 3600.0, validator=_positive)
    prompt_timeout: float = attrs.field(default=1800.0, validator=_positive)
    tune_poll: tuple[float, float] = attrs.field(default=(5.0, 60.0), validator=_range)
    prompt_poll: tuple[float, float] = attrs.field(default=(2.0, 30.0), validator=_range)
    tune_backup: tuple[float, float] = attrs.field(default=(60.0, 600.0), validator=_range)
    prompt_backup: tuple[float, float] = attrs.field(default=(30.0, 300.0), validator=_range)
    last_look: float = attrs.field(default=15.0, validator=_positive)
    polls_per_minute: int = attrs.field(default=60, validator=_positive)
    parallel: int = attrs.field(default=8, validator=_positive)

    overdue_after: float = attrs.field(default=600.0, validator=_positive)
    sweep_every: float = attrs.field(default=60.0, validator=_positive)

    def timeout_for(self, job: Job) -> float:
        """The default deadline of *job*, in seconds from now."""
        return self.tune_timeout if job.kind == "tune" else self.prompt_timeout

    def pause(self, job: Job, *, now: dt.datetime, called_back: bool) -> float:
        """
        Seconds until the next look at *job*: a tenth of its age, within bounds.

        An object is looked at often while it is young, since it may be quick, and seldom once it
        has shown that it is not. A tune whose ``eta`` is far away is left alone for a while. With
        a callback to come, looking is a safety net and can be slower.

        Args:
            job: As last seen.
            now: The time.
            called_back: Whether a callback is expected.
        """
        tune = job.kind == "tune"
        if called_back:
            shortest, longest = self.tune_backup if tune else self.prompt_backup
        else:
            shortest, longest = self.tune_poll if tune else self.prompt_poll
        age = (now - job.created_at).total_seconds() if job.created_at else 0.0
        pause = min(longest, max(shortest, age / 10))
        if isinstance(job, Tune) and job.eta is not None:
            pause = min(longest, max(pause, (job.eta - now).total_seconds() / 4))
        return pause
