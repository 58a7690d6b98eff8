"""Downloads over real sockets: in chunks, without the key, following redirects."""

import gzip
from contextlib import AsyncExitStack, aclosing
from typing import Any

import anyio
import pytest

from astria_async.protocol.errors import ClientClosed, ConnectionFailed, InvalidInput
from astria_async.transport import Download
from astria_async.transport.blocks import CHUNK

from .conftest import CLIENTS, KEY, Opener, opened
from .wire import Connection, answering, serving

pytestmark = pytest.mark.anyio
MP4 = b"\0\0\0\x20ftypisom" + bytes(range(256)) * 4000


async def content_of(answer: Download) -> bytes:
    """The whole body."""
    async with aclosing(answer.chunks()) as chunks:
        return b"".join([chunk async for chunk in chunks])


async def test_a_result_is_read_in_chunks(engine: Opener) -> None:
    """The body comes in pieces of a bounded size; type and length are known before it."""
    script = answering(200, MP4, Content_Type="video/mp4")

    async with (
        serving(script) as server,
        engine("http://api.invalid") as transport,
        transport.download(f"{server.url}/k3v8?sig=s3cret") as answer,
    ):
        told = (answer.status, answer.content_type, answer.length)
        async with aclosing(answer.chunks()) as chunks:
            pieces = [chunk async for chunk in chunks]

    assert told == (200, "video/mp4", len(MP4))
    assert b"".join(pieces) == MP4
    assert max(len(piece) for piece in pieces) <= CHUNK
    assert server.requests[0].target == "/k3v8?sig=s3cret"


@pytest.mark.parametrize("client", ["own", *CLIENTS])
async def test_neither_key_nor_cookie_goes_along(client: str) -> None:
    """Results lie on other people's hosts: nothing that proves who we are is sent there."""
    secrets: dict[str, Any] = {
        "headers": {"Authorization": KEY, "X-Api-Key": KEY},
        "cookies": {"session": KEY},
    }
    if client.startswith("httpx"):
        secrets["auth"] = ("me", KEY)
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(serving(answering()))
        first = await stack.enter_async_context(serving(redirect_to(server.url)))
        users = None
        if client != "own":
            users = await stack.enter_async_context(CLIENTS[client](**secrets))
        transport = await stack.enter_async_context(opened(server.url, http_client=users))
        await content_of(await stack.enter_async_context(transport.download(first.url)))

    for request in [*first.requests, *server.requests]:
        assert request.headers.keys() <= {
            "host",
            "accept",
            "accept-encoding",
            "connection",
            "user-agent",
        }


def redirect_to(url: str, status: int = 302) -> Any:
    """Sends every request on to the same path at *url*."""

    async def script(connection: Connection) -> None:
        request = await connection.request()
        await connection.reply(status, b"", Location=f"{url}{request.target}")

    return script


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_redirects_are_followed(status: int, engine: Opener) -> None:
    """Image addresses may lead to a storage host."""
    async with (
        serving(answering(200, MP4)) as server,
        serving(redirect_to(server.url, status)) as first,
        engine(first.url) as transport,
        transport.download(f"{first.url}/k3v8?sig=1") as answer,
    ):
        found = (answer.status, await content_of(answer))

    assert found == (200, MP4)
    assert server.requests[0].target == "/k3v8?sig=1"


async def test_redirects_in_a_circle_end(engine: Opener) -> None:
    """An address that leads to itself is a failed connection."""

    async def circle(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.reply(302, b"", Location="/again?sig=s3cret")

    async with serving(circle) as server, engine(server.url) as transport:
        with pytest.raises(ConnectionFailed, match="TooManyRedirects") as caught:
            async with transport.download(f"{server.url}/a"):
                pass

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("status", [403, 404, 500])
async def test_an_error_status_is_given_as_it_is(status: int, engine: Opener) -> None:
    """What a status means is for the caller to judge."""
    async with (
        serving(answering(status, b"gone")) as server,
        engine(server.url) as transport,
        transport.download(server.url) as answer,
    ):
        assert (answer.status, await content_of(answer)) == (status, b"gone")


async def test_a_compressed_answer_has_no_known_length(engine: Opener) -> None:
    """The declared length counts compressed bytes, and we give the others."""
    script = answering(200, gzip.compress(MP4), Content_Encoding="gzip")

    async with (
        serving(script) as server,
        engine(server.url) as transport,
        transport.download(server.url) as answer,
    ):
        assert answer.length is None
        assert await content_of(answer) == MP4


async def test_an_answer_may_tell_nothing(engine: Opener) -> None:
    """A body without length or type is read until the connection closes."""

    async def bare(connection: Connection) -> None:
        await connection.request()
        await connection.stream.send(b"HTTP/1.0 200 OK\r\n\r\n" + MP4)

    async with (
        serving(bare) as server,
        engine(server.url) as transport,
        transport.download(server.url) as answer,
    ):
        assert (answer.length, answer.content_type) == (None, None)
        assert await content_of(answer) == MP4


async def test_a_truncated_result_is_noticed(engine: Opener) -> None:
    """A body shorter than promised is a failed connection, with no signature in the message."""

    async def half(connection: Connection) -> None:
        await connection.request()
        await connection.reply(200, MP4, length=2 * len(MP4))

    async with (
        serving(half) as server,
        engine(server.url) as transport,
        transport.download(f"{server.url}/k?sig=s3cret") as answer,
    ):
        with pytest.raises(ConnectionFailed, match="GET /k at http") as caught:
            await content_of(answer)

    assert "s3cret" not in str(caught.value)


async def test_a_host_that_is_not_there_is_told_by_its_name(engine: Opener) -> None:
    """Credentials in an address are left out of the message, as its query is."""
    async with engine("http://api.invalid") as transport:
        with pytest.raises(ConnectionFailed, match=r"at http://127\.0\.0\.1:9 ") as caught:
            async with transport.download("http://me:s3cret@127.0.0.1:9/a?k=s3cret"):
                pass

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["", "k3v8d1qz", "/k3v8d1qz", "ftp://x/a", "https://", "http://[x", "http://x\n/", None, 7],
)
async def test_what_is_no_url_is_refused(url: Any, engine: Opener) -> None:
    """An address that cannot be one is refused before anything is sent."""
    async with engine("http://api.invalid") as transport:
        with pytest.raises(InvalidInput, match="cannot"):
            async with transport.download(url):
                pass


async def test_a_download_may_be_left_early(engine: Opener) -> None:
    """Who has seen enough leaves: the rest is not fetched, and the client goes on."""
    async with serving(answering(200, MP4)) as server, engine(server.url) as transport:
        async with (
            transport.download(server.url) as answer,
            aclosing(answer.chunks()) as chunks,
        ):
            first = await anext(chunks)
        async with transport.download(server.url) as answer:
            again = await content_of(answer)

    assert MP4.startswith(first)
    assert again == MP4


async def test_a_cancelled_download_closes_its_connection(engine: Opener) -> None:
    """Cancelled in the middle: the server sees the connection go."""
    begun, gone = anyio.Event(), anyio.Event()

    async def endless(connection: Connection) -> None:
        await connection.request()
        await connection.reply(200, MP4, length=10**12)
        begun.set()
        try:
            await connection.stream.receive()
        finally:
            gone.set()

    async def fetch(transport: Any, url: str) -> None:
        async with transport.download(url) as answer:
            await content_of(answer)

    with anyio.fail_after(20):
        async with serving(endless) as server, engine(server.url) as transport:
            async with anyio.create_task_group() as group:
                group.start_soon(fetch, transport, server.url)
                await begun.wait()
                group.cancel_scope.cancel()
            await gone.wait()

    assert server.connections == 1


@pytest.mark.parametrize("client", ["own", "aiohttp"])
async def test_a_closed_transport_fetches_nothing(client: str) -> None:
    """After the end the error says so."""
    async with AsyncExitStack() as stack:
        users = None
        if client != "own":
            users = await stack.enter_async_context(CLIENTS[client]())
        transport = await stack.enter_async_context(opened("http://api.invalid", http_client=users))
        await transport.aclose()

        with pytest.raises(ClientClosed):
            async with transport.download("http://127.0.0.1:9/a"):
                pass
