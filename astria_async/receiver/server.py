"""
Running an ASGI app on uvicorn, inside the caller's event loop.

uvicorn is made to be a program: it takes over signals, exits the process when it cannot start, and
lets a connection take for ever to send its headers. Here it is a part of one.
"""

import contextlib
import errno
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Literal

import anyio
import attrs
import uvicorn
from anyio.abc import TaskStatus

from astria_async.protocol.errors import ConfigurationError
from astria_async.receiver.http import guarded
from astria_async.receiver.refusals import Refusals

HEAD_TIMEOUT = 10.0
"""Seconds that a sender has for a request's headers."""
LAST_PORT = 65_535
CLOSING = 5
"""Seconds that requests under way have to end."""

App = Callable[[Any, Any, Any], Awaitable[None]]


def local_url(host: str, port: int) -> str:
    """The URL by which this machine reaches what listens on *host* and *port*."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def listen(host: str, port: int) -> socket.socket:
    """
    A listening socket; port 0 takes a free one.

    Raises:
        ConfigurationError: The port is in use or may not be used, or there is no such host.
    """
    if not 0 <= port <= LAST_PORT:
        raise ConfigurationError(_why_not(host, port, f"ports go from 0 to {LAST_PORT}"))
    try:
        found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        # IPv4 first: where "localhost" is both, tunnels and proxies look there.
        family, _, _, _, address = min(found, key=lambda it: it[0] != socket.AF_INET)
        sock = socket.socket(family, socket.SOCK_STREAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind(address)
            # Now, not when the server starts: only this tells that the port is taken.
            sock.listen(2048)
            sock.setblocking(False)
        except BaseException:
            sock.close()
            raise
    except OSError as exc:
        raise ConfigurationError(_why_not(host, port, exc)) from exc
    return sock


def _why_not(host: str, port: int, error: OSError | str) -> str:
    where = f"the receiver cannot listen on {host} port {port}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"{where}: the port is in use; pass another, or 0 for any free one"
    return f"{where}: {error}"


@attrs.define(eq=False, kw_only=True)
class WebServer:
    """
    One uvicorn on one listening socket.

    Args:
        app: What to serve.
        sock: Bound and listening; closed when the server ends.
        refusals: Where malformed requests are logged.
        head_timeout: Seconds that a sender has for a request's headers.
        lifespan: Whether *app* is told of start and end.
        parser: What reads HTTP: ``httptools``, which the ``[fast]`` extra brings, or ``h11``.
            Default: the first, where it is installed.
    """

    app: App
    sock: socket.socket
    refusals: Refusals
    head_timeout: float = HEAD_TIMEOUT
    lifespan: Literal["on", "off"] = "off"
    parser: Literal["httptools", "h11"] | None = None

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """
        Serve until cancelled; then stop listening, and let requests under way end.

        Raises:
            ConfigurationError: It could not start.
        """
        error: ConfigurationError | None = None
        with contextlib.closing(self.sock):
            server = _Server(self._config(), task_status)
            async with anyio.create_task_group() as tg:
                tg.start_soon(_until_cancelled, server)
                # uvicorn does not clean up when cancelled: it is asked to stop instead.
                with anyio.CancelScope(shield=True):
                    error = await _serve(server, self.sock)
                tg.cancel_scope.cancel()
        if error is not None:
            raise error

    def _config(self) -> uvicorn.Config:
        return uvicorn.Config(
            self.app,
            http=guarded(self.refusals, self.head_timeout, self.parser),
            ws="none",
            lifespan=self.lifespan,
            interface="asgi3",
            log_config=None,
            server_header=False,
            # Anyone may send X-Forwarded-For.
            proxy_headers=False,
            timeout_graceful_shutdown=CLOSING,
        )


@contextlib.asynccontextmanager
async def running(server: WebServer) -> AsyncIterator[None]:
    """
    Run *server* for the length of the block; what the block raises comes out as it is.

    Raises:
        ConfigurationError: The server could not start.
    """
    error: BaseException | None = None
    try:
        async with anyio.create_task_group() as tg:
            await tg.start(server.run)
            yield
            tg.cancel_scope.cancel()
    except BaseExceptionGroup as group:
        if len(group.exceptions) != 1:
            raise
        error = group.exceptions[0]
    if error is not None:
        raise error


async def _serve(server: "_Server", sock: socket.socket) -> ConfigurationError | None:
    try:
        await server.serve(sockets=[sock])
    except (SystemExit, OSError) as exc:
        # Returned rather than raised: out of a task group it would come wrapped.
        error = ConfigurationError(f"the receiver's web server could not start: {exc!r}")
        error.__cause__ = exc
        return error
    finally:
        # Closed already, unless it was cancelled in the middle of starting.
        for it in getattr(server, "servers", ()):
            it.close()
    return None


async def _until_cancelled(server: "_Server") -> None:
    try:
        await anyio.sleep_forever()
    finally:
        server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn that leaves signals alone and tells when it is up."""

    def __init__(self, config: uvicorn.Config, task_status: TaskStatus[None]) -> None:
        super().__init__(config)
        self._task_status = task_status

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave Ctrl-C to the program that we are a part of."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if not self.started:
            raise SystemExit("the app refused")  # as later versions of uvicorn do by themselves
        self._task_status.started()
