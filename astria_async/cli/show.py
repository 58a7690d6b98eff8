"""Objects as people read them: a table for many, lines for one."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal
from urllib.parse import urlsplit

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from astria_async.cli.terminal import put_line
from astria_async.protocol.models import Job, Pack, Prompt, Resource, Status, Tune

Row = tuple[str | Text, ...]

GAP = 2
NARROWEST = 8
_NUMBERS = {"ID", "TUNE", "IMAGES"}
_FLEXIBLE = {"TITLE", "TEXT"}
_COLOURS = {
    Status.READY: "green",
    Status.FAILED: "red",
    Status.RUNNING: "yellow",
    Status.QUEUED: "cyan",
    Status.EXPIRED: "dim",
}


def moment(value: dt.datetime | None) -> str:
    """A time to the minute, in this machine's zone."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else ""


def table(screen: Console, objects: Sequence[Resource]) -> None:
    """Print objects of one kind, one a row; the widest text gives way to the screen's width."""
    first = objects[0]
    headings, row = _TABLES[type(first)]
    shown = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    rows = [row(found) for found in objects]
    for heading, width in zip(headings, _widths(headings, rows, screen.width), strict=True):
        side: Literal["left", "right"] = "right" if heading in _NUMBERS else "left"
        shown.add_column(heading, justify=side, no_wrap=True, overflow="ellipsis", width=width)
    for cells in rows:
        shown.add_row(*cells)
    screen.print(shown)


def _widths(headings: Sequence[str], rows: Sequence[Row], room: int) -> list[int]:
    """How wide each column is to be: as its widest cell, but for the flexible one."""
    widths = [
        max(cell_len(str(cell)) for cell in column) for column in zip(headings, *rows, strict=True)
    ]
    excess = sum(widths) + GAP * (len(widths) - 1) - room
    flexible = next(n for n, heading in enumerate(headings) if heading in _FLEXIBLE)
    if excess > 0:
        widths[flexible] = max(NARROWEST, widths[flexible] - excess)
    return widths


def _status(job: Job) -> Text:
    return Text(job.status, style=_COLOURS[job.status])


def _tune_row(tune: Tune) -> Row:
    return (
        str(tune.id),
        tune.title or "",
        tune.name or "",
        tune.branch or "",
        _status(tune),
        moment(tune.created_at),
    )


def _prompt_row(prompt: Prompt) -> Row:
    return (
        str(prompt.id),
        str(prompt.tune_id or ""),
        prompt.text or "",
        str(len(prompt.images)),
        _status(prompt),
        moment(prompt.created_at),
    )


def _pack_row(pack: Pack) -> Row:
    return (str(pack.id), pack.slug or "", pack.title or "", ", ".join(pack.classes))


_TABLES: dict[type, tuple[tuple[str, ...], Callable[[Any], Row]]] = {
    Tune: (("ID", "TITLE", "CLASS", "BRANCH", "STATUS", "CREATED"), _tune_row),
    Prompt: (("ID", "TUNE", "TEXT", "IMAGES", "STATUS", "CREATED"), _prompt_row),
    Pack: (("ID", "SLUG", "TITLE", "CLASSES"), _pack_row),
}


def details(found: Resource) -> None:
    """Print one object, a fact a line; what it does not say is left out."""
    facts = [(label, value) for label, value in _facts(found) if value]
    width = max(len(label) for label, _ in facts)
    for label, value in facts:
        put_line(f"{label:{width}}  {value}")


def _facts(found: Resource) -> Iterable[tuple[str, str]]:
    if isinstance(found, Tune):
        return [*_tune_facts(found), *_job_facts(found)]
    if isinstance(found, Prompt):
        images = [(f"image {number}", url) for number, url in enumerate(found.images)]
        return [*_prompt_facts(found), *_job_facts(found), *images]
    assert isinstance(found, Pack)
    return _pack_facts(found)


def _tune_facts(tune: Tune) -> list[tuple[str, str]]:
    return [
        ("tune", str(tune.id)),
        ("title", tune.title or ""),
        ("class", tune.name or ""),
        ("branch", tune.branch or ""),
        ("model type", tune.model_type or "checkpoint"),
        ("base tune", str(tune.base_tune_id or "")),
        ("token", tune.token or ""),
        ("photos", str(len(tune.orig_images) or "")),
    ]


def _prompt_facts(prompt: Prompt) -> list[tuple[str, str]]:
    return [
        ("prompt", str(prompt.id)),
        ("tune", str(prompt.tune_id or "")),
        ("text", prompt.text or ""),
        ("seed", "" if prompt.seed is None else str(prompt.seed)),
    ]


def _job_facts(job: Job) -> list[tuple[str, str]]:
    ended = job.is_settled
    eta = job.eta if isinstance(job, Tune) and not ended else None
    expires = job.expires_at if isinstance(job, (Tune, Prompt)) else None
    return [
        ("status", job.status),
        ("reason", job.failure or ""),
        ("created", moment(job.created_at)),
        ("started", moment(job.started_training_at)),
        ("ready", moment(job.trained_at) if job.is_ready else ""),
        ("expected", moment(eta)),
        ("expires", moment(expires)),
        ("price", "" if job.cost is None else f"{job.cost:.3f} USD"),
        ("callback", _without_query(job.callback)),
        ("metadata", _metadata(job)),
    ]


def _pack_facts(pack: Pack) -> list[tuple[str, str]]:
    prices = [(name, pack.estimated_cost(name)) for name in pack.classes]
    return [
        ("pack", str(pack.id)),
        ("slug", pack.slug or ""),
        ("title", pack.title or ""),
        ("subtitle", pack.subtitle or ""),
        ("base tune", str(pack.base_tune_id or "")),
        ("model type", pack.model_type or "checkpoint"),
        ("public since", moment(pack.public_at)),
        *((name, "no price told" if price is None else f"about {price:.2f} USD a run")
          for name, price in prices),
    ]  # fmt: skip


def _metadata(job: Job) -> str:
    # Of a URL that we did not write, a parameter may be a secret.
    ours = "sig=" in urlsplit(job.callback or "").query
    return ", ".join(f"{name}={value}" for name, value in job.metadata.items()) if ours else ""


def _without_query(url: str | None) -> str:
    """A callback URL as it may be shown: the query holds its signature."""
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
