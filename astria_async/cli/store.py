"""``astria-async store …``: where callbacks are kept, made ready and kept small."""

import datetime as dt
from typing import Annotated

from cyclopts import App, Parameter

from astria_async.cli import keeping, settings
from astria_async.cli.callbacks import Json, StoreUrl
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.helping import documented
from astria_async.cli.terminal import put_json, put_line
from astria_async.stores.base import RETENTION

app: App = App(name="store", help="Where callbacks are kept: make it ready, delete what is old.")

DAY = 86_400.0


@app.command(name="init")
@documented
async def init(*, store: StoreUrl = None, json: Json = False) -> None:
    """
    Create the tables, unless they are there, and prove that a write is kept.

    Programs do so themselves at their start; this is for a deployment in which only one account of
    the database may create tables.
    """
    url = keeping.store_url(store, settings.load())
    opened = keeping.open_durable(url)
    await opened.open()
    try:
        await opened.check()
    finally:
        await opened.aclose()
    if json:
        put_json({"store": keeping.shown(url), "ready": True})
    else:
        put_line(f"{keeping.shown(url)} is ready.")


@app.command(name="prune")
@documented
async def prune(
    *,
    days: Annotated[float, Parameter(help="How old.")] = RETENTION / DAY,
    store: StoreUrl = None,
    json: Json = False,
) -> None:
    """
    Delete callbacks that are older than so many days.

    Those that were set aside stay. A program that has a client open does this itself, once an hour,
    after its receiver's retention.
    """
    if not days >= 1:
        raise CommandError("--days is at least 1: newer ones may be waited for", Exit.USAGE)
    url = keeping.store_url(store, settings.load())
    opened = keeping.open_durable(url)
    await opened.open()
    try:
        deleted = await opened.prune(before=dt.datetime.now(dt.UTC) - dt.timedelta(days=days))
    finally:
        await opened.aclose()
    if json:
        put_json({"store": keeping.shown(url), "deleted": deleted})
    else:
        put_line(f"Deleted {deleted} callback{'' if deleted == 1 else 's'}.")
