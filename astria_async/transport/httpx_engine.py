"""
httpx, and its successor httpx2, behind our seam.

Both have the same interface and differ in their exceptions' home, so the engine is told which
library its client is of. Their errors end here.
"""

import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import (
    ClientClosed,
    ConnectionFailed,
    InvalidInput,
)
from astria_async.protocol.replies import Reply
from astria_async.transport.addresses import MAX_REDIRECTS, origin_and_path
from astria_async.transport.blocks import CHUNK, Blocks
from astria_async.transport.bodies import body_of
from astria_async.transport.failures import broken_off, timed_out
from astria_async.transport.files import CLEANUP
from astria_async.transport.heads import joined, length_of
from astria_async.transport.redaction import redact_logs
from astria_async.transport.uploads import Upload

DOWNLOAD_HEADERS = {"host", "accept", "accept-encoding", "connection", "user-agent"}


def client_over(transport: Any) -> httpx.AsyncClient:
    """An HTTP client whose requests go through *transport*, an httpx one, and to no socket."""
    return httpx.AsyncClient(transport=transport)


def own_client(connections: int) -> httpx.AsyncClient:
    """A client that keeps as many *connections*."""
    # Our gate is in front, so that nobody ever waits for, or times out on, the pool.
    limits = httpx.Limits(max_connections=2 * connections, max_keepalive_connections=connections)
    return httpx.AsyncClient(limits=limits)


class HttpxTransport:
    """
    Sends requests over an ``httpx`` or ``httpx2`` client.

    Args:
        client: Sends; its own credentials are not used.
        library: Which of the two it is of.
        base_url: Where the API is.
        headers: Sent with every API request, the key among them; never with a download.
        timeout: Seconds without a byte, after which a try ends.
        owned: Whether to close the client in the end.
    """

    def __init__(
        self,
        client: Any,
        *,
        library: str,
        base_url: str,
        headers: Mapping[str, str],
        timeout: float,
        owned: bool = False,
    ) -> None:
        self._client = client
        self._library = sys.modules[library]
        self._base_url = base_url
        self._timeout = timeout
        self._owned = owned
        self._blocks = Blocks()
        # Encoded once, and not for each request.
        self._headers: Any = self._library.Headers(headers)
        # Left to itself httpx wraps our generator in one of its own, which nobody closes.
        self._body: Any = type("Body", (_Body, self._library.AsyncByteStream), {})
        redact_logs(library)

    def __repr__(self) -> str:
        """Without the key."""
        return f"<{type(self).__name__} {self._library.__name__} {self._base_url}>"

    async def send(self, call: Call) -> Reply:
        """Send *call*; see :class:`~astria_async.transport.base.Transport`."""
        body = await body_of(call)
        headers = self._headers.copy()
        for name, value in body.headers.items():
            headers[name] = value
        if body.upload is None:
            return await self._exchange(call, headers, body.content)
        # Closed here, not by the garbage collector: it may hold an open file.
        async with aclosing(body.upload.chunks(self._blocks)) as chunks:
            return await self._exchange(call, headers, chunks, body.upload)

    async def _exchange(
        self,
        call: Call,
        headers: Any,
        content: bytes | AsyncIterator[bytes] | None,
        upload: Upload | None = None,
    ) -> Reply:
        request = self._request(
            call.method,
            self._base_url + call.path,
            params=list(call.query) or None,
            headers=headers,
            content=content,
        )
        if upload is not None:
            request.stream = self._body(content)
        with self._mapped(call.method, call.path, self._base_url, upload):
            response = await self._client.send(request, auth=None, follow_redirects=False)
        return Reply(
            status=response.status_code,
            headers=joined(response.headers.raw),
            body=response.content,
        )

    def _request(self, method: str, url: str, **details: Any) -> Any:
        try:
            return self._client.build_request(method, url, timeout=self._timeout, **details)
        except (self._library.InvalidURL, ValueError, TypeError) as exc:
            path = urlsplit(url).path
            raise InvalidInput(f"{method} {path!r} cannot be requested: {exc}") from exc

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator["HttpxDownload"]:
        """Open *url*; see :class:`~astria_async.transport.base.Transport`."""
        origin, path = origin_and_path(url)
        request = self._request("GET", url)
        with self._mapped("GET", path, origin):
            response = await self._follow(request)
        try:
            yield HttpxDownload(response, partial(self._mapped, "GET", path, origin))
        finally:
            with anyio.move_on_after(CLEANUP, shield=True):
                await response.aclose()

    async def _follow(self, request: Any) -> Any:
        for _ in range(MAX_REDIRECTS):
            # The user's own client may carry the key, or a cookie, which are not for other hosts;
            # it adds them again to each redirect.
            for name in set(request.headers) - DOWNLOAD_HEADERS:
                del request.headers[name]
            response = await self._client.send(
                request, stream=True, auth=None, follow_redirects=False
            )
            if response.next_request is None:
                return response
            await response.aclose()
            request = response.next_request
        raise self._library.TooManyRedirects(f"redirected more than {MAX_REDIRECTS} times")

    async def aclose(self) -> None:
        """Close the connections, if they are ours."""
        if self._owned:
            await self._client.aclose()

    @contextlib.contextmanager
    def _mapped(
        self, method: str, path: str, origin: str, upload: Upload | None = None
    ) -> Iterator[None]:
        """The engine's errors as ours. No URL in the text: a query may hold a signature."""
        library: Any = self._library
        try:
            yield
        except (library.TransportError, library.TooManyRedirects, library.DecodingError) as exc:
            if upload is not None and upload.failure is exc:
                raise  # the user's own stream failed, not our connection
            raise ConnectionFailed(
                self._told(f"{method} {path} at {origin}", exc),
                method=method,
                path=path,
                sent=not self._never_sent(exc) and (upload is None or upload.handed_over),
            ) from exc
        except RuntimeError as exc:
            if not self._client.is_closed:
                raise
            raise ClientClosed(f"{method} {path}: the HTTP client was closed") from exc

    def _told(self, what: str, exc: Exception) -> str:
        library: Any = self._library
        kind = type(exc).__name__
        if isinstance(exc, library.TimeoutException):
            return timed_out(what, kind, self._timeout)
        # A local protocol error quotes the header that it objects to.
        quoted = "" if isinstance(exc, library.LocalProtocolError) else str(exc)
        return broken_off(what, kind, quoted)

    def _never_sent(self, exc: Exception) -> bool:
        library: Any = self._library
        before = (
            library.ConnectTimeout,
            library.PoolTimeout,
            library.ConnectError,
            library.ProxyError,
            library.UnsupportedProtocol,
        )
        return isinstance(exc, before)


class _Body:
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


class HttpxDownload:
    """An open download."""

    def __init__(self, response: Any, mapped: Callable[[], AbstractContextManager[None]]) -> None:
        self._response = response
        self._mapped = mapped

    @property
    def status(self) -> int:
        """HTTP status code."""
        status: int = self._response.status_code
        return status

    @property
    def content_type(self) -> str | None:
        """The declared content type."""
        declared: str | None = self._response.headers.get("content-type")
        return declared

    @property
    def length(self) -> int | None:
        """How many bytes will come; unknown when they are compressed on the way."""
        return length_of(self._response.headers)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body, in pieces of up to 512 KiB; to be closed by whoever stops before the end."""
        chunks = self._response.aiter_bytes(CHUNK)
        try:
            with self._mapped():
                async for chunk in chunks:
                    yield chunk
        finally:
            await self._finish(chunks)

    async def _finish(self, chunks: AsyncIterator[bytes]) -> None:
        """
        End a body that was not read to its end.

        The engine's own generators lie inside of *chunks*, and closing it would leave them to the
        garbage collector: read on from the closed connection, they end by themselves.
        """
        with anyio.move_on_after(CLEANUP, shield=True):
            await self._response.aclose()
            ends = (StopAsyncIteration, ConnectionFailed, RuntimeError)
            with contextlib.suppress(*ends), self._mapped():
                while True:
                    await anext(chunks)
