"""What is there before anybody creates anything: the default account and the public models."""

import datetime as dt

from astria_async.sandbox.billing import MC_PER_USD
from astria_async.sandbox.records import Account, Tune
from astria_async.sandbox.world import World

ASTRIA = 1
DEFAULT_ACCOUNT = 77
_FIRST_IDS = {"tunes": 2_900_000, "prompts": 41_877_000, "packs": 811, "orders": 51_199}
_BORN = dt.datetime(2024, 8, 1, 9, tzinfo=dt.UTC)
# Ids from docs.astria.ai; the captions are ours.
_MODELS = (
    (666678, "SDXL 1.0", "sdxl1", None),
    (690204, "Realistic Vision V5.1", "sd15", None),
    (1504944, "Flux1.dev", "flux1", None),
)


def furnish(world: World) -> None:
    """Set up a fresh world: the gallery, and the account that the sandbox's key opens."""
    settings = world.settings
    for shelf in world.shelves:
        shelf.last_id = _FIRST_IDS.get(shelf.name, 0)
    world.accounts.put(
        Account(id=ASTRIA, key=None, name="Astria", email="gallery@astria.sandbox",
                balance_mc=0, gallery=True)
    )  # fmt: skip
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
    last = world.tunes.last_id
    for tune_id, title, branch, model_type in _MODELS:
        world.tunes.put(
            Tune(
                id=tune_id, account_id=ASTRIA, payer_id=ASTRIA,
                title=title, name="style", branch=branch,
                model_type=model_type, token=None, created_at=_BORN, updated_at=_BORN,
                started_training_at=_BORN, trained_at=_BORN, is_api=False, public=True,
            )
        )  # fmt: skip
    world.tunes.last_id = last
