"""
aiohttp behind our seam: a fraction of httpx's work for each request, on asyncio alone.

Many of aiohttp's messages quote the whole URL, signatures included: none of those leaves this
module.
"""

import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial

import aiohttp
import yarl

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import (
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    InvalidInput,
)
from astria_async.protocol.replies import Reply
from astria_async.transport.addresses import CONTROL, MAX_REDIRECTS, origin_and_path
from astria_async.transport.aiohttp_feed import Feed
from astria_async.transport.blocks import CHUNK, Blocks
from astria_async.transport.bodies import body_of
from astria_async.transport.failures import broken_off, timed_out
from astria_async.transport.heads import joined, length_of
from astria_async.transport.uploads import Upload

_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ServerFingerprintMismatch,
)


class AiohttpTransport:
    """
    Sends API requests over an ``aiohttp.ClientSession``, and downloads over its connections.

    Args:
        session: The user's own, which stays open.
        base_url: Where the API is.
        headers: Sent with every API request, the key among them; never with a download.
        timeout: Seconds without a byte, after which a try ends.

    Raises:
        ConfigurationError: The session has settings that cannot be combined with ours.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        headers: Mapping[str, str],
        timeout: float,
    ) -> None:
        _check(session)
        self._session = session
        self._base_url = base_url
        self._headers = headers
        self._timeout = timeout
        self._blocks = Blocks()
        self._bounds = aiohttp.ClientTimeout(total=None, sock_connect=timeout, sock_read=timeout)
        # Without the session's own headers and cookies, which are not for other people's hosts.
        self._downloads = aiohttp.ClientSession(
            connector=session.connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=session.trust_env,
            trace_configs=session.trace_configs,
            requote_redirect_url=False,
            read_bufsize=CHUNK // 2,
            timeout=self._bounds,
        )

    def __repr__(self) -> str:
        """Without the key."""
        return f"<{type(self).__name__} aiohttp {self._base_url}>"

    async def send(self, call: Call) -> Reply:
        """Send *call*; see :class:`~astria_async.transport.base.Transport`."""
        body = await body_of(call)
        headers = {**self._headers, **body.headers}
        with self._mapped(call.method, call.path, self._base_url, body.upload):
            if body.upload is None:
                return await self._exchange(call, headers, body.content)
            async with Feed(body.upload.chunks(self._blocks), self._timeout) as feed:
                return await self._exchange(call, headers, feed)

    async def _exchange(
        self, call: Call, headers: dict[str, str], content: "bytes | Feed | None"
    ) -> Reply:
        if CONTROL.search(call.path):
            raise ValueError("the path has a control character")
        async with self._session.request(
            call.method,
            self._base_url + call.path,
            params=call.query or None,
            headers=headers,
            data=content,
            allow_redirects=False,
            raise_for_status=False,
            timeout=self._bounds,
        ) as response:
            body = await response.read()
        return Reply(status=response.status, headers=joined(response.raw_headers), body=body)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator["AiohttpDownload"]:
        """Open *url*; see :class:`~astria_async.transport.base.Transport`."""
        origin, path = origin_and_path(url)
        mapped = partial(self._mapped, "GET", path, origin)
        with mapped():
            response = await self._downloads.get(_as_it_is(url), max_redirects=MAX_REDIRECTS)
        try:
            yield AiohttpDownload(response, mapped)
        finally:
            # Nothing is waited for; what was read to its end keeps its connection.
            response.close()

    async def aclose(self) -> None:
        """Leave the session, and its connections, to their owner; download no more."""
        await self._downloads.close()

    @contextmanager
    def _mapped(
        self, method: str, path: str, origin: str, upload: Upload | None = None
    ) -> Iterator[None]:
        """The engine's errors as ours. No URL in the text: a query may hold a signature."""
        failure: Exception | None = None
        try:
            yield
        except (aiohttp.ClientError, OSError, ValueError, RuntimeError) as exc:
            if upload is not None and upload.failure is not None:
                failure = upload.failure  # the user's own file or stream, not our connection
            elif isinstance(exc, RuntimeError) and not self._downloads.closed:
                raise
            else:
                failure = self._failure(exc, method, path, origin, upload)
                # Suppresses the context, too, for whatever quotes a URL.
                failure.__cause__ = None if "://" in str(exc) else exc
        if failure is not None:
            raise failure

    def _failure(
        self, exc: Exception, method: str, path: str, origin: str, upload: Upload | None
    ) -> Exception:
        if isinstance(exc, RuntimeError):
            return ClientClosed(f"{method} {path}: the HTTP client was closed")
        if isinstance(exc, ValueError):
            return InvalidInput(f"{method} {path!r} cannot be requested: {_detail(exc)}")
        what, kind = f"{method} {path} at {origin}", type(exc).__name__
        told = (
            timed_out(what, kind, self._timeout)
            if isinstance(exc, TimeoutError)
            else broken_off(what, kind, _detail(exc))
        )
        sent = not isinstance(exc, _NEVER_SENT) and (upload is None or upload.handed_over)
        return ConnectionFailed(told, method=method, path=path, sent=sent)


class AiohttpDownload:
    """An open download."""

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        mapped: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self._response = response
        self._mapped = mapped

    @property
    def status(self) -> int:
        """HTTP status code."""
        return self._response.status

    @property
    def content_type(self) -> str | None:
        """The declared content type."""
        return self._response.headers.get("Content-Type")

    @property
    def length(self) -> int | None:
        """How many bytes will come; unknown when they are compressed on the way."""
        return length_of(self._response.headers)

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The body, in pieces of up to 512 KiB; to be closed by whoever stops before the end."""
        content = self._response.content
        with self._mapped():
            while True:
                # Whole pieces: each costs its reader a turn of a thread.
                gathered = bytearray()
                while len(gathered) < CHUNK and (some := await content.read(CHUNK - len(gathered))):
                    gathered += some
                if not gathered:
                    return
                yield bytes(gathered)


def _check(session: aiohttp.ClientSession) -> None:
    if session.closed:
        raise ConfigurationError("the aiohttp.ClientSession is closed")
    # aiohttp 4 will have none.
    if getattr(session, "auth", None) is not None:
        raise ConfigurationError(
            "the aiohttp.ClientSession has auth= of its own, which it would send in place of the "
            "key: make one without"
        )
    if not session.auto_decompress:
        raise ConfigurationError(
            "the aiohttp.ClientSession leaves answers compressed: make it with auto_decompress=True"
        )


def _as_it_is(url: str) -> yarl.URL:
    """*url* byte for byte where it is one already: a signature may be over how it is spelled."""
    return yarl.URL(url, encoded=url.isascii() and " " not in url)


def _detail(exc: Exception) -> str:
    """What *exc* says, without the URL that it may quote."""
    text = exc.message if isinstance(exc, aiohttp.ClientResponseError) else str(exc)
    if "://" not in text:
        return text
    number = getattr(exc, "errno", None)
    return os.strerror(number) if number else ""
