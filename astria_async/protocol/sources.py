"""
Where a picture comes from: a path, bytes, an open file, a URL, or a stream.

Nothing is opened here. :func:`image_source` tells what an argument is; the transport reads it.
"""

import base64
import os
from collections.abc import AsyncIterable, Iterable
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast
from urllib.parse import unquote_to_bytes, urlsplit

import attrs

from astria_async.protocol.errors import InvalidInput

ImageInput: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | AsyncIterable[bytes]
"""
A picture: a path, its bytes, a file open for binary reading, a URL, or an async iterable of bytes.

A text with ``://`` in it is a URL, one that begins with ``data:`` a data URL, any other text a
path.
"""

ImageInputs: TypeAlias = ImageInput | Iterable[ImageInput]
"""One picture or many, of any kinds mixed."""


@attrs.frozen
class UrlSource:
    """A picture that Astria fetches itself; the URL must open without a login."""

    url: str


@attrs.frozen
class FileSource:
    """
    A picture that we upload.

    Attributes:
        content: Where the bytes are.
        filename: The name to send; the server reads no meaning into it.
        parameter: Which argument this was, for messages.
    """

    content: Path | bytes | BinaryIO | AsyncIterable[bytes] = attrs.field(repr=False)
    filename: str
    parameter: str

    @property
    def replayable(self) -> bool:
        """Whether it can be read a second time, so that the request may be sent again."""
        if isinstance(self.content, (Path, bytes)):
            return True
        seekable = getattr(self.content, "seekable", None)
        try:
            return bool(seekable and seekable())
        except ValueError:  # closed meanwhile
            return False


ImageSource: TypeAlias = UrlSource | FileSource


def image_source(value: ImageInput, parameter: str) -> ImageSource:
    """
    Tell what *value* is.

    Raises:
        InvalidInput: It is none of the kinds, or a URL that could not be fetched.
    """
    if isinstance(value, str) and "://" in value:
        return UrlSource(_fetchable(value, parameter))
    if isinstance(value, str) and is_data_url(value):
        value = _decoded(value, parameter)
    if isinstance(value, (bytes, bytearray, memoryview)):
        if not value:
            raise InvalidInput(f"{parameter}: the image has 0 bytes", parameter=parameter)
        return FileSource(bytes(value), "image", parameter)
    if isinstance(value, (str, os.PathLike)):
        path = Path(value)
        return FileSource(path, path.name, parameter)
    if hasattr(value, "__aiter__"):
        return FileSource(value, "image", parameter)
    if callable(getattr(value, "read", None)):
        name = getattr(value, "name", None)
        filename = Path(name).name if isinstance(name, str) else "image"
        return FileSource(value, filename or "image", parameter)
    raise InvalidInput(
        f"{parameter}: an image is a path, bytes, a file open in binary mode, a URL or an async "
        f"iterable of bytes, not a {type(value).__name__}",
        parameter=parameter,
    )


def image_sources(values: ImageInputs, parameter: str) -> list[ImageSource]:
    """
    Every picture of an argument that takes one or many.

    Raises:
        InvalidInput: One of them is of no known kind.
    """
    one = isinstance(values, (str, bytes, bytearray, memoryview, os.PathLike))
    if not one and not hasattr(values, "read") and isinstance(values, Iterable):
        many = cast("Iterable[ImageInput]", values)
        return [image_source(value, f"{parameter}[{n}]") for n, value in enumerate(many)]
    return [image_source(cast("ImageInput", values), parameter)]


def is_data_url(text: str) -> bool:
    """Whether *text* holds a picture itself, as ``data:image/png;base64,…``."""
    return text[:5].lower() == "data:"


def _fetchable(url: str, parameter: str) -> str:
    scheme = url.partition("://")[0]
    if scheme.lower() not in {"http", "https"}:
        raise InvalidInput(
            f"{parameter}: Astria fetches http and https URLs, not {scheme!r}", parameter=parameter
        )
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        shown = url.partition("?")[0]
        raise InvalidInput(f"{parameter}: the URL {shown!r} has no host", parameter=parameter)
    return url


def _decoded(url: str, parameter: str) -> bytes:
    head, comma, data = url.partition(",")
    try:
        content = unquote_to_bytes(data)
        if head.lower().endswith(";base64"):
            content = base64.b64decode(content, validate=True)
    except ValueError as exc:
        raise InvalidInput(
            f"{parameter}: the base64 of the data URL is broken: {exc}", parameter=parameter
        ) from exc
    if not comma:
        raise InvalidInput(f"{parameter}: the data URL has no comma", parameter=parameter)
    return content
