"""``astria-async tunes …``."""

import uuid
from pathlib import Path
from typing import Any

from cyclopts import App

from astria_async.cli import creating, jobs, session
from astria_async.cli.commands import PROGRAM
from astria_async.cli.creating import Creation
from astria_async.cli.downloading import download as download_files
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.helping import documented
from astria_async.cli.options import Flag, Id, Ids, Limit, Out
from astria_async.cli.parameters import command, keyword, options_of, positional, read_into
from astria_async.cli.resuming import resume_with
from astria_async.cli.session import Common, connected
from astria_async.cli.verbs import add_verbs
from astria_async.protocol.models import Job, Tune
from astria_async.protocol.params import NewTune, TuneChanges, TuneFilters

app: App = App(name="tunes", help="Fine-tuned models: create, watch, download, delete.")
_COMMON = keyword("common", Common, session.NO_OPTIONS)


async def _create(*, creation: Creation, common: Common, **given: Any) -> None:
    values = read_into(NewTune, given)
    if "idempotency_key" in values:
        again = "the same command, with the same key, finds it if it was created"
    else:
        title = values.setdefault("title", str(uuid.uuid4()))
        again = f"to see whether it was created: {PROGRAM} tunes list --title '{title}'"
    async with connected(common, **creation.client_options) as astria:
        if creation.dry_run:
            creating.show_draft(astria.tunes.draft(**values), common)
            return
        label, size = await creating.size_up(values, "tune")
        resume_with(again)
        with common.reporter().step(label, total=size, in_bytes=True) as step:
            async with creating.counted(values, step) as opened:
                tune = await astria.tunes.create(**opened)
            step.tell(f"tune {tune.id}")
        await creating.show_created(astria, tune, creation, common)


async def _list(*, limit: int, common: Common, **given: Any) -> None:
    filters = read_into(TuneFilters, given)
    first = "" if filters else f"{PROGRAM} tunes create 'photos/*.jpg' --name woman"
    async with connected(common) as astria:
        listed = astria.tunes.list(**{"page_size": min(limit, 120), **filters})
        await jobs.show_list(listed, limit, common, instead=first)


async def _update(*, tune: int, common: Common, **given: Any) -> None:
    changes = read_into(TuneChanges, given)
    async with connected(common) as astria:
        jobs.show(await astria.tunes.update(tune, **changes), common)


@documented
async def _download(
    tunes: Ids,
    /,
    *,
    out: Out = Path(),
    images: Flag = False,
    common: Common = session.NO_OPTIONS,
) -> None:
    """
    Download the weights of tunes, or the pictures of all their prompts.

    Args:
        images: Fetch the pictures of their prompts instead of the weights.
    """
    async with connected(common) as astria:
        found: list[Job] = [await astria.tunes.get(tune) for tune in tunes]
        if images:
            found = [
                prompt
                for tune in found
                if isinstance(tune, Tune)
                async for prompt in tune.prompts.list()
                if prompt.images
            ]
        if not found:
            raise CommandError("no prompt of theirs has pictures yet", Exit.NOT_FOUND)
        await download_files(found, out, common)


app.command(
    command(
        _create,
        [
            *options_of(NewTune, positional=["images"]),
            keyword("creation", Creation, creating.NO_OPTIONS),
            _COMMON,
        ],
        "Create a tune from photos, and start its training.\n\n"
        "Photos are files, patterns in quotes, URLs, or - for one that is piped in.",
    ),
    name="create",
)
app.command(
    command(
        _list,
        [*options_of(TuneFilters), keyword("limit", Limit, 20), _COMMON],
        "List tunes, newest first.",
    ),
    name="list",
)
add_verbs(app, "tune")
app.command(
    command(
        _update,
        [positional("tune", Id), *options_of(TuneChanges), _COMMON],
        "Change some fields of a tune.",
    ),
    name="update",
)
app.command(_download, name="download")
