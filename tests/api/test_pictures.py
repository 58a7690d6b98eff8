"""Pictures, masks, references and videos in prompts: every source, as file, URL or data URL."""

import base64
import io
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from astria_async import Astria, InvalidInput, NewTune, ValidationError
from astria_async.testing import Sandbox

from .conftest import FLUX, Fetch, Passing, picture

pytestmark = pytest.mark.anyio
PHOTO = picture()


async def _stream() -> AsyncIterator[bytes]:
    for start in range(0, len(PHOTO), 1000):
        yield PHOTO[start : start + 1000]


def _path(folder: Path) -> Path:
    path = folder / "photo"
    path.write_bytes(PHOTO)
    return path


def _data_url() -> str:
    return f"data:image/jpeg;base64,{base64.b64encode(PHOTO).decode()}"


SOURCES: dict[str, Callable[[Path], Any]] = {
    "path": _path,
    "text": lambda folder: str(_path(folder)),
    "bytes": lambda _: PHOTO,
    "file": lambda _: io.BytesIO(PHOTO),
    "stream": lambda _: _stream(),
    "data URL": lambda _: _data_url(),
}


@pytest.mark.parametrize("source", SOURCES)
async def test_an_input_image_comes_from_anywhere(
    astria: Astria, fetch: Fetch, tmp_path: Path, source: str
) -> None:
    """Whatever holds the picture, its bytes arrive."""
    given = SOURCES[source](tmp_path)

    prompt = await astria.prompts.create(FLUX, "as a painting", input_image=given)

    assert prompt.input_image is not None
    assert await fetch(prompt.input_image) == PHOTO


@pytest.mark.parametrize("source", SOURCES)
async def test_training_pictures_come_from_anywhere(
    astria: Astria, fetch: Fetch, tmp_path: Path, source: str
) -> None:
    """The same for a tune, mixed with a URL, which the server fetches itself."""
    url = "https://files.example.com/a.jpg"

    tune = await astria.tunes.create(name="cat", images=[SOURCES[source](tmp_path), url])

    assert len(tune.orig_images) == 2
    assert PHOTO in [await fetch(address) for address in tune.orig_images]


async def test_a_result_is_an_input(astria: Astria, fetch: Fetch, passing: Passing) -> None:
    """The URL of one prompt's image goes into the next as it is."""
    first = await passing((await astria.prompts.create(FLUX, "a garden")).wait_ready())

    second = await astria.prompts.create(FLUX, "by night", input_image=first.images[0])

    assert second.input_image is not None
    assert await fetch(second.input_image) == await fetch(first.images[0])


async def test_a_mask_lies_over_an_image(astria: Astria, fetch: Fetch) -> None:
    """Both are sent, with how strongly the text counts."""
    mask = picture("white", kind="PNG")

    prompt = await astria.prompts.create(
        FLUX, "a hat", input_image=PHOTO, mask_image=mask, denoising_strength=0.0
    )

    assert prompt.mask_image is not None
    assert await fetch(prompt.mask_image) == mask
    assert prompt.denoising_strength == 0.0


async def test_a_controlnet_keeps_something_of_an_image(astria: Astria) -> None:
    """Its kind, weight and mode are sent; decimals come back as numbers."""
    prompt = await astria.prompts.create(
        FLUX, "as marble", input_image=PHOTO, controlnet="pose", controlnet_txt2img=True,
        controlnet_conditioning_scale=0.55,
    )  # fmt: skip

    assert (prompt.controlnet, prompt.controlnet_txt2img) == ("pose", True)
    assert prompt.controlnet_conditioning_scale == 0.55


@pytest.mark.parametrize("alone", [{"mask_image": PHOTO}, {"controlnet": "canny"}])
async def test_masks_and_controlnets_need_an_image(astria: Astria, alone: dict[str, Any]) -> None:
    """The server decides that, and says so by field."""
    with pytest.raises(ValidationError) as caught:
        await astria.prompts.create(FLUX, "a hat", **alone)

    assert list(caught.value.errors) == ["input_image"]


async def test_a_video_has_frames_motion_and_sound(
    astria: Astria, fetch: Fetch, passing: Passing, tmp_path: Path
) -> None:
    """Every field of a video is sent; its result is one MP4, downloaded as that."""
    prompt = await astria.prompts.create(
        FLUX,
        None,
        video_model="kling-motion-control",
        video_prompt='she says "hello"',
        video_duration=7,
        video_first_frame=PHOTO,
        video_last_frame=PHOTO,
        input_video=b"\0\0\0\x18ftypmp42 a film",
        audio_reference=b"ID3 a song",
        video_audio=True,
        video_upscale_model="seedvr2",
        video_upscale_target_resolution="2k",
        video_fps_model="video_fps_increaser",
    )
    ready = await passing(prompt.wait_ready())

    (path,) = await ready.download(tmp_path)

    assert path.suffix == ".mp4"
    assert await fetch(ready.input_video or "") == b"\0\0\0\x18ftypmp42 a film"
    assert await fetch(ready.audio_reference or "") == b"ID3 a song"
    assert await fetch(ready.video_last_frame or "") == PHOTO
    assert (ready.video_prompt, ready.video_duration) == ('she says "hello"', 7)
    assert (ready.video_upscale_model, ready.video_fps_model) == ("seedvr2", "video_fps_increaser")
    assert (ready.video_upscale_target_resolution, ready.video_audio) == ("2k", True)


async def test_references_keep_their_order(astria: Astria, fetch: Fetch) -> None:
    """Pictures that a video refers to are numbered by their place."""
    colours = [picture(colour) for colour in ("red", "green", "blue")]

    prompt = await astria.prompts.create(
        FLUX, "all three --video", video_model="seedance", image_references=colours
    )

    assert [await fetch(url) for url in prompt.image_references] == colours


async def test_references_may_be_urls(polling: Astria, passing: Passing) -> None:
    """Or all of them URLs; a mix would lose their order, and is refused before it is sent."""
    first = await passing((await polling.prompts.create(FLUX, "a garden")).wait_ready())

    prompt = await polling.prompts.create(
        FLUX, "these", video_model="wan", image_references=first.images[:2]
    )

    assert len(prompt.image_references) == 2
    with pytest.raises(InvalidInput, match="files or URLs, not both"):
        await polling.prompts.create(FLUX, "x", image_references=[PHOTO, first.images[0]])


async def test_captions_go_with_pictures(
    astria: Astria, sandbox: Sandbox, tmp_path: Path, fetch: Fetch
) -> None:
    """Flux takes a .txt beside an image: it is uploaded as text."""
    caption = tmp_path / "photo.txt"
    caption.write_text("a woman in a red coat")

    tune = await astria.tunes.create(name="woman", images=[PHOTO, caption], base_tune_id=FLUX)

    kept = [sandbox.world.files[key] for key in sandbox.world.tunes[tune.id].orig_images]
    assert [file.content_type for file in kept] == ["image/jpeg", "text/plain"]


async def test_a_missing_file_is_told_before_anything_is_sent(
    astria: Astria, sandbox: Sandbox, tmp_path: Path
) -> None:
    """An upload that could not be whole is not begun."""
    before = len(sandbox.requests)

    with pytest.raises(InvalidInput, match="not-there"):
        await astria.prompts.create(FLUX, "x", input_image=tmp_path / "not-there.jpg")

    assert len(sandbox.requests) == before


def test_a_tune_needs_pictures() -> None:
    """None at all is refused here."""
    with pytest.raises(InvalidInput):
        NewTune(name="cat")
