"""
httpx, and its successor httpx2, behind our seam: the one module that knows either.

Both have the same interface and differ in their exceptions' home, so the engine asks the client
that it was given which library it is of. Their errors end here.
"""

import contextlib
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

import httpx

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import ConfigurationError, ConnectionFailed, InvalidInput
from astria_async.protocol.forms import has_files, urlencoded
from astria_async.protocol.replies import Reply
from astria_async.transport.uploads import CHUNK, Upload

ENGINES = ("httpx", "httpx2")


def _redact(record: logging.LogRecord) -> bool:
    """Cut the query of URLs that the engine logs: presigned URLs carry their right in it."""
    if isinstance(record.args, tuple):
        record.args = tuple(
            str(arg).partition("?")[0] if type(arg).__name__ == "URL" else arg
            for arg in record.args
        )
    return True


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
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in {"http", "https"} and parts.hostname
    except (ValueError, AttributeError, TypeError):
        usable = None
    if not usable:
        raise ConfigurationError(
            f"base_url {base_url!r} is not an absolute URL such as https://api.astria.ai"
        )
    return base_url.rstrip("/")


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
        self._headers = headers
        self._timeout = timeout
        self._owned = http_client is None
        self._client: Any = http_client if http_client is not None else self._own(connections)
        self._library = _library(self._client)
        logging.getLogger(self._library.__name__).addFilter(_redact)

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
        headers = dict(self._headers)
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
        async with contextlib.AsyncExitStack() as stack:
            # Closed here, not by the garbage collector: it may hold an open file.
            body = await stack.enter_async_context(aclosing(upload.chunks())) if upload else content
            request = self._client.build_request(
                call.method,
                self._base_url + call.path,
                params=list(call.query) or None,
                headers=headers,
                content=body,
                timeout=self._timeout,
            )
            with self._mapped(call.method, call.path, upload):
                response = await self._client.send(request, follow_redirects=False)
        return Reply(
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
            body=response.content,
        )

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator["HttpxDownload"]:
        """Open *url*; see :class:`~astria_async.transport.base.Transport`."""
        path = urlsplit(url).path or "/"
        try:
            request = self._client.build_request("GET", url, timeout=self._timeout)
        except (self._library.InvalidURL, ValueError, TypeError) as exc:
            raise InvalidInput(f"cannot download from {path!r}: not a URL") from exc
        # The user's own client may carry the key as a default header: it is not for other hosts.
        request.headers.pop("Authorization", None)
        with self._mapped("GET", path, None):
            response = await self._client.send(request, stream=True, follow_redirects=True)
        try:
            yield HttpxDownload(response, self, path)
        finally:
            await response.aclose()

    async def aclose(self) -> None:
        """Close the connections, if they are ours."""
        if self._owned:
            await self._client.aclose()

    @contextlib.contextmanager
    def _mapped(self, method: str, path: str, upload: Upload | None) -> Any:
        """The engine's errors as ours. No URL in the text: a query may hold a signature."""
        library: Any = self._library
        try:
            yield
        except library.TimeoutException as exc:
            never = isinstance(exc, (library.ConnectTimeout, library.PoolTimeout))
            raise ConnectionFailed(
                f"no answer to {method} {path} from {self._base_url} within {self._timeout:g} s",
                method=method,
                path=path,
                sent=not never and _handed_over(upload),
            ) from exc
        except (library.TransportError, library.TooManyRedirects, library.DecodingError) as exc:
            never = isinstance(exc, (library.ConnectError, library.UnsupportedProtocol))
            raise ConnectionFailed(
                f"{method} {path} got no whole answer from {self._base_url}: "
                f"{type(exc).__name__}: {exc}",
                method=method,
                path=path,
                sent=not never and _handed_over(upload),
            ) from exc


def _handed_over(upload: Upload | None) -> bool:
    return upload is None or upload.handed_over


class HttpxDownload:
    """An open download."""

    def __init__(self, response: Any, transport: HttpxTransport, path: str) -> None:
        self._response = response
        self._transport = transport
        self._path = path

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
        if "content-encoding" in headers or "content-length" not in headers:
            return None
        return int(headers["content-length"])

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body, in pieces of up to 256 KiB."""
        with self._transport._mapped("GET", self._path, None):  # noqa: SLF001 - one module
            async for chunk in self._response.aiter_bytes(CHUNK):
                yield chunk
