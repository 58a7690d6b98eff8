"""``/prompts`` and ``/tunes/:id/prompts``: docs.astria.ai/docs/api/prompt."""

from collections.abc import Iterator

from astria_async.sandbox.params import Link
from astria_async.sandbox.records import Prompt
from astria_async.sandbox.refusals import invalid
from astria_async.sandbox.web.call import Call
from astria_async.sandbox.web.inputs import check_callbacks, copy_inputs, take_inputs
from astria_async.sandbox.web.pages import MAX_PROMPT_OFFSET, page
from astria_async.sandbox.web.replies import MERGED, Reply

_SAME = ("pack_id", "base_pack_id", "orig_prompt_id", "order_id", "is_video", "is_api", "liked")


async def create(call: Call) -> Reply:
    """``POST /tunes/:id/prompts``: create; it waits while the tune trains."""
    services, values = call.services, call.body
    tune = services.tunes.find(call.account, call.path_id("tune_id"))
    check_callbacks(call, values)
    call.place(values)
    services.prompts.check(call.account, tune, values)
    inputs, kept = await take_inputs(call, values)
    twin = services.prompts.twin(call.account, tune, values)
    if twin is not None:
        services.storage.release(kept)
        return Reply(call.show_prompt(twin), MERGED)
    try:
        prompt = services.prompts.create(call.asker, tune, values, inputs)
    except BaseException:
        services.storage.release(kept)
        raise
    reply = Reply(call.show_prompt(prompt))
    await services.rush(prompt)
    return reply


async def index(call: Call) -> Reply:
    """``GET /prompts``: own prompts, by page, filtered."""
    return _list(call, call.services.world.prompts.newest())


async def index_of_tune(call: Call) -> Reply:
    """``GET /tunes/:id/prompts``: those on the tune, and those whose text names it."""
    tune = call.services.tunes.find(call.account, call.path_id("tune_id"))
    return _list(call, call.services.world.prompts_of(tune.id))


def _list(call: Call, found: Iterator[Prompt]) -> Reply:
    fitting = (prompt for prompt in found if call.sees(prompt) and _matches(prompt, call))
    shown = page(fitting, call.query, max_offset=MAX_PROMPT_OFFSET)
    return Reply([_expanded(call, prompt) for prompt in shown])


def _matches(prompt: Prompt, call: Call) -> bool:
    query = call.query
    if "text" in query and query["text"].lower() not in prompt.text.lower():
        return False
    if "tune_id" in query and query["tune_id"] not in {prompt.tune_id, *prompt.references}:
        return False
    if "user_id" in query and query["user_id"] != prompt.account_id:
        return False
    if query.get("today") and prompt.created_at.date() != call.services.world.now().date():
        return False
    return all(query[field] == getattr(prompt, field) for field in _SAME if field in query)


def _expanded(call: Call, prompt: Prompt) -> dict[str, object]:
    view = call.show_prompt(prompt)
    expand = call.query.get("expand") or []
    if "debug_images" in expand:
        view |= {"debug_images": [], "debug_filenames": [], "debug_content_types": []}
    if "prompt.comments" in expand:
        view |= {"comments": []}
    return view


def _find(call: Call) -> Prompt:
    tune_id = call.path_id("tune_id") if "tune_id" in call.request.path_params else None
    return call.services.prompts.find(call.account, call.path_id("prompt_id"), tune_id)


async def show(call: Call) -> Reply:
    """``GET /prompts/:id``, also under its tune."""
    return Reply(call.show_prompt(_find(call)))


async def update(call: Call) -> Reply:
    """``PATCH /prompts/:id``: where it belongs."""
    prompt = _find(call)
    call.place(call.body)
    return Reply(call.show_prompt(call.services.prompts.update(call.account, prompt, call.body)))


async def duplicate(call: Call) -> Reply:
    """``POST /prompts/:id/duplicate``: make it again, with what the body changes."""
    services, prompt = call.services, _find(call)
    tune = services.tunes.find(call.account, prompt.tune_id)
    values = {**prompt.params, "text": prompt.text, "callback": prompt.callback, **call.body}
    values["orig_prompt_id"] = call.body.get("orig_prompt_id") or prompt.id
    check_callbacks(call, call.body)
    frame = _frame(call, prompt)
    if frame is not None:
        values["video_first_frame"] = Link(call.url(frame))
    if call.workspace is None:
        values.setdefault("workspace_id", prompt.workspace_id)
    call.place(values)
    services.prompts.check(call.account, tune, {**values, "stored_inputs": prompt.inputs})
    inputs, kept = await take_inputs(call, values)
    try:
        others = {f: keys for f, keys in prompt.inputs.items() if f not in inputs}
        copies, keys = await copy_inputs(call, others)
        kept += keys
        made = services.prompts.create(call.asker, tune, values, {**inputs, **copies})
    except BaseException:
        services.storage.release(kept)
        raise
    reply = Reply(call.show_prompt(made))
    await services.rush(made)
    return reply


def _frame(call: Call, prompt: Prompt) -> str | None:
    index: int | None = call.top.get("image_index")
    if index is None:
        return None
    if index >= len(prompt.images):
        raise invalid({"image_index": ["is out of range"]})
    return prompt.images[index]


async def like(call: Call) -> Reply:
    """``POST /prompts/:id/likes``: an empty answer."""
    call.services.prompts.like(_find(call), liked=True)
    return Reply()


async def unlike(call: Call) -> Reply:
    """``DELETE /prompts/:id/likes``: an empty answer."""
    call.services.prompts.like(_find(call), liked=False)
    return Reply()


async def delete(call: Call) -> Reply:
    """``DELETE /prompts/:id``."""
    call.services.prompts.delete(_find(call))
    return Reply({"message": "Prompt removed"})
