"""The sandbox on a socket: uvicorn in the caller's event loop."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
import attrs
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from astria_async.sandbox.owned import OwnedTasks
from astria_async.sandbox.sandbox import Sandbox
from astria_async.sandbox.transport import ConnectionCut

_GRACE = 0.5
"""Seconds that requests have to come to their end once the server is to stop."""

_LONGEST = 5
"""Seconds after which uvicorn ends whatever is left."""

_Address = tuple[str, int]


class CannotServe(OSError):
    """The address could not be bound, or the server did not start."""


@attrs.frozen(eq=False)
class _Underway:
    """What a server has in hand: its connections, and the requests that are being answered."""

    transports: dict[_Address, asyncio.Transport] = attrs.field(factory=dict)
    requests: set[anyio.CancelScope] = attrs.field(factory=set)

    def cut(self) -> None:
        """End it all. Connections first: an answer that nobody waits for is not missed."""
        for transport in list(self.transports.values()):
            transport.abort()
        for request in self.requests:
            request.cancel()


class _Server(uvicorn.Server):
    """uvicorn without signal handlers, telling when it is up."""

    def __init__(self, config: uvicorn.Config, underway: _Underway) -> None:
        super().__init__(config)
        self.up = anyio.Event()
        self.underway = underway

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the program around us."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so."""
        await super().startup(sockets)
        self.up.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop; what a fault holds up, or a client never reads, is cut off after a moment."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._cut_off)
            await super().shutdown(sockets)
            group.cancel_scope.cancel()

    async def _cut_off(self) -> None:
        await anyio.sleep(_GRACE)
        self.underway.cut()


def _protocol(transports: dict[_Address, asyncio.Transport]) -> type[H11Protocol]:
    """HTTP of uvicorn, which keeps note of the connection that a request came by."""

    class Noting(H11Protocol):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            """Remember a connection."""
            super().connection_made(transport)
            if self.client is not None:
                transports[self.client] = transport

        def connection_lost(self, exc: Exception | None) -> None:
            """Forget a connection."""
            super().connection_lost(exc)
            if self.client is not None:
                transports.pop(self.client, None)

    return Noting


def _cutting(app: ASGIApp, underway: _Underway) -> ASGIApp:
    async def noted(scope: Scope, receive: Receive, send: Send) -> None:
        """Keep note of the request while it is answered."""
        with anyio.CancelScope() as request:
            underway.requests.add(request)
            try:
                await cut(scope, receive, send)
            finally:
                underway.requests.discard(request)

    async def cut(scope: Scope, receive: Receive, send: Send) -> None:
        """Break the connection where the app asks for it."""
        try:
            await app(scope, receive, send)
        except ConnectionCut:
            transport = underway.transports.get(scope["client"])
            if transport is None:
                return
            # With no time to linger, closing sends a reset in place of a farewell.
            bound: socket.socket = transport.get_extra_info("socket")
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
            while (await receive())["type"] != "http.disconnect":
                pass

    return noted


@asynccontextmanager
async def serve(sandbox: Sandbox, host: str = "127.0.0.1", port: int = 0) -> AsyncIterator[str]:
    """
    Serve an entered sandbox while this is entered.

    Runs on asyncio only, as uvicorn does. The sandbox's ``base_url`` becomes the bound one.

    Args:
        sandbox: Entered already.
        host: The address to bind.
        port: ``0`` takes a free one.

    Yields:
        The base URL, with the bound port.

    Raises:
        CannotServe: If the address cannot be bound.
    """
    bound = _bind(host, port)
    with contextlib.closing(bound):
        name = _reachable(host)
        sandbox.base_url = f"http://{name}:{bound.getsockname()[1]}"
        underway = _Underway()
        config = uvicorn.Config(
            _cutting(sandbox.app, underway),
            http=_protocol(underway.transports),
            lifespan="off",
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=_LONGEST,
        )
        server = _Server(config, underway)
        async with OwnedTasks() as tasks:
            tasks.group.start_soon(_run, server, bound)
            try:
                await server.up.wait()
                yield sandbox.base_url
            finally:
                server.should_exit = True


async def _run(server: _Server, bound: socket.socket) -> None:
    # Shielded, because uvicorn closes its connections only when it is told to exit.
    with anyio.CancelScope(shield=True):
        try:
            await server.serve(sockets=[bound])
        except SystemExit as error:
            raise CannotServe(f"uvicorn did not start (exit code {error.code})") from error


def _bind(host: str, port: int) -> socket.socket:
    try:
        family, kind, number, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, number)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
    except OSError as error:
        raise CannotServe(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return bound


def _reachable(host: str) -> str:
    name = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"[{name}]" if ":" in name else name
