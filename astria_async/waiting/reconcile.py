"""
Did a create happen? Looking for the object that would tell.

The wait id in an object's ``callback`` field settles it, whatever else is alike: it is taken at its
word, without the signature, since only who holds the account's key can have put it there. Without a
receiver there is none, and the title of a tune or the text of a prompt must do.
"""

import datetime as dt
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from urllib.parse import parse_qs, urlsplit

import attrs

from astria_async.protocol.addresses import Kind
from astria_async.protocol.errors import OutcomeUnknown
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.protocol.paging import Pager

CLOCKS_APART = dt.timedelta(minutes=2)
"""How far the server's clock may be behind ours."""

CLOCKS_FAR_APART = dt.timedelta(minutes=30)
"""The same where only the right object can have the marks, so that looking further costs little."""

_FILLED = re.compile(r"\{\{.*?\}\}")
_TOKEN = re.compile(r"\A<[^<>]*> ?")


def carried_wait(job: Job) -> str | None:
    """The wait id in the callback URL of *job*, whoever signed it."""
    try:
        query = parse_qs(urlsplit(job.callback or "").query)
    except ValueError:
        return None
    waits = query.get("wait", [])
    return waits[0] if len(waits) == 1 and query.get("kind") == [job.kind] else None


@attrs.frozen(kw_only=True)
class Marks:
    """
    By what a created object is known.

    Attributes:
        kind: What was created.
        wait: The wait id in its callback URL, where it has one of ours.
        callback: The callback URL of the user's own, instead.
        title: The title that a tune was given.
        unique: Whether that title was minted for this create alone.
        text: The text that a prompt was given.
        tune_id: The tune that a prompt was posted to.
        since: When it was sent; ``None`` when it may be from any time before.
        above: An id that was given to another object before it was sent: its own is higher.
        metadata: What its callback URL carries.
    """

    kind: Kind
    wait: str | None = None
    callback: str | None = attrs.field(default=None, repr=False)
    title: str | None = None
    unique: bool = False
    text: str | None = None
    tune_id: int | None = None
    since: dt.datetime | None = None
    above: int | None = None
    metadata: Mapping[str, str] = attrs.field(factory=dict)

    @property
    def certain(self) -> bool:
        """Whether at most one object can have these marks."""
        return self.wait is not None or self.unique

    @property
    def findable(self) -> bool:
        """Whether looking can tell that there is no such object."""
        if self.kind == "tune":
            return self.certain or bool(self.title)
        return self.certain or (bool(self.text) and self.tune_id is not None)

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
    """

    candidates: Callable[[Marks], Pager[Job]]

    async def find(self, marks: Marks, *, others: Collection[int] = ()) -> Job | None:
        """
        The object with these *marks*, or ``None`` when there surely is none.

        Args:
            marks: What it is known by.
            others: Ids of objects that are known to come from other creates.

        Raises:
            OutcomeUnknown: Several objects may be it.
            APIError: The look was refused.
            ConnectionFailed: The look got no answer.
        """
        found: list[Job] = []
        async for job in self.candidates(marks):
            if _too_old(job, marks):
                break
            if _is_it(job, marks):
                return job
            if job.id not in others and _may_be_it(job, marks):
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

    async def find_all(self, kind: Kind, since: Mapping[str, dt.datetime]) -> dict[str, Job]:
        """
        The objects with these wait ids, as far as there are any, in one go through the list.

        Args:
            kind: What they are.
            since: When each wait id was sent.

        Raises:
            APIError: A look was refused.
            ConnectionFailed: A look got no answer.
        """
        found: dict[str, Job] = {}
        if not since:
            return found
        marks = Marks(kind=kind, wait=next(iter(since)), since=min(since.values()))
        async for job in self.candidates(marks):
            if _too_old(job, marks) or len(found) == len(since):
                break
            wait = carried_wait(job)
            if wait is not None and wait in since:
                found.setdefault(wait, job)
        return found


def _too_old(job: Job, marks: Marks) -> bool:
    if marks.above is not None and job.id <= marks.above:
        return True
    if marks.since is None or job.created_at is None:
        return False
    apart = CLOCKS_FAR_APART if marks.certain else CLOCKS_APART
    return job.created_at < marks.since - apart


def _is_it(job: Job, marks: Marks) -> bool:
    if marks.wait is not None and job.callback:
        return carried_wait(job) == marks.wait
    return marks.unique and isinstance(job, Tune) and job.title == marks.title


def _may_be_it(job: Job, marks: Marks) -> bool:
    if job.callback and (marks.wait or marks.callback not in {None, job.callback}):
        return False
    if isinstance(job, Tune):
        return marks.title is not None and job.title == marks.title
    assert isinstance(job, Prompt)
    same_tune = job.tune_id == marks.tune_id or marks.tune_id in job.referenced_tune_ids
    return same_tune and bool(marks.text) and _same_text(marks.text or "", job.text or "")


def _same_text(sent: str, stored: str) -> bool:
    """Whether *stored* is *sent*, with tokens in front, placeholders filled and blanks folded."""
    pieces = [_folded(piece) for piece in _FILLED.split(sent)]
    text, left = "", _folded(stored)
    while left != text:
        text = left
        if _fits(pieces, text):
            return True
        left = _TOKEN.sub("", text)
    return False


def _folded(text: str) -> str:
    return " ".join(text.split())


def _fits(pieces: Sequence[str], text: str) -> bool:
    """Whether *text* is *pieces*, with anything between them."""
    first, *rest = pieces
    if not rest:
        return text == first
    *between, last = rest
    at = len(first)
    for piece in between:
        found = text.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return text.startswith(first) and text.endswith(last) and len(text) - len(last) >= at
