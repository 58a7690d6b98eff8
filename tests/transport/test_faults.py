"""Connections that fail: one error for all, which tells the truth about what was sent."""

from typing import Any

import anyio
import httpx
import pytest

from astria_async.protocol.calls import Call, Effect
from astria_async.protocol.errors import ConnectionFailed

from .conftest import KEY, Opener, opened, upload
from .wire import Connection, answering, deaf_port, reset_while_uploading, serving

pytestmark = pytest.mark.anyio

GET = Call(method="GET", path="/tunes", query=(("title", "s3cret"),))
CREATE = Call(method="POST", path="/tunes", content={"tune": {}}, effect=Effect.CREATES)
# More than the sockets' buffers hold, so that its end is not sent before the server reads.
LARGE, SMALL = bytes(16_000_000), bytes(300_000)


UPLOAD = upload(LARGE)


async def failure(transport: Any, call: Call) -> ConnectionFailed:
    """The error that sending *call* ends with."""
    with pytest.raises(ConnectionFailed) as caught:
        await transport.send(call)
    return caught.value


async def reset_at_once(connection: Connection) -> None:
    connection.reset()


async def reset_after_request(connection: Connection) -> None:
    await connection.request()
    connection.reset()


async def close_after_request(connection: Connection) -> None:
    await connection.request()


async def half_an_answer(connection: Connection) -> None:
    await connection.request()
    await connection.reply(201, b'{"id": 7', length=100)


async def half_a_head(connection: Connection) -> None:
    await connection.request()
    await connection.stream.send(b"HTTP/1.1 201 Created\r\nContent-")


async def no_http(connection: Connection) -> None:
    await connection.request()
    await connection.stream.send(b"SSH-2.0-OpenSSH_9.7\r\n\r\n")


async def silence(connection: Connection) -> None:
    await connection.request()
    await anyio.sleep_forever()


async def deaf(connection: Connection) -> None:
    await connection.head()
    await anyio.sleep_forever()


@pytest.mark.parametrize("call", [GET, CREATE, UPLOAD], ids=["get", "create", "upload"])
async def test_a_refused_connection_sent_nothing(call: Call, engine: Opener) -> None:
    """Where nobody listens, nothing can have happened."""
    with deaf_port() as port:
        async with engine(f"http://127.0.0.1:{port}") as transport:
            error = await failure(transport, call)

    assert (error.sent, error.method, error.path) == (False, call.method, "/tunes")


@pytest.mark.parametrize(
    ("script", "call", "sent"),
    [
        (reset_at_once, UPLOAD, False),
        (reset_while_uploading, UPLOAD, False),
        (reset_after_request, upload(SMALL), True),
        (close_after_request, upload(SMALL), True),
        (half_an_answer, upload(SMALL), True),
        (reset_at_once, CREATE, True),
        (reset_after_request, CREATE, True),
        (close_after_request, CREATE, True),
        (half_a_head, CREATE, True),
        (half_an_answer, CREATE, True),
        (no_http, CREATE, True),
        (half_an_answer, GET, True),
    ],
)
async def test_what_was_sent_is_told_truly(
    script: Any, call: Call, sent: bool, engine: Opener
) -> None:
    """An upload whose last byte was held back cannot have been processed; else it may have."""
    async with serving(script) as server, engine(server.url) as transport:
        error = await failure(transport, call)

    assert error.sent is sent
    # What we call unsent, the server has not had whole.
    assert sent or not server.requests


@pytest.mark.parametrize(
    ("script", "call", "sent"),
    [(silence, CREATE, True), (silence, upload(SMALL), True), (deaf, UPLOAD, False)],
)
async def test_a_timeout_is_a_lost_connection(
    script: Any, call: Call, sent: bool, engine: Opener
) -> None:
    """A server that stays silent may have done the work; one that does not read has not."""
    async with serving(script) as server, engine(server.url, patience=0.5) as transport:
        error = await failure(transport, call)

    assert error.sent is sent
    assert "within 0.5 s" in str(error)


@pytest.mark.parametrize("script", [reset_after_request, half_an_answer, no_http])
async def test_the_message_tells_where_and_no_secret(script: Any, engine: Opener) -> None:
    """Host, method and path are told; the query and the key are not."""
    async with serving(script) as server, engine(server.url) as transport:
        error = await failure(transport, GET)

    assert f"GET /tunes at {server.url}" in str(error)
    assert "s3cret" not in str(error)
    assert KEY not in str(error)


async def test_a_connection_that_failed_is_not_used_again(engine: Opener) -> None:
    """After half an answer the next request has a connection of its own."""

    async def first_fails(connection: Connection) -> None:
        script = half_an_answer if connection.server.connections == 1 else answering()
        await script(connection)

    async with serving(first_fails) as server, engine(server.url) as transport:
        await failure(transport, GET)
        reply = await transport.send(GET)

    assert (reply.status, server.connections) == (200, 2)


async def test_an_early_answer_counts(engine: Opener) -> None:
    """A server that answers an upload before it has read it is heard, once it has."""

    async def refuses(connection: Connection) -> None:
        head = await connection.head()
        await connection.reply(413, b"too large")
        await connection.receive(int(head.headers["content-length"]))

    async with serving(refuses) as server, engine(server.url) as transport:
        reply = await transport.send(UPLOAD)

    assert (reply.status, reply.body) == (413, b"too large")


async def test_a_broken_proxy_sent_nothing() -> None:
    """A tunnel that was not opened carried nothing."""
    script = answering(502, b"")

    async with (
        serving(script) as server,
        httpx.AsyncClient(proxy=server.url) as client,
        opened("https://api.example", http_client=client) as transport,
    ):
        error = await failure(transport, CREATE)

    assert (error.sent, server.requests[0].method) == (False, "CONNECT")


async def test_a_header_of_a_users_client_is_not_quoted() -> None:
    """What the engine objects to in a user's own header stays out of our message."""
    async with (
        serving(answering()) as server,
        httpx.AsyncClient(headers={"X-Mine": "s3cret\r\nX: 1"}) as client,
        opened(server.url, http_client=client) as transport,
    ):
        error = await failure(transport, GET)

    assert "s3cret" not in str(error)
    assert "LocalProtocolError" in str(error)


async def test_a_failed_handshake_sent_nothing(engine: Opener) -> None:
    """A server that does not prove who it is gets no request, and no key."""

    async def no_tls(connection: Connection) -> None:
        await connection.receive(5)
        await connection.stream.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(no_tls) as server, engine(f"https://127.0.0.1:{server.port}") as transport:
        error = await failure(transport, CREATE)

    assert (error.sent, server.requests) == (False, [])
