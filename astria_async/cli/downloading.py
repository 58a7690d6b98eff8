"""Downloading results, with a bar."""

from collections.abc import Sequence
from pathlib import Path

import anyio

from astria_async.cli.resuming import resume_with
from astria_async.cli.session import Common
from astria_async.cli.terminal import count, put_json, put_line
from astria_async.groups import task_group
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.protocol.models.base import Downloaded

AT_ONCE = 4
"""How many objects' files are fetched at a time, each several at once."""


async def download(jobs: Sequence[Job], out: Path, common: Common) -> None:
    """
    Fetch what belongs to *jobs* into *out*, and print the paths.

    Raises:
        DownloadFailed: A file could not be fetched whole; what is there is whole.
    """
    resume_with("what is there is whole: the same command fetches the rest")
    files: dict[int, list[Path]] = {}
    gate = anyio.CapacityLimiter(AT_ONCE)
    kind = jobs[0].kind
    what = f"{kind} {jobs[0].id}" if len(jobs) == 1 else count(len(jobs), kind)
    alone = len(jobs) == 1  # its bar follows the bytes, and that of several the objects
    with common.reporter().step(f"Download {what}", total=None if alone else len(jobs)) as step:

        async def one(job: Job) -> None:
            async with gate:
                files[job.id] = await _fetch(job, out, step.reach if alone else None)
            if not alone:
                step.advance(1)

        async with task_group() as group:
            for job in jobs:
                group.start_soon(one, job)
        step.tell(f"{count(sum(map(len, files.values())), 'file')} in {out}")
    resume_with("")
    for job in jobs:
        paths = [str(path) for path in files[job.id]]
        if common.json:
            put_json({"id": job.id, "files": paths})
        else:
            put_line("\n".join(paths))


async def _fetch(job: Job, out: Path, progress: Downloaded | None) -> list[Path]:
    if isinstance(job, Tune):
        return await job.download_checkpoint(out, on_progress=progress)
    assert isinstance(job, Prompt)
    return await job.download(out, on_progress=progress)
