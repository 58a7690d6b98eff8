"""
Multipart bodies: measured beforehand where that can be done, sent a chunk at a time.

Memory holds one block of a file, whatever its size. Everything that can be known beforehand (that a
file exists, opens and is not empty) is checked before the request starts.
"""

import secrets
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path

import attrs

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.forms import Field, File, Part, closing_frame, field_frame, file_frame
from astria_async.protocol.media import EXTENSIONS, HEAD_BYTES, sniff
from astria_async.transport.blocks import Blocks
from astria_async.transport.files import Look, look, read

TYPES = {extension: content_type for content_type, extension in EXTENSIONS.items()}


@attrs.frozen(kw_only=True)
class _Piece:
    """A file of the body, with what is known of it beforehand."""

    part: File
    seen: Look


class Upload:
    """
    A multipart body that can be sent as often as its sources can be read.

    Attributes:
        content_type: For the request's header.
        length: Bytes in all, or ``None`` where a stream does not tell.
        handed_over: Whether the last byte was given to the network: until then the server cannot
            have processed the request.
        failure: What went wrong in a source, if something did; no fault of the network.
    """

    def __init__(self, boundary: str, pieces: list[Field | _Piece]) -> None:
        self.content_type: str = f"multipart/form-data; boundary={boundary}"
        self.handed_over: bool = False
        self.failure: Exception | None = None
        self._boundary = boundary
        self._pieces = pieces
        self._end = closing_frame(boundary)
        self.length: int | None = self._measure()

    @classmethod
    async def prepare(cls, parts: tuple[Part, ...]) -> "Upload":
        """
        Look at every file of *parts*.

        Raises:
            InvalidInput: One does not exist, is a directory, is empty or cannot be read.
        """
        pieces = [
            part if isinstance(part, Field) else _Piece(part=part, seen=await look(part.source))
            for part in parts
        ]
        return cls(secrets.token_hex(16), pieces)

    def _measure(self) -> int | None:
        total = len(self._end)
        for piece in self._pieces:
            if isinstance(piece, Field):
                total += len(field_frame(self._boundary, piece))
            elif piece.seen.size is None:
                return None
            else:
                frame = _frame(self._boundary, piece.part, piece.seen.head)
                total += len(frame) + piece.seen.size + len(b"\r\n")
        return total

    async def chunks(self, blocks: Blocks) -> AsyncGenerator[bytes, None]:
        """The body from its beginning; *blocks* is shared with the other uploads of the client."""
        self.handed_over = False
        with blocks.reading():
            for piece in self._pieces:
                if isinstance(piece, Field):
                    yield field_frame(self._boundary, piece)
                    continue
                async with aclosing(self._file(piece, blocks)) as content:
                    try:
                        async for chunk in content:
                            yield chunk
                    except Exception as exc:
                        self.failure = exc
                        raise
                yield b"\r\n"
        self.handed_over = True
        yield self._end

    async def _file(self, piece: _Piece, blocks: Blocks) -> AsyncGenerator[bytes, None]:
        """A file's frame and bytes; a stream shows what it is only when it begins to flow."""
        head: bytes | None = piece.seen.head or b""
        if piece.seen.size is not None:
            yield _frame(self._boundary, piece.part, piece.seen.head)
            head = None
        async with aclosing(read(piece.part.source, piece.seen, blocks)) as content:
            async for chunk in content:
                if head is None:
                    yield chunk
                    continue
                head += chunk
                if len(head) >= HEAD_BYTES:
                    yield _frame(self._boundary, piece.part, head)
                    yield head
                    head = None
        if head is not None:
            yield _frame(self._boundary, piece.part, self._not_empty(head, piece.part))
            yield head

    @staticmethod
    def _not_empty(head: bytes, part: File) -> bytes:
        name = part.source.parameter
        if not head:
            raise InvalidInput(f"{name}: the stream ended after 0 bytes", parameter=name)
        return head


def _frame(boundary: str, part: File, head: bytes) -> bytes:
    filename = part.source.filename
    content_type = sniff(head) or _declared(filename)
    if not Path(filename).suffix:
        filename += EXTENSIONS.get(content_type, "")
    return file_frame(boundary, part, content_type, filename)


def _declared(filename: str) -> str:
    suffix = Path(filename).suffix.lower().replace(".jpeg", ".jpg")
    return TYPES.get(suffix, "application/octet-stream")
