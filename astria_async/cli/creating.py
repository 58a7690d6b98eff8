"""What creating a tune, a prompt or a run of a pack has in common."""

from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import anyio.to_thread
import attrs
from cyclopts import Group, Parameter

from astria_async.cli import jobs
from astria_async.cli.counting import open_counted
from astria_async.cli.progress import Step
from astria_async.cli.resuming import resume_with
from astria_async.cli.session import Common
from astria_async.cli.terminal import count, put_json, put_line
from astria_async.protocol.models import Job

if TYPE_CHECKING:
    from astria_async.client import Astria
    from astria_async.resources.drafts import Draft

_GROUP = Group("Creating", sort_key=5)


@Parameter(name="*", group=_GROUP)
@attrs.frozen(kw_only=True)
class Creation:
    """
    Options of every command that creates.

    Attributes:
        wait: Whether to wait until it is ready.
        dry_run: Whether to show the request instead of sending it.
        budget: The most that it may cost, in US dollars.
        idempotent: Whether the account's idempotency setting is on.
    """

    wait: Annotated[
        bool, Parameter(negative="", show_default=False, help="Wait until it is ready.")
    ] = False
    dry_run: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Show the request, and send nothing."),
    ] = False
    budget: Annotated[
        Decimal | None, Parameter(help="The most that may be spent, in US dollars.")
    ] = None
    idempotent: Annotated[
        bool,
        Parameter(
            negative="",
            show_default=False,
            help="Say that the account's idempotency setting is on: it merges equal creates.",
        ),
    ] = False

    @property
    def client_options(self) -> dict[str, Any]:
        """What the client is told."""
        return {"budget": self.budget, "idempotent": self.idempotent}


NO_OPTIONS = Creation()


@asynccontextmanager
async def counted(values: dict[str, Any], step: Step) -> AsyncIterator[dict[str, Any]]:
    """
    *values* with its files opened so that *step* is told of each byte that is read.

    Raises:
        CommandError: One cannot be read.
    """
    with ExitStack() as stack:

        def opened(value: Any) -> Any:
            if isinstance(value, Path):
                return open_counted([value], step.advance, stack)[0]
            return [opened(it) for it in value] if _holds_paths(value) else value

        def open_all() -> dict[str, Any]:
            return {name: opened(value) for name, value in values.items()}

        yield await anyio.to_thread.run_sync(open_all)


def _holds_paths(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(it, Path) for it in value)


async def size_up(values: dict[str, Any], kind: str) -> tuple[str, int | None]:
    """What is to be done with *values*, in words, and the bytes of their files."""
    paths = [it for value in values.values() for it in _paths(value)]
    if not paths:
        return f"Create the {kind}", None
    return f"Upload {count(len(paths), 'file')}", await anyio.to_thread.run_sync(_total, paths)


def _paths(value: Any) -> Sequence[Path]:
    return [it for it in (value if isinstance(value, list) else [value]) if isinstance(it, Path)]


def _total(paths: Sequence[Path]) -> int:
    return sum(path.stat().st_size for path in paths if path.is_file())


def show_draft(draft: "Draft", common: Common) -> None:
    """Print a request that was not sent."""
    if common.json:
        put_json(attrs.asdict(draft))
        return
    put_line(f"{draft.method} {draft.path}")
    if draft.json is not None:
        put_json(draft.json)
    for name, value in draft.form or ():
        put_line(f"  {name} = {value}")
    put_line("Nothing was sent.")


async def show_created(astria: "Astria", job: Job, creation: Creation, common: Common) -> None:
    """Print what was created; once it is ready, if that was asked for."""
    resume_with("")
    if creation.wait:
        await jobs.wait_for(astria, [job], None, common)
    else:
        jobs.show(job, common)
        jobs.suggest_after(job, common)
