"""``astria-async prompts …``."""

from pathlib import Path
from typing import Any

from cyclopts import App

from astria_async.cli import creating, jobs, session
from astria_async.cli.commands import PROGRAM
from astria_async.cli.creating import Creation
from astria_async.cli.downloading import download as download_files
from astria_async.cli.helping import documented
from astria_async.cli.options import Flag, Id, Ids, Limit, Out
from astria_async.cli.parameters import command, keyword, options_of, positional, read_into
from astria_async.cli.resuming import resume_with
from astria_async.cli.session import Common, connected
from astria_async.cli.terminal import put_line
from astria_async.cli.verbs import add_verbs
from astria_async.protocol.models import Job
from astria_async.protocol.params import NewPrompt, PromptChanges, PromptFilters, PromptOverrides

app: App = App(name="prompts", help="Generation jobs on tunes: create, watch, download, delete.")
_COMMON = keyword("common", Common, session.NO_OPTIONS)
_CREATION = keyword("creation", Creation, creating.NO_OPTIONS)


async def _create(*, tune: int, creation: Creation, common: Common, **given: Any) -> None:
    values = read_into(NewPrompt, given)
    async with connected(common, **creation.client_options) as astria:
        if creation.dry_run:
            creating.show_draft(astria.prompts.draft(tune, **values), common)
            return
        label, size = await creating.size_up(values, "prompt")
        resume_with(_again(tune))
        with common.reporter().step(label, total=size, in_bytes=True) as step:
            async with creating.counted(values, step) as opened:
                prompt = await astria.prompts.create(tune, **opened)
            step.tell(f"prompt {prompt.id}")
        await creating.show_created(astria, prompt, creation, common)


def _again(tune: int) -> str:
    return f"to see whether it was created: {PROGRAM} prompts list --tune-id {tune} --limit 3"


async def _duplicate(*, prompt: int, creation: Creation, common: Common, **given: Any) -> None:
    overrides = read_into(PromptOverrides, given)
    async with connected(common, **creation.client_options) as astria:
        resume_with(
            f"to see whether it was copied: {PROGRAM} prompts list --orig-prompt-id {prompt}"
        )
        copy = await astria.prompts.duplicate(prompt, **overrides)
        await creating.show_created(astria, copy, creation, common)


async def _list(*, limit: int, common: Common, **given: Any) -> None:
    filters = read_into(PromptFilters, given)
    first = "" if filters else f"{PROGRAM} prompts create 1504944 'a red bicycle'"
    async with connected(common) as astria:
        listed = astria.prompts.list(**{"page_size": min(limit, 120), **filters})
        await jobs.show_list(listed, limit, common, instead=first)


async def _update(*, prompt: int, common: Common, **given: Any) -> None:
    changes = read_into(PromptChanges, given)
    async with connected(common) as astria:
        jobs.show(await astria.prompts.update(prompt, **changes), common)


@documented
async def _download(
    prompts: Ids, /, *, out: Out = Path(), common: Common = session.NO_OPTIONS
) -> None:
    """Download the pictures of prompts; a file that is there already is not fetched again."""
    async with connected(common) as astria:
        found: list[Job] = [await astria.prompts.get(prompt) for prompt in prompts]
        await download_files(found, out, common)


@documented
async def _like(
    prompt: Id,
    /,
    *,
    undo: Flag = False,
    common: Common = session.NO_OPTIONS,
) -> None:
    """
    Like a prompt.

    Args:
        undo: Take the like back.
    """
    async with connected(common) as astria:
        await (astria.prompts.unlike(prompt) if undo else astria.prompts.like(prompt))
    if not (common.json or common.quiet):
        put_line(f"{'Unliked' if undo else 'Liked'} prompt {prompt}.")


app.command(
    command(
        _create,
        [positional("tune", Id), *options_of(NewPrompt, positional=["text"]), _CREATION, _COMMON],
        "Create a prompt on a tune; it runs once the tune is trained.\n\n"
        "The tune may be one of the gallery, such as 1504944 (Flux1.dev).",
    ),
    name="create",
)
app.command(
    command(
        _list,
        [*options_of(PromptFilters), keyword("limit", Limit, 20), _COMMON],
        "List prompts, newest first.",
    ),
    name="list",
)
add_verbs(app, "prompt")
app.command(
    command(
        _update,
        [positional("prompt", Id), *options_of(PromptChanges), _COMMON],
        "Change where a prompt belongs.",
    ),
    name="update",
)
app.command(_download, name="download")
app.command(
    command(
        _duplicate,
        [positional("prompt", Id), *options_of(PromptOverrides), _CREATION, _COMMON],
        "Copy a prompt, with some of its parameters changed.",
    ),
    name="duplicate",
)
app.command(_like, name="like")
