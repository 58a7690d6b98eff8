"""The commands that tunes and prompts have alike."""

from collections.abc import Sequence
from typing import Literal

import anyio
from cyclopts import App

from astria_async.cli import asking, jobs, session
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

    def delete(ids: Ids, /, *, yes: Sure = False, common: Common = session.NO_OPTIONS) -> None:
        if not yes:
            asking.need_person()
            asking.ask_to_delete(anyio.run(titles, ids, common))
        anyio.run(delete_now, ids, common)

    async def titles(ids: Sequence[int], common: Common) -> list[str]:
        async with connected(common) as astria:
            return [asking.title(await jobs.get(astria, kind, it)) for it in dict.fromkeys(ids)]

    async def delete_now(ids: Sequence[int], common: Common) -> None:
        async with connected(common) as astria:
            await jobs.delete(astria, kind, ids, common)

    app.command(get, name="get", help=f"Show a {kind}.")
    app.command(
        wait,
        name="wait",
        help=f"Wait until {kind}s are ready: by callback where one can be seen, else by polling.",
    )
    app.command(delete, name="delete", help=f"Delete {kind}s at Astria, after asking.")
