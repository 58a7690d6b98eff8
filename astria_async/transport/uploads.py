"""
Reading files for a request: off the event loop, a chunk at a time, twice if need be.

Memory holds one chunk whatever the files' sizes. Everything that can be known beforehand (that a
file exists, opens and is not empty) is checked before the request starts.
"""

import os
import secrets
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import AsyncExitStack, aclosing
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread
import attrs

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.forms import Field, File, Part, closing_frame, field_frame, file_frame
from astria_async.protocol.media import EXTENSIONS, HEAD_BYTES, sniff
from astria_async.protocol.sources import FileSource

CHUNK = 256 * 1024


@attrs.frozen(kw_only=True)
class _Piece:
    """A part whose frame is known: its text whole, or what stands before a file's bytes."""

    frame: bytes
    source: FileSource | None = None
    size: int | None = 0
    start: int = 0


class Upload:
    """
    A multipart body that can be sent as often as its sources can be read.

    Attributes:
        content_type: For the request's header.
        length: Bytes in all, or ``None`` where a stream does not tell.
        handed_over: Whether the last byte was given to the network: until then the server cannot
            have processed the request.
    """

    def __init__(self, boundary: str, pieces: list[_Piece]) -> None:
        self.content_type = f"multipart/form-data; boundary={boundary}"
        self.handed_over = False
        self._pieces = pieces
        self._end = closing_frame(boundary)
        self.length = self._measure()

    @classmethod
    async def prepare(cls, parts: tuple[Part, ...]) -> "Upload":
        """
        Look at every file of *parts*.

        Raises:
            InvalidInput: One does not exist, is a directory, is empty or cannot be read.
        """
        boundary = secrets.token_hex(16)
        pieces = [await _piece(boundary, part) for part in parts]
        return cls(boundary, pieces)

    def _measure(self) -> int | None:
        total = len(self._end)
        for piece in self._pieces:
            if piece.size is None:
                return None
            total += len(piece.frame) + piece.size + (2 if piece.source else 0)
        return total

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body from its beginning."""
        self.handed_over = False
        for piece in self._pieces:
            yield piece.frame
            if piece.source is not None:
                async with AsyncExitStack() as stack, aclosing(_content(piece, stack)) as content:
                    async for chunk in content:
                        yield chunk
                yield b"\r\n"
        self.handed_over = True
        yield self._end


async def _piece(boundary: str, part: Part) -> _Piece:
    if isinstance(part, Field):
        return _Piece(frame=field_frame(boundary, part))
    source = part.source
    if isinstance(source.content, AsyncIterable):
        head, size, start = b"", None, 0
    else:
        head, size, start = await anyio.to_thread.run_sync(_examine, source)
    content_type = sniff(head) or _declared(source.filename)
    return _Piece(frame=_frame(boundary, part, content_type), source=source, size=size, start=start)


def _declared(filename: str) -> str:
    suffix = Path(filename).suffix.lower().replace(".jpeg", ".jpg")
    by_suffix = {extension: content_type for content_type, extension in EXTENSIONS.items()}
    return by_suffix.get(suffix, "application/octet-stream")


def _frame(boundary: str, part: File, content_type: str) -> bytes:
    filename = part.source.filename
    if not Path(filename).suffix:
        filename += EXTENSIONS.get(content_type, "")
    return file_frame(boundary, part, content_type, filename)


def _examine(source: FileSource) -> tuple[bytes, int | None, int]:
    """First bytes, size and where they start; runs in a thread."""
    content, name = source.content, source.parameter
    if isinstance(content, bytes):
        return content[:HEAD_BYTES], len(content), 0
    if isinstance(content, Path):
        with _open(content, name) as file:
            return _look(file, name)
    assert not isinstance(content, AsyncIterable)
    return _look(content, name)


def _open(path: Path, name: str) -> BinaryIO:
    try:
        return path.open("rb")
    except IsADirectoryError as exc:
        raise InvalidInput(
            f"{name}: {path} is a directory; pass the files in it, such as "
            f"Path({str(path)!r}).glob('*.jpg')",
            parameter=name,
        ) from exc
    except FileNotFoundError as exc:
        hint = "" if path.is_absolute() or "." not in path.parts[0] else _url_hint(path)
        raise InvalidInput(f"{name}: there is no file {path}{hint}", parameter=name) from exc
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or exc
        raise InvalidInput(f"{name}: cannot read {path}: {reason}", parameter=name) from exc


def _url_hint(path: Path) -> str:
    return f" (if it is a URL, write https://{path})" if len(path.parts) > 1 else ""


def _look(file: BinaryIO, name: str) -> tuple[bytes, int | None, int]:
    try:
        if not file.seekable():
            return b"", None, 0
        start = file.tell()
        head = file.read(HEAD_BYTES)
        size = file.seek(0, os.SEEK_END) - start
        file.seek(start)
    except (OSError, ValueError) as exc:
        raise InvalidInput(f"{name}: the file cannot be read: {exc}", parameter=name) from exc
    if not isinstance(head, bytes):
        raise InvalidInput(
            f"{name}: the file is open as text; open it with mode 'rb'", parameter=name
        )
    if size <= 0:
        raise InvalidInput(f"{name}: the file has 0 bytes", parameter=name)
    return head, size, start


async def _content(piece: _Piece, stack: AsyncExitStack) -> AsyncGenerator[bytes, None]:
    assert piece.source is not None
    content, name = piece.source.content, piece.source.parameter
    if isinstance(content, bytes):
        for start in range(0, len(content), CHUNK):
            yield content[start : start + CHUNK]
        return
    if isinstance(content, AsyncIterable):
        async for chunk in content:
            yield chunk
        return
    if isinstance(content, Path):
        file = await anyio.to_thread.run_sync(_open, content, name)
        stack.callback(file.close)
    else:
        file = content
        if piece.size is not None:
            await anyio.to_thread.run_sync(file.seek, piece.start)
    left = piece.size
    while left is None or left > 0:
        wanted = CHUNK if left is None else min(CHUNK, left)
        chunk = await anyio.to_thread.run_sync(file.read, wanted)
        if not chunk:
            break
        left = None if left is None else left - len(chunk)
        yield chunk
    if left:
        raise InvalidInput(f"{name}: the file became shorter while it was read", parameter=name)
