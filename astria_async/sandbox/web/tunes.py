"""``/tunes``: docs.astria.ai/docs/api/tune."""

from collections.abc import Mapping
from typing import Any

from astria_async.sandbox.params import Link
from astria_async.sandbox.records import Tune
from astria_async.sandbox.uploads import Upload
from astria_async.sandbox.web.call import Call
from astria_async.sandbox.web.inputs import check_callbacks, take_inputs
from astria_async.sandbox.web.pages import MAX_TUNE_OFFSET, page
from astria_async.sandbox.web.replies import MERGED, Reply


async def create(call: Call) -> Reply:
    """``POST /tunes``: create, with the images that came along, and queue the training."""
    services, values = call.services, call.body
    nested = values.get("prompts_attributes") or []
    check_callbacks(call, values, *nested)
    pictures, captions = training_images(values)
    services.tunes.check(call.account, values, len(pictures))
    twin = services.tunes.twin(call.account, values)
    if twin is not None:
        return Reply(call.show_tune(twin), MERGED)
    given = [*pictures, *captions]
    images = await services.storage.take("images", given, call.spool, call.origin)
    kept = list(images)
    try:
        stored = []
        for prompt in nested:
            inputs, keys = await take_inputs(call, prompt)
            kept += keys
            stored.append({**prompt, "stored_inputs": inputs})
        # Another request may have made it while this one's images were stored.
        twin = services.tunes.twin(call.account, values)
        if twin is not None:
            services.storage.release(kept)
            return Reply(call.show_tune(twin), MERGED)
        values = {**values, "prompts_attributes": stored}
        tune = services.tunes.create(call.asker, values, images)
    except BaseException:
        services.storage.release(kept)
        raise
    reply = Reply(call.show_tune(tune))
    await services.rush(tune)
    return reply


def training_images(values: Mapping[str, Any]) -> tuple[list[Upload | Link], list[Upload]]:
    """What was given to train on: (images, captions that go along)."""
    given = [*(values.get("images") or []), *(values.get("image_urls") or [])]
    captions = [item for item in given if isinstance(item, Upload) and item.is_caption]
    return [item for item in given if item not in captions], captions


async def index(call: Call) -> Reply:
    """``GET /tunes``: own tunes, by page, filtered."""
    found = (t for t in call.services.world.tunes.newest() if call.sees(t) and matches(t, call))
    shown = page(found, call.query, max_offset=MAX_TUNE_OFFSET)
    return Reply([call.show_tune(tune) for tune in shown])


def matches(tune: Tune, call: Call) -> bool:
    """Whether a tune passes the list's filters; ``title`` is a part, without case."""
    query = call.query
    if "title" in query and query["title"].lower() not in tune.title.lower():
        return False
    if query.get("name") and tune.name not in query["name"]:
        return False
    return all(
        query[field] == getattr(tune, field) for field in ("model_type", "branch") if field in query
    )


async def show(call: Call) -> Reply:
    """``GET /tunes/:id``: an own tune, or one of the gallery."""
    return Reply(call.show_tune(call.services.tunes.find(call.account, call.path_id("tune_id"))))


async def update(call: Call) -> Reply:
    """``PATCH /tunes/:id``."""
    tune = call.services.tunes.own(call.account, call.path_id("tune_id"))
    return Reply(call.show_tune(call.services.tunes.update(tune, call.body)))


async def delete(call: Call) -> Reply:
    """``DELETE /tunes/:id``: an empty answer."""
    call.services.tunes.delete(call.services.tunes.own(call.account, call.path_id("tune_id")))
    return Reply()
