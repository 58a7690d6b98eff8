"""``astria-async callbacks …``: what ``listen``, or a program, has kept."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from astria_async.cli import keeping, settings
from astria_async.cli.addresses import checked
from astria_async.cli.commands import PROGRAM
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.helping import documented
from astria_async.cli.listening.facts import body, event, metadata, subjects
from astria_async.cli.listening.forwarding import forward
from astria_async.cli.options import Limit
from astria_async.cli.session import is_local
from astria_async.cli.show import moment
from astria_async.cli.tables import Layout, Row, put_table
from astria_async.cli.terminal import console, put_facts, put_json, put_line
from astria_async.protocol.signing import CallbackSigner
from astria_async.stores import State, Store
from astria_async.stores.base import Record
from astria_async.transport.plain import plain_sender

app: App = App(name="callbacks", help="Callbacks that were kept: list, show, replay.")

SHORT = 8
"""Characters of a wait id that tables show; any beginning that is unique will do."""

SEARCHED = 1000
PATIENCE = 30.0

StoreUrl = Annotated[
    str | None,
    Parameter(help="Where they are kept. Default: ASTRIA_CALLBACK_STORE, else listen's own file."),
]
Json = Annotated[
    bool, Parameter(name="--json", negative="", show_default=False, help="Print JSON.")
]
Which = Annotated[str, Parameter(help="The beginning of its wait id, or the id of its object.")]

_LAYOUT = Layout(
    headings=("WAIT", "RECEIVED", "KIND", "ID", "STATE", "METADATA"),
    flexible="METADATA",
    numbers={"ID"},
)
_COLOURS = {State.DONE: "green", State.PENDING: "yellow", State.SET_ASIDE: "red"}


@app.command(name="list")
@documented
async def list_(
    *, state: State | None = None, limit: Limit = 20, store: StoreUrl = None, json: Json = False
) -> None:
    """
    List callbacks, newest first.

    Args:
        state: Only those that are pending, done or set_aside, or still expected. Default: all
            that came.
    """
    async with _opened(store) as opened:
        found = await opened.records(state=state, limit=limit)
    came = [it for it in found if state is not None or it.state is not State.EXPECTED]
    if json:
        for record in came:
            put_json(event(record))
    elif came:
        put_table(console(), _LAYOUT, [_row(record) for record in came])
    else:
        put_line("There are none.")


def _row(record: Record) -> Row:
    callback = record.callback
    ids = subjects(callback) or ([record.object_id] if record.object_id else [])
    return (
        callback.wait[:SHORT],
        moment(callback.received_at, seconds=True),
        callback.kind,
        ", ".join(map(str, ids[:1])),
        _state(record),
        metadata(callback),
    )


def _state(record: Record) -> Text:
    return Text(record.state, style=_COLOURS.get(record.state, "dim"))


@app.command(name="show")
@documented
async def show(which: Which, /, *, store: StoreUrl = None, json: Json = False) -> None:
    """Show a callback with its body."""
    async with _opened(store) as opened:
        record = await _find(opened, which)
    if json:
        put_json(event(record))
        return
    callback = record.callback
    facts: list[tuple[str, str | Text]] = [
        ("wait", callback.wait),
        ("kind", callback.kind),
        ("received", moment(callback.received_at, seconds=True)),
        ("times", str(record.count) if record.count > 1 else ""),
        ("state", _state(record)),
        ("attempts", str(record.attempts or "")),
        ("error", record.error or ""),
        ("metadata", metadata(callback)),
    ]
    put_facts(facts)
    put_line()
    console().print_json(data=body(callback))


@app.command(name="replay")
@documented
async def replay(
    which: Which, /, *, to: str | None = None, store: StoreUrl = None, json: Json = False
) -> int:
    """
    Run the handlers of a program on a callback again, or send it to a URL.

    Args:
        to: Send it there, signed anew, and show the answer. Default: mark it as new, so that the
            program that uses this store runs its handlers again.
    """
    async with _opened(store) as opened:
        record = await _find(opened, which)
        if to is None:
            return await _mark(opened, record, json=json)
    found = settings.load()
    if found.callback_secret is None:
        raise CommandError("no secret to sign it with: set ASTRIA_CALLBACK_SECRET")
    checked(to, "--to")
    signer = CallbackSigner(found.callback_secret.split(","))
    async with plain_sender(timeout=PATIENCE, proxies=not is_local(to)) as send:
        how = await forward(record.callback, to, signer, send)
    if json:
        put_json({"wait": record.callback.wait, "status": how.status, "error": how.error})
    else:
        put_line(f"Sent to {to}: {how}")
    return how.exit


async def _mark(store: Store, record: Record, *, json: bool) -> int:
    wait = record.callback.wait
    marked = await store.replay(wait)
    if json:
        put_json({"wait": wait, "pending": True, "changed": marked})
    elif marked:
        put_line(f"Callback {wait[:SHORT]} is pending again: its handlers will run.")
    else:
        put_line(
            f"Callback {wait[:SHORT]} is pending already: no program has run its handlers yet.\n"
            "--to URL sends it to one."
        )
    return Exit.OK


@asynccontextmanager
async def _opened(url: str | None) -> AsyncIterator[Store]:
    store = keeping.open_durable(keeping.store_url(url, settings.load()))
    await store.open()
    try:
        yield store
    finally:
        await store.aclose()


async def _find(store: Store, which: str) -> Record:
    exact = await store.record(which)
    if exact is not None:
        return exact
    records = await store.records(limit=SEARCHED)
    fitting = [it for it in records if it.callback.wait.startswith(which)]
    if not fitting and which.isdecimal():
        fitting = [it for it in records if int(which) in subjects(it.callback)][:1]
    if len(fitting) > 1:
        raise CommandError(f"{len(fitting)} callbacks begin with {which}: give more", Exit.USAGE)
    if not fitting:
        raise CommandError(
            f"no callback {which} is kept here; see {PROGRAM} callbacks list", Exit.NOT_FOUND
        )
    return fitting[0]
