"""``astria.tunes.check``: what can be said of training pictures before anything is sent."""

import io
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from astria_async import Astria, Finding, InvalidInput
from astria_async.testing import Sandbox

from .conftest import picture

pytestmark = pytest.mark.anyio
COLOURS = ("red", "green", "blue", "white", "black")
GOOD = [picture(colour) for colour in COLOURS]


def problems(findings: list[Finding]) -> list[tuple[str, bool]]:
    return [(finding.problem, finding.fatal) for finding in findings]


async def test_good_pictures_leave_nothing_to_say(polling: Astria, sandbox: Sandbox) -> None:
    """No finding, and no request."""
    assert await polling.tunes.check(GOOD) == []
    assert len(sandbox.requests) == 0


def _noise() -> bytes:
    file = io.BytesIO()
    Image.frombytes("L", (2000, 2000), os.urandom(4_000_000)).save(file, "PNG")
    return file.getvalue()


def _turned() -> bytes:
    exif = Image.Exif()
    exif[274] = 6
    return picture("navy", exif=exif)


def _bomb() -> bytes:
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    return file.getvalue()


BAD: dict[str, tuple[Callable[[], bytes], str, bool]] = {
    "small": (lambda: picture(size=511), "small", False),
    "large": (_noise, "large", False),
    "turned": (_turned, "rotated", False),
    "bomb": (_bomb, "large", False),
    "text": (lambda: b"GIF is what this is not", "not_an_image", False),
    "film": (lambda: b"\0\0\0\x18ftypmp42", "not_an_image", False),
    "cut": (lambda: picture("pink")[:900], "unreadable", True),
    "damaged": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(50), "unreadable", True),
    "phone": (lambda: b"\0\0\0\x18ftypheic" + bytes(50), "not_checked", False),
}


@pytest.mark.parametrize("case", BAD)
async def test_each_flaw_is_told(polling: Astria, tmp_path: Path, case: str) -> None:
    """By the picture's name, with what to do; fatal is only what cannot succeed."""
    make, problem, fatal = BAD[case]
    path = tmp_path / "odd"
    path.write_bytes(make())

    (finding,) = await polling.tunes.check([*GOOD, path])

    assert (finding.problem, finding.fatal, finding.image) == (problem, fatal, str(path))
    assert finding.message.startswith(str(path))


async def test_a_picture_that_is_not_there(polling: Astria, tmp_path: Path) -> None:
    """A missing file, a folder and an empty file cannot be sent."""
    empty = tmp_path / "empty.jpg"
    empty.touch()

    found = await polling.tunes.check([*GOOD, tmp_path / "missing.jpg", tmp_path, empty])

    assert problems(found) == [("unreadable", True)] * 3


async def test_duplicates_are_told_once_each(polling: Astria, tmp_path: Path) -> None:
    """By content, whatever they are called, however often they come."""
    paths = [tmp_path / f"{number}.jpg" for number in range(3)]
    for path in paths:
        path.write_bytes(GOOD[0])

    found = await polling.tunes.check([*GOOD, *paths])

    assert [(it.problem, it.image) for it in found] == [("duplicate", str(paths[0]))]


async def test_few_pictures_are_few(polling: Astria) -> None:
    """One is enough for FaceID only; none is fatal."""
    assert problems(await polling.tunes.check(GOOD[:3])) == [("few", False)]
    assert problems(await polling.tunes.check(GOOD[0])) == [("few", False)]
    assert problems(await polling.tunes.check([])) == [("few", True)]


async def test_captions_are_no_pictures(polling: Astria, tmp_path: Path) -> None:
    """A .txt beside the pictures is neither looked at nor counted."""
    caption = tmp_path / "photo.TXT"
    caption.write_text("a woman")

    assert await polling.tunes.check([*GOOD, caption]) == []
    assert problems(await polling.tunes.check([caption])) == [("few", True)]


async def _stream() -> AsyncIterator[bytes]:
    yield b"never read"


async def test_what_is_elsewhere_is_not_checked(polling: Astria) -> None:
    """URLs are not fetched; streams and pipes are left whole for the create."""
    stream = _stream()
    out, into = os.pipe()
    with os.fdopen(out, "rb") as pipe, os.fdopen(into, "wb"):
        found = await polling.tunes.check([*GOOD, "https://x.example.com/a.jpg", stream, pipe])

    assert problems(found) == [("not_checked", False)] * 3
    assert found[0].image == "https://x.example.com/a.jpg"
    assert [chunk async for chunk in stream] == [b"never read"]


async def test_an_open_file_is_left_where_it_stood(polling: Astria) -> None:
    """So that the create reads it from there."""
    file = io.BytesIO(b"skipped" + picture("gold"))
    file.seek(7)

    assert await polling.tunes.check([*GOOD, file]) == []
    assert file.tell() == 7


@pytest.mark.parametrize("nothing", [[7], 7])
async def test_what_is_no_source_is_refused(polling: Astria, nothing: Any) -> None:
    """As it would be by the create."""
    with pytest.raises(InvalidInput, match="an image is a path"):
        await polling.tunes.check(nothing)
