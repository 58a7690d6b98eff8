"""Where a picture comes from: told from the argument alone, with no file opened."""

import base64
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.sources import FileSource, UrlSource, image_source, image_sources

PNG = b"\x89PNG\r\n\x1a\n picture"


class Stream:
    """An async iterable of bytes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield PNG


@pytest.mark.parametrize("url", ["https://x.example/a.jpg", "http://x/a", "HTTPS://X.example/a"])
def test_a_url_is_left_to_astria(url: str) -> None:
    """What has an http scheme is fetched by the server, as it was written."""
    assert image_source(url, "images[0]") == UrlSource(url)


@pytest.mark.parametrize("url", ["ftp://x/a.jpg", "s3://bucket/a.jpg", "file:///a.jpg", "://x"])
def test_other_schemes_are_refused(url: str) -> None:
    """Astria fetches http and https alone."""
    with pytest.raises(InvalidInput, match="fetches http and https URLs") as caught:
        image_source(url, "images[1]")

    assert caught.value.parameter == "images[1]"


@pytest.mark.parametrize("url", ["https://", "https:///a.jpg", "https://[x?sig=s3cret"])
def test_a_url_without_host_is_refused(url: str) -> None:
    """No host can never be right; the message leaves the query out."""
    with pytest.raises(InvalidInput, match="has no host") as caught:
        image_source(url, "images[0]")

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("path", ["a.jpg", Path("dir/a.jpg"), "x.example/a.jpg"])
def test_any_other_text_is_a_path(path: str | Path) -> None:
    """A path keeps its own name, and exists or not: nobody has looked."""
    source = image_source(path, "images[0]")

    assert source == FileSource(Path(path), "a.jpg", "images[0]")


@pytest.mark.parametrize("content", [PNG, bytearray(PNG), memoryview(PNG)])
def test_bytes_are_a_picture(content: Any) -> None:
    """Bytes of any kind are uploaded as they are."""
    source = image_source(content, "image")

    assert source == FileSource(PNG, "image", "image")


def test_no_bytes_are_no_picture() -> None:
    """An empty picture is refused at once."""
    with pytest.raises(InvalidInput, match="0 bytes"):
        image_source(b"", "image")


@pytest.mark.parametrize(
    "url",
    [
        f"data:image/png;base64,{base64.b64encode(PNG).decode()}",
        f"DATA:image/png;BASE64,{base64.b64encode(PNG).decode()}",
        "data:image/png,%89PNG%0D%0A%1A%0A%20picture",
    ],
)
def test_a_data_url_is_the_picture_in_it(url: str) -> None:
    """A data URL is decoded and uploaded, since only one parameter takes it as it is."""
    assert image_source(url, "image") == FileSource(PNG, "image", "image")


@pytest.mark.parametrize("url", ["data:image/png;base64,@@@", "data:image/png", "data:,"])
def test_a_broken_data_url_is_refused(url: str) -> None:
    """A data URL that holds no picture is refused."""
    with pytest.raises(InvalidInput):
        image_source(url, "image")


@pytest.mark.parametrize(
    ("name", "filename"), [("dir/cat.png", "cat.png"), (3, "image"), ("", "image")]
)
def test_an_open_file_keeps_its_name(name: object, filename: str) -> None:
    """A file is called what it was opened as; one without a name is an image."""
    file = io.BytesIO(PNG)
    file.name = name  # type: ignore[attr-defined]

    source = image_source(file, "image")

    assert source == FileSource(file, filename, "image")


def test_a_stream_is_a_picture() -> None:
    """An async iterable is read when the request is sent."""
    stream = Stream()

    assert image_source(stream, "image") == FileSource(stream, "image", "image")


@pytest.mark.parametrize("value", [None, 7, 1.5, object(), ["a.jpg"]])
def test_anything_else_is_refused_with_what_an_image_is(value: Any) -> None:
    """The message lists what is possible and names what was given."""
    with pytest.raises(InvalidInput, match=f"not a {type(value).__name__}$"):
        image_source(value, "images[2]")


@pytest.mark.parametrize(
    ("content", "replayable"),
    [(PNG, True), (Path("a.jpg"), True), (io.BytesIO(PNG), True), (Stream(), False)],
)
def test_what_can_be_read_twice_is_replayable(content: Any, replayable: bool) -> None:
    """Only a stream cannot be sent a second time."""
    assert FileSource(content, "image", "image").replayable is replayable


def test_a_closed_file_is_not_replayable() -> None:
    """A file that its owner closed meanwhile cannot be sent again."""
    file = io.BytesIO(PNG)
    file.close()

    assert FileSource(file, "image", "image").replayable is False


@pytest.mark.parametrize(
    "one", ["a.jpg", Path("a.jpg"), PNG, bytearray(PNG), io.BytesIO(PNG), Stream()]
)
def test_one_picture_is_a_list_of_one(one: Any) -> None:
    """Characters of a path, bytes and lines of a file are not taken for pictures."""
    (source,) = image_sources(one, "images")

    assert isinstance(source, FileSource)
    assert source.parameter == "images"


def test_many_pictures_of_any_kind_are_numbered() -> None:
    """Each picture of a list is told by its place."""
    sources = image_sources(iter(["a.jpg", PNG, "https://x/b"]), "images")

    assert [type(source).__name__ for source in sources] == [
        "FileSource",
        "FileSource",
        "UrlSource",
    ]
    assert isinstance(sources[1], FileSource)
    assert sources[1].parameter == "images[1]"


def test_what_is_neither_one_nor_many_is_refused() -> None:
    """A number is no list of pictures."""
    with pytest.raises(InvalidInput, match="images: an image is"):
        image_sources(7, "images")  # type: ignore[arg-type]
