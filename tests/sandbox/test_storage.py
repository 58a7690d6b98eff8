"""Stored files: expiry, signatures, ranges."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
DAY = 86_400
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


async def test_everything_goes_after_thirty_days(rig: Any) -> None:
    """Model, training images, prompts and pictures vanish thirty days after training."""
    tune = await rig.trained(image_urls=[GIF], prompts_attributes=[{"text": "x"}])
    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")
    paths = [f"/tunes/{tune['id']}", f"/prompts/{prompt['id']}", tune["orig_images"][0]]
    await rig.sandbox.advance(29 * DAY)
    before = [await rig.status(path) for path in [*paths, prompt["images"][0]]]

    await rig.sandbox.advance(DAY)

    assert before == [200] * 4
    assert [await rig.status(path) for path in [*paths, prompt["images"][0]]] == [404] * 4
    assert list(rig.sandbox._machine.storage.folder.iterdir()) == []


async def test_pictures_on_a_base_model_count_from_their_own_end(rig: Any) -> None:
    """A prompt on a gallery model is kept thirty days from when it was done."""
    prompt = await rig.prompt()
    await rig.sandbox.advance(30 * DAY)
    before = await rig.status(f"/prompts/{prompt['id']}")

    await rig.sandbox.advance(60)

    assert (before, await rig.status(f"/prompts/{prompt['id']}")) == (200, 404)


async def test_extension_keeps_the_pictures_too(rig: Any) -> None:
    """While a tune is extended, what was made with it stays."""
    tune = await rig.trained(auto_extend=True, prompts_attributes=[{"text": "x"}])
    await rig.sandbox.advance(45 * DAY)

    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")

    assert await rig.status(prompt["images"][0]) == 200


async def test_checkpoint_url_lives_an_hour(rig: Any) -> None:
    """Weights are behind a URL that works for sixty minutes; a fresh read has a fresh one."""
    tune = await rig.trained()
    first = await rig.http.get(tune["ckpt_url"], headers={"Authorization": ""})
    await rig.sandbox.advance(3601)

    again = await rig.get(f"/tunes/{tune['id']}")

    assert first.content[8:10] == b'{"'
    assert "attachment" in first.headers["content-disposition"]
    assert await rig.status(tune["ckpt_url"]) == 403
    assert await rig.status(again["ckpt_url"]) == 200


@pytest.mark.parametrize("change", ["?", "&expires=9999999999", "&signature=é", "0"])
async def test_altered_checkpoint_urls_are_refused(rig: Any, change: str) -> None:
    """A URL without its signature, or with another, is 403."""
    url = (await rig.trained())["ckpt_url"]
    altered = url.partition("?")[0] if change == "?" else url + change

    response = await rig.http.get(altered)

    assert response.status_code == 403
    assert response.json()["error"] == "Request has expired"


async def test_picture_urls_may_expire(rigged: Rigged) -> None:
    """A setting lets pictures' URLs expire, while the pictures stay."""
    async with rigged(image_url_lifetime=600) as rig:
        prompt = await rig.prompt()
        await rig.sandbox.advance(60)
        (url, *_) = (await rig.get(f"/prompts/{prompt['id']}"))["images"]
        early = await rig.status(url)
        await rig.sandbox.advance(700)

        assert (early, await rig.status(url)) == (200, 403)


@pytest.mark.parametrize(
    ("asked", "status", "content"),
    [
        ("bytes=0-3", 206, slice(0, 4)),
        ("bytes=10-", 206, slice(10, None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
async def test_ranges(rig: Any, asked: str, status: int, content: slice) -> None:
    """A picture can be read in part, so that a download can go on."""
    prompt = await rig.prompt()
    await rig.sandbox.advance(60)
    (url, *_) = (await rig.get(f"/prompts/{prompt['id']}"))["images"]
    whole = await rig.http.get(url)

    part = await rig.http.get(url, headers={"Range": asked})

    assert (part.status_code, part.content) == (status, whole.content[content])
    assert whole.headers["accept-ranges"] == "bytes"


async def test_range_beyond_the_end(rig: Any) -> None:
    """A range that begins past the end is 416."""
    cover = (await rig.get("/p/studio-portraits"))["cover_url"]

    response = await rig.http.get(cover, headers={"Range": "bytes=9999999-"})

    assert response.status_code == 416


async def test_head_tells_the_size(rig: Any) -> None:
    """HEAD answers with length and type, and no body."""
    cover = (await rig.get("/p/studio-portraits"))["cover_url"]

    head = await rig.http.head(cover)
    whole = await rig.http.get(cover)

    assert head.headers["content-length"] == str(len(whole.content))
    assert (head.content, head.headers["content-type"]) == (b"", "image/jpeg")


async def test_keys_cannot_be_guessed(rig: Any) -> None:
    """Files lie under opaque keys of 28 characters, without an extension."""
    (url,) = (await rig.tune(image_urls=[GIF]))["orig_images"]

    key = httpx.URL(url).path.removeprefix("/files/")

    assert len(key) == 28
    assert key.isalnum()
    assert key == key.lower()


async def test_uploads_run_nothing_in_a_browser(rig: Any) -> None:
    """Whatever was uploaded, a browser takes it for no other type and runs nothing of it."""
    page = "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg=="
    tune = await rig.trained(image_urls=[page, GIF])
    made = (await rig.get(f"/tunes/{tune['id']}"))["orig_images"]

    for url in made:
        headers = (await rig.http.get(url)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["content-security-policy"].endswith("sandbox")
