"""Looking at training pictures on this machine, before anything is sent or paid."""

import hashlib
import io
import struct
from collections import Counter
from collections.abc import AsyncIterable
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread
import attrs

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.media import HEAD_BYTES, sniff
from astria_async.protocol.sources import (
    FileSource,
    ImageInputs,
    ImageSource,
    UrlSource,
    image_sources,
)

BEST_BYTES = 3 * 1024 * 1024
BEST_EDGE = 512
FEW = 4
"""The vendor's own starter app refuses fewer pictures."""

ROTATED = 274
"""The EXIF tag of a picture's orientation."""


@attrs.frozen(kw_only=True)
class Finding:
    """
    Something about one picture, or about all.

    Attributes:
        image: Which one, as given; ``None`` for all together.
        problem: ``unreadable``, ``not_an_image``, ``large``, ``small``, ``duplicate``,
            ``rotated``, ``few``, or ``not_checked``.
        message: What it is and what to do.
        fatal: Whether creating would fail.
    """

    image: str | None
    problem: str
    message: str
    fatal: bool = False


async def check_images(images: ImageInputs) -> list[Finding]:
    """
    What is to be said of training pictures; an empty list means that nothing is.

    Size in pixels and orientation are looked at where Pillow is installed
    (``pip install 'astria-async[images]'``). URLs and streams are not fetched, and ``.txt`` files
    are captions.
    """
    sources = image_sources(images, "images")
    findings: list[Finding] = []
    digests: Counter[str] = Counter()
    pictures = [source for source in sources if not _is_caption(source)]
    for source in pictures:
        if isinstance(source, UrlSource) or not source.replayable:
            name = source.url if isinstance(source, UrlSource) else source.parameter
            findings.append(_finding(name, "not_checked", "can be read only once, or elsewhere"))
            continue
        digest, found = await anyio.to_thread.run_sync(_look, source)
        findings += found
        if digest is not None:
            digests[digest] += 1
            if digests[digest] == 2:  # noqa: PLR2004 - said once
                findings.append(_finding(_name(source), "duplicate", "stands twice in the list"))
    if not pictures:
        findings.append(Finding(image=None, problem="few", message="no image", fatal=True))
    elif len(pictures) < FEW:
        message = f"{len(pictures)} images are few: a likeness needs {FEW} or more, FaceID one"
        findings.append(Finding(image=None, problem="few", message=message))
    return findings


def _is_caption(source: ImageSource) -> bool:
    return isinstance(source, FileSource) and source.filename.lower().endswith(".txt")


def _finding(image: str, problem: str, message: str, *, fatal: bool = False) -> Finding:
    return Finding(image=image, problem=problem, message=f"{image} {message}", fatal=fatal)


def _name(source: FileSource) -> str:
    return str(source.content) if isinstance(source.content, Path) else source.parameter


def _look(source: FileSource) -> tuple[str | None, list[Finding]]:
    """Digest and findings of one picture; runs in a thread."""
    name = _name(source)
    try:
        data = _read(source)
    except (OSError, InvalidInput) as exc:
        return None, [_finding(name, "unreadable", f"cannot be read: {exc}", fatal=True)]
    digest = hashlib.sha256(data).hexdigest()
    if not data:
        return digest, [_finding(name, "unreadable", "has 0 bytes", fatal=True)]
    kind = sniff(data[:HEAD_BYTES])
    if kind is None or not kind.startswith("image/"):
        return digest, [_finding(name, "not_an_image", "is not a picture that is known here")]
    found = []
    if len(data) > BEST_BYTES:
        megabytes = len(data) / 1024 / 1024
        found.append(_finding(name, "large", f"has {megabytes:.1f} MB; 3 MB are advised at most"))
    return digest, found + _pixels(name, data, kind)


def _read(source: FileSource) -> bytes:
    content = source.content
    if isinstance(content, bytes):
        return content
    if isinstance(content, Path):
        return content.read_bytes()
    assert not isinstance(content, AsyncIterable)
    file: BinaryIO = content
    start = file.tell()
    try:
        return file.read()
    finally:
        file.seek(start)


def _pixels(name: str, data: bytes, kind: str) -> list[Finding]:
    try:
        from PIL import Image, UnidentifiedImageError
    except ModuleNotFoundError:
        return []
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            found = []
            if min(picture.size) < BEST_EDGE:
                size = "x".join(str(edge) for edge in picture.size)
                found.append(_finding(name, "small", f"is {size} px; 512 px or more are advised"))
            if picture.getexif().get(ROTATED, 1) != 1:
                found.append(
                    _finding(name, "rotated", "is stored turned; save it upright to be sure")
                )
            return found
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        return [_finding(name, "large", "has more pixels than anybody needs for training")]
    except UnidentifiedImageError as exc:
        if kind not in Image.MIME.values():
            return [_finding(name, "not_checked", f"is {kind}, which this Pillow does not read")]
        return [_broken(name, exc)]
    except (OSError, ValueError, SyntaxError, struct.error) as exc:
        return [_broken(name, exc)]


def _broken(name: str, exc: Exception) -> Finding:
    return _finding(name, "unreadable", f"does not open as a picture: {exc}", fatal=True)
