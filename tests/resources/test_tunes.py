"""``astria.tunes``, and what a tune can do itself, on the sandbox."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from astria_async.protocol.errors import (
    ClientClosed,
    DownloadFailed,
    InvalidInput,
    NotFound,
    TuneFailed,
    ValidationError,
)
from astria_async.protocol.models import Status, Tune
from astria_async.protocol.params import NewPrompt

from .studio import JPEG, Studio

pytestmark = pytest.mark.anyio


async def test_every_kind_of_image_goes_up_together(studio: Studio, tmp_path: Path) -> None:
    """Paths, bytes, files, streams and URLs, mixed."""
    (tmp_path / "1.jpg").write_bytes(JPEG)

    async def stream() -> AsyncIterator[bytes]:
        yield JPEG[:3]
        yield JPEG[3:]

    images = [
        tmp_path / "1.jpg",
        str(tmp_path / "1.jpg"),
        JPEG,
        io.BytesIO(JPEG),
        stream(),
        "https://example.com/6.jpg",
    ]

    tune = await studio.tune(images=images)

    assert len(tune.orig_images) == 6


async def test_a_glob_of_files_goes_up(studio: Studio, tmp_path: Path) -> None:
    """Any iterable of images will do."""
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(JPEG)
    pictures = tmp_path.glob("*.jpg")  # noqa: ASYNC240 - a generator, as users pass it

    tune = await studio.tune(images=pictures)

    assert len(tune.orig_images) == 3


async def test_urls_alone_need_no_upload(studio: Studio) -> None:
    """The request is JSON then."""
    await studio.astria.tunes.create(name="cat", image_urls=["https://example.com/1.jpg"])

    (request,) = studio.sandbox.requests
    assert request.content_type == "application/json"


async def test_nested_prompts_come_along(studio: Studio) -> None:
    """Each with its own metadata, and run once the tune is trained."""
    tune = await studio.trained(
        prompts=["a cat", NewPrompt("a dog", num_images=2, metadata={"n": "2"}), {"text": "an owl"}]
    )
    prompts = await tune.prompts.list().collect()

    ready = [await studio.passing(prompt.wait_ready()) for prompt in prompts]

    assert {prompt.metadata.get("n") for prompt in ready} == {None, "2"}
    assert sorted(len(prompt.images) for prompt in ready) == [2, 4, 4]


async def test_metadata_comes_back_with_the_object(studio: Studio) -> None:
    """From any later fetch, too."""
    tune = await studio.tune(metadata={"user_id": "7", "größe": "ü&="})

    found = await studio.astria.tunes.get(tune.id)

    assert found.metadata == {"user_id": "7", "größe": "ü&="}


@pytest.mark.parametrize("model_type", ["faceid"])
async def test_what_is_ready_at_creation_needs_no_wait(studio: Studio, model_type: str) -> None:
    """FaceID references are not trained."""
    tune = await studio.tune(model_type=model_type, branch="sd15")
    asked = len(studio.sandbox.requests)

    ready = await tune.wait_ready()

    assert ready is tune
    assert len(studio.sandbox.requests) == asked


async def test_a_tune_is_waited_for(studio: Studio) -> None:
    """By its callback: one request beside the create's."""
    tune = await studio.trained()

    assert tune.status is Status.READY
    assert tune.is_ready
    assert studio.requests() == [("POST", "/tunes"), ("GET", f"/tunes/{tune.id}")]


async def test_a_failed_tune_says_why(studio: Studio) -> None:
    """And carries the object."""
    tune = await studio.tune()
    studio.sandbox.fail_tune(tune.id, "Too few faces")

    with pytest.raises(TuneFailed, match="Too few faces") as caught:
        await studio.passing(tune.wait_ready(timeout=600))

    assert caught.value.object.id == tune.id


async def test_progress_is_told(studio: Studio) -> None:
    """Each look that shows the tune unready."""
    seen: list[Tune] = []
    tune = await studio.tune(branch="flux1")

    await studio.passing(tune.wait_ready(on_progress=seen.append))

    assert seen
    assert not any(found.is_ready for found in seen)


async def test_refreshing_gives_a_new_object(studio: Studio) -> None:
    """What is held already stays as it was."""
    tune = await studio.tune()
    await studio.sandbox.advance(100)

    fresh = await tune.refresh()

    assert (tune.trained_at, fresh.is_ready) == (None, True)


async def test_a_tune_is_changed(studio: Studio) -> None:
    """By itself, or by its id."""
    tune = await studio.tune()

    renamed = await tune.update(title="Ada")
    again = await studio.astria.tunes.update(tune.id, title="Ida")

    assert (renamed.title, again.title) == ("Ada", "Ida")


async def test_changing_nothing_is_refused(studio: Studio) -> None:
    """Before anything is sent."""
    with pytest.raises(InvalidInput, match="nothing to change"):
        await studio.astria.tunes.update(1)

    assert studio.requests() == []


async def test_deleting_twice_is_no_error(studio: Studio) -> None:
    """What is gone already counts as deleted."""
    tune = await studio.tune()

    await tune.delete()
    await studio.astria.tunes.delete(tune.id)

    with pytest.raises(NotFound):
        await tune.refresh()


async def test_tunes_are_listed_newest_first(studio: Studio) -> None:
    """By id or by offset, in pages, with filters."""
    made = [(await studio.tune(title=f"Ada {number}")).id for number in range(5)]
    tunes = studio.astria.tunes

    by_id = [tune.id async for tune in tunes.list(page_size=2)]
    by_offset = [tune.id async for tune in tunes.list(page_size=2, offset=0)]
    page = await tunes.list(page_size=2).page()
    some = await tunes.list(title="ada 3", name=["cat", "dog"], branch="fast").collect()

    assert by_id == by_offset == made[::-1]
    assert [tune.id for tune in page] == made[:2:-1]
    assert [tune.id for tune in some] == [made[3]]


async def test_lists_have_no_gap_when_tunes_are_created_meanwhile(studio: Studio) -> None:
    """Nor a repetition."""
    made = [(await studio.tune()).id for _ in range(4)]
    seen: list[int] = []

    async for tune in studio.astria.tunes.list(page_size=2):
        seen.append(tune.id)
        await studio.tune()

    assert seen == made[::-1]


async def test_collecting_stops_at_a_limit(studio: Studio) -> None:
    """It asks for no more pages than it needs."""
    for _ in range(4):
        await studio.tune()
    before = len(studio.sandbox.requests)

    found = await studio.astria.tunes.list(page_size=2).collect(limit=2)

    assert len(found) == 2
    assert len(studio.sandbox.requests) == before + 1


async def test_the_servers_refusal_is_readable(studio: Studio) -> None:
    """What the server decides, the server decides; its words come through."""
    with pytest.raises(ValidationError) as caught:
        await studio.tune(name="under_score")

    assert "name" in caught.value.errors
    assert caught.value.request_id


async def test_what_can_never_be_right_is_not_sent(studio: Studio, tmp_path: Path) -> None:
    """No images, a file that is not there, a folder, an empty file, an odd id."""
    (tmp_path / "empty.jpg").write_bytes(b"")
    for images in ([], [tmp_path / "none.jpg"], [tmp_path], [tmp_path / "empty.jpg"], [b""]):
        with pytest.raises(InvalidInput):
            await studio.tune(images=images)
    with pytest.raises(InvalidInput):
        await studio.astria.tunes.get(0)

    assert studio.requests() == []


async def test_weights_are_fetched_though_their_url_has_expired(
    studio: Studio, tmp_path: Path
) -> None:
    """A presigned URL lives for an hour; a fresh one is asked for."""
    tune = await studio.trained()
    await studio.sandbox.advance(61 * 60)

    (path,) = await studio.passing(tune.download_checkpoint(tmp_path))

    assert path.stat().st_size > 0
    assert path.name.startswith(f"tune-{tune.id}-0")


async def test_a_reference_has_no_weights(studio: Studio, tmp_path: Path) -> None:
    """FaceID is images only."""
    tune = await studio.tune(model_type="faceid", branch="sd15")

    with pytest.raises(DownloadFailed, match="nothing to download"):
        await tune.download_checkpoint(tmp_path)


async def test_an_object_of_a_pickle_reaches_no_client(studio: Studio) -> None:
    """It says how to get one that does."""
    tune = Tune(id=7)

    for call in (tune.refresh, tune.wait_ready, tune.delete):
        with pytest.raises(ClientClosed, match=r"tunes\.get\(7\)"):
            await call()


async def test_uploads_of_several_clients_do_not_wait_for_each_other(studio: Studio) -> None:
    """Creates run side by side."""
    async with studio.sandbox.client() as other:
        both = [
            await studio.tune(),
            await other.tunes.create(name="dog", images=[JPEG], branch="fast"),
        ]
        ready = [await studio.passing(tune.wait_ready()) for tune in both]

    assert all(tune.is_ready for tune in ready)


async def test_a_status_follows_the_clients_clock(studio: Studio) -> None:
    """A tune expires thirty days after its training."""
    tune = await studio.trained()

    await studio.sandbox.advance(31 * 86_400)

    assert tune.status is Status.EXPIRED
