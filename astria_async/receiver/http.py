"""
uvicorn's HTTP/1, with bounds: on the time and the size of headers, and on the log.

h11 is always there and bounds the size by itself; httptools, of the ``[fast]`` extra, takes a
fraction of the time, and has its bound here.
"""

import asyncio
import importlib.util
import logging
from typing import TYPE_CHECKING, Any, Literal

from uvicorn.protocols.http.h11_impl import H11Protocol

from astria_async.receiver.log import logger
from astria_async.receiver.refusals import Refusals

if TYPE_CHECKING:
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

MAX_HEAD = 65_536
"""Bytes that may come without being a whole line of headers or a part of a body."""

Parser = Literal["httptools", "h11"]


def guarded(
    refusals: Refusals, head_timeout: float, parser: Parser | None = None
) -> type[asyncio.Protocol]:
    """
    A protocol class for one server.

    Args:
        refusals: Where malformed requests are logged.
        head_timeout: Seconds that a sender has for a request's headers.
        parser: What reads HTTP. Default: httptools, where that is installed.
    """
    if parser is None:
        parser = "httptools" if importlib.util.find_spec("httptools") else "h11"
    base: Any = _sized() if parser == "httptools" else H11Protocol
    quiet = _quiet(refusals)

    class Guarded(base):  # type: ignore[misc]  # one of two
        _deadline: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.logger = quiet
            # It would hold the signatures. Told here, because uvicorn's own switch is for every
            # server of the process.
            self.access_log = False
            super().connection_made(transport)
            self._watch()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            self._watch()

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def _watch(self) -> None:
            # From the first byte of the headers to the last, however few come at a time.
            if self.cycle is not None and not self.cycle.response_complete:
                self._disarm()
            elif self._deadline is None:
                self._deadline = self.loop.call_later(head_timeout, self.transport.abort)

        def _disarm(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Guarded


def _sized() -> "type[HttpToolsProtocol]":
    """The protocol of uvicorn for httptools, which by itself takes headers without end."""
    from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

    class Sized(HttpToolsProtocol):
        _held = 0

        def data_received(self, data: bytes) -> None:
            self._held += len(data)
            super().data_received(data)
            # What the parser handed on is no longer held: the bound is this, and one read more.
            if self._held > MAX_HEAD and not self.transport.is_closing():
                self.logger.warning("Headers too large.")
                self.send_400_response("Headers too large.")

        def on_headers_complete(self) -> None:
            self._held = 0
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._held = 0
            super().on_body(body)

        def on_message_complete(self) -> None:
            self._held = 0
            super().on_message_complete()

    return Sized


def _quiet(refusals: Refusals) -> logging.Logger:
    # One of its own for this server, not the process's: the filter is to end with it.
    quiet = logging.Logger(f"{logger.name}.http", logging.WARNING)  # noqa: LOG001
    quiet.parent = logger
    quiet.addFilter(lambda record: _passes(record, refusals))
    return quiet


def _passes(record: logging.LogRecord, refusals: Refusals) -> bool:
    if record.levelno >= logging.ERROR:
        return True
    refusals.note("malformed HTTP")
    return False
