"""What tunes and prompts have in common: showing them, waiting for them, deleting them."""

import datetime as dt
import shlex
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from astria_async.cli.commands import PROGRAM
from astria_async.cli.progress import Step
from astria_async.cli.resuming import resume_with
from astria_async.cli.session import Common
from astria_async.cli.show import details, table
from astria_async.cli.terminal import console, put_json, put_line, suggest
from astria_async.protocol.errors import AstriaError, WaitTimeout
from astria_async.protocol.models import Job, Prompt, Resource, Tune
from astria_async.protocol.paging import Pager

if TYPE_CHECKING:
    from astria_async.client import Astria


def show(found: Resource, common: Common) -> None:
    """Print one object the way that was asked for."""
    if common.json:
        put_json(found.to_dict())
    elif common.quiet:
        put_line(str(found.id))
    else:
        details(found)


def show_all(found: Sequence[Resource], common: Common) -> None:
    """Print objects of one kind: as one, or as a table."""
    if len(found) > 1 and not (common.json or common.quiet):
        table(console(), found)
        return
    for item in found:
        show(item, common)


async def show_list(pager: Pager[Any], limit: int, common: Common, *, instead: str = "") -> None:
    """
    Print the first objects of a list: a table, JSON lines, or ids.

    Args:
        pager: The list.
        limit: How many at most.
        common: How to print.
        instead: The command to suggest where there are none.
    """
    found: list[Resource] = []
    if limit > 0:
        async for item in pager:
            if common.json or common.quiet:  # at once, for whoever reads along
                show(item, common)
            found.append(item)
            if len(found) == limit:
                break
    if common.json or common.quiet:
        return
    if found:
        table(console(), found)
    else:
        put_line("There are none.")
        if instead:
            suggest(instead)


async def get(astria: "Astria", kind: str, object_id: int) -> Job:
    """One tune or prompt."""
    if kind == "tune":
        return await astria.tunes.get(object_id)
    return await astria.prompts.get(object_id)


async def wait(
    astria: "Astria", kind: str, ids: Sequence[int], patience: float | None, common: Common
) -> list[Job]:
    """
    Wait for objects, and print each as it becomes ready; the last error is raised in the end.

    Args:
        astria: The client.
        kind: ``tune`` or ``prompt``.
        ids: Which ones.
        patience: Seconds for each; ``None`` for the client's default.
        common: How to print.

    Raises:
        AstriaError: One failed, or was not ready in time. The others were waited for.
    """
    jobs = [await get(astria, kind, object_id) for object_id in dict.fromkeys(ids)]
    return await wait_for(astria, jobs, patience, common)


async def wait_for(
    astria: "Astria", jobs: Sequence[Job], patience: float | None, common: Common
) -> list[Job]:
    """:func:`wait`, for objects at hand."""
    kind, ids = jobs[0].kind, " ".join(str(job.id) for job in jobs)
    resume_with(f"the {kind} goes on: {PROGRAM} {kind}s wait {ids}")
    if len(jobs) == 1:
        ready = [await _wait_for_one(jobs[0], patience, common)]
    else:
        ready = await _wait_for_many(astria, jobs, patience, common)
    resume_with("")
    show_all(ready, common)
    if len(ready) == 1:
        suggest_after(ready[0], common)
    return ready


def suggest_after(job: Job, common: Common) -> None:
    """Say what may be done with *job* as it is now, to people alone."""
    if common.json or common.quiet:
        return
    command = f"{PROGRAM} {job.kind}s"
    if not job.is_settled:
        suggest(f"{command} wait {job.id}")
    elif isinstance(job, Tune) and job.is_ready:
        words = " ".join(word for word in (job.token, job.name) if word)
        suggest(f"{PROGRAM} prompts create {job.id} {shlex.quote(f'portrait of {words}')}")
    elif job.is_ready:
        suggest(f"{command} download {job.id}")


async def _wait_for_one(job: Job, patience: float | None, common: Common) -> Job:
    with common.reporter().step(f"Wait for {job.kind} {job.id}") as step:
        _expect(step, job)
        job = await job.wait_ready(timeout=patience, on_progress=lambda seen: _expect(step, seen))
        step.tell(job.status)
    return job


async def _wait_for_many(
    astria: "Astria", jobs: Sequence[Job], patience: float | None, common: Common
) -> list[Job]:
    ready: list[Job] = []
    failures: list[AstriaError] = []
    label = f"Wait for {len(jobs)} {jobs[0].kind}s"
    with common.reporter().step(label, total=len(jobs)) as step:
        async for item in astria.wait_all(jobs, timeout=patience, return_exceptions=True):
            step.advance(1)
            if isinstance(item, AstriaError):
                failures.append(item)
                put_line(f"{PROGRAM}: {item}", sys.stderr)
            else:
                ready.append(item)
        step.tell(f"{len(ready)} ready")
    if failures:
        resume_with("")
        show_all(ready, common)
        late = next((it for it in failures if isinstance(it, WaitTimeout)), failures[0])
        raise late
    return ready


def _expect(step: Step, job: Job) -> None:
    """Let the bar follow what the server expects; without that, tell how the job stands."""
    if isinstance(job, Tune) and job.created_at and job.eta:
        step.expect(job.created_at, job.eta)
    elif isinstance(job, Prompt) and job.progress_timing_seconds:
        now = dt.datetime.now(dt.UTC)
        begun = now - dt.timedelta(seconds=job.progress_elapsed_seconds or 0.0)
        step.expect(begun, begun + dt.timedelta(seconds=job.progress_timing_seconds))
    else:
        step.tell(job.status)


async def delete(astria: "Astria", kind: str, ids: Sequence[int], common: Common) -> None:
    """Delete objects, and say so of each; one that is gone already counts as deleted."""
    for object_id in dict.fromkeys(ids):
        if kind == "tune":
            await astria.tunes.delete(object_id)
        else:
            await astria.prompts.delete(object_id)
        if common.json:
            put_json({"deleted": object_id})
        elif not common.quiet:
            put_line(f"Deleted {kind} {object_id}.")
