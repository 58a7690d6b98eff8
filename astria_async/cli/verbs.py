"""The commands that tunes and prompts have alike."""

from typing import Literal

from cyclopts import App

from astria_async.cli import jobs, session
from astria_async.cli.options import Id, Ids, Seconds, Sure
from astria_async.cli.session import Common, connected


def add_verbs(app: App, kind: Literal["tune", "prompt"]) -> None:
    """Add ``get``, ``wait`` and ``delete`` to *app*, for objects of *kind*."""

    async def get(object_id: Id, /, *, common: Common = session.NO_OPTIONS) -> None:
        async with connected(common) as astria:
            jobs.show(await jobs.get(astria, kind, object_id), common)

    async def wait(
        ids: Ids, /, *, patience: Seconds = None, common: Common = session.NO_OPTIONS
    ) -> None:
        async with connected(common) as astria:
            await jobs.wait(astria, kind, ids, patience, common)

    async def delete(
        ids: Ids, /, *, yes: Sure = False, common: Common = session.NO_OPTIONS
    ) -> None:
        async with connected(common) as astria:
            await jobs.delete(astria, kind, ids, sure=yes, common=common)

    app.command(get, name="get", help=f"Show a {kind}.")
    app.command(
        wait,
        name="wait",
        help=f"Wait until {kind}s are ready: by callback where one can be seen, else by polling.",
    )
    app.command(delete, name="delete", help=f"Delete {kind}s at Astria, after asking.")
