"""Stored files as the pages show them."""

import io
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest
from PIL import Image

from astria_async.sandbox.dashboard import HOME

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]


def picture(kind: str = "JPEG", mode: str = "RGB") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (900, 600), 128).save(out, kind)
    return out.getvalue()


async def upload(
    rig: Any, content: bytes, content_type: str = "image/jpeg", name: str = "photo.jpg"
) -> str:
    """The key under which a training image is kept."""
    response = await rig.api.post(
        "/tunes",
        data={"tune[title]": "Ada", "tune[name]": "woman"},
        files={"tune[images][]": (name, content, content_type)},
    )
    key: str = response.json()["orig_images"][0].rpartition("/")[2]
    return key


async def get(rig: Any, path: str, **headers: str) -> Any:
    return await rig.browser.get(f"{HOME}{path}", headers=headers)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [
        ("JPEG", "RGB"),
        ("JPEG", "CMYK"),
        ("PNG", "RGBA"),
        ("PNG", "P"),
        ("PNG", "I;16"),
        ("WEBP", "RGB"),
    ],
)
async def test_uploads_are_made_small(rig: Any, kind: str, mode: str) -> None:
    """Whatever picture was uploaded, the page shows a small one that fits the frame."""
    key = await upload(rig, picture(kind, mode=mode))

    response = await get(rig, f"/thumbs/{key}")

    with Image.open(io.BytesIO(response.content)) as small:
        assert small.size == (320, 213)
    assert response.headers["content-type"] == "image/webp"


@pytest.mark.parametrize(
    "content", [b"\xff\xd8\xff\xe0 not a picture", b"GIF8", b"\x00", b"<svg/>"]
)
async def test_what_cannot_be_read_has_a_stand_in(rig: Any, content: bytes) -> None:
    """An upload that is no picture shows as such, in place of a broken one."""
    key = await upload(rig, content)

    response = await get(rig, f"/thumbs/{key}")

    assert response.status_code == 200
    assert response.headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("side", [8_000, 20_000])
async def test_a_huge_picture_is_not_opened(rig: Any, side: int) -> None:
    """A few bytes can hold more pixels than memory should; such a picture gets the stand-in."""
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")
    key = await upload(rig, out.getvalue())

    response = await get(rig, f"/thumbs/{key}")

    assert response.headers["content-type"] == "image/svg+xml"


async def test_results_are_shown_whole_and_small(rig: Any) -> None:
    """A generated picture has both sizes."""
    prompt = await rig.prompt(num_images=2)
    await rig.sandbox.advance(100)
    for key in rig.sandbox.world.prompts[prompt["id"]].images:
        whole, small = await get(rig, f"/files/{key}"), await get(rig, f"/thumbs/{key}")

        assert whole.headers["content-type"] == "image/jpeg"
        assert len(small.content) < len(whole.content)


async def test_results_show_also_where_their_urls_expire(rigged: Rigged) -> None:
    """The pages need no signature, because whoever sees them was let in."""
    async with rigged(image_url_lifetime=1) as rig:
        prompt = await rig.prompt(num_images=1)
        await rig.sandbox.advance(1000)
        key = rig.sandbox.world.prompts[prompt["id"]].images[0]

        assert (await get(rig, f"/files/{key}")).status_code == 200


async def test_a_video_shows_a_still(rig: Any) -> None:
    """The small picture of a video is its first frame; the video is offered for saving."""
    prompt = await rig.prompt(video_model="ltx", video_prompt="waves")
    await rig.sandbox.advance(1000)
    key = rig.sandbox.world.prompts[prompt["id"]].images[0]

    small, whole = await get(rig, f"/thumbs/{key}"), await get(rig, f"/files/{key}")

    assert small.headers["content-type"] == "image/webp"
    assert whole.headers["content-disposition"].endswith('.mp4"')


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/javascript"])
async def test_an_upload_never_becomes_a_page(rig: Any, content_type: str) -> None:
    """What somebody uploaded as a document is saved, not shown, and may run nothing."""
    key = await upload(rig, b"<script>alert(1)</script>", content_type, 'a"b\n.html')

    response = await get(rig, f"/files/{key}")

    assert response.headers["content-type"] == "application/octet-stream"
    assert response.headers["content-disposition"].startswith("attachment")
    assert response.headers["content-security-policy"] == "default-src 'none'; sandbox"


async def test_weights_can_be_saved(rig: Any) -> None:
    """A trained tune's page leads to its file."""
    tune = await rig.tune()
    await rig.sandbox.advance(3600)
    key = rig.sandbox.world.tunes[tune["id"]].ckpt

    response = await get(rig, f"/files/{key}")

    assert f"{HOME}/files/{key}" in await rig.page(f"/tunes/{tune['id']}")
    assert ".safetensors" in response.headers["content-disposition"]
    assert (await get(rig, f"/thumbs/{key}")).headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize("where", ["files", "thumbs"])
async def test_a_picture_that_is_known_is_not_sent_again(rig: Any, where: str) -> None:
    """Browsers ask whether theirs is still right, and it costs no picture."""
    key = await upload(rig, picture())
    first = await get(rig, f"/{where}/{key}")

    again = await get(rig, f"/{where}/{key}", **{"If-None-Match": first.headers["etag"]})

    assert (again.status_code, again.content) == (304, b"")


async def test_pictures_of_two_sandboxes_are_told_apart(rigged: Rigged) -> None:
    """The same key of another start is another picture, for a browser that knew both."""
    tags = set()
    for _ in range(2):
        async with rigged() as rig:
            tags.add((await get(rig, f"/files/{await upload(rig, picture())}")).headers["etag"])

    assert len(tags) == 2


async def test_there_are_no_other_files(rig: Any) -> None:
    """An unknown key is 404."""
    assert (await get(rig, "/files/nothing")).status_code == 404
    assert (await get(rig, "/thumbs/..%2f..%2fetc%2fpasswd")).status_code == 404
