"""``multipart/form-data`` as it streams in: text into memory under a limit, files onto the disk."""

from collections.abc import Callable
from typing import Any, TypeVar

import anyio.to_thread
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from astria_async.sandbox.refusals import bad_request, too_large
from astria_async.sandbox.settings import Settings
from astria_async.sandbox.uploads import Spool, Upload

MAX_PARTS = 4096
_WRITE_AT = 256 * 1024
_T = TypeVar("_T")


class MultipartReader:
    """
    Turns chunks of a multipart body into (name, value) pairs, where a value is text or an upload.

    Args:
        boundary: From the content type; empty is refused.
        spool: Where files go.
        settings: The limits.
    """

    def __init__(self, boundary: bytes, spool: Spool, settings: Settings) -> None:
        if not boundary:
            raise bad_request("multipart body without a boundary")
        self.pairs: list[tuple[str, Any]] = []
        self._spool = spool
        self._settings = settings
        self._headers: dict[bytes, bytes] = {}
        self._header = (bytearray(), bytearray())
        self._name = ""
        self._upload: Upload | None = None
        self._skip = False
        self._text = bytearray()
        self._text_total = 0
        self._pending: list[tuple[Upload, bytes | None]] = []
        self._pending_bytes = 0
        self._ended = False
        self._parser = _guarded(
            lambda: MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin_part,
                    "on_header_field": lambda data, a, b: self._header[0].extend(data[a:b]),
                    "on_header_value": lambda data, a, b: self._header[1].extend(data[a:b]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._open_part,
                    "on_part_data": self._part_data,
                    "on_part_end": self._end_part,
                    "on_end": self._end,
                },
            )
        )

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body."""
        _guarded(lambda: self._parser.write(chunk))

    def finish(self) -> None:
        """Say that no more bytes come; a body cut short is refused."""
        if not self._ended:
            raise bad_request("malformed multipart body")
        self._pending_bytes = _WRITE_AT

    async def write_out(self) -> None:
        """Move received file bytes to the disk once there are enough to be worth a thread."""
        if self._pending and self._pending_bytes >= _WRITE_AT:
            pending, self._pending, self._pending_bytes = self._pending, [], 0
            await anyio.to_thread.run_sync(_write, pending)

    def _begin_part(self) -> None:
        if len(self.pairs) >= MAX_PARTS:
            raise bad_request(f"more than {MAX_PARTS} parts")
        self._headers = {}
        self._header = (bytearray(), bytearray())
        self._text = bytearray()

    def _end_header(self) -> None:
        self._headers[bytes(self._header[0]).lower()] = bytes(self._header[1])
        self._header = (bytearray(), bytearray())

    def _open_part(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        if b"name" not in options:
            raise bad_request("a part of the multipart body has no name")
        self._name = _utf8(options[b"name"])
        filename = options.get(b"filename")
        # A browser sends an empty file name for a file input that was left alone.
        self._skip = filename == b""
        self._upload = None
        if filename:
            declared = self._headers.get(b"content-type", b"").decode("latin-1")
            self._upload = self._spool.begin(filename.decode(errors="replace"), declared)

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        piece = bytes(data[start:end])
        if self._upload is not None:
            self._upload.size += len(piece)
            if self._upload.size > self._settings.max_upload:
                raise too_large(self._settings.max_upload)
            self._pending.append((self._upload, piece))
            self._pending_bytes += len(piece)
        else:
            self._text_total += len(piece)
            if self._text_total > self._settings.max_text:
                raise too_large(self._settings.max_text)
            self._text += piece

    def _end_part(self) -> None:
        if self._upload is not None:
            self._pending.append((self._upload, None))
            self.pairs.append((self._name, self._upload))
        elif not self._skip:
            self.pairs.append((self._name, _utf8(bytes(self._text))))

    def _end(self) -> None:
        self._ended = True


def _write(pending: list[tuple[Upload, bytes | None]]) -> None:
    for upload, data in pending:
        if data is None:
            upload.close()
        else:
            upload.write(data)


def _utf8(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise bad_request("Invalid UTF-8 in a form") from None


def _guarded(step: Callable[[], _T]) -> _T:
    try:
        return step()
    except FormParserError:
        raise bad_request("malformed multipart body") from None
