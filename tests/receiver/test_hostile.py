"""Strangers with sockets: nothing changes, memory stays flat, good callbacks get through."""

import logging
import tracemalloc
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest

from astria_async.protocol.addresses import Address
from astria_async.receiver import Receiver
from astria_async.receiver.refusals import Refusals
from astria_async.receiver.server import WebServer, listen, running
from astria_async.sandbox.clock import VirtualClock

pytestmark = pytest.mark.anyio

MEGABYTE = 1024 * 1024
CHUNK = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"


@pytest.fixture
def anyio_backend() -> str:
    """uvicorn runs on asyncio only."""
    return "asyncio"


class Wire:
    """A raw connection to a receiver that is served on a clock of the test's."""

    def __init__(self, receiver: Receiver, port: Any) -> None:
        self.receiver, self.port = receiver, port

    def head(self, url: str, *headers: Any) -> bytes:
        parts = urlsplit(url)
        target = f"{parts.path or '/'}?{parts.query}"
        lines = [f"POST {target} HTTP/1.1", "host: h", *headers]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    async def say(self, *parts: Any) -> bytes:
        """Send *parts* and read until the server closes; the answer."""
        async with await anyio.connect_tcp("127.0.0.1", self.port) as stream:
            for part in parts:
                await stream.send(part)
            return await drain(stream)

    async def flood(self, head: Any, chunk: Any, total: Any) -> tuple[bytes, int]:
        """Send *chunk* again and again until *total* bytes or an answer; it, and how much went."""
        async with await anyio.connect_tcp("127.0.0.1", self.port) as stream:
            await stream.send(head)
            sent, answer = 0, []

            async def read() -> None:
                answer.append(await drain(stream))
                tg.cancel_scope.cancel()

            async with anyio.create_task_group() as tg:
                tg.start_soon(read)
                while sent < total:
                    try:
                        await stream.send(chunk)
                    except anyio.BrokenResourceError:
                        await anyio.sleep_forever()
                    sent += len(chunk)
            return b"".join(answer), sent


async def connect(sock: Any) -> Any:
    """Connect to what listens on *sock*."""
    return await anyio.connect_tcp("127.0.0.1", sock.getsockname()[1])


async def drain(stream: Any) -> bytes:
    """All that comes until the end, however the end comes."""
    got = b""
    try:
        while True:
            got += await stream.receive()
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return got


@pytest.fixture
async def wire(store: Any, clock: VirtualClock, secret: str) -> Any:
    """A served receiver."""
    receiver = Receiver(store=store, clock=clock, secret=secret)
    async with receiver.serve(port=0) as listening:
        yield Wire(receiver, listening.port)


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


async def test_forged(wire: Any, store: Any, address: Callable[..., Address]) -> None:
    """A forged callback is refused, and its connection closed."""
    url = wire.receiver.callback_url(address()).replace("kind=tune", "kind=pack")

    answer = await wire.say(wire.head(url, "content-length: 2"), b"{}")

    assert _status(answer) == 403
    assert list(await store.records()) == []


async def test_declared_100_megabytes(
    wire: Any, store: Any, address: Callable[..., Address]
) -> None:
    """100 MB that are declared are refused before any of them is sent."""
    head = wire.head(wire.receiver.callback_url(address()), f"content-length: {100 * MEGABYTE}")

    answer = await wire.say(head)

    assert _status(answer) == 413
    assert list(await store.records()) == []


async def test_streamed_100_megabytes(
    wire: Any, store: Any, address: Callable[..., Address]
) -> None:
    """100 MB that are streamed are cut off early, and take no memory."""
    head = wire.head(wire.receiver.callback_url(address()), "transfer-encoding: chunked")
    tracemalloc.start()
    answer, sent = await wire.flood(head, CHUNK, 100 * MEGABYTE)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert answer[:12] in {b"HTTP/1.1 413", b""}  # a reset may overtake the answer
    assert sent < 16 * MEGABYTE
    assert peak < 6 * MEGABYTE
    assert list(await store.records()) == []


async def test_endless_stranger(wire: Any, store: Any) -> None:
    """A stranger who sends without end is cut off at the headers."""
    head = wire.head("/?sig=x", "transfer-encoding: chunked")

    answer, sent = await wire.flood(head, CHUNK, 100 * MEGABYTE)

    assert sent < 16 * MEGABYTE
    assert answer[:12] in {b"HTTP/1.1 403", b""}  # a reset may overtake the answer


async def test_slow_body(
    wire: Any, store: Any, clock: VirtualClock, address: Callable[..., Address]
) -> None:
    """A signed sender that stops in the middle of its body is cut off after ten seconds."""
    url = wire.receiver.callback_url(address())

    async with await anyio.connect_tcp("127.0.0.1", wire.port) as stream:
        await stream.send(wire.head(url, "content-length: 10", "expect: 100-continue"))
        begun = await stream.receive()  # the receiver reads the body, and its time runs
        await stream.send(b"{")
        clock.advance(10.1)
        answer = await drain(stream)

    assert (_status(begun), _status(answer)) == (100, 408)
    assert list(await store.records()) == []


@pytest.mark.parametrize("parser", ["httptools", "h11"])
@pytest.mark.parametrize("begin", [b"", b"POST /?a", b"POST / HTTP/1.1\r\nhost: h\r\nx:"])
async def test_slow_headers(clock: VirtualClock, begin: Any, parser: Any) -> None:
    """A connection that does not bring its headers in time is dropped."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        pytest.fail("there was no request")

    sock = await listen("127.0.0.1", 0)
    server = WebServer(
        app=app, sock=sock, refusals=Refusals(clock), head_timeout=0.05, parser=parser
    )

    async with running(server), await connect(sock) as stream:
        if begin:
            await stream.send(begin)
        with anyio.fail_after(5):
            assert await drain(stream) == b""


async def test_slow_second_headers(store: Any, clock: VirtualClock, receiver: Receiver) -> None:
    """Nor can the second request of a connection take its time."""
    sock = await listen("127.0.0.1", 0)
    server = WebServer(app=receiver.app, sock=sock, refusals=Refusals(clock), head_timeout=0.05)

    async with receiver, running(server), await connect(sock) as stream:
        await stream.send(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n")
        answer = await stream.receive()
        await stream.send(b"GET / HTT")
        with anyio.fail_after(5):
            rest = await drain(stream)

    assert _status(answer) == 200
    assert b"HTTP/1.1" not in rest


ENDLESS = {
    "line": (b"POST /", b"y" * 60_000),
    "value": (b"POST / HTTP/1.1\r\nx: ", b"y" * 60_000),
    "lines": (b"POST / HTTP/1.1\r\n", b"x: " + b"y" * 600 + b"\r\n"),
    "chunk": (b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n1;", b"y" * 60_000),
}


@pytest.mark.parametrize("parser", ["httptools", "h11"])
@pytest.mark.parametrize("what", ENDLESS)
async def test_endless_headers(clock: VirtualClock, parser: Any, what: str) -> None:
    """A line, a value, a list of headers or a size of a chunk without end is cut off."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        assert scope["method"] == "POST"
        await receive()

    sock = await listen("127.0.0.1", 0)
    server = WebServer(app=app, sock=sock, refusals=Refusals(clock), parser=parser)

    async with running(server):
        wire = Wire(None, sock.getsockname()[1])
        answer, sent = await wire.flood(*ENDLESS[what], 10 * MEGABYTE)

    assert answer[:10] in {b"HTTP/1.1 4", b"HTTP/1.1 5", b""}  # a reset may overtake the answer
    assert sent < 10 * MEGABYTE


@pytest.mark.parametrize("noise", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"\0" * 100])
async def test_not_http(wire: Any, noise: Any) -> None:
    """What is not HTTP is answered with 400 at most, and closed."""
    answer = await wire.say(noise + b"\r\n\r\n")

    assert answer[:12] in {b"", b"HTTP/1.1 400"}


async def test_noise_in_the_log_is_bounded(wire: Any, caplog: pytest.LogCaptureFixture) -> None:
    """Malformed requests are counted with the other bad ones, ten lines a minute."""
    caplog.set_level(logging.DEBUG)
    for _ in range(60):
        await wire.say(b"GET\r\n\r\n")

    lines = [it.getMessage() for it in caplog.records if it.levelno >= logging.WARNING]
    assert len(lines) == 10
    assert lines[0] == "callback.refused reason='malformed HTTP' client=''"


async def test_many_bad_requests(
    wire: Any, store: Any, address: Callable[..., Address], caplog: pytest.LogCaptureFixture
) -> None:
    """Among hundreds of bad requests the good ones are kept; memory and log stay flat."""
    bad = wire.head("/?kind=tune&wait=x&sig=y", "content-length: 2")
    good = [address() for _ in range(10)]
    for _ in range(50):
        await wire.say(bad, b"{}")
    tracemalloc.start()
    for index in range(500):
        await wire.say(bad, b"{}")
        if index % 50 == 0:
            url = wire.receiver.callback_url(good[index // 50])
            close = wire.head(url, "content-length: 2", "connection: close")
            assert _status(await wire.say(close, b"{}")) == 204
    now, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert {it.wait for it in good} == {it.callback.wait for it in await store.records()}
    assert now < MEGABYTE
    assert len([it for it in caplog.records if it.levelno >= logging.WARNING]) == 10


async def test_replay_storm(wire: Any, store: Any, address: Callable[..., Address]) -> None:
    """A callback URL that is replayed a hundred times stays one callback."""
    sent = address()
    head = wire.head(wire.receiver.callback_url(sent), "content-length: 2", "connection: close")

    answers = [await wire.say(head, b"{}") for _ in range(100)]

    (record,) = await store.records()
    assert {204} == {_status(it) for it in answers}
    assert (100, sent.wait) == (record.count, record.callback.wait)


async def test_websocket(wire: Any) -> None:
    """A websocket is not accepted."""
    head = wire.head("/", "upgrade: websocket", "connection: upgrade", "sec-websocket-version: 13")

    assert _status(await wire.say(head)) == 403
