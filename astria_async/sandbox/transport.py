"""The sandbox's way out and in: the only module that knows the HTTP library."""

import ipaddress
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import attrs
import httpx

from astria_async.sandbox.refusals import Refusal
from astria_async.sandbox.uploads import Spool, Upload

_KEPT_ANSWER = 2048
_CONNECTIONS = 64
_LOCAL_SUFFIXES = (".localhost", ".local", ".internal", ".test", ".sandbox", ".lan")


class ConnectionCut(Exception):
    """The connection is to break without an answer."""


def origin_of(url: str) -> str:
    """Scheme, host and port of an address, in lower case."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}".lower()


def is_private(host: str) -> bool:
    """Whether a host is this machine's, or its network's, by its name or number alone."""
    if host == "localhost" or host.endswith(_LOCAL_SUFFIXES):
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return "." not in host
    return address.is_private or address.is_loopback or address.is_link_local


@attrs.define(eq=False)
class Network:
    """
    Sends callbacks and downloads images, over sockets or straight into mounted apps.

    Args:
        timeout: Real seconds for one exchange.
        max_download: Bytes of one downloaded image.
    """

    timeout: float
    max_download: int
    mounts: dict[str, Any] = attrs.field(factory=dict)
    _client: httpx.AsyncClient | None = None

    def mount(self, origin: str, app: Any) -> None:
        """Let addresses that begin with *origin* go to an ASGI app."""
        self.mounts[origin_of(origin)] = httpx.ASGITransport(app=app)

    def unmount(self, origin: str) -> None:
        """Let them go over the network again."""
        self.mounts.pop(origin_of(origin), None)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep connections while this is entered."""
        router = _Router(self.mounts)
        async with httpx.AsyncClient(
            transport=router, timeout=self.timeout, follow_redirects=False, trust_env=False
        ) as client:
            self._client = client
            try:
                yield
            finally:
                self._client = None

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> tuple[int, str]:
        """
        Send a callback; the answer is its status and the beginning of its body.

        Raises:
            OSError: With the reason, if there was no answer in time.
        """
        client = self._client
        assert client is not None
        try:
            with anyio.fail_after(self.timeout):
                async with client.stream(
                    "POST", url, content=content, headers=dict(headers)
                ) as response:
                    kept = b""
                    # Read to its end, because httpx leaves a stream open that is left early.
                    async for chunk in response.aiter_bytes():
                        kept += chunk[: _KEPT_ANSWER - len(kept)]
                    return response.status_code, kept.decode(errors="replace")
        except TimeoutError:
            raise TimeoutError(f"no answer within {self.timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise OSError(f"{type(error).__name__}: {error}") from error

    async def fetch(self, url: str, spool: Spool) -> Upload | None:
        """
        Download an image from a mounted app or a private host; others are never asked.

        Raises:
            Refusal: 422, if it cannot be had.
        """
        parts = urlsplit(url)
        if origin_of(url) not in self.mounts and not is_private(parts.hostname or ""):
            return None
        try:
            with anyio.fail_after(self.timeout):
                return await self._download(url, spool)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise Refusal(422, {"error": f"could not be fetched: {type(error).__name__}"}) from None

    async def _download(self, url: str, spool: Spool) -> Upload:
        client = self._client
        assert client is not None
        async with client.stream("GET", url) as response:
            if response.status_code != httpx.codes.OK:
                raise Refusal(
                    422, {"error": f"could not be fetched: status {response.status_code}"}
                )
            declared = response.headers.get("content-type", "").partition(";")[0]
            upload = spool.begin(urlsplit(url).path.rpartition("/")[2] or "image", declared)
            async for chunk in response.aiter_bytes():
                upload.size += len(chunk)
                if upload.size <= self.max_download:
                    await anyio.to_thread.run_sync(upload.write, chunk)
            await anyio.to_thread.run_sync(upload.close)
        if upload.size > self.max_download:
            raise Refusal(422, {"error": "is too large"})
        return upload


class _Router(httpx.AsyncBaseTransport):
    """Picks the mounted app of a request's origin, or the network."""

    def __init__(self, mounts: Mapping[str, httpx.AsyncBaseTransport]) -> None:
        self._mounts = mounts
        self._lock = anyio.Lock()
        self._network: httpx.AsyncBaseTransport | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        mounted = self._mounts.get(origin_of(str(request.url)))
        if mounted is None:
            return await (await self._outside()).handle_async_request(request)
        try:
            return await mounted.handle_async_request(request)
        except (httpx.HTTPError, OSError):
            raise
        except Exception as error:
            # A mounted app that fails is, from outside, a server that broke off.
            raise httpx.RemoteProtocolError(f"the mounted app failed: {error!r}") from error

    async def _outside(self) -> httpx.AsyncBaseTransport:
        async with self._lock:
            if self._network is None:
                # Reading certificates takes a while, and most sandboxes never go out.
                context = await anyio.to_thread.run_sync(httpx.create_ssl_context)
                limits = httpx.Limits(max_connections=_CONNECTIONS)
                self._network = httpx.AsyncHTTPTransport(verify=context, limits=limits)
            return self._network

    async def aclose(self) -> None:
        if self._network is not None:
            await self._network.aclose()


class SandboxTransport(httpx.AsyncBaseTransport):
    """
    Carries a client's requests into the sandbox's app with no socket.

    What a fault does to a connection shows as httpx shows it over a real one: a cut connection is a
    ``ReadError``, and a slow answer ends in ``ReadTimeout`` after the client's real read timeout.
    """

    def __init__(self, app: Any) -> None:
        self._inner = httpx.ASGITransport(app=app)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request."""
        seconds = request.extensions.get("timeout", {}).get("read")
        try:
            with anyio.fail_after(seconds):
                return await self._inner.handle_async_request(request)
        except ConnectionCut:
            raise httpx.ReadError("connection reset by the sandbox", request=request) from None
        except TimeoutError:
            raise httpx.ReadTimeout("", request=request) from None
