"""What POST does: verify, read, commit, answer; in this order."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest

from astria_async.protocol.addresses import Address
from astria_async.receiver import Receiver
from astria_async.sandbox.clock import VirtualClock

pytestmark = pytest.mark.anyio


async def test_commit_before_answer(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """A callback that was answered with 204 is in the store, with its metadata and body."""
    sent = address("prompt", user_id="7")

    async with receiver:
        answer = await request_app(
            receiver.app, "POST", receiver.callback_url(sent), content=b'{"prompt": {"id": 3}}'
        )
        (kept,) = await store.find([sent.wait])

    assert (answer.status_code, answer.content) == (204, b"")
    assert (kept.kind, kept.metadata) == ("prompt", {"user_id": "7"})
    assert kept.objects == [{"id": 3}]


async def test_date(
    receiver: Receiver,
    store: Any,
    clock: VirtualClock,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
) -> None:
    """A callback is dated with the receiver's clock."""
    sent = address()
    clock.advance(90)

    async with receiver:
        await request_app(receiver.app, "POST", receiver.callback_url(sent))
        (kept,) = await store.find([sent.wait])

    assert clock.now() == kept.received_at


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"tune": {"id"', b"\xff\xfe"])
async def test_unreadable_body_counts(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    body: bytes,
) -> None:
    """A signed callback whose body cannot be read still says that something happened."""
    sent = address()

    async with receiver:
        answer = await request_app(receiver.app, "POST", receiver.callback_url(sent), content=body)
        (kept,) = await store.find([sent.wait])

    assert (204, body) == (answer.status_code, kept.body)


async def test_repetition(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """The same callback twice is accepted twice, kept once and counted."""
    sent = address()

    async with receiver:
        for _ in range(2):
            answer = await request_app(receiver.app, "POST", receiver.callback_url(sent))
        record = await store.record(sent.wait)

    assert answer.status_code == 204
    assert record.count == 2


@pytest.mark.parametrize("path", ["", "/", "/astria", "/deep/er/"])
async def test_any_path(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    path: str,
) -> None:
    """The signature guards the app, so a callback is accepted at whatever path it comes to."""
    sent = address()
    query = urlsplit(receiver.callback_url(sent)).query

    async with receiver:
        answer = await request_app(receiver.app, "POST", f"http://receiver{path}?{query}")

    assert answer.status_code == 204


async def test_old_secret_verifies(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    secret: str,
) -> None:
    """A URL that was signed before the key was rotated is still accepted."""
    keys = ["a new secret, as long as needed", secret]
    rotated = type(receiver)(receiver.public_url, secret=keys, store=store)
    url = receiver.callback_url(address())

    async with rotated:
        answer = await request_app(rotated.app, "POST", url)

    assert answer.status_code == 204


async def test_body_of_exactly_the_limit(
    store: Any, address: Callable[..., Address], request_app: Callable[..., Any], receiver: Receiver
) -> None:
    """A body of max_body bytes is accepted, and one of a byte more is not."""
    small = type(receiver)("https://h.example.com", secret="x" * 16, store=store, max_body=10)

    async with small:
        fits = await request_app(
            small.app, "POST", small.callback_url(address()), content=b"x" * 10
        )
        over = await request_app(
            small.app, "POST", small.callback_url(address()), content=b"x" * 11
        )

    assert (fits.status_code, over.status_code) == (204, 413)


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_other_methods(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    method: str,
) -> None:
    """Only GET, HEAD and POST mean anything here."""
    sent = address()

    async with receiver:
        answer = await request_app(receiver.app, method, receiver.callback_url(sent))
        kept = await store.find([sent.wait])

    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, POST")
    assert list(kept) == []


async def test_store_down(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    logged: Callable[[], list[str]],
) -> None:
    """A store that is down means 503 with Retry-After, and an error in the log; never 2xx."""
    store.broken.add("put")

    async with receiver:
        answer = await request_app(receiver.app, "POST", receiver.callback_url(address()))

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert any("callback.not_kept" in line for line in logged())


async def test_store_hangs(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    advance: Callable[[float], Any],
) -> None:
    """A store that does not answer at all means 503 after the receiver's own bound."""
    store.hanging.add("put")
    answers = []

    async def post() -> None:
        url = receiver.callback_url(address())
        answers.append(await request_app(receiver.app, "POST", url))

    async with receiver, anyio.create_task_group() as tg:
        tg.start_soon(post)
        await advance(4.9)
        assert not answers
        await advance(0.2)

    assert answers[0].status_code == 503


async def test_log_holds_no_signature(
    receiver: Receiver,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    logged: Callable[[], list[str]],
) -> None:
    """What is logged of a callback is its kind, wait id and size; not its query or metadata."""
    sent = address("tune", token="very private")
    url = receiver.callback_url(sent)

    async with receiver:
        await request_app(receiver.app, "POST", url, content=b"{}")

    (line,) = logged()
    assert f"callback.kept kind='tune' wait='{sent.wait}' bytes=2 new=True" == line


async def test_unread_connection_is_closed(
    receiver: Receiver, request_app: Callable[..., Any]
) -> None:
    """A refused request's connection is closed, so that its body need not be read."""
    async with receiver:
        answer = await request_app(receiver.app, "POST", "http://receiver/?sig=x")

    assert answer.headers["connection"] == "close"


async def test_no_connection_header_over_http2(receiver: Receiver) -> None:
    """HTTP/2 forbids the header that closes a connection of HTTP/1."""
    sent = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "query_string": b"",
        "headers": [],
        "http_version": "2",
    }
    async with receiver:
        await receiver.app(scope, None, send)

    assert sent[0]["status"] == 403
    assert b"connection" not in dict(sent[0]["headers"])
