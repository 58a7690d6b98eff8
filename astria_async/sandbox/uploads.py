"""Uploaded files on their way in: on disk from the first byte, so that memory does not grow."""

import contextlib
import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread
import attrs

_HEAD = 64
_SIGNATURES = (
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"GIF8", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (0, b"BM", "image/bmp"),
    (0, b"II*\x00", "image/tiff"),
    (0, b"MM\x00*", "image/tiff"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypM4A", "audio/mp4"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1aE\xdf\xa3", "video/webm"),
    (0, b"ID3", "audio/mpeg"),
    (8, b"WAVE", "audio/wav"),
)


def sniff(head: bytes) -> str | None:
    """The content type that the first bytes of a file tell, if they do."""
    for offset, signature, content_type in _SIGNATURES:
        if head.startswith(signature, offset):
            return content_type
    return None


@attrs.define(eq=False, kw_only=True)
class Upload:
    """
    One file of a request.

    Attributes:
        path: Where its bytes lie; whoever adopts them moves the file away.
        filename: As the client named it.
        declared: The content type that the client gave.
        size: In bytes.
    """

    path: Path
    filename: str
    declared: str
    size: int = 0
    head: bytes = b""
    handle: BinaryIO | None = None

    @property
    def content_type(self) -> str:
        """What the bytes say, else what the client said."""
        return sniff(self.head) or self.declared or "application/octet-stream"

    @property
    def is_caption(self) -> bool:
        """Whether this is one of the text files that may lie beside training images."""
        return self.filename.lower().endswith(".txt")

    def write(self, data: bytes) -> None:
        """Append bytes; blocks, so call it in a thread."""
        if self.handle is None:
            self.handle = self.path.open("wb")
        if len(self.head) < _HEAD:
            self.head += data[: _HEAD - len(self.head)]
        self.handle.write(data)

    def close(self) -> None:
        """End the file, making an empty one if nothing was written; blocks."""
        if self.handle is None:
            self.path.touch()
        else:
            self.handle.close()


@attrs.define(eq=False)
class Spool:
    """
    The uploads of one request.

    Args:
        folder: Where the files are written.
        numbers: Names for them, unique in the folder.
    """

    folder: Path
    numbers: Iterator[int] = attrs.field(factory=itertools.count)
    uploads: list[Upload] = attrs.field(factory=list)

    def begin(self, filename: str, declared: str) -> Upload:
        """A new, empty upload."""
        path = self.folder / f"incoming-{next(self.numbers)}"
        upload = Upload(path=path, filename=filename, declared=declared)
        self.uploads.append(upload)
        return upload

    async def discard(self) -> None:
        """Delete whatever nobody adopted."""
        if self.uploads:
            with anyio.move_on_after(5, shield=True):
                await anyio.to_thread.run_sync(self._discard)

    def _discard(self) -> None:
        for upload in self.uploads:
            with contextlib.suppress(OSError):
                upload.close()
            upload.path.unlink(missing_ok=True)
