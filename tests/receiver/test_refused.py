"""What a stranger meets: nothing changes, nothing is read, nothing comes back."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio
import pytest

from astria_async.protocol.addresses import Address, mint_wait_id
from astria_async.receiver import Receiver
from astria_async.receiver.refusals import Refusals
from astria_async.sandbox.clock import VirtualClock

pytestmark = pytest.mark.anyio


def _with(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    fields = {**dict(parse_qsl(parts.query)), **changes}
    return urlunsplit(parts._replace(query=urlencode(fields)))


@pytest.fixture
def unread() -> Any:
    """A ``receive`` that fails the test when it is called."""

    async def receive() -> None:
        pytest.fail("the body of a stranger was read")

    return receive


@pytest.fixture
def call() -> Any:
    """Calls an app with a scope of the test's making; the answer's start message."""

    async def call_app(app: Any, receive: Any, **scope: Any) -> Any:
        sent = []

        async def send(message: Any) -> None:
            sent.append(message)

        default = {"type": "http", "method": "POST", "query_string": b"", "headers": []}
        await app({**default, **scope}, receive, send)
        return sent[0]

    return call_app


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "prompt"},
        {"wait": mint_wait_id()},
        {"user_id": "8"},
        {"extra": "1"},
        {"sig": "A" * 43},
        {"sig": ""},
        {"sig": "é" * 43},
    ],
)
async def test_altered(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    change: dict[str, str],
) -> None:
    """Another kind, wait id, metadata or signature than was signed is refused."""
    sent = address("tune", user_id="7")
    url = _with(receiver.callback_url(sent), **change)

    async with receiver:
        answer = await request_app(receiver.app, "POST", url, content=b"{}")
        records = await store.records()

    assert (answer.status_code, answer.content) == (403, b"refused\n")
    assert list(records) == []


async def test_truncated_url(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """A callback URL that lost any part of its end is refused."""
    url = receiver.callback_url(address("tune", user_id="7"))
    start = url.index("?")

    async with receiver:
        for end in range(start, len(url)):
            answer = await request_app(receiver.app, "POST", url[:end])
            assert answer.status_code == 403
        records = await store.records()

    assert list(records) == []


async def test_doubled_signature(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """Two signatures are refused, even when one is right."""
    url = receiver.callback_url(address())

    async with receiver:
        answer = await request_app(receiver.app, "POST", f"{url}&sig=x")

    assert answer.status_code == 403


async def test_signature_of_another_receiver(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """A URL signed with a secret that is not ours is refused."""
    forger = type(receiver)(receiver.public_url, secret="another secret, long enough")

    async with receiver:
        answer = await request_app(receiver.app, "POST", forger.callback_url(address()))

    assert answer.status_code == 403


async def test_replay_changes_no_other_wait(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """A callback URL that someone saw can repeat its own wait, and touch no other."""
    mine, other = address(), address()

    async with receiver:
        await request_app(receiver.app, "POST", receiver.callback_url(mine))
        await request_app(receiver.app, "POST", _with(receiver.callback_url(mine), wait=other.wait))
        kept = await store.find([mine.wait, other.wait])

    assert [mine.wait] == [it.wait for it in kept]


async def test_stranger_is_not_read(
    receiver: Receiver, unread: Callable[[], Any], call: Callable[..., Any]
) -> None:
    """The signature is checked before any of the body is read."""
    async with receiver:
        start = await call(receiver.app, unread, query_string=b"kind=tune&wait=x&sig=y")

    assert start["status"] == 403


async def test_declared_size_is_not_read(
    receiver: Receiver,
    address: Callable[..., Address],
    unread: Callable[[], Any],
    call: Callable[..., Any],
) -> None:
    """A body that is declared too large is refused before it is read, signed or not."""
    query = urlsplit(receiver.callback_url(address())).query.encode()
    headers = [(b"content-length", b"104857600")]

    async with receiver:
        start = await call(receiver.app, unread, query_string=query, headers=headers)

    assert start["status"] == 413


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"", b"9" * 5000])
async def test_odd_length(
    receiver: Receiver,
    address: Callable[..., Address],
    unread: Callable[[], Any],
    call: Callable[..., Any],
    length: bytes,
) -> None:
    """A Content-Length that is no number is refused."""
    query = urlsplit(receiver.callback_url(address())).query.encode()

    async with receiver:
        start = await call(
            receiver.app, unread, query_string=query, headers=[(b"Content-Length", length)]
        )

    assert start["status"] == 400


async def test_long_query(
    receiver: Receiver, unread: Callable[[], Any], call: Callable[..., Any]
) -> None:
    """A query far longer than any of ours is not parsed."""
    start = await call(receiver.app, unread, query_string=b"a=1&" * 3000)

    assert start["status"] == 414


async def test_large_headers(
    receiver: Receiver, unread: Callable[[], Any], call: Callable[..., Any]
) -> None:
    """Headers beyond any use are refused, whatever the server let through."""
    start = await call(receiver.app, unread, headers=[(b"x", b"y" * 70_000)])

    assert start["status"] == 431


async def test_query_that_is_not_ascii(
    receiver: Receiver, unread: Callable[[], Any], call: Callable[..., Any]
) -> None:
    """Raw bytes in a query are refused like any other bad signature."""
    start = await call(receiver.app, unread, query_string=b"kind=\xff\xfe")

    assert start["status"] == 403


async def test_hang_up(
    receiver: Receiver, store: Any, address: Callable[..., Address], call: Callable[..., Any]
) -> None:
    """A sender that hangs up before the end of its body changes nothing."""
    sent = address()
    query = urlsplit(receiver.callback_url(sent)).query.encode()
    messages = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async with receiver:
        start = await call(receiver.app, receive, query_string=query)
        kept = await store.find([sent.wait])

    assert start["status"] == 400
    assert list(kept) == []


async def test_slow_body(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    call: Callable[..., Any],
    advance: Callable[[float], Any],
) -> None:
    """A sender that does not end its body in time is cut off, and nothing is kept."""
    sent = address()
    query = urlsplit(receiver.callback_url(sent)).query.encode()
    starts = []

    async def receive() -> None:
        await anyio.sleep_forever()

    async def post() -> None:
        starts.append(await call(receiver.app, receive, query_string=query))

    async with receiver, anyio.create_task_group() as tg:
        tg.start_soon(post)
        await advance(9.9)
        assert not starts
        await advance(0.2)
        kept = await store.find([sent.wait])

    assert starts[0]["status"] == 408
    assert list(kept) == []


async def test_nothing_is_reflected(
    receiver: Receiver, request_app: Callable[..., Any], logged: Callable[[], list[str]]
) -> None:
    """Neither the answer nor the log repeats what a stranger sent."""
    async with receiver:
        answer = await request_app(
            receiver.app, "POST", "http://h/<script>?sig=<script>", content=b"<script>"
        )

    assert b"script" not in answer.content
    assert not any("script" in line for line in logged())


async def test_log_is_bounded(
    receiver: Receiver,
    request_app: Callable[..., Any],
    logged: Callable[[], list[str]],
    clock: VirtualClock,
) -> None:
    """However many requests are refused, the log has ten lines a minute, and tells how many."""
    async with receiver:
        for _ in range(100):
            await request_app(receiver.app, "POST", "http://h/")
        first = logged()
        clock.advance(61)
        await request_app(receiver.app, "POST", "http://h/")

    assert len(first) == 10
    assert [it for it in logged()[10:] if "more" in it] == ["callback.refused.more count=90"]


async def test_log_is_told_at_the_end(
    receiver: Receiver, request_app: Callable[..., Any], logged: Callable[[], list[str]]
) -> None:
    """The count of what was left out is not lost when the receiver closes."""
    async with receiver:
        for _ in range(15):
            await request_app(receiver.app, "POST", "http://h/")

    assert logged()[-1] == "callback.refused.more count=5"


def test_count_is_one_of_the_lines(clock: VirtualClock, logged: Callable[[], list[str]]) -> None:
    """The line that tells the count takes the place of one of the ten."""
    refusals = Refusals(clock, per_minute=2)
    for _ in range(5):
        refusals.note("bad")
    clock.advance(60)
    for _ in range(5):
        refusals.note("bad")

    assert [
        len([it for it in logged()[:2] if "reason" in it]),
        len([it for it in logged()[2:] if "more" in it]),
        len([it for it in logged()[2:] if "reason" in it]),
    ] == [2, 1, 1]


def test_client_is_bounded(clock: VirtualClock, logged: Callable[[], list[str]]) -> None:
    """An address that a proxy's header made up cannot fill the log or forge a line."""
    Refusals(clock).note("bad", client="1.2.3.4\nroot logged in " + "x" * 1000)

    (line,) = logged()
    assert "\n" not in line
    assert len(line) < 150
