"""Prompts: the grid of their pictures, and one with all that was asked for."""

from collections.abc import Iterator

from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.dashboard import states
from astria_async.sandbox.dashboard.counts import is_own
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.forms import Answers, read_form
from astria_async.sandbox.dashboard.listing import number, path_number, window
from astria_async.sandbox.dashboard.page import Gone, Page
from astria_async.sandbox.dashboard.pages.tunes import deliveries_of
from astria_async.sandbox.dashboard.paths import path
from astria_async.sandbox.dashboard.timeline import of_prompt, progress
from astria_async.sandbox.prompts import input_keys
from astria_async.sandbox.records import Prompt

GRID_SIZE = 24


async def index(request: Request, desk: Desk) -> Page:
    """Prompts, the youngest first; ``q`` is a part of the text, ``tune`` an id."""
    words = request.query_params.get("q", "").strip()
    state = request.query_params.get("state", "")
    tune_id = number(request.query_params.get("tune"))
    found = _matching(desk, words, state, tune_id)
    return Page(
        template="prompts",
        title="Prompts",
        section="prompts",
        parts=("prompts",),
        context={
            "found": window(found, request, lambda prompt: prompt.id, GRID_SIZE),
            "q": words,
            "state": state,
            "tune_id": tune_id,
            "states": states.PROMPT_STATES,
        },
    )


async def show(request: Request, desk: Desk) -> Page:
    """One prompt."""
    prompt = _find(request, desk)
    return Page(
        template="prompt",
        title=f"Prompt {prompt.id}",
        section="prompts",
        parts=("prompt", "fail_prompt"),
        context={
            "prompt": prompt,
            "tune": desk.world.tunes.get(prompt.tune_id),
            "needs": _missing(desk, prompt),
            "params": {name: prompt.params[name] for name in sorted(prompt.params)},
            "inputs": input_keys(prompt.inputs),
            "timeline": of_prompt(prompt),
            "progress": progress(prompt, prompt.running_seconds, desk.world.now()),
            "deliveries": deliveries_of(desk, "prompt", prompt.id),
            "files": desk.world.files,
        },
    )


async def fail(request: Request, desk: Desk) -> Gone:
    """Let a generation end badly, now."""
    prompt = _find(request, desk)
    reason = Answers(await read_form(request)).text("reason", "Failed by hand.")
    here = path("prompts", prompt.id)
    if prompt.settled:
        return Gone(here, "settled")
    desk.control.fail_prompt(prompt.id, reason)
    await desk.services.commit()
    return Gone(here, "failed")


def _find(request: Request, desk: Desk) -> Prompt:
    prompt = desk.world.prompts.get(path_number(request))
    if prompt is None:
        raise HTTPException(404)
    return prompt


def _missing(desk: Desk, prompt: Prompt) -> list[int]:
    needs = dict.fromkeys((prompt.tune_id, *prompt.references))
    tunes = [tune for i in needs if (tune := desk.world.tunes.get(i)) is not None]
    return [tune.id for tune in tunes if tune.trained_at is None]


def _matching(desk: Desk, words: str, state: str, tune_id: int | None) -> Iterator[Prompt]:
    world = desk.world
    for prompt in world.prompts.newest() if tune_id is None else world.prompts_of(tune_id):
        # The gallery's templates are prompts too; they show under the models that they name.
        if tune_id is None and not is_own(world, prompt):
            continue
        if words.lower() in prompt.text.lower() and state in {"", states.of_prompt(prompt).word}:
            yield prompt
