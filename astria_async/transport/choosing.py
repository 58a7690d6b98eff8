"""From a user's own HTTP client to the engine that sends over it."""

from collections.abc import Mapping
from typing import Any

from astria_async.protocol.errors import ConfigurationError
from astria_async.transport.addresses import check_base_url
from astria_async.transport.base import Transport
from astria_async.transport.heads import check_headers
from astria_async.transport.httpx_engine import HttpxTransport, own_client

CLIENTS = {("httpx", "AsyncClient"), ("httpx2", "AsyncClient"), ("aiohttp", "ClientSession")}


def open_transport(
    *,
    base_url: str,
    headers: Mapping[str, str],
    timeout: float,
    connections: int,
    http_client: Any = None,
) -> Transport:
    """
    A transport over *http_client*, or over a client of its own.

    Args:
        base_url: Where the API is.
        headers: Sent with every API request, the key among them; never with a download.
        timeout: Seconds without a byte, after which a try ends.
        connections: How many connections our own client keeps.
        http_client: The user's own client, which stays open; ``None`` makes one.

    Raises:
        ConfigurationError: No such address, headers or client can be used.
    """
    base_url = check_base_url(base_url)
    check_headers(headers)
    settings: dict[str, Any] = {"base_url": base_url, "headers": headers, "timeout": timeout}
    owned = http_client is None
    client: Any = own_client(connections) if owned else http_client
    library = _library(client)
    if library == "aiohttp":
        from astria_async.transport.aiohttp_engine import AiohttpTransport

        return AiohttpTransport(client, **settings)
    return HttpxTransport(client, library=library, owned=owned, **settings)


def _library(client: Any) -> str:
    """Which one *client* is of; found without importing any that the user did not."""
    for cls in type(client).__mro__:
        root = cls.__module__.partition(".")[0]
        if (root, cls.__name__) in CLIENTS:
            return root
    raise ConfigurationError(
        "http_client must be an httpx.AsyncClient, an httpx2.AsyncClient or an "
        f"aiohttp.ClientSession, not a {type(client).__module__}.{type(client).__qualname__}"
    )
