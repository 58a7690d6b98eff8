"""The gate and the retries, on a clock that the test owns."""

import datetime as dt
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import attrs
import pytest

from astria_async.protocol import calls
from astria_async.protocol.calls import Call, Effect
from astria_async.protocol.errors import (
    APIError,
    ConnectionFailed,
    GatewayTimeout,
    InvalidInput,
    NotFound,
    RateLimited,
    ServerError,
    ValidationError,
)
from astria_async.protocol.params import NewTune
from astria_async.protocol.replies import Reply
from astria_async.protocol.retry import NO_RETRY, RetryPolicy
from astria_async.sandbox.clock import VirtualClock
from astria_async.transport import Download, Sender
from astria_async.transport.base import Transport

from .conftest import Opener
from .wire import Connection, Server, serving

pytestmark = pytest.mark.anyio
READ = Call(method="GET", path="/tunes/7")
CREATE = Call(method="POST", path="/tunes", content={}, effect=Effect.CREATES)
START = dt.datetime(2025, 3, 4, 10, tzinfo=dt.UTC)
STEADY = RetryPolicy(jitter=0)


@attrs.define
class OwnTime:
    """A clock on which sleeping is all that takes time."""

    passed: float = 0.0
    naps: list[float] = attrs.field(factory=list)

    def now(self) -> dt.datetime:
        return START + dt.timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        await anyio.lowlevel.checkpoint()
        self.naps.append(seconds)
        self.passed += seconds


Answer = Reply | Exception | Callable[[Call], Awaitable[Reply]]


@attrs.define
class Scripted(Transport):
    """A transport that gives one answer after the other, the last one for ever."""

    answers: list[Answer] = attrs.field(converter=list[Answer])
    sent: list[Call] = attrs.field(factory=list)

    async def send(self, call: Call) -> Reply:
        await anyio.lowlevel.checkpoint()
        self.sent.append(call)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Reply) else await answer(call)

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator[Download]:
        raise NotImplementedError(url)
        yield

    async def aclose(self) -> None:
        self.answers.clear()


def reply(status: int, **headers: str) -> Reply:
    """An answer with an empty body."""
    return Reply(status=status, headers={k.replace("_", "-"): v for k, v in headers.items()})


def failed(*, sent: bool) -> ConnectionFailed:
    """A connection that broke."""
    return ConnectionFailed("reset", method="GET", path="/", sent=sent)


def sender(
    transport: Transport, clock: Any, *, gate: int = 10, policy: RetryPolicy = STEADY
) -> Sender:
    """A sender over *transport*."""
    return Sender(transport, clock, policy, anyio.CapacityLimiter(gate), random.Random(7))


async def test_a_good_answer_is_given_at_once() -> None:
    """Nothing waits where nothing goes wrong."""
    clock, transport = OwnTime(), Scripted([reply(201)])

    found = await sender(transport, clock).send(CREATE)

    assert (found.status, clock.naps, len(transport.sent)) == (201, [], 1)


@pytest.mark.parametrize(
    ("answers", "naps"),
    [
        ([reply(503), reply(200)], [0.5]),
        ([reply(504), reply(502), reply(200)], [0.5, 1.0]),
        ([failed(sent=True), reply(200)], [0.5]),
        ([reply(500), reply(500), reply(200)], [30.0, 60.0]),
        ([reply(500, retry_after="2"), reply(200)], [30.0]),
        ([reply(429, retry_after="17"), reply(200)], [17.0]),
        ([reply(429, retry_after="Tue, 04 Mar 2025 10:00:30 GMT"), reply(200)], [30.0]),
        ([reply(429), reply(200)], [0.5]),
        ([reply(409), reply(200)], [0.5]),
    ],
)
async def test_a_read_is_tried_again(answers: list[Answer], naps: list[float]) -> None:
    """Reads are sent again after what may pass, with the pauses of the rules."""
    clock, transport = OwnTime(), Scripted(answers)

    found = await sender(transport, clock).send(READ)

    assert (found.status, clock.naps) == (200, naps)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply(422), ValidationError),
        (reply(422, retry_after="1"), ValidationError),
        (reply(404), NotFound),
        (reply(302), APIError),
        (InvalidInput("the file became shorter"), InvalidInput),
        (ValueError("of the user's own stream"), ValueError),
    ],
)
async def test_what_cannot_pass_is_not_repeated(answer: Answer, error: type[Exception]) -> None:
    """422 is never sent again, nor anything else that would end the same."""
    clock, transport = OwnTime(), Scripted([answer])

    with pytest.raises(error):
        await sender(transport, clock).send(READ)

    assert (clock.naps, len(transport.sent)) == ([], 1)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failed(sent=True), ConnectionFailed),
        (reply(500), ServerError),
        (reply(502), ServerError),
        (reply(503, retry_after="1"), ServerError),
        (reply(504), GatewayTimeout),
        (reply(409), APIError),
    ],
)
async def test_a_create_is_not_repeated_in_doubt(answer: Answer, error: type[Exception]) -> None:
    """What may have been created is left to somebody who looks first."""
    transport = Scripted([answer])

    with pytest.raises(error):
        await sender(transport, OwnTime()).send(CREATE)

    assert len(transport.sent) == 1


@pytest.mark.parametrize("answer", [failed(sent=False), reply(429), reply(429, retry_after="9")])
async def test_a_create_that_was_not_processed_is_repeated(answer: Answer) -> None:
    """What never arrived, or was turned away at the door, is sent again."""
    transport = Scripted([answer, reply(201)])

    found = await sender(transport, OwnTime()).send(CREATE)

    assert (found.status, len(transport.sent)) == (201, 2)


async def test_tries_end() -> None:
    """After the last try its error comes out."""
    clock, transport = OwnTime(), Scripted([reply(503)])

    with pytest.raises(ServerError):
        await sender(transport, clock).send(READ)

    assert (len(transport.sent), clock.naps) == (5, [0.5, 1, 2, 4])


async def test_a_call_may_bring_its_own_policy() -> None:
    """Who paces tries by themselves gets one."""
    transport = Scripted([reply(503)])

    with pytest.raises(ServerError):
        await sender(transport, OwnTime()).send(READ, policy=NO_RETRY)

    assert len(transport.sent) == 1


async def test_a_stream_is_sent_once() -> None:
    """A body that cannot be read twice is not sent twice, even where nothing was processed."""

    async def stream() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff"

    params = NewTune(name="cat", images=[stream()])
    call = calls.create_tune(params, title="Ada", callback=None, prompts=())
    transport = Scripted([reply(429, retry_after="1")])

    with pytest.raises(RateLimited):
        await sender(transport, OwnTime()).send(call)

    assert len(transport.sent) == 1


async def test_the_error_is_the_answers() -> None:
    """What comes out after the tries tells path, request and pause."""
    transport = Scripted([reply(429, retry_after="500", x_request_id="r-9")])

    with pytest.raises(RateLimited) as caught:
        await sender(transport, OwnTime()).send(READ)

    error = caught.value
    assert (error.path, error.request_id, error.retry_after) == ("/tunes/7", "r-9", 500)


async def test_jitter_spreads_the_pauses() -> None:
    """Clients that failed together do not come back together."""
    clock, transport = OwnTime(), Scripted([reply(503)])

    with pytest.raises(ServerError):
        await sender(transport, clock, policy=RetryPolicy(jitter=0.5)).send(READ)

    shortest = [0.5, 1, 2, 4]
    assert all(least < nap < 1.5 * least for least, nap in zip(shortest, clock.naps, strict=True))


@pytest.mark.parametrize("headers", [{"retry_after": "20"}, {}])
async def test_a_429_quiets_the_whole_client(headers: dict[str, str]) -> None:
    """One client has one allowance: after a 429 nobody sends until the pause is over."""
    clock = VirtualClock(speed=0, start=START)
    transport = Scripted([reply(429, **headers), reply(200)])
    shared = sender(transport, clock, policy=RetryPolicy(jitter=0, base=20))

    async with anyio.create_task_group() as group:
        group.start_soon(shared.send, READ)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(shared.send, CREATE)
        await anyio.wait_all_tasks_blocked()
        clock.advance(19.9)
        await anyio.wait_all_tasks_blocked()
        early = list(transport.sent)
        clock.advance(0.1)

    assert (early, len(transport.sent)) == ([READ], 3)


async def test_who_stands_at_the_gate_waits_as_well() -> None:
    """A call that was queued when the 429 came is held back too."""
    clock = VirtualClock(speed=0, start=START)
    release = anyio.Event()

    async def slow_429(_: Call) -> Reply:
        await release.wait()
        return reply(429, retry_after="20")

    transport = Scripted([slow_429, reply(200)])
    shared = sender(transport, clock, gate=1)

    async with anyio.create_task_group() as group:
        group.start_soon(shared.send, READ)
        await anyio.wait_all_tasks_blocked()
        group.start_soon(shared.send, CREATE)
        await anyio.wait_all_tasks_blocked()
        release.set()
        await anyio.wait_all_tasks_blocked()
        early = list(transport.sent)
        clock.advance(20)

    assert (early, len(transport.sent)) == ([READ], 3)


async def test_quiet_is_bounded_by_patience() -> None:
    """A server that asks for an hour does not silence the client for one."""
    clock, transport = OwnTime(), Scripted([reply(429, retry_after="3600"), reply(200)])
    shared = sender(transport, clock)

    with pytest.raises(RateLimited):
        await shared.send(READ)
    await shared.send(READ)

    assert clock.naps == [120]


async def test_quiet_is_not_shortened_by_a_later_429() -> None:
    """The longest pause that was asked for holds."""
    clock = OwnTime()
    transport = Scripted([reply(429, retry_after="90"), reply(429, retry_after="1"), reply(200)])
    shared = sender(transport, clock)

    for _ in range(2):
        with pytest.raises(RateLimited):
            await shared.send(READ, policy=NO_RETRY)
        clock.passed += 30
    await shared.send(READ)

    assert clock.naps == [60]


async def test_the_gate_bounds_what_is_on_its_way() -> None:
    """However many call at once, only so many requests are under way."""
    running, most = 0, 0

    async def counted(_: Call) -> Reply:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await anyio.lowlevel.checkpoint()
        running -= 1
        return reply(200)

    transport = Scripted([counted])
    shared = sender(transport, OwnTime(), gate=3)

    async with anyio.create_task_group() as group:
        for _ in range(40):
            group.start_soon(shared.send, READ)

    assert (most, len(transport.sent)) == (3, 40)


async def test_a_pause_holds_no_place_at_the_gate() -> None:
    """While one call waits for its next try, others are sent."""
    clock = VirtualClock(speed=0, start=START)
    transport = Scripted([reply(500), reply(200)])
    shared = sender(transport, clock, gate=1)

    async with anyio.create_task_group() as group:
        group.start_soon(shared.send, READ)
        await anyio.wait_all_tasks_blocked()
        found = await shared.send(CREATE)
        clock.advance(30)

    assert (found.status, transport.sent) == (200, [READ, CREATE, READ])


async def test_a_cancelled_call_gives_its_place_back() -> None:
    """Cancelled while it is sent or while it pauses, a call leaves the gate as it was."""
    clock, forever = VirtualClock(speed=0, start=START), anyio.Event()

    async def silent(_: Call) -> Reply:
        await forever.wait()
        return reply(200)

    for answer in (silent, reply(500)):
        shared = sender(Scripted([answer]), clock, gate=1)
        async with anyio.create_task_group() as group:
            group.start_soon(shared.send, READ)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
        assert shared.gate.borrowed_tokens == 0


async def test_a_retried_upload_arrives_whole(tmp_path: Any, engine: Opener) -> None:
    """Over real sockets: turned away, then cut off, then accepted, with the same pictures."""
    path = tmp_path / "cat.jpg"
    path.write_bytes(b"\xff\xd8\xff" + bytes(4_000_000))

    async def script(connection: Connection) -> None:
        attempt = connection.server.connections
        if attempt == 1:
            await connection.head()
            await connection.receive(100_000)
            connection.reset()
        else:
            await connection.request()
            await connection.reply(429 if attempt == 2 else 201, Connection="close")

    with path.open("rb") as file:
        params = NewTune(name="cat", images=[path, file, b"\xff\xd8\xff"])
        call = calls.create_tune(params, title="Ada", callback=None, prompts=())
        async with serving(script) as server, engine(server.url) as transport:
            found = await sender(transport, OwnTime()).send(call)

    assert (found.status, server.connections) == (201, 3)
    assert _sizes(server) == [_sizes(server)[0]] * 2


def _sizes(server: Server) -> list[int]:
    return [len(request.body) for request in server.requests]
