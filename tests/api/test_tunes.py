"""``astria.tunes``: changes, weights, the gallery, and what becomes of a tune in thirty days."""

from pathlib import Path

import pytest

from astria_async import (
    Astria,
    Deleted,
    DownloadFailed,
    InvalidInput,
    NotFound,
    PermissionDenied,
    Status,
    Tune,
    ValidationError,
)
from astria_async.testing import Sandbox

from .conftest import FLUX, Fetch, Passing

pytestmark = pytest.mark.anyio
DAY = 24 * 3600


@pytest.fixture
async def tune(astria: Astria, photo: bytes, passing: Passing) -> Tune:
    """A checkpoint that was just trained."""
    made = await astria.tunes.create(title="Ada", name="woman", images=[photo], branch="sd15")
    return await passing(made.wait_ready())


async def test_a_tune_is_changed_by_itself_or_its_id(tune: Tune, astria: Astria) -> None:
    """What is named changes, and the tune is given as it then is."""
    named = await tune.update(title="Grace", characteristics={"eye_color": "green eyes"})
    kept = await astria.tunes.update(tune.id, name="girl", auto_extend=True)

    assert (named.title, named.name) == ("Grace", "woman")
    assert (kept.title, kept.name, kept.auto_extend) == ("Grace", "girl", True)
    assert kept.characteristics == {"eye_color": "green eyes"}


async def test_what_cannot_be_changed(tune: Tune, astria: Astria) -> None:
    """Nothing at all, a name that no tune may have, a tune that is not there or not ours."""
    with pytest.raises(InvalidInput, match="nothing to change"):
        await tune.update()
    with pytest.raises(ValidationError) as caught:
        await tune.update(name="a_b")
    with pytest.raises(NotFound):
        await astria.tunes.update(5, title="x")
    with pytest.raises(PermissionDenied):
        await astria.tunes.update(FLUX, title="x")

    assert caught.value.errors == {"name": ["only English letters, numbers and spaces allowed"]}


async def test_characteristics_fill_prompts(astria: Astria, photo: bytes) -> None:
    """Placeholders in texts stand for what the tune says."""
    made = await astria.tunes.create(
        name="woman", images=[photo], branch="fast", characteristics={"hair": "red hair"}
    )

    prompt = await made.prompts.create("ohwx woman with {{hair}}")

    assert prompt.text == "ohwx woman with red hair"


async def test_weights_are_downloaded(tune: Tune, tmp_path: Path, fetch: Fetch) -> None:
    """A checkpoint's weights come as a whole file."""
    (path,) = await tune.download_checkpoint(tmp_path)

    assert path.stem == f"tune-{tune.id}-0"
    assert path.read_bytes() == await fetch(tune.ckpt_url or "")


async def test_an_expired_address_is_asked_for_anew(
    tune: Tune, sandbox: Sandbox, tmp_path: Path, passing: Passing
) -> None:
    """Presigned URLs live 60 minutes; the tune is fetched again for a fresh one."""
    await sandbox.advance(3601)

    paths = await passing(tune.download_checkpoint(tmp_path))

    refused = [it.status for it in sandbox.requests if it.path.startswith("/files/")]
    assert [path.stat().st_size > 0 for path in paths] == [True]
    assert refused == [403, 200]


@pytest.mark.parametrize("fields", [{"model_type": "faceid"}])
async def test_some_tunes_have_no_weights(
    astria: Astria, photo: bytes, tmp_path: Path, fields: dict[str, str]
) -> None:
    """A FaceID tune is ready at once, and has nothing to download."""
    made = await astria.tunes.create(name="man", images=[photo], **fields)  # type: ignore[arg-type]

    assert (made.status, await made.wait_ready(timeout=0)) == (Status.READY, made)
    with pytest.raises(DownloadFailed, match="offers no weights"):
        await made.download_checkpoint(tmp_path)


async def test_the_gallery_shows_public_models(polling: Astria, tune: Tune) -> None:
    """Other people's models can be listed by the same filters, and used as they are."""
    models = await polling.gallery.tunes(branch="flux1").collect()

    prompt = await polling.prompts.create(models[0], "a garden")

    assert [model.id for model in models] == [FLUX]
    assert (prompt.tune_id, tune.id in [it.id async for it in polling.gallery.tunes()]) == (
        FLUX, False,
    )  # fmt: skip


async def test_tunes_are_filtered(polling: Astria, tune: Tune, photo: bytes) -> None:
    """By a part of the title, by class words, by kind."""
    cat = await polling.tunes.create(title="Tom", name="cat", images=[photo], model_type="faceid")

    async def ids(**filters: object) -> list[int]:
        return [it.id async for it in polling.tunes.list(**filters)]  # type: ignore[arg-type]

    assert await ids(title="ad") == await ids(branch="sd15", name="woman") == [tune.id]
    assert await ids(model_type="faceid") == [cat.id]
    assert await ids(name=["woman", "cat"]) == [cat.id, tune.id]
    assert await ids(page_size=1, offset=1) == [tune.id]


async def test_a_tune_expires_after_thirty_days(
    tune: Tune, astria: Astria, sandbox: Sandbox
) -> None:
    """What we hold says so by itself; the server has it no more, with its prompts and pictures."""
    prompt = await tune.prompts.create("a portrait")
    await sandbox.advance(60)
    prompt = await prompt.refresh()
    await sandbox.advance(30 * DAY)

    assert tune.status is prompt.status is Status.EXPIRED
    for gone in (tune, prompt):
        with pytest.raises(NotFound):
            await gone.refresh()
    with pytest.raises(NotFound):
        await astria.prompts.create(tune, "too late")


async def test_waiting_for_what_expired_says_so(
    tune: Tune, sandbox: Sandbox, passing: Passing
) -> None:
    """A wait that was resumed from an old record ends."""
    await sandbox.advance(31 * DAY)
    unfinished = Tune(id=tune.id, binding=tune.bound)

    with pytest.raises(Deleted, match="expired 30 days after training"):
        await passing(unfinished.wait_ready())


async def test_an_extended_tune_lives_on(
    tune: Tune, sandbox: Sandbox, tmp_path: Path, passing: Passing
) -> None:
    """Its expiry moves on by thirty days, which is paid, and its prompts stay with it."""
    before = sandbox.account.balance_mc
    await tune.update(auto_extend=True)
    prompt = await passing((await tune.prompts.create("a portrait")).wait_ready())
    paid = prompt.cost_mc or 0
    await sandbox.advance(40 * DAY)

    fresh = await tune.refresh()
    files = await passing((await prompt.refresh()).download(tmp_path))

    assert tune.expires_at is not None
    assert fresh.expires_at is not None
    assert ((fresh.expires_at - tune.expires_at).days, fresh.status) == (30, Status.READY)
    assert sandbox.account.balance_mc == before - paid - 50_000
    assert len(files) == 4


async def test_a_deleted_tune_is_gone(tune: Tune, astria: Astria, sandbox: Sandbox) -> None:
    """A checkpoint takes its prompts along; deleting it again is no error."""
    prompt = await tune.prompts.create("a portrait")

    await tune.delete()
    await astria.tunes.delete(tune.id)

    for lost in (tune, prompt):
        with pytest.raises(NotFound):
            await lost.refresh()


async def test_2022_is_read_too(photo: bytes) -> None:
    """An old server, or a sandbox that plays one, names training images differently."""
    async with Sandbox(speed=0, profile="2022") as sandbox, sandbox.client() as astria:
        made = await astria.tunes.create(name="woman", images=[photo], branch="fast")

        assert len(made.orig_images) == 1
        assert (made.branch, made.is_ready) == (None, False)
