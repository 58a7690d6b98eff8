"""Requests to anybody's address, such as callbacks that are passed on to a program."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import attrs
import httpx

from astria_async.protocol.errors import ConnectionFailed

LONGEST = 64 * 1024
"""Bytes of an answer that are read."""


@attrs.frozen(kw_only=True)
class Answer:
    """
    One answer.

    Attributes:
        status: HTTP status.
        headers: Names in lower case.
        body: Its beginning.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


Send = Callable[..., Awaitable[Answer]]
"""Sends ``(method, url, content=b"", headers={})``, following no redirect."""


@asynccontextmanager
async def plain_sender(*, timeout: float, proxies: bool = True) -> AsyncIterator[Send]:  # noqa: ASYNC109 - of each request
    """
    A sender that knows no key, for the length of the block.

    Args:
        timeout: Seconds without a byte, after which a request ends.
        proxies: Whether the environment's proxies are used.
    """
    async with httpx.AsyncClient(timeout=timeout, trust_env=proxies) as client:

        async def send(
            method: str,
            url: str,
            content: bytes = b"",
            headers: Mapping[str, str] | None = None,
        ) -> Answer:
            return await _send(client, method, url, content, headers or {})

        yield send


async def _send(
    client: httpx.AsyncClient, method: str, url: str, content: bytes, headers: Mapping[str, str]
) -> Answer:
    path = urlsplit(url).path or "/"
    try:
        async with client.stream(method, url, content=content, headers=dict(headers)) as response:
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= LONGEST:
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as exc:
        # Not the URL itself: its query may hold a signature.
        host = urlsplit(url).netloc.rpartition("@")[2]
        raise ConnectionFailed(
            f"{method} {path} got no whole answer from {host}: {type(exc).__name__}: {exc}",
            method=method,
            path=path,
            sent=True,
        ) from exc
    return Answer(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        body=body[:LONGEST],
    )
