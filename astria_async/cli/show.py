"""Objects as people read them: a table for many, lines for one."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from rich.console import Console
from rich.text import Text

from astria_async.cli.tables import Layout, Row, put_table
from astria_async.cli.terminal import put_facts, span
from astria_async.protocol.models import Job, Pack, Prompt, Resource, Status, Tune

Fact = tuple[str, str | Text]
"""What is told of an object, behind a label."""

_COLOURS = {
    Status.READY: "green",
    Status.FAILED: "red",
    Status.RUNNING: "yellow",
    Status.QUEUED: "cyan",
    Status.EXPIRED: "dim",
}


def moment(value: dt.datetime | None, *, seconds: bool = False) -> str:
    """A time to the minute, or to the second, in this machine's zone."""
    shape = "%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M"
    return value.astimezone().strftime(shape) if value else ""


def table(screen: Console, objects: Sequence[Resource]) -> None:
    """Print objects of one kind, one a row."""
    layout, row = _TABLES[type(objects[0])]
    put_table(screen, layout, [row(found) for found in objects])


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


_TABLES: dict[type, tuple[Layout, Callable[[Any], Row]]] = {
    Tune: (
        Layout(
            headings=("ID", "TITLE", "CLASS", "BRANCH", "STATUS", "CREATED"),
            flexible="TITLE",
            numbers={"ID"},
        ),
        _tune_row,
    ),
    Prompt: (
        Layout(
            headings=("ID", "TUNE", "TEXT", "IMAGES", "STATUS", "CREATED"),
            flexible="TEXT",
            numbers={"ID", "TUNE", "IMAGES"},
        ),
        _prompt_row,
    ),
    Pack: (
        Layout(headings=("ID", "SLUG", "TITLE", "CLASSES"), flexible="TITLE", numbers={"ID"}),
        _pack_row,
    ),
}


def details(found: Resource) -> None:
    """Print one object, a fact a line; what it does not say is left out."""
    put_facts(_facts(found))


def _facts(found: Resource) -> Iterable[Fact]:
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


def _job_facts(job: Job) -> list[Fact]:
    ended = job.is_settled
    eta = job.eta if isinstance(job, Tune) and not ended else None
    expires = job.expires_at if isinstance(job, (Tune, Prompt)) else None
    return [
        ("status", _status(job)),
        ("reason", job.failure or ""),
        ("created", moment(job.created_at)),
        ("started", moment(job.started_training_at)),
        ("ready", moment(job.trained_at) if job.is_ready else ""),
        ("expected", _ahead(eta)),
        ("expires", moment(expires)),
        ("price", "" if job.cost is None else f"{job.cost:.3f} USD"),
        ("callback", _without_query(job.callback)),
        ("metadata", _metadata(job)),
    ]


def _ahead(eta: dt.datetime | None) -> str:
    left = eta - dt.datetime.now(dt.UTC) if eta else dt.timedelta(0)
    return f"{moment(eta)}, in {span(left)}" if left > dt.timedelta(0) else moment(eta)


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
