"""``astria-async doctor``, as it is typed."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import attrs
from rich.text import Text

from astria_async.cli import settings
from astria_async.cli.doctor.api import look_at_api
from astria_async.cli.doctor.callbacks import Serving, look_at_callbacks
from astria_async.cli.doctor.findings import Finding, fault, note, ok
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.helping import documented
from astria_async.cli.options import Flag, Port
from astria_async.cli.terminal import (
    console,
    count,
    is_lively,
    put_hanging,
    put_json,
    put_line,
)

_SIGNS = {"ok": ("✓", "green"), "fault": ("✗", "bold red"), "note": ("·", "yellow")}

LABELS = 9
"""Characters of the longest thing that is looked at."""


@documented
async def doctor(
    *,
    base_url: str | None = None,
    workspace: str | None = None,
    callback_url: str | None = None,
    store: str | None = None,
    port: Port | None = None,
    tunnel: Literal["ngrok"] | None = None,
    json: Flag = False,
) -> int:
    """
    Look at everything that callbacks and the API need, and say what to mend.

    Nothing is changed or paid. The exit code is 15 if something is to be mended.

    Args:
        base_url: Where the API is. Default: ASTRIA_BASE_URL, else Astria's.
        workspace: The workspace to act in. Default: ASTRIA_WORKSPACE_ID.
        callback_url: The receiver's public URL. Default: ASTRIA_CALLBACK_URL.
        store: Where callbacks are kept. Default: ASTRIA_CALLBACK_STORE.
        port: Serve a receiver on this port for the time of the check; else yours has to run.
        tunnel: Open a tunnel to that port.
        json: Print one JSON object.
    """
    if tunnel is not None and port is None:
        raise CommandError("--tunnel needs --port", Exit.USAGE)
    found = _with(
        settings.load(), base_url=base_url, callback_url=callback_url, callback_store=store
    )
    serving = Serving(port=port, tunnel=tunnel)
    findings = _look_at_settings()
    put = _silent if json else _put
    put(findings)
    with _busy("API", silent=json):
        of_api = await look_at_api(found, workspace or found.workspace_id)
    put(of_api)
    with _busy("way of callbacks", silent=json):
        of_callbacks = await look_at_callbacks(found, serving)
    put(of_callbacks)
    findings += [*of_api, *of_callbacks]
    faults = sum(it.verdict == "fault" for it in findings)
    if json:
        put_json({"faults": faults, "findings": [attrs.asdict(it) for it in findings]})
    else:
        put_line()
        put_line(f"{count(faults, 'thing')} to mend." if faults else "All is well.")
    return Exit.UNSOUND if faults else Exit.OK


def _with(found: settings.Settings, **given: str | None) -> settings.Settings:
    changes: dict[str, Any] = {name: it for name, it in given.items() if it is not None}
    return attrs.evolve(found, **changes)


def _look_at_settings() -> list[Finding]:
    path = settings.config_path()
    if not path.exists():
        return [note("settings", f"no file {path}; the environment alone counts")]
    if settings.exposed(path):
        return [fault("settings", f"others can read your key in {path}", f"Run chmod 600 {path}")]
    return [ok("settings", f"{path} can be read by you alone")]


@contextlib.contextmanager
def _busy(what: str, *, silent: bool) -> Iterator[None]:
    """Show at a terminal that the *what* is being looked at: it may take as long as its answer."""
    screen = console()
    if silent or not is_lively(screen):
        yield
        return
    with screen.status(f"Looking at the {what} …", spinner_style="cyan"):
        yield


def _silent(findings: Sequence[Finding]) -> None:
    """Print nothing yet."""


def _put(findings: Sequence[Finding]) -> None:
    screen = console()
    for it in findings:
        sign, colour = _SIGNS[it.verdict]
        head = Text.assemble((sign, colour), f" {it.about:{LABELS}}  ")
        put_hanging(screen, head, it.said)
        if it.advice:
            put_hanging(screen, Text(" " * head.cell_len), it.advice, "dim")
