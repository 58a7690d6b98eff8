"""``astria.packs`` and ``astria.gallery``: listing, reading and creating packs."""

from decimal import Decimal

import pytest

from astria_async import Astria, NotFound, PermissionDenied, ValidationError
from astria_async.testing import Sandbox

from .conftest import FLUX

pytestmark = pytest.mark.anyio


async def test_the_gallery_shows_public_packs(polling: Astria) -> None:
    """A fresh account owns no pack, and finds those that others made public."""
    own = await polling.packs.list().collect()
    public = await polling.gallery.packs(public=True, listed=True).collect()

    assert own == []
    assert [pack.slug for pack in public] == ["studio-portraits"]
    assert public[0].public_at is not None


@pytest.mark.parametrize("name", [811, "studio-portraits"])
async def test_a_pack_has_an_id_and_a_slug(polling: Astria, name: int | str) -> None:
    """Either gives the whole pack, with examples and prices by class word."""
    pack = await polling.packs.get(name)

    assert (pack.id, pack.title) == (811, "Studio portraits")
    assert set(pack.classes) == {"woman", "man"}
    assert pack.prompts_per_class is not None
    assert len(pack.template_prompts or ()) == 6
    assert pack.estimated_cost("woman") == Decimal("1.6725")


async def test_a_pack_that_is_not_there(polling: Astria) -> None:
    """Neither a strange id nor a strange slug is a pack."""
    for name in (999, "no-such-pack"):
        with pytest.raises(NotFound):
            await polling.packs.get(name)


async def test_a_created_pack_is_listed(polling: Astria) -> None:
    """What was created comes with its slug, and leads the list of own packs."""
    first = await polling.packs.create(title="Garden portraits", subtitle="Green")
    second = await polling.packs.create(title="Garden portraits", base_tune_id=FLUX)

    listed = await polling.packs.list(page_size=1).collect()

    assert (first.slug, first.subtitle, first.model_type) == ("garden-portraits", "Green", "lora")
    assert [pack.id for pack in listed] == [second.id, first.id]
    assert await polling.packs.list(public=True).collect() == []


async def test_a_pack_needs_a_model_that_exists(polling: Astria) -> None:
    """What the server refuses is told by field."""
    with pytest.raises(ValidationError) as caught:
        await polling.packs.create(title="Lost", base_tune_id=1)

    assert list(caught.value.errors) == ["base_tune_id"]


async def test_prompts_become_templates(sandbox: Sandbox, astria: Astria, photo: bytes) -> None:
    """A prompt that names a tuned model and a pack is a template of that pack from then on."""
    tune = await astria.tunes.create(name="cat", images=[photo], model_type="lora")
    pack = await astria.packs.create(title="Cats")
    await sandbox.advance(1300)
    await astria.prompts.create(FLUX, f"{tune.lora()} a cat", pack_id=pack.id, num_images=2)

    whole = await astria.packs.get(pack.slug or "")

    assert whole.classes == ("cat",)
    assert [prompt["id"] for prompt in whole.template_prompts or ()]
    assert (whole.costs or {})["cat"]["num_images"] == 2


async def test_a_pack_of_somebody_else_is_theirs(sandbox: Sandbox, polling: Astria) -> None:
    """Private packs of other accounts are forbidden."""
    pack = await polling.packs.create(title="Mine")
    sandbox.world.packs.change(pack.id, account_id=1)

    with pytest.raises(PermissionDenied):
        await polling.packs.get(pack.id)
