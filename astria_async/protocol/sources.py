"""
Where a picture comes from: a path, bytes, an open file, a URL, or a stream.

Nothing is opened here. :func:`image_source` tells what an argument is; the transport reads it.
"""

import os
from collections.abc import AsyncIterable, Iterable
from pathlib import Path
from typing import BinaryIO, TypeAlias, cast

import attrs

from astria_async.protocol.errors import InvalidInput

ImageInput: TypeAlias = str | os.PathLike[str] | bytes | BinaryIO | AsyncIterable[bytes]
"""
A picture: a path, its bytes, a file open for binary reading, a URL, or an async iterable of bytes.

A text with ``://`` in it is a URL, any other text a path.
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
        return bool(seekable and seekable())


ImageSource: TypeAlias = UrlSource | FileSource


def image_source(value: ImageInput, parameter: str) -> ImageSource:
    """
    Tell what *value* is.

    Raises:
        InvalidInput: It is none of the kinds, or a URL that could not be fetched.
    """
    if isinstance(value, str) and "://" in value:
        if not value.startswith(("https://", "http://")):
            scheme = value.partition("://")[0]
            raise InvalidInput(
                f"{parameter}: Astria fetches http and https URLs, not {scheme!r}",
                parameter=parameter,
            )
        return UrlSource(value)
    if isinstance(value, bytes):
        if not value:
            raise InvalidInput(f"{parameter}: the image has 0 bytes", parameter=parameter)
        return FileSource(value, "image", parameter)
    if isinstance(value, (str, os.PathLike)):
        path = Path(value)
        return FileSource(path, path.name, parameter)
    if hasattr(value, "__aiter__"):
        return FileSource(value, "image", parameter)
    if callable(getattr(value, "read", None)):
        name = getattr(value, "name", None)
        filename = Path(name).name if isinstance(name, str) else "image"
        return FileSource(value, filename, parameter)
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
    if isinstance(values, (str, bytes, os.PathLike)) or hasattr(values, "read"):
        return [image_source(cast("ImageInput", values), parameter)]
    if isinstance(values, Iterable):
        return [image_source(value, f"{parameter}[{n}]") for n, value in enumerate(values)]
    return [image_source(cast("ImageInput", values), parameter)]
