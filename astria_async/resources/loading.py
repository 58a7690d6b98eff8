"""From a callback to the object that it is about, for the receiver's handlers."""

import datetime as dt
from typing import Any

import attrs

from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import Deleted, NotFound
from astria_async.protocol.models import Job
from astria_async.resources.core import Core
from astria_async.waiting import Marks

LISTED_WITHIN = dt.timedelta(hours=1)
"""How long an object that cannot be found is looked for: lists may lag behind."""

LONGEST_JOB = dt.timedelta(days=1)
"""How long before its callback an object may have been created."""


@attrs.frozen(eq=False)
class Loader:
    """
    Fetches what a callback told of; its body is a hint, and may be about anything.

    Args:
        core: The client's parts.
    """

    core: Core

    async def load(self, callback: Callback) -> Job | list[Job] | None:
        """
        The object, or ``None`` while it is not settled; for a pack run the list of its prompts.

        Raises:
            NotFound: It is gone.
        """
        if callback.kind == "pack":
            jobs = [await self.core.one("prompt", found) for found in _ids(callback)]
            return jobs if jobs and all(_ended(job) for job in jobs) else None
        job = await self._named(callback) or await self._searched(callback)
        if job is None and self.core.now() - callback.received_at > LISTED_WITHIN:
            raise Deleted(
                f"no {callback.kind} has this callback's wait id",
                status=404,
                method="GET",
                path=f"/{callback.kind}s",
            )
        return job if job is not None and _ended(job) else None

    async def _named(self, callback: Callback) -> Job | None:
        """The object that the body names, if it is the one that this URL was made for."""
        for object_id in _ids(callback):
            try:
                job = await self.core.one(callback.kind, object_id)
            except NotFound:
                continue
            if self.core.wait_of(job) == callback.wait:
                return job
        return None

    async def _searched(self, callback: Callback) -> Job | None:
        since = callback.received_at - LONGEST_JOB
        marks = Marks(kind=callback.kind, wait=callback.wait, since=since)
        return await self.core.creator.reconciler.find(marks)


def _ids(callback: Callback) -> list[int]:
    ids = [fields.get("id") for fields in callback.objects]
    return [found for found in ids if type(found) is int and found > 0]


def _ended(job: Job) -> bool:
    return job.is_settled and not getattr(job, "ended_empty", False)


def outcome(found: Any) -> str:
    """Marks what became of an object, so that a repeated callback runs no handler again."""
    jobs: list[Job] = found if isinstance(found, list) else [found]
    return ";".join(f"{job.kind}:{job.id}:{_mark(job)}" for job in jobs)


def _mark(job: Job) -> str:
    ended = job.trained_at or job.failed_at
    return f"{'failed' if job.failure else 'ready'}:{ended.isoformat() if ended else '-'}"
