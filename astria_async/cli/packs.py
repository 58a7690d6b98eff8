"""``astria-async packs …``."""

from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import App, Parameter

from astria_async.cli import creating, jobs, session
from astria_async.cli.commands import PROGRAM
from astria_async.cli.creating import Creation
from astria_async.cli.helping import documented
from astria_async.cli.options import Limit
from astria_async.cli.parameters import command, keyword, options_of, positional, read_into
from astria_async.cli.resuming import resume_with
from astria_async.cli.session import Common, connected
from astria_async.cli.terminal import put_json, put_line
from astria_async.protocol.packs import NewPack, PackFilters, PackRunParams

if TYPE_CHECKING:
    from astria_async.resources.pack_runs import PackRun

app: App = App(name="packs", help="Template prompts with a recipe for training: list, run.")

Pack = Annotated[str, Parameter(help="Its id or slug.")]
_COMMON = keyword("common", Common, session.NO_OPTIONS)
_GALLERY = keyword(
    "gallery",
    Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Public ones, instead of your own."),
    ],
    default=False,
)


def _named(pack: str) -> int | str:
    return int(pack) if pack.isdecimal() else pack


async def _create(*, common: Common, **given: Any) -> None:
    values = read_into(NewPack, given)
    async with connected(common) as astria:
        resume_with(f"to see whether it was created: {PROGRAM} packs list")
        pack = await astria.packs.create(**values)
        resume_with("")
        jobs.show(pack, common)


async def _list(*, gallery: bool, limit: int, common: Common, **given: Any) -> None:
    values = {"page_size": min(limit, 120), **read_into(PackFilters, given)}
    async with connected(common) as astria:
        listed = astria.gallery.packs(**values) if gallery else astria.packs.list(**values)
        public = "" if gallery else f"{PROGRAM} packs list --gallery"
        await jobs.show_list(listed, limit, common, instead=public)


@documented
async def _get(pack: Pack, /, *, common: Common = session.NO_OPTIONS) -> None:
    """Show a pack, with what a run costs for each class word."""
    async with connected(common) as astria:
        jobs.show(await astria.packs.get(_named(pack)), common)


async def _run(*, pack: str, creation: Creation, common: Common, **given: Any) -> None:
    values = read_into(PackRunParams, given)
    async with connected(common, **creation.client_options) as astria:
        if creation.dry_run:
            creating.show_draft(astria.packs.draft(_named(pack), **values), common)
            return
        label, size = await creating.size_up(values, "run")
        resume_with(f"to see whether it began: {PROGRAM} tunes list --limit 3")
        with common.reporter().step(label, total=size, in_bytes=True) as step:
            async with creating.counted(values, step) as opened:
                run = await astria.packs.run(_named(pack), **opened)
        ids = " ".join(map(str, run.tune_ids))
        resume_with(
            f"the run goes on: {PROGRAM} tunes download --images {ids} fetches its pictures"
        )
        if not creation.wait:
            _show(run, common)
            resume_with("")
            return
        with common.reporter().step(f"Wait for the prompts of tune {ids}") as step:
            prompts = await run.wait_ready()
            step.tell(f"{len(prompts)} ready")
        resume_with("")
        jobs.show_all(prompts, common)


def _show(run: "PackRun", common: Common) -> None:
    if common.json:
        tune = None if run.tune is None else run.tune.to_dict()
        facts = {
            name: getattr(run, name) for name in ("tune_ids", "order", "prompt_ids", "message")
        }
        put_json({"tune": tune, **facts})
    elif common.quiet:
        put_line("\n".join(map(str, run.prompt_ids or run.tune_ids)))
    else:
        verb = "trains" if run.tune is not None else "is run on"
        put_line(f"The pack {verb} {', '.join(f'tune {it}' for it in run.tune_ids)}.")
        if run.prompt_ids:
            put_line(f"Prompts: {' '.join(map(str, run.prompt_ids))}")
        if run.message:
            put_line(run.message)


app.command(
    command(_create, [*options_of(NewPack, positional=["title"]), _COMMON], "Create a pack."),
    name="create",
)
app.command(
    command(
        _list,
        [*options_of(PackFilters), _GALLERY, keyword("limit", Limit, 20), _COMMON],
        "List packs.",
    ),
    name="list",
)
app.command(_get, name="get")
app.command(
    command(
        _run,
        [
            positional("pack", Pack),
            *options_of(PackRunParams, positional=["images"]),
            keyword("creation", Creation, creating.NO_OPTIONS),
            _COMMON,
        ],
        "Run a pack: train a tune on photos and make its prompts, or only the prompts on tunes.",
    ),
    name="run",
)
