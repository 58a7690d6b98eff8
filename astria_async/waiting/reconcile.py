"""
Did a create happen? Looking for the object that would tell.

The wait id in an object's ``callback`` field settles it, whatever else is alike. Without a receiver
there is none, and the title of a tune or the text of a prompt must do.
"""

import datetime as dt
from collections.abc import Callable, Mapping

import attrs

from astria_async.protocol.callbacks import Kind
from astria_async.protocol.errors import OutcomeUnknown
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.protocol.paging import Pager

CLOCKS_APART = dt.timedelta(minutes=2)
"""How far the server's clock may be behind ours."""


@attrs.frozen(kw_only=True)
class Marks:
    """
    By what a created object is known.

    Attributes:
        kind: What was created.
        wait: The wait id in its callback URL, where it has one of ours.
        title: The title that a tune was given.
        unique: Whether that title was minted for this create alone.
        text: The text that a prompt was given.
        tune_id: The tune that a prompt was posted to.
        since: When it was sent; ``None`` when it may be from any time before.
        metadata: What its callback URL carries.
    """

    kind: Kind
    wait: str | None = None
    title: str | None = None
    unique: bool = False
    text: str | None = None
    tune_id: int | None = None
    since: dt.datetime | None = None
    metadata: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def certain(self) -> bool:
        """Whether at most one object can have these marks."""
        return self.wait is not None or self.unique

    @property
    def findable(self) -> bool:
        """Whether looking can tell that there is no such object."""
        # Placeholders are filled in by the server, so such a text is stored otherwise.
        texts = bool(self.text and self.tune_id) and "{{" not in (self.text or "")
        return self.wait is not None or self.title is not None or texts

    def describe(self) -> dict[str, str]:
        """What to look for by hand."""
        found = {"wait": self.wait, "title": self.title, "text": self.text}
        return {name: value for name, value in found.items() if value}


@attrs.frozen
class Reconciler:
    """
    Looks for objects by their marks.

    Args:
        candidates: Lists objects that may match, newest first; may well list others.
        wait_of: The wait id of an object, where its callback URL is one of ours.
    """

    candidates: Callable[[Marks], Pager[Job]]
    wait_of: Callable[[Job], str | None]

    async def find(self, marks: Marks) -> Job | None:
        """
        The object with these *marks*, or ``None`` when there surely is none.

        Raises:
            OutcomeUnknown: Several objects may be it.
            APIError: The look was refused.
            ConnectionFailed: The look got no answer.
        """
        found: list[Job] = []
        async for job in self.candidates(marks):
            if self._too_old(job, marks):
                break
            if self._matches(job, marks):
                if marks.certain:
                    return job
                found.append(job)
        if len(found) > 1:
            raise OutcomeUnknown(
                f"the answer to creating a {marks.kind} was lost, and {len(found)} objects may be "
                f"it: {', '.join(str(job.id) for job in found)}. A receiver would tell them apart",
                kind=marks.kind,
                sent=marks.describe(),
                candidates=[job.id for job in found],
            )
        return found[0] if found else None

    @staticmethod
    def _too_old(job: Job, marks: Marks) -> bool:
        if marks.since is None or job.created_at is None:
            return False
        return job.created_at < marks.since - CLOCKS_APART

    def _matches(self, job: Job, marks: Marks) -> bool:
        if marks.wait is not None and job.callback:
            return self.wait_of(job) == marks.wait
        if isinstance(job, Tune):
            return job.title == marks.title
        assert isinstance(job, Prompt)
        same_tune = job.tune_id == marks.tune_id or marks.tune_id in job.referenced_tune_ids
        return same_tune and bool(marks.text) and (job.text or "").endswith(marks.text or "")
