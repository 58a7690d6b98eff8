"""What is there before anybody creates anything: accounts, public models and public packs."""

import datetime as dt
import itertools
from typing import Any

from astria_async.sandbox.billing import MC_PER_USD
from astria_async.sandbox.records import Account, File, Pack, Prompt, Tune
from astria_async.sandbox.world import World

ASTRIA = 1
DEFAULT_ACCOUNT = 77
FLUX = 1504944
PACK = 811
_FIRST_IDS = {"tunes": 2_900_000, "prompts": 41_877_000, "packs": PACK, "orders": 51_199}
_BORN = dt.datetime(2024, 8, 1, 9, tzinfo=dt.UTC)
# Ids from docs.astria.ai.
_MODELS = (
    (666678, "SDXL 1.0", "sdxl1"),
    (690204, "Realistic Vision V5.1", "sd15"),
    (FLUX, "Flux1.dev", "flux1"),
)
_SITTERS = {"woman": 1600001, "man": 1600002, "cat": 1600003}
_SCENES = (
    "portrait of ohwx {name} in a studio, soft light, grey background",
    "ohwx {name} walking through a garden in spring",
    "ohwx {name} reading at a window, film photograph",
)
_HEADSHOTS = ("headshot of ohwx {name} in an office, {{{{eye_color}}}}",)
# Id, slug, title, classes, scenes, and its first template, the oldest first. The first two are in
# the samples of docs.astria.ai/docs/api/pack, as of 2024 and of today; lists of listed packs have
# the third only.
_PACKS = (
    (43, "corporate-headshots-2023", "Corporate headshots, 2023", tuple(_SITTERS), _HEADSHOTS,
     18_760_001),
    (260, "corporate-headshots", "Corporate headshots", tuple(_SITTERS), _HEADSHOTS, 18_760_011),
    (PACK, "studio-portraits", "Studio portraits", ("woman", "man"), _SCENES, 18_770_001),
)  # fmt: skip


def furnish(world: World) -> None:
    """Set up a fresh world: the gallery, and the account that the sandbox's key opens."""
    settings = world.settings
    world.accounts.put(
        Account(
            id=ASTRIA,
            key=None,
            name="Astria",
            email="gallery@astria.sandbox",
            balance_mc=0,
            gallery=True,
        )
    )
    world.accounts.put(
        Account(
            id=DEFAULT_ACCOUNT,
            key=settings.api_key,
            name="Sandbox",
            email="studio@astria.sandbox",
            balance_mc=int(settings.balance * MC_PER_USD),
            idempotent=settings.idempotent,
            merge_text_seed=settings.merge_text_seed,
        )
    )
    for tune_id, title, branch in _MODELS:
        world.tunes.put(_tune(tune_id, title, "style", branch, public=True))
    _furnish_packs(world)
    for shelf in world.shelves:
        shelf.last_id = _FIRST_IDS.get(shelf.name, shelf.last_id)
    world.rebuild()


def _furnish_packs(world: World) -> None:
    for name, tune_id in _SITTERS.items():
        sitter = _tune(tune_id, f"A {name}", name, "flux1", model_type="lora", base_tune_id=FLUX)
        world.tunes.put(sitter)
    for pack_id, slug, title, classes, scenes, first in _PACKS:
        world.packs.put(
            Pack(
                id=pack_id,
                account_id=ASTRIA,
                slug=slug,
                title=title,
                subtitle="Calm light, few props",
                base_tune_id=FLUX,
                preset="flux-lora-portrait",
                created_at=_BORN,
                updated_at=_BORN,
                public_at=_BORN,
                unlisted_at=None if pack_id == PACK else _BORN,
            )
        )
        for number, (name, scene) in enumerate(itertools.product(classes, scenes), first):
            text = scene.format(name=name)
            world.prompts.put(_template(world, number, pack_id, _SITTERS[name], text))


def _tune(tune_id: int, title: str, name: str, branch: str, **fields: Any) -> Tune:
    return Tune(
        id=tune_id,
        account_id=ASTRIA,
        payer_id=ASTRIA,
        title=title,
        name=name,
        branch=branch,
        created_at=_BORN,
        updated_at=_BORN,
        started_training_at=_BORN,
        trained_at=_BORN,
        is_api=False,
        **fields,
    )


def _template(world: World, number: int, pack_id: int, tune_id: int, text: str) -> Prompt:
    key = world.key(f"result:{number}:0")
    recipe = {"kind": "picture", "text": text, "seed": number, "width": 384, "height": 512}
    world.files.put(File(id=key, content_type="image/jpeg", recipe=recipe))
    return Prompt(
        id=number,
        account_id=ASTRIA,
        payer_id=ASTRIA,
        tune_id=FLUX,
        text=f"<lora:{tune_id}:1> {text}",
        params={"num_images": 2, "w": 896, "h": 1152},
        references=(tune_id,),
        created_at=_BORN,
        updated_at=_BORN,
        started_training_at=_BORN,
        trained_at=_BORN,
        images=(key,),
        pack_id=pack_id,
    )
