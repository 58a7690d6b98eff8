"""
httpx, and its successor httpx2, behind our seam: the one module that knows either.

Both have the same interface and differ in their exceptions' home, so the engine asks the client
that it was given which library it is of. Their errors end here.
"""

import contextlib
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, aclosing, asynccontextmanager
from functools import partial
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import (
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InvalidInput,
)
from astria_async.protocol.forms import has_files, urlencoded
from astria_async.protocol.replies import Reply, excerpt
from astria_async.transport.files import CHUNK, CLEANUP
from astria_async.transport.redaction import redact_logs
from astria_async.transport.uploads import Upload

ENGINES = ("httpx", "httpx2")
MAX_REDIRECTS = 10
DOWNLOAD_HEADERS = {"host", "accept", "accept-encoding", "connection", "user-agent"}


def _library(client: Any) -> ModuleType:
    for cls in type(client).__mro__:
        root = cls.__module__.partition(".")[0]
        if root in ENGINES and cls.__name__ == "AsyncClient":
            return sys.modules[root]
    raise ConfigurationError(
        "http_client must be an httpx.AsyncClient or an httpx2.AsyncClient, not a "
        f"{type(client).__module__}.{type(client).__qualname__}"
    )


def check_base_url(base_url: str) -> str:
    """
    *base_url* without its trailing slash.

    Raises:
        ConfigurationError: It is no absolute http or https URL.
    """
    shown = str(base_url).rpartition("@")[2].partition("?")[0]
    message = f"base_url {shown!r} is not an absolute URL such as https://api.astria.ai"
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except (ValueError, AttributeError, TypeError) as exc:
        raise ConfigurationError(message) from exc
    if not usable:
        raise ConfigurationError(message)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"base_url for {parts.hostname} has credentials, a query or a fragment: give scheme, "
            "host and path alone, such as https://api.astria.ai"
        )
    return base_url.rstrip("/")


def _check_headers(headers: dict[str, str]) -> None:
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable():
            # Without the value: it may be the key.
            raise ConfigurationError(
                f"the {name} header has a line break, or a character outside ASCII: check how the "
                "key or id was copied"
            )


def client_over(transport: Any) -> httpx.AsyncClient:
    """An HTTP client whose requests go through *transport*, an httpx one, and to no socket."""
    return httpx.AsyncClient(transport=transport)


class HttpxTransport:
    """
    Sends requests over an ``httpx`` or ``httpx2`` client.

    Args:
        base_url: Where the API is.
        headers: Sent with every API request, the key among them; never with a download.
        timeout: Seconds without a byte, after which a try ends.
        connections: How many connections our own client may open.
        http_client: The user's own client, which stays open; ``None`` makes one.
    """

    def __init__(
        self,
        *,
        base_url: str,
        headers: dict[str, str],
        timeout: float,
        connections: int,
        http_client: Any = None,
    ) -> None:
        self._base_url = check_base_url(base_url)
        _check_headers(headers)
        self._timeout = timeout
        self._owned = http_client is None
        self._client: Any = http_client if http_client is not None else self._own(connections)
        self._library = _library(self._client)
        # Encoded once, and not for each request.
        self._headers: Any = self._library.Headers(headers)
        # Left to itself httpx wraps our generator in one of its own, which nobody closes.
        self._body: Any = type("Body", (_Body, self._library.AsyncByteStream), {})
        redact_logs(self._library.__name__)

    def __repr__(self) -> str:
        """Without the key."""
        return f"<{type(self).__name__} {self._library.__name__} {self._base_url}>"

    @staticmethod
    def _own(connections: int) -> httpx.AsyncClient:
        # Our gate is in front, so that nobody ever waits for, or times out on, the pool.
        limits = httpx.Limits(
            max_connections=2 * connections, max_keepalive_connections=connections
        )
        return httpx.AsyncClient(limits=limits)

    async def send(self, call: Call) -> Reply:
        """Send *call*; see :class:`~astria_async.transport.base.Transport`."""
        headers = self._headers.copy()
        upload: Upload | None = None
        content: bytes | None = call.body
        if call.parts is not None and has_files([getattr(p, "source", None) for p in call.parts]):
            upload = await Upload.prepare(call.parts)
            headers["Content-Type"] = upload.content_type
            if upload.length is not None:
                headers["Content-Length"] = str(upload.length)
        elif call.parts is not None:
            content = urlencoded(call.parts)
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        elif content is not None:
            headers["Content-Type"] = "application/json"
        if upload is None:
            return await self._exchange(call, headers, content)
        # Closed here, not by the garbage collector: it may hold an open file.
        async with aclosing(upload.chunks()) as chunks:
            return await self._exchange(call, headers, chunks, upload)

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
            headers=_joined(response.headers.raw),
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
        origin, path = _origin_and_path(url)
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
        if isinstance(exc, library.TimeoutException):
            kind = type(exc).__name__
            return f"no answer to {what} within {self._timeout:g} s ({kind}); see timeout="
        # A local protocol error quotes the header that it objects to.
        quoted = "" if isinstance(exc, library.LocalProtocolError) else f": {excerpt(str(exc))}"
        kind = type(exc).__name__
        return f"{what} got no whole answer: {kind}{quoted} (is the network up, the address right?)"

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


def _joined(raw: list[tuple[bytes, bytes]]) -> dict[str, str]:
    """Headers by their names in lower case; httpx's own way to them decodes each several times."""
    headers: dict[str, str] = {}
    for name, value in raw:
        key, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
    return headers


class _Body:
    def __init__(self, chunks: AsyncIterator[bytes]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._chunks


def _origin_and_path(url: str) -> tuple[str, str]:
    """What messages may tell of a URL to download: no credentials, no query."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and parts.hostname
    except (ValueError, AttributeError, TypeError) as exc:
        raise InvalidInput("cannot download: not a URL") from exc
    if not usable:
        raise InvalidInput(f"cannot download from {parts.path!r}: not an http or https URL")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", parts.path or "/"


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
        headers = self._response.headers
        declared = headers.get("content-length", "")
        if "content-encoding" in headers or not declared.isdecimal():
            return None
        return int(declared)

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
