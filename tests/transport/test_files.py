"""Looking at files and reading them: off the loop, a chunk at a time, as often as needed."""

import asyncio
import io
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import anyio.lowlevel
import psutil
import pytest

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.sources import FileSource, image_source
from astria_async.transport.blocks import CHUNK
from astria_async.transport.files import Look, look, read

pytestmark = pytest.mark.anyio
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 3000


def source(value: Any) -> FileSource:
    """What an argument is, as the calls make it."""
    found = image_source(value, "images[2]")
    assert isinstance(found, FileSource)
    return found


async def whole(value: Any) -> bytes:
    """Everything that one reading of *value* gives."""
    given = source(value)
    seen = await look(given)
    async with aclosing(read(given, seen)) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def refusal(value: Any) -> str:
    """What is said about a picture that cannot be read; it is told by its argument."""
    with pytest.raises(InvalidInput) as caught:
        await whole(value)
    assert caught.value.parameter == "images[2]"
    assert str(caught.value).startswith("images[2]: ")
    return str(caught.value)


class Stream:
    """An async iterable that tells when it was closed."""

    def __init__(self, *chunks: Any) -> None:
        self.chunks = chunks
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[Any]:
        try:
            for chunk in self.chunks:
                await anyio.lowlevel.checkpoint()
                yield chunk
        finally:
            self.closed = True


class Lines:
    """The plainest async iterator: no generator, nothing to close."""

    def __init__(self) -> None:
        self.left = 3

    def __aiter__(self) -> "Lines":
        return self

    async def __anext__(self) -> bytes:
        if not self.left:
            raise StopAsyncIteration
        self.left -= 1
        return b"x"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "cat.jpg"
    path.write_bytes(JPEG)
    return path


async def test_every_kind_of_picture_is_read_whole(picture: Path) -> None:
    """A path, bytes, files of any kind and streams give the same bytes."""
    with picture.open("rb") as buffered, picture.open("rb", buffering=0) as raw:
        kinds = [picture, str(picture), JPEG, io.BytesIO(JPEG), buffered, raw]
        kinds += [
            Stream(JPEG[:1000], JPEG[1000:]),
            Stream(bytearray(JPEG[:9]), memoryview(JPEG[9:])),
        ]

        found = [await whole(kind) for kind in kinds]

    assert all(content == JPEG for content in found)


async def test_a_look_tells_size_and_first_bytes(picture: Path) -> None:
    """What can be known beforehand is known without using the source up."""
    for value in (picture, JPEG, io.BytesIO(JPEG)):
        assert await look(source(value)) == Look(head=JPEG[:32], size=len(JPEG))


async def test_a_stream_tells_nothing_beforehand() -> None:
    """A stream is not touched until it is sent."""
    stream = Stream(JPEG)

    assert await look(source(stream)) == Look()
    assert not stream.closed


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK])
async def test_no_chunk_is_larger_than_the_bound(size: int, tmp_path: Path) -> None:
    """Memory holds a chunk, whatever the file's size."""
    path = tmp_path / "a.bin"
    path.write_bytes(bytes(size))

    for value in (path, bytes(size), io.BytesIO(bytes(size))):
        given = source(value)
        async with aclosing(read(given, await look(given))) as chunks:
            sizes = [len(chunk) async for chunk in chunks]
        assert (sum(sizes), max(sizes)) == (size, min(size, CHUNK))


async def test_a_file_is_read_from_where_it_stands_and_put_back() -> None:
    """What was read before is not sent, and a second reading gives the same."""
    file = io.BytesIO(b"header" + JPEG)
    file.seek(6)

    assert await whole(file) == JPEG
    assert file.tell() == 6
    assert await whole(file) == JPEG


async def test_a_file_that_is_left_in_the_middle_is_put_back() -> None:
    """A reading that was broken off does not shorten the next one."""
    file = io.BytesIO(bytes(3 * CHUNK))
    given = source(file)

    async with aclosing(read(given, await look(given))) as chunks:
        await anext(chunks)

    assert file.tell() == 0


async def test_a_file_closed_while_it_is_read_is_a_clear_error() -> None:
    """Its owner closed it: the next chunk says so."""
    file = io.BytesIO(bytes(3 * CHUNK))
    given = source(file)

    async with aclosing(read(given, await look(given))) as chunks:
        await anext(chunks)
        file.close()
        with pytest.raises(InvalidInput, match="cannot be read: I/O operation on closed file"):
            await anext(chunks)


async def test_missing_files_are_told(tmp_path: Path) -> None:
    """A path that does not exist is refused, with no guess about URLs."""
    assert (await refusal(tmp_path / "none.jpg")).endswith(
        "there is no file " + str(tmp_path / "none.jpg")
    )
    assert "URL" not in await refusal("none.jpg")
    assert "URL" not in await refusal("./dir/none.jpg")


@pytest.mark.parametrize("text", ["files.example.com/a.jpg", "//files.example.com/a.jpg"])
async def test_a_url_without_scheme_is_suspected(text: str) -> None:
    """What looks like a host gets a hint at the scheme."""
    assert "if it is a URL, write https://files.example.com/a.jpg" in await refusal(text)


async def test_a_directory_is_no_picture(tmp_path: Path) -> None:
    """The message shows how to pass the files in it."""
    assert f"Path({str(tmp_path)!r}).glob('*.jpg')" in await refusal(tmp_path)


async def test_empty_files_are_no_pictures(tmp_path: Path) -> None:
    """0 bytes are refused before the request starts, and so is a file read to its end."""
    (tmp_path / "empty.jpg").touch()
    at_end = io.BytesIO(JPEG)
    at_end.seek(0, os.SEEK_END)

    assert await refusal(tmp_path / "empty.jpg") == "images[2]: the file has 0 bytes"
    assert await refusal(at_end) == "images[2]: the file has 0 bytes"


async def test_unreadable_files_are_told(tmp_path: Path) -> None:
    """A path that cannot be one, or that leads through a file, is refused with the reason."""
    (tmp_path / "file").write_bytes(JPEG)

    assert "cannot read" in await refusal("a\0b")
    assert "Not a directory" in await refusal(tmp_path / "file" / "a.jpg")
    assert "File name too long" in await refusal(tmp_path / ("x" * 300))


@contextmanager
def without_rights(path: Path) -> Iterator[None]:
    """*path* may not be read while this is entered, not even by the superuser."""
    path.chmod(0)
    if os.getuid() == 0:
        os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(os.getuid())


async def test_a_forbidden_file_is_told(picture: Path) -> None:
    """A file that may not be read is refused with the system's reason."""
    with without_rights(picture):
        words = await refusal(picture)

    assert words == f"images[2]: cannot read {picture}: Permission denied"


async def test_pipes_and_devices_are_refused_as_paths(tmp_path: Path) -> None:
    """Opening a pipe may wait for ever, and it could not be read twice: open it yourself."""
    os.mkfifo(tmp_path / "pipe")

    with anyio.fail_after(10):
        assert "is no ordinary file" in await refusal(tmp_path / "pipe")
        assert "is no ordinary file" in await refusal("/dev/null")


async def test_a_text_file_is_refused(picture: Path) -> None:
    """A file that was opened as text gives no bytes; the message names the mode."""
    with picture.open(encoding="latin-1") as text:
        assert "it gives str where bytes are needed; open files with mode 'rb'" in (
            await refusal(text)
        )


async def test_a_closed_file_is_refused() -> None:
    """A file that is closed already cannot be looked at."""
    file = io.BytesIO(JPEG)
    file.close()

    assert "cannot be read: I/O operation on closed file" in await refusal(file)


@pytest.mark.parametrize("chunk", ["text", 7, None])
async def test_a_stream_of_anything_but_bytes_is_refused(chunk: Any) -> None:
    """What a stream gives is bytes."""
    assert f"it gives {type(chunk).__name__}" in await refusal(Stream(chunk))


async def test_a_file_that_shrinks_is_noticed(picture: Path) -> None:
    """A file that became shorter since it was measured ends the request."""
    given = source(picture)
    seen = await look(given)
    os.truncate(picture, 10)

    with pytest.raises(InvalidInput, match="became shorter while it was read"):
        async for _ in read(given, seen):
            pass


async def test_a_file_that_grows_is_cut(picture: Path) -> None:
    """What was added since it was measured is left out: the length was promised."""
    given = source(picture)
    seen = await look(given)
    with picture.open("ab") as more:
        more.write(b"more")

    async with aclosing(read(given, seen)) as chunks:
        found = b"".join([chunk async for chunk in chunks])

    assert found == JPEG


async def test_a_file_that_vanishes_is_noticed(picture: Path) -> None:
    """A file that was deleted since it was looked at ends the request."""
    given = source(picture)
    seen = await look(given)
    os.unlink(picture)  # noqa: PTH108 - a test may block

    with pytest.raises(InvalidInput, match="there is no file"):
        async for _ in read(given, seen):
            pass


async def test_a_disk_error_is_told() -> None:
    """A read that fails names the argument and the reason."""

    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if size == CHUNK:
                raise OSError(5, "Input/output error")
            return super().read(size)

    assert "cannot be read: [Errno 5] Input/output error" in await refusal(Broken(bytes(2 * CHUNK)))


async def test_a_pipe_that_is_open_is_a_stream() -> None:
    """A file that cannot be wound back is read as it comes, once."""
    readable, writable = os.pipe()
    os.write(writable, b"\xff\xd8\xff pipe")
    os.close(writable)

    with open(readable, "rb") as pipe:  # noqa: ASYNC230, PTH123 - a descriptor has no path
        assert not source(pipe).replayable
        assert await whole(pipe) == b"\xff\xd8\xff pipe"


async def test_a_silent_pipe_can_be_abandoned() -> None:
    """Nobody waits for a pipe that stays silent longer than they want to."""
    quiet, other = socket.socketpair()
    with quiet, other, quiet.makefile("rb") as pipe:
        with anyio.move_on_after(0.05) as scope:
            await whole(pipe)
        other.shutdown(socket.SHUT_RDWR)

    assert scope.cancelled_caught


async def test_a_stream_is_closed_when_it_is_left() -> None:
    """A generator of the user's that is not read to its end is closed, not forgotten."""
    stream = Stream(b"a", b"b")
    given = source(stream)

    async with aclosing(read(given, await look(given))) as chunks:
        await anext(chunks)

    assert stream.closed


async def test_the_plainest_iterator_will_do() -> None:
    """An async iterator need not be a generator."""
    assert await whole(Lines()) == b"xxx"


async def test_a_file_of_ours_is_closed_when_it_is_left(picture: Path) -> None:
    """A path that is not read to its end leaves no open file."""
    given = source(picture)

    async with aclosing(read(given, await look(given))) as chunks:
        await anext(chunks)
        opened = open_files(picture)

    assert (opened, open_files(picture)) == (1, 0)


class SlowPath(type(Path())):  # type: ignore[misc]
    """A path that is slow to open, as on a network drive."""

    entered: Callable[[], object]
    release: threading.Event
    opened: list[BinaryIO]

    def open(self, *args: Any, **kwargs: Any) -> Any:
        self.entered()
        self.release.wait(10)
        self.opened.append(super().open(*args, **kwargs))
        return self.opened[-1]


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_a_file_that_a_thread_still_opens_is_closed(picture: Path) -> None:
    """asyncio's own cancellation leaves the opening thread behind: it closes what it opened."""
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    path = SlowPath(picture)
    path.entered = lambda: loop.call_soon_threadsafe(task.cancel)
    path.release, path.opened = threading.Event(), []

    with pytest.raises(asyncio.CancelledError):
        await anext(read(FileSource(path, "cat.jpg", "images[0]"), Look(size=len(JPEG))))
    task.uncancel()
    path.release.set()

    with anyio.fail_after(10):
        while not path.opened or not path.opened[0].closed:
            await anyio.lowlevel.checkpoint()


def open_files(path: Path) -> int:
    """How often this process has *path* open."""
    return sum(entry.path == str(path) for entry in psutil.Process().open_files())
