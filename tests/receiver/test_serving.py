"""``serve()``: uvicorn in the caller's loop, over real sockets."""

import contextlib
import logging
import signal
import socket
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import pytest

from astria_async.protocol.addresses import Address
from astria_async.protocol.errors import ConfigurationError
from astria_async.receiver import Receiver
from astria_async.receiver.refusals import Refusals
from astria_async.receiver.server import WebServer, listen, local_url, running
from astria_async.sandbox.clock import VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """uvicorn runs on asyncio only."""
    return "asyncio"


@pytest.fixture
def local(store: Any, secret: str) -> Receiver:
    """A receiver without a public URL, on the machine's clock."""
    return Receiver(secret=secret, store=store)


async def _post(url: str, **options: Any) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.post(url, **options)


async def test_callback_over_a_socket(
    local: Any, store: Any, address: Callable[..., Address]
) -> None:
    """Served on any free port, the receiver is its own public URL, and gets its callbacks."""
    sent = address("tune", user_id="7")

    async with local.serve(port=0) as listening:
        answer = await _post(local.callback_url(sent), content=b'{"tune": {"id": 1}}')
        (kept,) = await store.find([sent.wait])

    assert answer.status_code == 204
    assert kept.body == b'{"tune": {"id": 1}}'
    assert f"http://127.0.0.1:{listening.port}" == listening.url
    assert f"{listening.url}/" == listening.public_url


async def test_end(local: Any, store: Any) -> None:
    """At the end of the block nothing listens, the store is closed, and the URL is forgotten."""
    async with local.serve(port=0) as listening:
        assert store.uses == 1

    assert store.uses == 0
    with pytest.raises(httpx.ConnectError):
        await _post(listening.url)
    with pytest.raises(ConfigurationError):
        assert local.public_url


async def test_again(local: Any) -> None:
    """A receiver may be served again after it ended, on the same port."""
    async with local.serve(port=0) as first:
        pass
    async with local.serve(port=first.port) as second:
        answer = await _post(second.url)

    assert answer.status_code == 403


async def test_given_public_url_stays(receiver: Receiver) -> None:
    """A public URL that was given is not replaced by the local one."""
    async with receiver.serve(port=0) as listening:
        assert "https://hooks.example.com/astria" == listening.public_url == receiver.public_url


async def test_path(store: Any, address: Callable[..., Address]) -> None:
    """The path is added to the URL that the server tells."""
    local = Receiver(path="hooks/astria", store=store)

    async with local.serve(port=0) as listening:
        answer = await _post(local.callback_url(address()))

    assert f"{listening.url}/hooks/astria" == listening.public_url
    assert answer.status_code == 204


async def test_port_in_use(local: Any, store: Any) -> None:
    """A port that is taken is an error that says so, and leaves nothing open."""
    taken = socket.create_server(("127.0.0.1", 0))

    with taken, pytest.raises(ConfigurationError, match="in use"):
        async with local.serve(port=taken.getsockname()[1]):
            pytest.fail("served")

    assert store.uses == 0


@pytest.mark.parametrize(("host", "port"), [("127.0.0.1", 70_000), ("no.such.host.invalid", 0)])
async def test_impossible_address(local: Any, host: Any, port: Any) -> None:
    """So is an address that cannot be."""
    with pytest.raises(ConfigurationError, match="cannot listen"):
        async with local.serve(host, port):
            pytest.fail("served")


async def test_served_twice(local: Any) -> None:
    """A receiver is served once at a time."""
    async with local.serve(port=0):
        with pytest.raises(ConfigurationError, match="already"):
            async with local.serve(port=0):
                pytest.fail("served")


@pytest.mark.parametrize("anyio_backend", ["trio"])
async def test_trio(local: Any, anyio_backend: str) -> None:
    """Under trio there is no uvicorn, and the error says what to do."""
    with pytest.raises(ConfigurationError, match="Hypercorn"):
        async with local.serve(port=0):
            pytest.fail("served")


@pytest.mark.parametrize("error", [LookupError("mine"), ExceptionGroup("mine", [LookupError()])])
async def test_errors_come_out_as_they_are(local: Any, error: Any) -> None:
    """What the block raises is not wrapped, nor is a group of the user's own unwrapped."""
    with pytest.raises(type(error)) as caught:
        async with local.serve(port=0):
            raise error

    assert caught.value is error


async def test_cancelled(local: Any, store: Any) -> None:
    """Cancelled, it stops as cleanly as at its end."""
    with anyio.CancelScope() as scope:
        async with local.serve(port=0) as listening:
            scope.cancel()
            await anyio.sleep_forever()

    assert scope.cancelled_caught
    assert store.uses == 0
    with pytest.raises(httpx.ConnectError):
        await _post(listening.url)


async def test_cancelled_before_it_began(local: Any, store: Any) -> None:
    """Cancelled while it starts, it leaves nothing open."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        async with local.serve(port=0):
            pytest.fail("served")

    assert store.uses == 0


async def test_signals_are_left_alone(local: Any) -> None:
    """Ctrl-C stays the program's."""
    before = signal.getsignal(signal.SIGINT)

    async with local.serve(port=0):
        assert before is signal.getsignal(signal.SIGINT)


async def test_requests_under_way_end(
    local: Any, store: Any, address: Callable[..., Address]
) -> None:
    """A callback that is being received when the block ends is still kept and answered."""
    sent, answers, begun = address(), [], anyio.Event()

    async def body() -> Any:
        yield b"{"
        begun.set()
        await anyio.sleep(0.05)
        yield b"}"

    async def post() -> None:
        answers.append(await _post(local.callback_url(sent), content=body()))

    async with store_open(store), anyio.create_task_group() as tg:
        async with local.serve(port=0):
            tg.start_soon(post)
            await begun.wait()
            await anyio.sleep(0.01)
        kept = await store.find([sent.wait])

    assert [it.status_code for it in answers] == [204]
    assert [it.body for it in kept] == [b"{}"]


@contextlib.asynccontextmanager
async def store_open(store: Any) -> Any:
    """Keep the store open beyond the receiver."""
    await store.open()
    try:
        yield
    finally:
        await store.aclose()


async def test_no_access_log(
    local: Any, address: Callable[..., Address], caplog: pytest.LogCaptureFixture
) -> None:
    """No log of uvicorn's holds a signature, and its own loggers stay as they were."""
    caplog.set_level(logging.DEBUG)
    access = logging.getLogger("uvicorn.access")
    before = (access.propagate, list(access.handlers))

    async with local.serve(port=0):
        await _post(local.callback_url(address()))

    assert not any("sig=" in it.getMessage() for it in caplog.records if "httpx" not in it.name)
    assert before == (access.propagate, list(access.handlers))


async def test_server_does_not_tell_its_name(local: Any) -> None:
    """An answer does not say which server gave it."""
    async with local.serve(port=0) as listening:
        answer = await _post(listening.url)

    assert "server" not in answer.headers


async def test_app_that_refuses_to_start(clock: VirtualClock) -> None:
    """Where uvicorn would exit the process there is an error of ours."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "lifespan.startup.failed", "message": "no"})

    sock = await listen("127.0.0.1", 0)
    server = WebServer(app=app, sock=sock, refusals=Refusals(clock), lifespan="on")

    with pytest.raises(ConfigurationError, match="could not start"):
        async with running(server):
            pytest.fail("served")

    assert sock.fileno() == -1


async def test_bug_in_an_app_is_logged(
    clock: VirtualClock, caplog: pytest.LogCaptureFixture
) -> None:
    """An app that raises answers 500, and its traceback is in our log."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise LookupError("bug")

    sock = await listen("127.0.0.1", 0)
    async with running(WebServer(app=app, sock=sock, refusals=Refusals(clock))):
        answer = await _post(local_url("127.0.0.1", sock.getsockname()[1]))

    assert answer.status_code == 500
    assert [it.name for it in caplog.records if it.exc_info] == ["astria_async.receiver.http"]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:80"),
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("::1", "http://[::1]:80"),
        ("box", "http://box:80"),
    ],
)
def test_local_url(host: Any, url: str) -> None:
    """A server that listens everywhere is reached at this machine's own address."""
    assert url == local_url(host, 80)
