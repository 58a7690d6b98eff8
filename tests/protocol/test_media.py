"""What a file is, by its first bytes."""

import io

import pytest
from PIL import Image

from astria_async.protocol.media import EXTENSIONS, HEAD_BYTES, extension_for, sniff


def encoded(kind: str) -> bytes:
    """A small picture as Pillow writes it."""
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, kind)
    return buffer.getvalue()[:HEAD_BYTES]


@pytest.mark.parametrize(
    ("kind", "content_type"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
    ],
)
def test_real_pictures_are_recognised(kind: str, content_type: str) -> None:
    """What an image library writes is told by its first bytes."""
    assert sniff(encoded(kind)) == content_type


@pytest.mark.parametrize(
    ("head", "content_type"),
    [
        (b"\0\0\0\x20ftypisom\0\0\2\0", "video/mp4"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0", "video/quicktime"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "image/heic"),
        (b"\0\0\0\x1cftypavif\0\0\0\0", "image/avif"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0", "audio/mp4"),
        (b"\x1aE\xdf\xa3\x01\0\0\0", "video/webm"),
        (b"RIFF\x24\0\0\0WAVEfmt ", "audio/wav"),
        (b"RIFF\x24\0\0\0AVI LIST", None),
        (b"ID3\x04\0\0", "audio/mpeg"),
        (b"\xff\xfb\x90\x64", "audio/mpeg"),
        (b"OggS\0\2", "audio/ogg"),
        (b"fLaC\0\0", "audio/flac"),
        (b"<!doctype html>", None),
        (b"BMW in the rain, a caption", None),
        (b"\xff\xd8", None),
        (b"", None),
    ],
)
def test_first_bytes_tell_the_type(head: bytes, content_type: str | None) -> None:
    """Videos, sounds and pictures have their types; what has no mark of its own has none."""
    assert sniff(head) == content_type


@pytest.mark.parametrize(
    ("declared", "head", "extension"),
    [
        ("image/jpeg", b"\x89PNG\r\n\x1a\n", ".png"),
        ("Image/JPEG; charset=binary", b"?", ".jpg"),
        ("binary/octet-stream", b"\xff\xd8\xff\xe0", ".jpg"),
        ("binary/octet-stream", b"?", ".bin"),
        (None, b"?", ".bin"),
    ],
)
def test_the_extension_follows_the_bytes_first(
    declared: str | None, head: bytes, extension: str
) -> None:
    """A result is named by what it is, else by what the server calls it, else .bin."""
    assert extension_for(declared, head) == extension


def test_no_two_types_share_an_extension() -> None:
    """A file's type can be told back from its extension."""
    assert len(set(EXTENSIONS.values())) == len(EXTENSIONS)
