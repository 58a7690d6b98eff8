"""Making a receiver on a laptop reachable from outside."""

import contextlib
import importlib
import os
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol

import anyio
import attrs

from astria_async.protocol.errors import ConfigurationError

OPENING = 30.0
CLOSING = 5.0


class Tunnel(Protocol):
    """A way from a public URL to a local port."""

    def open(self, port: int) -> AbstractAsyncContextManager[str]:
        """
        Forward to 127.0.0.1 *port* inside the block, which is given the public URL.

        Raises:
            ConfigurationError: The tunnel cannot be opened.
        """
        ...


@attrs.frozen(kw_only=True)
class NgrokTunnel:
    """
    A tunnel through ngrok.com, with its own SDK (the extra ``astria-async[ngrok]``).

    Attributes:
        authtoken: ngrok's; by default ``NGROK_AUTHTOKEN`` from the environment.
        domain: A domain reserved at ngrok; by default ngrok picks one.
        server: Address of ngrok's service, for an ingress of one's own.
        opening: Seconds that opening may take.
    """

    authtoken: str | None = attrs.field(default=None, repr=False)
    domain: str | None = None
    server: str | None = None
    opening: float = OPENING

    @contextlib.asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[str]:
        """
        Forward to 127.0.0.1 *port* inside the block, which is given the public URL.

        Raises:
            ConfigurationError: The SDK or the token is missing, or ngrok refused.
        """
        ngrok = _load()
        token = self.authtoken or os.environ.get("NGROK_AUTHTOKEN", "")
        if not token:
            raise ConfigurationError(
                "ngrok needs a token: set NGROK_AUTHTOKEN (dashboard.ngrok.com shows yours), "
                "or pass NgrokTunnel(authtoken=…)"
            )
        async with contextlib.AsyncExitStack() as stack:
            try:
                with anyio.fail_after(self.opening):
                    url = await self._connect(ngrok, token, port, stack)
            except (ValueError, RuntimeError, TimeoutError) as exc:
                # Not chained: ngrok's own message quotes the token.
                said = str(exc).replace(token, "…") or f"no answer in {self.opening:g} s"
                raise ConfigurationError(f"the ngrok tunnel could not be opened: {said}") from None
            yield url

    async def _connect(
        self, ngrok: Any, token: str, port: int, stack: contextlib.AsyncExitStack
    ) -> str:
        builder = ngrok.SessionBuilder().authtoken(token)
        if self.server:
            builder = builder.server_addr(self.server)
        session = await builder.connect()
        stack.push_async_callback(_close, session)
        endpoint = session.http_endpoint()
        if self.domain:
            endpoint = endpoint.domain(self.domain)
        listener = await endpoint.listen_and_forward(f"http://127.0.0.1:{port}")
        stack.push_async_callback(_close, listener)
        url: str = listener.url()
        return url


async def _close(part: Any) -> None:
    with anyio.move_on_after(CLOSING, shield=True):
        await part.close()


def _load() -> Any:
    try:
        return importlib.import_module("ngrok")
    except ImportError as exc:
        raise ConfigurationError(
            "tunnel='ngrok' needs ngrok's SDK: pip install 'astria-async[ngrok]'"
        ) from exc


@contextlib.asynccontextmanager
async def through(tunnel: Tunnel, port: int) -> AsyncIterator[str]:
    """Open *tunnel* for the length of the block; what the block raises comes out as it is."""
    error: Exception | None = None
    async with tunnel.open(port) as url:
        # Kept from the tunnel, whose task group, if it has one, would wrap it.
        try:
            yield url
        except Exception as exc:  # noqa: BLE001 - raised again below
            error = exc
    if error is not None:
        raise error


def choose_tunnel(tunnel: "str | Tunnel") -> Tunnel:
    """
    The tunnel that a name stands for; an object is passed on.

    Raises:
        ConfigurationError: No tunnel has that name.
    """
    if not isinstance(tunnel, str):
        return tunnel
    if tunnel == "ngrok":
        return NgrokTunnel()
    raise ConfigurationError(
        f"there is no tunnel named {tunnel!r}: use 'ngrok', or an object with open(port)"
    )
