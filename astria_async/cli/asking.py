"""Asking a person before something is gone."""

import sys
from collections.abc import Sequence

from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.terminal import count, put_line
from astria_async.protocol.models import Job, Tune


def title(job: Job) -> str:
    """What a person knows an object by."""
    text = job.title if isinstance(job, Tune) else getattr(job, "text", None)
    return f"{job.kind} {job.id} ({text})" if text else f"{job.kind} {job.id}"


def need_person() -> None:
    """
    Make sure that somebody can be asked.

    Raises:
        CommandError: Nobody can.
    """
    if sys.stdin is None or not sys.stdin.isatty():
        raise CommandError("deleting asks first, and there is no terminal: give --yes", Exit.USAGE)


def ask_to_delete(titles: Sequence[str]) -> None:
    """
    Ask whether these are to be deleted. Blocks, so it is asked with no event loop around.

    Raises:
        CommandError: The answer was not yes.
    """
    if len(titles) > 1:
        put_line("\n".join(titles), sys.stderr)
    what = titles[0] if len(titles) == 1 else count(len(titles), "object")
    sys.stderr.write(f"Delete {what} for good? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        raise CommandError("nothing was deleted", Exit.USAGE)
