"""``astria.users``, ``workspaces``, ``themes`` and ``images``: all that is not a job."""

import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from PIL import Image

from astria_async import (
    Astria,
    BadRequest,
    Inspection,
    InvalidInput,
    NotFound,
    PaymentRequired,
    ValidationError,
)
from astria_async.testing import Sandbox

from .conftest import FLUX

pytestmark = pytest.mark.anyio


def scenery() -> bytes:
    """A picture with something in it."""
    file = io.BytesIO()
    Image.effect_noise((800, 800), 80).save(file, "PNG")
    return file.getvalue()


async def test_the_account_tells_its_balance(polling: Astria, sandbox: Sandbox) -> None:
    """In dollars, to the tenth of a cent."""
    sandbox.update_account(balance_mc=1_234_500, top_off_amount=25)

    user = await polling.users.me()

    assert (user.balance, user.usd_balance_mc) == (Decimal("12.345"), 1_234_500)
    assert (user.top_off_amount, user.auto_extend_tunes) == (25, False)
    assert (user.payer or {})["self"] is True


async def test_in_a_workspace_its_payer_counts(polling: Astria, sandbox: Sandbox) -> None:
    """A client that acts in a workspace sees the balance of whoever pays for that, and uses it."""
    space = await polling.workspaces.create(title="Spring")
    sandbox.world.accounts.change(1, balance_mc=11_600)
    sandbox.world.workspaces.change(space.id, payer_id=1)

    async with sandbox.client(receiver=None, workspace_id=space.id) as inside:
        before = (await inside.users.me()).balance
        await inside.prompts.create(FLUX, "a garden")
        after = await inside.users.me()
        with pytest.raises(PaymentRequired, match="Not enough balance"):
            await inside.prompts.create(FLUX, "another")

    assert (before, after.balance) == (Decimal("0.116"), Decimal("0.001"))
    assert (after.payer or {})["self"] is False
    assert after.usd_balance_mc == 10_000_000_000


async def test_workspaces_keep_things_apart(polling: Astria, sandbox: Sandbox) -> None:
    """What is made in one is listed there, and everywhere by a client of all."""
    space = await polling.workspaces.create(title="Spring")
    mine = await polling.prompts.create(FLUX, "mine")
    async with sandbox.client(workspace_id=space.id) as inside:
        ours = await inside.prompts.create(FLUX, "ours")
        listed = [it.id async for it in inside.prompts.list()]
    async with sandbox.client(workspace_id="all") as everywhere:
        all_of_them = [it.id async for it in everywhere.prompts.list()]

    assert (ours.workspace_id, listed) == (space.id, [ours.id])
    assert all_of_them == [ours.id, mine.id]
    assert [it.id async for it in polling.prompts.list()] == [mine.id]


async def test_a_workspace_is_made_read_and_changed(polling: Astria) -> None:
    """Lists tell less than the workspace by itself."""
    made = await polling.workspaces.create(title="Spring catalogue")
    changed = await polling.workspaces.update(made.id, brief="Soft light", landing_page_html="<p>")

    (listed,) = await polling.workspaces.list()
    whole = await polling.workspaces.get(made.id)

    assert (made.slug, listed.id, listed.brief) == ("spring-catalogue", made.id, None)
    assert (whole.brief, whole.landing_page_html) == ("Soft light", "<p>")
    assert changed == whole


async def test_a_workspace_that_is_not_there(polling: Astria, sandbox: Sandbox) -> None:
    """Reading it, and acting in it, say so."""
    with pytest.raises(NotFound):
        await polling.workspaces.get(9)
    async with sandbox.client(workspace_id=9) as lost:
        with pytest.raises(NotFound):
            await lost.users.me()
    async with sandbox.client(workspace_id="spring") as confused:
        with pytest.raises(BadRequest, match="X-Workspace-Id"):
            await confused.users.me()


async def test_a_theme_makes_ten_prompts_a_tune(
    astria: Astria, sandbox: Sandbox, photo: bytes
) -> None:
    """They appear a moment later, with what was laid over them."""
    tune = await astria.tunes.create(name="woman", images=[photo], branch="fast")
    await sandbox.advance(60)

    await astria.themes.create(
        theme="Cyberpunk", tune_ids=[tune.id], prompt_attributes={"num_images": 2, "w": 512}
    )
    await sandbox.advance(5)

    prompts = await tune.prompts.list().collect()
    assert len(prompts) == 10
    assert {(it.num_images, it.w, it.theme) for it in prompts} == {(2, 512, "Cyberpunk")}


async def test_a_theme_is_for_people(astria: Astria, photo: bytes) -> None:
    """Another class is refused by the server; no tune at all, here."""
    cat = await astria.tunes.create(name="cat", images=[photo], model_type="faceid")

    with pytest.raises(ValidationError) as caught:
        await astria.themes.create(theme="Sea", tune_ids=[cat.id])
    with pytest.raises(InvalidInput, match="at least one tune"):
        await astria.themes.create(theme="Sea", tune_ids=[])

    assert caught.value.errors == {"tune_ids": ["must be of class man or woman"]}


async def test_a_picture_is_inspected(
    polling: Astria, tmp_path: Path, picture: Callable[..., bytes]
) -> None:
    """From a path or as bytes; small ones are warned of."""
    path = tmp_path / "small.jpg"
    path.write_bytes(picture(size=64))

    small = await polling.images.inspect("woman", path)
    good = await polling.images.inspect("woman", scenery())

    assert small.low_resolution is True
    assert "low_resolution" in small.warnings
    assert (good.name, good.low_resolution) == ("woman", False)
    assert good.characteristics.keys() <= {"age", "body_type", "ethnicity", "eye_color",
                                           "facial_hair", "glasses", "hair_color", "hair_length",
                                           "hair_style", "headcover", "is_bald"}  # fmt: skip


async def test_a_url_is_inspected(polling: Astria) -> None:
    """The server fetches it."""
    found = await polling.images.inspect("cat", "https://files.example.com/cat.jpg")

    assert isinstance(found, Inspection)
    assert found.name is not None


async def test_nothing_detected_is_none(polling: Astria, sandbox: Sandbox, photo: bytes) -> None:
    """The API writes that as "" or NONE; neither is a characteristic to train with."""
    raw = await polling.request(
        "POST", "/images/inspect", json={"name": "woman", "file_url": "https://x.example.com/a"}
    )
    found = await polling.images.inspect("woman", "https://x.example.com/a")

    blank = {key for key, value in raw.content().items() if value in ("", "NONE")}
    assert blank
    assert all(getattr(found, key) is None for key in blank)
    assert not blank & found.characteristics.keys()


async def test_what_is_no_picture_is_refused(polling: Astria) -> None:
    """By the server, since who knows what it can read."""
    with pytest.raises(ValidationError, match="is not an image"):
        await polling.images.inspect("woman", b"just some text")


async def test_characteristics_go_into_a_tune(polling: Astria, photo: bytes) -> None:
    """What was seen can be handed on as it is."""
    seen = await polling.images.inspect("woman", scenery())

    tune = await polling.tunes.create(
        name="woman", images=[photo], characteristics=seen.characteristics
    )

    assert tune.characteristics == seen.characteristics != {}


async def test_catalogues_list_models(polling: Astria) -> None:
    """Those of the vendor's own tools."""
    catalog = await polling.users.catalog()
    plugin = await polling.users.plugin_catalog()

    assert catalog.models[catalog.default or ""]["id"] == FLUX
    assert catalog.default_video_model in catalog.video_models
    assert {model["id"] for model in plugin["models"]} >= {FLUX}
