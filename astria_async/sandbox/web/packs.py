"""``/packs``, ``/p/…`` and ``/themes``: docs.astria.ai/docs/api/pack."""

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from astria_async.sandbox.records import Order, Pack, Prompt, Tune
from astria_async.sandbox.refusals import invalid
from astria_async.sandbox.runs import Draft
from astria_async.sandbox.tables.prompt_params import FILE_FIELDS
from astria_async.sandbox.views import stamp
from astria_async.sandbox.web.call import Call
from astria_async.sandbox.web.inputs import check_callbacks, copy_inputs, take_inputs
from astria_async.sandbox.web.pages import DEFAULT_LIMIT, MAX_LIMIT
from astria_async.sandbox.web.replies import Reply
from astria_async.sandbox.web.tunes import training_images

_SHORT_TUNE = (
    "id", "title", "name", "eta", "trained_at", "started_training_at", "created_at", "updated_at",
    "expires_at", "url", "orig_images",
)  # fmt: skip
_BY_THEME = 10
_THEME_CLASSES = {"man", "woman"}


async def index(call: Call) -> Reply:
    """``GET /packs``: own packs."""
    packs = (p for p in call.services.world.packs.newest() if p.account_id == call.account.id)
    return _list(call, packs)


async def gallery(call: Call) -> Reply:
    """``GET /gallery/packs``: everybody's public packs."""
    return _list(call, (p for p in call.services.world.packs.newest() if p.public_at))


async def create(call: Call) -> Reply:
    """``POST /packs``."""
    return Reply(_show(call, call.services.packs.create(call.account, call.body)))


async def show(call: Call) -> Reply:
    """``GET /p/:id_or_slug``: with example prompts per class."""
    services = call.services
    pack = services.packs.find(call.account, call.request.path_params["pack"])
    templates = services.packs.templates(pack)
    covers = [key for prompt in templates for key in prompt.images]
    classes, branch = services.packs.by_class(templates), services.packs.branch(pack)
    return Reply(
        {
            **_show(call, pack),
            "cover_url": call.url(covers[0]) if covers else None,
            "logo": None,
            "prompts_per_class": {
                name: [{"id": p.id, "images": [call.url(k) for k in p.images]} for p in prompts]
                for name, prompts in classes.items()
            },
            "template_prompts": [
                {"id": p.id, "cost_mc": services.prompts.price(p.params, branch),
                 "likes_count": p.credits}
                for p in templates
            ],
        }
    )  # fmt: skip


async def run(call: Call) -> Reply:
    """``POST /p/:id_or_slug/tunes``: a new training, or prompts on existing tunes."""
    packs, values = call.services.packs, call.body
    attributes = values.get("prompt_attributes") or {}
    check_callbacks(call, values, attributes)
    pack = packs.find(call.account, call.request.path_params["pack"])
    templates = packs.choose(pack, values.get("prompt_ids"))
    several = packs.needs_several(templates)
    if pack.base_tune_id not in call.services.world.tunes:
        raise invalid({"base": ["the pack's model is gone"]})
    if not values.get("tune_ids"):
        if several:
            raise invalid({"tune_ids": ["can't be blank: this pack needs existing tunes"]})
        return await _train(call, pack, templates, attributes)
    tunes = _own_tunes(call, values["tune_ids"])
    make = packs.joint_drafts if several else packs.drafts
    drafts = make(pack, templates, tunes, {**attributes, **_art(values)})
    order = await _place(call, tunes, drafts, attributes, pack_id=pack.id, at_once=several)
    if not several:
        return Reply({"status": 201, "message": f"{len(drafts)} prompts are being created"})
    return Reply(
        {
            "status": 201,
            "order": {
                "id": order.id,
                "tune_ids": list(order.tune_ids),
                "total_cost_mc": order.total_cost_mc,
            },
            "prompt_ids": list(order.prompt_ids),
        }
    )


async def theme(call: Call) -> Reply:
    """``POST /themes``: ten prompts per tune, which appear a moment later."""
    values = call.body
    attributes = values.get("prompt_attributes") or {}
    check_callbacks(call, attributes)
    tunes = _own_tunes(call, values["tune_ids"])
    if any(tune.name not in _THEME_CLASSES for tune in tunes):
        raise invalid({"tune_ids": ["must be of class man or woman"]})
    drafts = [
        call.services.prompts.draft(
            tune,
            {
                "text": f"{tune.token} {tune.name}, {values['theme']}, scene {scene}",
                "theme": values["theme"],
                **attributes,
            },
        )
        for tune in tunes
        for scene in range(1, _BY_THEME + 1)
    ]
    await _place(call, tunes, drafts, attributes)
    return Reply()


async def _train(
    call: Call, pack: Pack, templates: list[Prompt], attributes: Mapping[str, Any]
) -> Reply:
    services, values = call.services, call.body
    missing = {f: ["can't be blank"] for f in ("title", "name") if not values.get(f)}
    if missing:
        raise invalid(missing)
    pictures, captions = training_images(values)
    nested = services.packs.nested(pack, templates, values["name"], attributes)
    recipe = {
        **values,
        "base_tune_id": pack.base_tune_id,
        "model_type": pack.model_type,
        "preset": pack.preset,
        "token": pack.token,
    }
    services.tunes.check(call.account, {**recipe, "prompts_attributes": nested}, len(pictures))
    images = await services.storage.take("images", [*pictures, *captions], call.spool, call.origin)
    kept = list(images)
    try:
        kept += await _equip(call, attributes, nested)
        values = {**recipe, "prompts_attributes": nested}
        tune = services.tunes.create(call.asker, values, images, base_pack_id=pack.id)
    except BaseException:
        services.storage.release(kept)
        raise
    view = call.show_tune(tune)
    await services.rush(tune)
    return Reply({key: view[key] for key in _SHORT_TUNE if key in view})


async def _place(
    call: Call,
    tunes: list[Tune],
    drafts: Sequence[Draft],
    attributes: Mapping[str, Any],
    *,
    pack_id: int | None = None,
    at_once: bool = False,
) -> Order:
    services, world = call.services, call.services.world
    price = 0
    for tune_id, values in drafts:
        branch = world.tunes[tune_id].branch
        price += services.prompts.price(values, branch)
        errors = services.prompts.problems(values, branch)
        if errors:
            raise invalid({f"prompts.{field}": texts for field, texts in errors.items()})
    kept = await _equip(call, attributes, [values for _, values in drafts])
    try:
        services.billing.require(call.payer.id, price, world.now())
    except BaseException:
        services.storage.release(kept)
        raise
    start = services.runs.now if at_once else services.runs.later
    callback, tune_ids = call.body.get("prompts_callback"), [tune.id for tune in tunes]
    return start(call.asker, tune_ids, drafts, callback=callback, pack_id=pack_id)


async def _equip(
    call: Call, shared: Mapping[str, Any], prompts: Iterable[dict[str, Any]]
) -> list[str]:
    """
    Give each prompt input files of its own, as it may be deleted before its siblings.

    Args:
        call: The request.
        shared: Parameters that were laid over all prompts, with the files among them.
        prompts: What to equip, in place; templates' files stand in ``stored_inputs``.

    Returns:
        The keys of all files that were kept.
    """
    inputs, kept = await take_inputs(call, shared)
    masters = list(kept)
    try:
        for values in prompts:
            for field in FILE_FIELDS:
                values.pop(field, None)
            wanted = {**(values.get("stored_inputs") or {}), **inputs}
            values["stored_inputs"], keys = await copy_inputs(call, wanted)
            kept += keys
    except BaseException:
        call.services.storage.release(kept)
        raise
    call.services.storage.release(masters)
    return kept[len(masters) :]


def _own_tunes(call: Call, tune_ids: list[int]) -> list[Tune]:
    world = call.services.world
    tunes = [world.tunes.get(tune_id) for tune_id in dict.fromkeys(tune_ids)]
    own = [tune for tune in tunes if tune is not None and tune.account_id == call.account.id]
    if len(own) < len(tunes) or not own:
        raise invalid({"tune_ids": ["must be your own tunes"]})
    return own


def _art(values: Mapping[str, Any]) -> dict[str, Any]:
    return {"brief": values["brief"]} if values.get("brief") else {}


def _list(call: Call, packs: Iterable[Pack]) -> Reply:
    query = call.query
    if query.get("public"):
        packs = (pack for pack in packs if pack.public_at)
    if query.get("listed"):
        packs = (pack for pack in packs if pack.public_at and not pack.unlisted_at)
    limit = min(query.get("limit", DEFAULT_LIMIT) or 0, MAX_LIMIT)
    offset = query.get("offset") or 0
    return Reply([_show(call, p) for p in itertools.islice(packs, offset, offset + limit)])


def _show(call: Call, pack: Pack) -> dict[str, Any]:
    costs = call.services.packs.costs(pack, call.services.packs.templates(pack))
    return {
        "id": pack.id,
        "base_tune_id": pack.base_tune_id,
        "user_id": pack.account_id,
        "slug": pack.slug,
        "title": pack.title,
        "subtitle": pack.subtitle,
        "token": pack.token,
        "multiplier": pack.multiplier,
        "multiplier_api": pack.multiplier_api,
        "model_type": pack.model_type,
        "public_at": stamp(pack.public_at),
        "unlisted_at": stamp(pack.unlisted_at),
        "main_class_name": next(iter(costs), None),
        "cost_mc_hash": {name: cost["cost_mc"] for name, cost in costs.items()},
        "costs": costs,
        "created_at": stamp(pack.created_at),
        "updated_at": stamp(pack.updated_at),
    }
