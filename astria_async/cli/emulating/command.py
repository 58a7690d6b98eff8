"""``astria-async sandbox``, as it is typed: the emulator on a port, until it is told to stop."""

import os
import secrets
from decimal import Decimal
from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter
from rich.text import Text

from astria_async.cli.emulating.triggering import trigger
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.extras import need
from astria_async.cli.helping import documented
from astria_async.cli.interrupts import interrupted
from astria_async.cli.options import Factor, Flag, Port
from astria_async.cli.terminal import console, put_facts, put_json, put_line, put_stopped

app: App = App(name="sandbox", help="Serve an emulator of the Astria API, or send test callbacks.")
app.command(trigger, name="trigger")


@app.default
@documented
async def serve(
    *,
    host: str = "127.0.0.1",
    port: Port = 8787,
    api_key: str | None = None,
    speed: Factor = 1000.0,
    balance: Decimal = Decimal(1000),
    idempotent: Flag = False,
    seed: int = 0,
    state: Path | None = None,
    faults: Annotated[list[str] | None, Parameter(negative="", metavar="NAME|JSON")] = None,
    json: Flag = False,
) -> int:
    """
    Serve an emulator of the Astria API until Ctrl-C, which ends it with exit code 0.

    Programs use it through ASTRIA_BASE_URL and ASTRIA_API_KEY; what to set them to is printed.
    Callbacks go out over plain http to this machine and its network.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        api_key: The key that it takes. Default: a random one.
        speed: Divides the time that training and generation take: at 1000 an ordinary tune is
            trained in about a second, at 1 in its true minutes.
        balance: What the account holds, in US dollars.
        idempotent: Switch on the account's idempotency setting.
        seed: What durations and pictures derive from.
        state: SQLite file that keeps everything over restarts; made if it does not exist.
        faults: What goes wrong: names such as lost-callbacks, created-504 or bad-day, or a JSON
            object such as {"on": "callback", "kind": "drop"}. May be given several times.
        json: Print one JSON object with url, api_key, dashboard and pid when it is up, and nothing
            else.
    """
    need("sandbox", "the sandbox")
    from astria_async.cli.emulating.faults import read_faults
    from astria_async.sandbox import Sandbox
    from astria_async.sandbox.serve import CannotServe
    from astria_async.sandbox.serve import serve as serve_sandbox
    from astria_async.sandbox.state import StateError

    key = f"sd_{secrets.token_urlsafe(16)}" if api_key is None else api_key
    emulator = Sandbox(
        api_key=key,
        speed=1.0,
        pace=speed,
        balance=balance,
        idempotent=idempotent,
        seed=seed,
        state=state,
    )
    for fault in read_faults(faults or []):
        emulator.faults.add(fault)
    try:
        async with emulator, serve_sandbox(emulator, host, port) as url:
            await interrupted(lambda: _tell(url, key, json=json))
    except StateError as exc:
        raise CommandError(f"--state: {exc}") from exc
    except CannotServe as exc:
        raise CommandError(f"{exc}; --port 0 takes a free one") from exc
    if not json:
        kept = "its state is gone; --state FILE keeps it" if state is None else f"kept in {state}"
        put_stopped(kept)
    return Exit.OK


def _tell(url: str, key: str, *, json: bool) -> None:
    from astria_async.sandbox.dashboard import HOME

    dashboard = f"{url}{HOME}/"
    if json:
        put_json({"url": url, "api_key": key, "dashboard": dashboard, "pid": os.getpid()})
        return
    facts = [("Sandbox at", url), ("Dashboard", dashboard), ("API key", key)]
    put_facts((label, Text(value, style="bold")) for label, value in facts)
    screen = console()
    for title, lines in (
        ("Try it:", [f"curl -H 'Authorization: Bearer {key}' {url}/tunes"]),
        (
            "Use it from any program, or another terminal:",
            [f"export ASTRIA_BASE_URL={url}", f"export ASTRIA_API_KEY={key}"],
        ),
    ):
        put_line(f"\n{title}")
        for line in lines:
            screen.print(Text(f"  {line}", "cyan"), soft_wrap=True)
    put_line("\nCtrl-C stops it.")
