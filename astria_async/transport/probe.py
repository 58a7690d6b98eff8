"""Asking a URL of one's own, as a stranger would: no key, no redirect followed, no body sent."""

import httpx

from astria_async.protocol.errors import ConnectionFailed
from astria_async.protocol.replies import Reply

PATIENCE = 15.0
BEGINNING = 64 * 1024
"""Bytes of the body that are read; a login page shows itself in its first lines."""


async def send_probe(method: str, url: str) -> Reply:
    """
    The answer to one request, or as much of it as tells what answered.

    Raises:
        ConnectionFailed: There was none; its cause says why.
    """
    path = httpx.URL(url).path
    try:
        async with (
            httpx.AsyncClient(timeout=PATIENCE, follow_redirects=False) as client,
            client.stream(method, url) as response,
        ):
            body = b""
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) >= BEGINNING:
                    break
    except (httpx.TransportError, httpx.DecodingError) as exc:
        raise ConnectionFailed(
            f"no answer from the callback URL: {type(exc).__name__}",
            method=method,
            path=path,
            sent=True,
        ) from exc
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Reply(status=response.status_code, headers=headers, body=body[:BEGINNING])
