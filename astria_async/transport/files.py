"""
Looking at pictures and reading them: off the event loop, a chunk at a time.

A file of the user's own is left where it was, so that a request can be sent again; a file that we
open is closed whatever happens, also where a cancelled task leaves a thread behind that is still
opening it.
"""

import os
import stat
import threading
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing, suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

import anyio
import anyio.to_thread
import attrs

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.media import HEAD_BYTES
from astria_async.protocol.sources import FileSource
from astria_async.transport.blocks import Blocks

CLEANUP = 5.0


@attrs.frozen(kw_only=True)
class Look:
    """
    What a first look at a source tells.

    Attributes:
        head: Its first bytes; empty for a stream.
        size: How many bytes there are, or ``None`` for a stream.
        start: Where in the file they begin.
    """

    head: bytes = b""
    size: int | None = None
    start: int = 0


async def look(source: FileSource) -> Look:
    """
    Look at *source* without using it up.

    Raises:
        InvalidInput: It does not exist, is a directory, is empty or cannot be read.
    """
    content = source.content
    if isinstance(content, bytes):
        return Look(head=content[:HEAD_BYTES], size=len(content))
    if isinstance(content, AsyncIterable):
        return Look()
    return await anyio.to_thread.run_sync(_look, content, source.parameter)


def read(
    source: FileSource, seen: Look, blocks: Blocks | None = None
) -> AsyncGenerator[bytes, None]:
    """
    The bytes of *source*, in chunks; to be closed by whoever stops before the end.

    Args:
        source: What to read.
        seen: What the first look at it told.
        blocks: Whom it shares memory with.

    Raises:
        InvalidInput: It cannot be read, or is shorter than it was when it was looked at.
    """
    content, name = source.content, source.parameter
    blocks = blocks or Blocks()
    if isinstance(content, bytes):
        return _from_bytes(content, blocks)
    if isinstance(content, AsyncIterable):
        return _from_stream(content, name)
    if isinstance(content, Path):
        return _from_path(content, seen, name, blocks)
    return _from_file(content, seen, name, blocks)


def _look(content: Path | BinaryIO, name: str) -> Look:
    if isinstance(content, Path):
        with _open(content, name) as file:
            return _look(file, name)
    try:
        if not content.seekable():
            return Look()
        start = content.tell()
        head = content.read(HEAD_BYTES)
        size = content.seek(0, os.SEEK_END) - start
        content.seek(start)
    except (OSError, ValueError) as exc:
        raise InvalidInput(f"{name}: the file cannot be read: {exc}", parameter=name) from exc
    head = _binary(head, name)
    if size <= 0:
        raise InvalidInput(f"{name}: the file has 0 bytes", parameter=name)
    return Look(head=head, size=size, start=start)


def _open(path: Path, name: str) -> BinaryIO:
    try:
        mode = path.stat().st_mode
        if stat.S_ISREG(mode):
            return path.open("rb")
    except FileNotFoundError as exc:
        raise InvalidInput(
            f"{name}: there is no file {path}{_url_hint(path)}", parameter=name
        ) from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise InvalidInput(f"{name}: cannot read {path}: {reason}", parameter=name) from exc
    if stat.S_ISDIR(mode):
        raise InvalidInput(
            f"{name}: {path} is a directory; pass the files in it, such as "
            f"Path({str(path)!r}).glob('*.jpg')",
            parameter=name,
        )
    # Opening a pipe may wait for ever, and it could not be read a second time.
    raise InvalidInput(
        f"{name}: {path} is no ordinary file; open it in binary mode and pass that", parameter=name
    )


def _url_hint(path: Path) -> str:
    host, slash, rest = path.as_posix().removeprefix("//").partition("/")
    return f" (if it is a URL, write https://{host}/{rest})" if slash and "." in host[1:] else ""


def _binary(chunk: Any, name: str) -> bytes:
    if isinstance(chunk, bytes):
        return chunk
    if isinstance(chunk, (bytearray, memoryview)):
        return bytes(chunk)
    raise InvalidInput(
        f"{name}: it gives {type(chunk).__name__} where bytes are needed; open files with "
        "mode 'rb'",
        parameter=name,
    )


async def _from_bytes(content: bytes, blocks: Blocks) -> AsyncGenerator[bytes, None]:
    start = 0
    while start < len(content):
        chunk = content[start : start + blocks.size]
        start += len(chunk)
        yield chunk


async def _from_stream(content: AsyncIterable[bytes], name: str) -> AsyncGenerator[bytes, None]:
    iterator = aiter(content)
    try:
        while True:
            try:
                chunk = await anext(iterator)
            except StopAsyncIteration:
                break
            yield _binary(chunk, name)
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            with anyio.move_on_after(CLEANUP, shield=True):
                await close()


async def _from_path(
    path: Path, seen: Look, name: str, blocks: Blocks
) -> AsyncGenerator[bytes, None]:
    handle = _Handle()
    try:
        await anyio.to_thread.run_sync(handle.open, path, name)
        async with aclosing(_chunks(handle.file, seen.size, name, blocks)) as chunks:
            async for chunk in chunks:
                yield chunk
    finally:
        with anyio.move_on_after(CLEANUP, shield=True):
            await anyio.to_thread.run_sync(handle.close)


class _Handle:
    """A file that one thread opens while another may already be closing it."""

    file: BinaryIO

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._opened = False
        self._closed = False

    def open(self, path: Path, name: str) -> None:
        file = _open(path, name)
        with self._lock:
            self.file, self._opened = file, True
            late = self._closed
        if late:
            file.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            opened = self._opened
        if opened:
            self.file.close()


async def _from_file(
    file: BinaryIO, seen: Look, name: str, blocks: Blocks
) -> AsyncGenerator[bytes, None]:
    if seen.size is None:
        async with aclosing(_chunks(file, None, name, blocks)) as chunks:
            async for chunk in chunks:
                yield chunk
        return
    try:
        await anyio.to_thread.run_sync(file.seek, seen.start)
        async with aclosing(_chunks(file, seen.size, name, blocks)) as chunks:
            async for chunk in chunks:
                yield chunk
    finally:
        with anyio.move_on_after(CLEANUP, shield=True):
            await anyio.to_thread.run_sync(_rewind, file, seen.start)


def _rewind(file: BinaryIO, start: int) -> None:
    # Closed by its owner meanwhile: the next look at it will say so.
    with suppress(OSError, ValueError):
        file.seek(start)


async def _chunks(
    file: BinaryIO, size: int | None, name: str, blocks: Blocks
) -> AsyncGenerator[bytes, None]:
    left = size
    while left is None or left > 0:
        wanted = blocks.size if left is None else min(blocks.size, left)
        # A pipe may stay silent for ever: nobody waits for the thread that reads it.
        chunk = await anyio.to_thread.run_sync(
            partial(_read, file, wanted, name), abandon_on_cancel=left is None
        )
        if not chunk:
            break
        left = None if left is None else left - len(chunk)
        yield chunk
    if left:
        raise InvalidInput(f"{name}: the file became shorter while it was read", parameter=name)


def _read(file: BinaryIO, size: int, name: str) -> bytes:
    try:
        chunk = file.read(size)
    except (OSError, ValueError) as exc:
        raise InvalidInput(f"{name}: the file cannot be read: {exc}", parameter=name) from exc
    return _binary(chunk, name)
