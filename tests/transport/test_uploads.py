"""Multipart uploads over real sockets: what arrives, how it is framed, and what is left behind."""

import io
import os
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import psutil
import pytest

from astria_async.protocol import calls
from astria_async.protocol.calls import Call
from astria_async.protocol.errors import ConnectionFailed, InvalidInput
from astria_async.protocol.params import NewTune

from .conftest import Opener, opened
from .wire import Connection, FormPart, answering, parts_of, serving

pytestmark = pytest.mark.anyio
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 3000
PNG = b"\x89PNG\r\n\x1a\n" + bytes(5000)
URL = "https://files.example.com/a.jpg"


def create(*images: Any, **fields: Any) -> Call:
    """A call that creates a tune from *images*."""
    params = NewTune(name="woman", images=images, **fields)
    return calls.create_tune(params, title="Ada", callback=None, prompts=())


def images_of(parts: list[FormPart]) -> list[tuple[str | None, str | None, bytes]]:
    """Name, type and content of each uploaded picture."""
    return [(p.filename, p.content_type, p.content) for p in parts if p.name == "tune[images][]"]


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    """A picture that comes in pieces."""
    for chunk in chunks:
        await anyio.lowlevel.checkpoint()
        yield chunk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "cat.jpg").write_bytes(JPEG)
    (tmp_path / "dog").write_bytes(PNG)
    (tmp_path / "lies.jpg").write_bytes(PNG)
    (tmp_path / "cat.txt").write_text("BMW in the rain, a caption")
    (tmp_path / "odd.xyz").write_bytes(b"what is it")
    return tmp_path


async def test_every_source_arrives_whole_with_its_true_type(folder: Path, engine: Opener) -> None:
    """Paths, bytes, files and streams are mixed as they come, each typed by its content."""
    with (folder / "cat.jpg").open("rb") as file:
        call = create(
            folder / "cat.jpg", str(folder / "dog"), folder / "lies.jpg", folder / "cat.txt",
            folder / "odd.xyz", JPEG, file, io.BytesIO(PNG), URL, stream(PNG[:3], PNG[3:]),
        )  # fmt: skip
        async with serving(answering(201)) as server, engine(server.url) as transport:
            await transport.send(call)

    parts = parts_of(server.requests[0])
    assert images_of(parts) == [
        ("cat.jpg", "image/jpeg", JPEG),
        ("dog.png", "image/png", PNG),
        ("lies.jpg", "image/png", PNG),
        ("cat.txt", "text/plain", b"BMW in the rain, a caption"),
        ("odd.xyz", "application/octet-stream", b"what is it"),
        ("image.jpg", "image/jpeg", JPEG),
        ("cat.jpg", "image/jpeg", JPEG),
        ("image.png", "image/png", PNG),
        ("image.png", "image/png", PNG),
    ]
    assert [p.content for p in parts if p.name == "tune[image_urls][]"] == [URL.encode()]
    assert [p.content for p in parts if p.name == "tune[title]"] == [b"Ada"]


async def test_a_known_length_is_promised_and_kept(folder: Path, engine: Opener) -> None:
    """Where all sizes are known, so is the request's, and servers that need it are served."""
    async with serving(answering(201)) as server, engine(server.url) as transport:
        await transport.send(create(folder / "cat.jpg", JPEG))

    (request,) = server.requests
    assert request.headers["content-length"] == str(len(request.body))
    assert "transfer-encoding" not in request.headers


async def test_an_unknown_length_is_chunked(engine: Opener) -> None:
    """A stream's length is known at its end alone."""
    async with serving(answering(201)) as server, engine(server.url) as transport:
        await transport.send(create(JPEG, stream(b"", JPEG[:10], b"", JPEG[10:], b"")))

    (request,) = server.requests
    assert request.headers["transfer-encoding"] == "chunked"
    assert "content-length" not in request.headers
    assert images_of(parts_of(request))[1] == ("image.jpg", "image/jpeg", JPEG)


async def test_a_short_stream_is_a_picture_too(engine: Opener) -> None:
    """A stream of fewer bytes than are looked at for its type is sent all the same."""
    async with serving(answering(201)) as server, engine(server.url) as transport:
        await transport.send(create(stream(b"\xff\xd8", b"\xff")))

    assert images_of(parts_of(server.requests[0])) == [("image.jpg", "image/jpeg", b"\xff\xd8\xff")]


@pytest.mark.parametrize("chunks", [(), (b"",), (b"", b"")])
async def test_an_empty_stream_ends_the_request(chunks: tuple[bytes, ...], engine: Opener) -> None:
    """What turns out to be nothing is refused before the server has the request whole."""
    async with serving(answering(201)) as server, engine(server.url) as transport:
        with pytest.raises(InvalidInput, match=r"images\[0\]: the stream ended after 0 bytes"):
            await transport.send(create(stream(*chunks)))

    assert server.requests == []


async def test_a_filename_that_is_no_text_is_sent(tmp_path: Path, own: Opener) -> None:
    """A name that the file system has as bytes does not break the request."""
    path = tmp_path / os.fsdecode(b"half-\xff.jpg")
    path.write_bytes(JPEG)

    async with serving(answering(201)) as server, own(server.url) as transport:
        await transport.send(create(path))

    assert images_of(parts_of(server.requests[0])) == [("half-?.jpg", "image/jpeg", JPEG)]


@pytest.mark.parametrize("missing", ["none.jpg", "."])
async def test_what_cannot_be_read_is_refused_before_anything_is_sent(
    missing: str, folder: Path, engine: Opener
) -> None:
    """The last of many pictures is looked at before the first one is sent."""
    async with serving(answering(201)) as server, engine(server.url) as transport:
        with pytest.raises(InvalidInput, match=r"^images\[2\]: "):
            await transport.send(create(folder / "cat.jpg", JPEG, folder / missing))

    assert server.connections == 0


async def test_a_file_that_shrinks_ends_the_request(folder: Path, engine: Opener) -> None:
    """A promised length that cannot be kept leaves the server with half a request, and no tune."""
    large = folder / "large.jpg"
    large.write_bytes(bytes(20_000_000))

    async def shrinks(connection: Connection) -> None:
        await connection.head()
        os.truncate(large, 1_000_000)
        await connection.receive(20_000_000)

    async with serving(shrinks) as server, engine(server.url) as transport:
        with pytest.raises(InvalidInput, match="became shorter"):
            await transport.send(create(large))

    assert server.requests == []


@pytest.mark.parametrize("kind", ["path", "file", "bytes"])
async def test_a_request_can_be_sent_as_often_as_needed(
    kind: str, folder: Path, engine: Opener
) -> None:
    """Every try reads its files anew, from where they stood."""
    with (folder / "cat.jpg").open("rb") as file:
        file.seek(4)
        call = create({"path": folder / "cat.jpg", "file": file, "bytes": JPEG}[kind])
        async with serving(answering(201)) as server, engine(server.url) as transport:
            for _ in range(3):
                await transport.send(call)

    found = [images_of(parts_of(request)) for request in server.requests]
    assert found == [[found[0][0]]] * 3
    assert found[0][0][2] == (JPEG[4:] if kind == "file" else JPEG)


async def test_a_try_after_a_broken_one_is_whole(folder: Path, engine: Opener) -> None:
    """A connection that broke in the middle of a file does not shorten the next try."""
    large = folder / "large.jpg"
    large.write_bytes(JPEG + bytes(16_000_000))

    async def breaks_once(connection: Connection) -> None:
        if connection.server.connections == 1:
            await connection.head()
            await connection.receive(1_000_000)
            connection.reset()
        else:
            await answering(201)(connection)

    with large.open("rb") as file:
        call = create(file, large)
        async with serving(breaks_once) as server, engine(server.url) as transport:
            with pytest.raises(ConnectionFailed):
                await transport.send(call)
            await transport.send(call)

    contents = [content for _, _, content in images_of(parts_of(server.requests[0]))]
    assert [len(content) for content in contents] == [large.stat().st_size] * 2


class Watched:
    """A picture that never ends, and tells when it was closed."""

    def __init__(self) -> None:
        self.closed = anyio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            while True:
                yield JPEG
        finally:
            self.closed.set()


async def test_a_cancelled_upload_leaves_nothing_open(folder: Path, engine: Opener) -> None:
    """Cancelled in the middle: the file is closed, the stream too, and the connection gone."""
    large, watched = folder / "large.jpg", Watched()
    large.write_bytes(bytes(16_000_000))
    begun, gone = anyio.Event(), anyio.Event()

    async def slow(connection: Connection) -> None:
        try:
            await connection.head()
            await connection.receive(1_000_000)
            begun.set()
            await connection.receive(1_000_000_000)
        finally:
            gone.set()

    with anyio.fail_after(20):
        async with serving(slow) as server, engine(server.url) as transport:
            for images in ([large, watched], [watched, large]):
                begun, gone = anyio.Event(), anyio.Event()
                async with anyio.create_task_group() as group:
                    group.start_soon(transport.send, create(*images))
                    await begun.wait()
                    group.cancel_scope.cancel()
                await gone.wait()

    assert watched.closed.is_set()
    assert str(large) not in [entry.path for entry in psutil.Process().open_files()]


@pytest.mark.parametrize(
    "error", [ValueError("theirs"), httpx.ReadTimeout("theirs"), OSError(5, "x")]
)
async def test_an_error_of_a_users_stream_is_theirs(error: Exception, engine: Opener) -> None:
    """What a user's own stream raises comes out as it is, not as a fault of our connection."""

    async def broken() -> AsyncIterator[bytes]:
        yield JPEG
        raise error

    async with serving(answering(201)) as server, engine(server.url) as transport:
        with pytest.raises(type(error)) as caught:
            await transport.send(create(broken()))

    assert caught.value is error
    assert server.requests == []


async def test_a_transport_that_reads_ahead_gets_the_body(folder: Path) -> None:
    """An engine's transport that wants the whole body at once can have it."""

    async def app(request: httpx.Request) -> httpx.Response:
        return httpx.Response(201, content=str(len(await request.aread())).encode())

    async with (
        httpx.AsyncClient(transport=httpx.MockTransport(app)) as client,
        opened("https://api.example", http_client=client) as transport,
    ):
        reply = await transport.send(create(folder / "cat.jpg"))

    assert int(reply.body) > len(JPEG)


async def test_memory_does_not_grow_with_the_files(tmp_path: Path, engine: Opener) -> None:
    """Four files of 5 MB, uploaded at once, cost a few chunks."""
    paths = [tmp_path / f"{n}.jpg" for n in range(4)]
    for path in paths:
        path.write_bytes(bytes(5_000_000))

    async def sink(connection: Connection) -> None:
        head = await connection.head()
        await connection.receive(int(head.headers["content-length"]))
        await connection.reply(201)

    async with serving(sink) as server, engine(server.url) as transport:
        tracemalloc.start()
        try:
            async with anyio.create_task_group() as group:
                for path in paths:
                    group.start_soon(transport.send, create(path))
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert server.connections == 4
    assert peak < 8_000_000
