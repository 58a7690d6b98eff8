"""One try of one request, over real sockets: what is sent, and what comes back."""

import gzip
import ssl
from typing import Any
from urllib.parse import parse_qsl

import anyio
import httpx
import pytest

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import ClientClosed, ConfigurationError, InvalidInput
from astria_async.protocol.forms import Field
from astria_async.transport import client_over, open_transport

from .conftest import CLIENTS, KEY, Opener, opened
from .wire import Connection, answering, serving

pytestmark = pytest.mark.anyio

GET = Call(method="GET", path="/tunes", query=(("title", "a b"), ("name[]", "x")))


async def test_a_request_carries_path_query_and_key(engine: Opener) -> None:
    """The query is encoded, the key is in its header, and nothing of it in the URL."""
    async with serving(answering()) as server, engine(f"{server.url}/base/") as transport:
        await transport.send(GET)

    (request,) = server.requests
    path, _, query = request.target.partition("?")
    assert (request.method, path, parse_qsl(query)) == ("GET", "/base/tunes", list(GET.query))
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept"] == "application/json"


async def test_a_json_body_is_sent_as_it_is(engine: Opener) -> None:
    """JSON goes in UTF-8, under its content type."""
    call = Call(method="PATCH", path="/tunes/7", content={"tune": {"title": "ä"}})

    async with serving(answering()) as server, engine(server.url) as transport:
        await transport.send(call)

    (request,) = server.requests
    assert (request.method, request.body) == ("PATCH", '{"tune": {"title": "ä"}}'.encode())
    assert request.headers["content-type"] == "application/json"


async def test_a_form_without_files_is_urlencoded(engine: Opener) -> None:
    """A form that uploads nothing needs no multipart."""
    call = Call(method="POST", path="/x", parts=(Field("tune[title]", "a&b"),))

    async with serving(answering()) as server, engine(server.url) as transport:
        await transport.send(call)

    (request,) = server.requests
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.body == b"tune%5Btitle%5D=a%26b"


@pytest.mark.parametrize("status", [200, 201, 204, 302, 401, 404, 422, 429, 500, 504])
async def test_an_answer_is_an_answer_whatever_its_status(status: int, engine: Opener) -> None:
    """The transport judges nothing, and follows no redirect with the key in hand."""
    body = b"" if status == 204 else b'{"a": 1}'
    script = answering(status, body, X_Request_Id="r-1", Location="/elsewhere")

    async with serving(script) as server, engine(server.url) as transport:
        reply = await transport.send(GET)

    assert (reply.status, reply.body, reply.request_id) == (status, body, "r-1")
    assert len(server.requests) == 1


async def test_headers_have_lower_case_names(engine: Opener) -> None:
    """A header is found whatever capitals the server writes, repeated ones joined."""
    script = answering(RETRY_AFTER="7", X_Two="a\r\nX-Two: b")

    async with serving(script) as server, engine(server.url) as transport:
        reply = await transport.send(GET)

    assert (reply.headers["retry-after"], reply.headers["x-two"]) == ("7", "a, b")


async def test_compressed_answers_are_unpacked(engine: Opener) -> None:
    """What a proxy compressed is what the server wrote."""
    script = answering(200, gzip.compress(b'{"a": 1}'), Content_Encoding="gzip")

    async with serving(script) as server, engine(server.url) as transport:
        reply = await transport.send(GET)

    assert reply.content() == {"a": 1}


async def test_connections_are_used_again(engine: Opener) -> None:
    """Requests one after the other share a connection."""
    async with serving(answering()) as server, engine(server.url) as transport:
        for _ in range(3):
            await transport.send(GET)

    assert (len(server.requests), server.connections) == (3, 1)


async def test_requests_run_at_the_same_time(engine: Opener) -> None:
    """One request does not wait for another."""
    both = anyio.Event()

    async def script(connection: Connection) -> None:
        await connection.request()
        if len(connection.server.requests) == 2:
            both.set()
        await both.wait()
        await connection.reply()

    async with (
        serving(script) as server,
        engine(server.url) as transport,
        anyio.create_task_group() as group,
    ):
        group.start_soon(transport.send, GET)
        group.start_soon(transport.send, GET)

    assert server.connections == 2


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_users_client_is_used_and_stays_open(client: str) -> None:
    """We send over the client that was handed in, and leave closing it to its owner."""
    async with (
        serving(answering()) as server,
        CLIENTS[client](headers={"X-Mine": "1"}) as users,
    ):
        async with opened(server.url, http_client=users) as transport:
            await transport.send(GET)
        await users.get(f"{server.url}/after")

    assert [request.target for request in server.requests][1:] == ["/after"]
    assert server.requests[0].headers["x-mine"] == "1"


@pytest.mark.parametrize(
    ("client", "options"),
    [("httpx", {"auth": ("me", "pw")}), ("httpx2", {"auth": ("me", "pw")}), ("aiohttp", {})],
)
async def test_our_key_prevails_over_the_clients_own(client: str, options: Any) -> None:
    """Credentials that a user's client has for something else are not sent to Astria."""
    async with (
        serving(answering()) as server,
        CLIENTS[client](headers={"Authorization": "other"}, **options) as users,
        opened(server.url, http_client=users) as transport,
    ):
        await transport.send(GET)

    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_users_client_that_was_closed_is_told(client: str) -> None:
    """A client that its owner closed too early is named as what is wrong."""
    users = CLIENTS[client]()
    async with opened("http://127.0.0.1:9", http_client=users) as transport:
        await (users.close() if client == "aiohttp" else users.aclose())

        with pytest.raises(ClientClosed, match="GET /tunes: the HTTP client was closed"):
            await transport.send(GET)


async def test_a_subclass_of_a_client_is_one() -> None:
    """Users' own kinds of httpx clients are taken."""

    class Mine(httpx.AsyncClient):
        pass

    async with (
        serving(answering()) as server,
        Mine() as client,
        opened(server.url, http_client=client) as transport,
    ):
        reply = await transport.send(GET)

    assert reply.status == 200


@pytest.mark.parametrize("client", [httpx.Client, object, dict, lambda: httpx.AsyncClient])
def test_anything_else_is_no_client(client: Any) -> None:
    """What is no asynchronous httpx client is refused at once, by its type."""
    with pytest.raises(ConfigurationError, match=r"must be an httpx\.AsyncClient, an httpx2"):
        open_transport(
            base_url="http://x", headers={}, timeout=1, connections=1, http_client=client()
        )


async def test_a_client_over_a_transport_reaches_no_socket() -> None:
    """A sandbox in the same process is reached through its transport, whatever the host."""

    async def app(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"host": request.url.host})

    async with (
        client_over(httpx.MockTransport(app)) as client,
        opened("https://api.example", http_client=client) as transport,
    ):
        reply = await transport.send(GET)

    assert reply.content() == {"host": "api.example"}


async def test_our_own_client_is_closed(own: Opener) -> None:
    """After the end nothing is sent, and the error says why."""
    async with serving(answering()) as server, own(server.url) as transport:
        await transport.send(GET)
        await transport.aclose()

        with pytest.raises(ClientClosed, match="GET /tunes: the HTTP client was closed"):
            await transport.send(GET)


@pytest.mark.parametrize(
    "url",
    [
        "api.example",
        "ftp://api.example",
        "https://",
        "https://[x",
        "https://h:0",
        "https://h:99999",
        "https://me:s3cret@h",
        "me:s3cret@h",
        "https://h?k=s3cret",
        "h?k=s3cret",
        "https://h#x",
        "",
        None,
        7,
    ],
)
def test_a_base_url_is_scheme_host_and_path(url: Any) -> None:
    """Anything else is refused when the client is made, with its secrets left out."""
    with pytest.raises(ConfigurationError, match="base_url") as caught:
        open_transport(base_url=url, headers={}, timeout=1, connections=1)

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["s3cret\n", "s3cr\u00e9t", "s3cret\u2026", "\x7fs3cret"])
def test_a_key_that_no_header_can_carry_is_refused(key: str) -> None:
    """A key copied with a line break or an ellipsis is refused at once, and not shown."""
    with pytest.raises(ConfigurationError, match="Authorization header") as caught:
        open_transport(
            base_url="http://x", headers={"Authorization": key}, timeout=1, connections=1
        )

    assert "s3cr" not in str(caught.value)


def test_a_repr_holds_no_key() -> None:
    """A transport shows its engine and its host."""
    shown = open_transport(
        base_url="https://api.example/", headers={"Authorization": KEY}, timeout=1, connections=1
    )

    assert repr(shown) == "<HttpxTransport httpx https://api.example>"


@pytest.mark.parametrize("path", ["/a\nb", "/a\x00b"])
async def test_a_path_that_no_url_can_hold_is_refused(path: str, engine: Opener) -> None:
    """Control characters never reach the wire."""
    async with engine("http://127.0.0.1:9") as transport:
        with pytest.raises(InvalidInput, match="cannot be requested"):
            await transport.send(Call(method="GET", path=path))


async def test_other_errors_of_a_users_client_are_theirs() -> None:
    """What goes wrong in a user's own hook is not taken for a closed client."""

    async def broken(_: object) -> None:
        raise RuntimeError("the hook is broken")

    async with (
        httpx.AsyncClient(event_hooks={"request": [broken]}) as client,
        opened("http://127.0.0.1:9", http_client=client) as transport,
    ):
        with pytest.raises(RuntimeError, match="the hook is broken"):
            await transport.send(GET)


def test_the_engine_brings_its_own_certificates() -> None:
    """TLS is verified by default: the engine's own context demands certificates."""
    client = open_transport(base_url="https://x", headers={}, timeout=1, connections=1)._client

    context = client._transport._pool._ssl_context

    assert context.verify_mode is ssl.CERT_REQUIRED
