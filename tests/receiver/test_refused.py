"""What a stranger meets: nothing changes, nothing is read, nothing comes back."""

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import anyio
import pytest

from astria_async.protocol.callbacks import mint_wait_id
from astria_async.receiver.refusals import Refusals

pytestmark = pytest.mark.anyio


def _with(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    fields = {**dict(parse_qsl(parts.query)), **changes}
    return urlunsplit(parts._replace(query=urlencode(fields)))


@pytest.fixture
def unread():
    """A ``receive`` that fails the test when it is called."""

    async def receive():
        pytest.fail("the body of a stranger was read")

    return receive


@pytest.fixture
def call():
    """Calls an app with a scope of the test's making; the answer's start message."""

    async def call_app(app, receive, **scope):
        sent = []

        async def send(message) -> None:
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
async def test_altered(receiver, store, address, request_app, change) -> None:
    """Another kind, wait id, metadata or signature than was signed is refused."""
    sent = address("tune", user_id="7")
    url = _with(receiver.callback_url(sent), **change)

    async with receiver:
        answer = await request_app(receiver.app, "POST", url, content=b"{}")
        records = await store.records()

    assert (403, b"refused\n") == (answer.status_code, answer.content)
    assert [] == list(records)


async def test_truncated_url(receiver, store, address, request_app) -> None:
    """A callback URL that lost any part of its end is refused."""
    url = receiver.callback_url(address("tune", user_id="7"))
    start = url.index("?")

    async with receiver:
        for end in range(start, len(url)):
            answer = await request_app(receiver.app, "POST", url[:end])
            assert 403 == answer.status_code
        records = await store.records()

    assert [] == list(records)


async def test_doubled_signature(receiver, store, address, request_app) -> None:
    """Two signatures are refused, even when one is right."""
    url = receiver.callback_url(address())

    async with receiver:
        answer = await request_app(receiver.app, "POST", f"{url}&sig=x")

    assert 403 == answer.status_code


async def test_signature_of_another_receiver(receiver, store, address, request_app) -> None:
    """A URL signed with a secret that is not ours is refused."""
    forger = type(receiver)(receiver.public_url, secret="another secret, long enough")

    async with receiver:
        answer = await request_app(receiver.app, "POST", forger.callback_url(address()))

    assert 403 == answer.status_code


async def test_replay_changes_no_other_wait(receiver, store, address, request_app) -> None:
    """A callback URL that someone saw can repeat its own wait, and touch no other."""
    mine, other = address(), address()

    async with receiver:
        await request_app(receiver.app, "POST", receiver.callback_url(mine))
        await request_app(receiver.app, "POST", _with(receiver.callback_url(mine), wait=other.wait))
        kept = await store.find([mine.wait, other.wait])

    assert [mine.wait] == [it.wait for it in kept]


async def test_stranger_is_not_read(receiver, unread, call) -> None:
    """The signature is checked before any of the body is read."""
    async with receiver:
        start = await call(receiver.app, unread, query_string=b"kind=tune&wait=x&sig=y")

    assert 403 == start["status"]


async def test_declared_size_is_not_read(receiver, address, unread, call) -> None:
    """A body that is declared too large is refused before it is read, signed or not."""
    query = urlsplit(receiver.callback_url(address())).query.encode()
    headers = [(b"content-length", b"104857600")]

    async with receiver:
        start = await call(receiver.app, unread, query_string=query, headers=headers)

    assert 413 == start["status"]


@pytest.mark.parametrize("length", [b"-1", b"1e9", b"", b"9" * 5000])
async def test_odd_length(receiver, address, unread, call, length) -> None:
    """A Content-Length that is no number is refused."""
    query = urlsplit(receiver.callback_url(address())).query.encode()

    async with receiver:
        start = await call(
            receiver.app, unread, query_string=query, headers=[(b"Content-Length", length)]
        )

    assert 400 == start["status"]


async def test_long_query(receiver, unread, call) -> None:
    """A query far longer than any of ours is not parsed."""
    start = await call(receiver.app, unread, query_string=b"a=1&" * 3000)

    assert 414 == start["status"]


async def test_large_headers(receiver, unread, call) -> None:
    """Headers beyond any use are refused, whatever the server let through."""
    start = await call(receiver.app, unread, headers=[(b"x", b"y" * 70_000)])

    assert 431 == start["status"]


async def test_query_that_is_not_ascii(receiver, unread, call) -> None:
    """Raw bytes in a query are refused like any other bad signature."""
    start = await call(receiver.app, unread, query_string=b"kind=\xff\xfe")

    assert 403 == start["status"]


async def test_hang_up(receiver, store, address, call) -> None:
    """A sender that hangs up before the end of its body changes nothing."""
    sent = address()
    query = urlsplit(receiver.callback_url(sent)).query.encode()
    messages = [
        {"type": "http.request", "body": b"{", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive():
        return messages.pop(0)

    async with receiver:
        start = await call(receiver.app, receive, query_string=query)
        kept = await store.find([sent.wait])

    assert 400 == start["status"]
    assert [] == list(kept)


async def test_slow_body(receiver, store, address, call, advance) -> None:
    """A sender that does not end its body in time is cut off, and nothing is kept."""
    sent = address()
    query = urlsplit(receiver.callback_url(sent)).query.encode()
    starts = []

    async def receive():
        await anyio.sleep_forever()

    async def post() -> None:
        starts.append(await call(receiver.app, receive, query_string=query))

    async with receiver, anyio.create_task_group() as tg:
        tg.start_soon(post)
        await advance(9.9)
        assert not starts
        await advance(0.2)
        kept = await store.find([sent.wait])

    assert 408 == starts[0]["status"]
    assert [] == list(kept)


async def test_nothing_is_reflected(receiver, request_app, logged) -> None:
    """Neither the answer nor the log repeats what a stranger sent."""
    async with receiver:
        answer = await request_app(
            receiver.app, "POST", "http://h/<script>?sig=<script>", content=b"<script>"
        )

    assert b"script" not in answer.content
    assert not any("script" in line for line in logged())


async def test_log_is_bounded(receiver, request_app, logged, clock) -> None:
    """However many requests are refused, the log has ten lines a minute, and tells how many."""
    async with receiver:
        for _ in range(100):
            await request_app(receiver.app, "POST", "http://h/")
        first = logged()
        clock.advance(61)
        await request_app(receiver.app, "POST", "http://h/")

    assert 10 == len(first)
    assert ["callback.refused.more count=90"] == [it for it in logged()[10:] if "more" in it]


async def test_log_is_told_at_the_end(receiver, request_app, logged) -> None:
    """The count of what was left out is not lost when the receiver closes."""
    async with receiver:
        for _ in range(15):
            await request_app(receiver.app, "POST", "http://h/")

    assert "callback.refused.more count=5" == logged()[-1]


def test_count_is_one_of_the_lines(clock, logged) -> None:
    """The line that tells the count takes the place of one of the ten."""
    refusals = Refusals(clock, per_minute=2)
    for _ in range(5):
        refusals.note("bad")
    clock.advance(60)
    for _ in range(5):
        refusals.note("bad")

    assert [2, 1, 1] == [
        len([it for it in logged()[:2] if "reason" in it]),
        len([it for it in logged()[2:] if "more" in it]),
        len([it for it in logged()[2:] if "reason" in it]),
    ]


def test_client_is_bounded(clock, logged) -> None:
    """An address that a proxy's header made up cannot fill the log or forge a line."""
    Refusals(clock).note("bad", client="1.2.3.4\nroot logged in " + "x" * 1000)

    (line,) = logged()
    assert "\n" not in line
    assert len(line) < 150
