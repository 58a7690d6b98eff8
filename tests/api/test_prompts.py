"""``astria.prompts``: copies, likes, changes, references, filters, and prompts nested in a tune."""

import pytest

from astria_async import Astria, NewPrompt, NotFound, Prompt, ValidationError
from astria_async.sandbox import RequestFault
from astria_async.testing import Sandbox

from .conftest import FLUX, Fetch, Passing

pytestmark = pytest.mark.anyio


async def made(astria: Astria, passing: Passing, text: str = "a garden", **fields: int) -> Prompt:
    prompt = await astria.prompts.create(FLUX, text, **fields)  # type: ignore[arg-type]
    return await passing(prompt.wait_ready())


async def test_a_copy_changes_what_it_names(astria: Astria, passing: Passing) -> None:
    """Everything else is the original's, and the copy has a callback of its own."""
    first = await made(astria, passing, num_images=2, seed=7)

    copy = await first.duplicate(seed=8, metadata={"try": "2"})
    copy = await passing(copy.wait_ready())

    assert (copy.text, copy.num_images, copy.seed) == ("a garden", 2, 8)
    assert (copy.orig_prompt_id, copy.tune_id) == (first.id, FLUX)
    assert copy.metadata == {"try": "2"}
    assert copy.callback != first.callback


async def test_an_image_becomes_a_video(astria: Astria, passing: Passing, fetch: Fetch) -> None:
    """image_index takes one of the original's images as the first frame."""
    first = await made(astria, passing, num_images=2)

    video = await astria.prompts.duplicate(
        first, image_index=1, video_model="seedance", video_prompt="slow pan", video_duration=5
    )
    video = await passing(video.wait_ready())

    assert video.video_first_frame is not None
    assert await fetch(video.video_first_frame) == await fetch(first.images[1])
    assert (video.content_types, video.video_prompt) == (("video/mp4",), "slow pan")


async def test_an_image_that_is_not_there(astria: Astria, passing: Passing) -> None:
    """The server knows how many images there are."""
    first = await made(astria, passing, num_images=1)

    with pytest.raises(ValidationError) as caught:
        await astria.prompts.duplicate(first.id, image_index=3, video_model="wan")

    assert list(caught.value.errors) == ["image_index"]


async def test_a_copy_is_made_once(astria: Astria, sandbox: Sandbox, passing: Passing) -> None:
    """When its answer is lost, it is known by its callback."""
    first = await made(astria, passing)
    lost = RequestFault(kind="gateway_timeout", path="*/duplicate", processed=True, times=1)
    sandbox.faults.add(lost)

    copy = await passing(first.duplicate(seed=9))

    assert [it.id async for it in astria.prompts.list(orig_prompt_id=first.id)] == [copy.id]


async def test_likes_are_given_and_taken_back(polling: Astria, passing: Passing) -> None:
    """Liked prompts can be listed; liking twice is liking once."""
    prompt = await made(polling, passing)
    await polling.prompts.create(FLUX, "another")

    await prompt.like()
    await polling.prompts.like(prompt)
    liked = await polling.prompts.list(liked=True).collect()
    await polling.prompts.unlike(prompt.id)

    assert [it.id for it in liked] == [prompt.id]
    assert await polling.prompts.list(liked=True).collect() == []


async def test_a_like_credits_the_template(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """Who made the pack's template sees the likes of what came of it."""
    run = await astria.packs.run("studio-portraits", name="woman", images=[photo])
    prompts = await passing(run.wait_ready())

    await prompts[0].like()

    assert sandbox.world.prompts[prompts[0].orig_prompt_id or 0].credits == 1


async def test_what_is_gone_cannot_be_liked(polling: Astria) -> None:
    """Neither copied nor liked; deleting it counts as done."""
    with pytest.raises(NotFound):
        await polling.prompts.like(5)
    with pytest.raises(NotFound):
        await polling.prompts.duplicate(5)

    await polling.prompts.delete(5)


async def test_a_prompt_moves_where_it_belongs(polling: Astria, passing: Passing) -> None:
    """Provenance can be set and cleared, by the object or by its id."""
    first, other = await made(polling, passing), await made(polling, passing, "another")
    space = await polling.workspaces.create(title="Spring")

    moved = await other.update(orig_prompt_id=first.id, workspace_id=space.id, base_pack_id=811)
    cleared = await polling.prompts.update(other.id, orig_prompt_id=None)

    assert (moved.orig_prompt_id, moved.workspace_id, moved.base_pack_id) == (
        first.id, space.id, 811,
    )  # fmt: skip
    assert (cleared.orig_prompt_id, cleared.base_pack_id) == (None, 811)


async def test_a_template_names_a_tuned_model(polling: Astria, passing: Passing) -> None:
    """A prompt without one is no template."""
    prompt = await made(polling, passing)
    pack = await polling.packs.create(title="Mine")

    with pytest.raises(ValidationError, match="must reference a tuned model"):
        await prompt.update(pack_id=pack.id)


async def test_references_are_written_and_read(
    astria: Astria, sandbox: Sandbox, photo: bytes
) -> None:
    """What lora() and faceid() put into a text is found under those tunes, and read back."""
    lora = await astria.tunes.create(
        name="woman", images=[photo], base_tune_id=FLUX, model_type="lora"
    )
    face = await astria.tunes.create(name="man", images=[photo], model_type="faceid")
    await sandbox.advance(1300)

    prompt = await astria.prompts.create(FLUX, f"{lora.lora(0.8)} and {face.faceid()} man")

    assert prompt.text == f"<lora:{lora.id}:0.8> and <faceid:{face.id}:1> man"
    assert prompt.referenced_tune_ids == (lora.id, face.id)
    for tune in (lora, face):
        assert [it.id async for it in tune.prompts.list()] == [prompt.id]


async def test_nested_prompts_come_with_their_tune(
    astria: Astria, photo: bytes, passing: Passing
) -> None:
    """They run once it is trained, each with fields, callback and metadata of its own."""
    tune = await astria.tunes.create(
        name="woman",
        images=[photo],
        base_tune_id=FLUX,
        model_type="lora",
        prompts=[
            NewPrompt("ohwx woman at the sea", lora_scale=0.7, num_images=1, metadata={"n": "1"}),
            {"text": "ohwx woman in the hills", "input_image": photo, "denoising_strength": 0.4},
        ],
    )
    await passing(tune.wait_ready())

    second, first = await tune.prompts.list().collect()
    first = await passing(first.wait_ready())
    second = await passing(second.wait_ready())

    assert first.text == f"<lora:{tune.id}:0.7> ohwx woman at the sea"
    assert (first.metadata, len(first.images)) == ({"n": "1"}, 1)
    assert (second.denoising_strength, second.input_image is not None) == (0.4, True)


async def test_lists_are_filtered(polling: Astria, passing: Passing) -> None:
    """By text, by kind, by day, and by whose they are."""
    picture = await made(polling, passing, "a Garden")
    video = await made(polling, passing, "the sea --video")
    user = await polling.users.me()

    async def ids(**filters: object) -> list[int]:
        found = polling.prompts.list(**filters)  # type: ignore[arg-type]
        return [it.id async for it in found]

    assert await ids(text="garden") == [picture.id]
    assert await ids(is_video=True) == [video.id]
    assert await ids(today=True, is_api=True, tune_id=FLUX, user_id=user.id) == [
        video.id, picture.id,
    ]  # fmt: skip
    assert await ids(order_id=1) == await ids(pack_id=1) == await ids(base_pack_id=1) == []


async def test_expanded_fields_come_on_request(polling: Astria, passing: Passing) -> None:
    """What lists leave out can be asked for."""
    await made(polling, passing)

    (plain,) = await polling.prompts.list().collect()
    (expanded,) = await polling.prompts.list(expand=["debug_images", "prompt.comments"]).collect()

    assert "debug_images" not in plain.to_dict()
    assert {"debug_images", "debug_filenames", "debug_content_types"} <= expanded.to_dict().keys()
    assert expanded.extra["comments"] == []
