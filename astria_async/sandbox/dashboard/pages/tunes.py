"""Tunes: the list, and one with its pictures, its times and its prompts."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.dashboard import states
from astria_async.sandbox.dashboard.counts import is_own
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.forms import Answers, read_form
from astria_async.sandbox.dashboard.listing import path_number, window
from astria_async.sandbox.dashboard.page import Gone, Page
from astria_async.sandbox.dashboard.paths import path
from astria_async.sandbox.dashboard.timeline import of_tune, progress
from astria_async.sandbox.records import Delivery, Tune

PROMPTS_SHOWN = 12
CALLBACKS_SHOWN = 10


async def index(request: Request, desk: Desk) -> Page:
    """Tunes, the youngest first; ``q`` is a part of the title, ``state`` a word."""
    words = request.query_params.get("q", "").strip()
    state = request.query_params.get("state", "")
    gallery = bool(request.query_params.get("gallery"))
    found = window(_matching(desk, words, state, gallery=gallery), request, lambda tune: tune.id)
    return Page(
        template="tunes",
        title="Tunes",
        section="tunes",
        parts=("tunes",),
        context={
            "found": found,
            "prompt_counts": {
                tune.id: sum(1 for _ in desk.world.prompts_of(tune.id)) for tune in found.rows
            },
            "q": words,
            "state": state,
            "gallery": gallery,
            "states": states.TUNE_STATES,
        },
    )


async def show(request: Request, desk: Desk) -> Page:
    """One tune."""
    tune = _find(request, desk)
    world = desk.world
    return Page(
        template="tune",
        title=tune.title,
        section="tunes",
        parts=("tune", "fail_tune"),
        context={
            "tune": tune,
            "own": is_own(world, tune),
            "base": world.tunes.get(tune.base_tune_id),
            "timeline": of_tune(tune, world.now()),
            "progress": progress(tune, tune.training_seconds, world.now()),
            "prompts": list(islice(world.prompts_of(tune.id), PROMPTS_SHOWN)),
            "prompt_count": sum(1 for _ in world.prompts_of(tune.id)),
            "deliveries": deliveries_of(desk, "tune", tune.id),
            "files": world.files,
        },
    )


async def fail(request: Request, desk: Desk) -> Gone:
    """Let a training end badly, now."""
    tune = _find(request, desk)
    reason = Answers(await read_form(request)).text("reason", "Failed by hand.")
    here = path("tunes", tune.id)
    if tune.settled:
        return Gone(here, "settled")
    desk.control.fail_tune(tune.id, reason)
    await desk.services.commit()
    return Gone(here, "failed")


def deliveries_of(desk: Desk, kind: str, number: int) -> list[Delivery]:
    """The latest callbacks about one object, the youngest first."""
    about = (
        delivery
        for delivery in desk.world.deliveries.newest()
        if delivery.kind == kind and delivery.object_id == number
    )
    return list(islice(about, CALLBACKS_SHOWN))


def _find(request: Request, desk: Desk) -> Tune:
    tune = desk.world.tunes.get(path_number(request))
    if tune is None:
        raise HTTPException(404)
    return tune


def _matching(desk: Desk, words: str, state: str, *, gallery: bool) -> Iterator[Tune]:
    for tune in _newest(desk, gallery=gallery):
        if words.lower() in tune.title.lower() and state in {"", states.of_tune(tune).word}:
            yield tune


def _newest(desk: Desk, *, gallery: bool) -> list[Any]:
    # The gallery's ids do not follow the order in which its models were put up.
    tunes = [tune for tune in desk.world.tunes if is_own(desk.world, tune) is not gallery]
    return sorted(tunes, key=lambda tune: -tune.id)
