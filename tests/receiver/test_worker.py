"""Running handlers: at least once, one process at a time, retried, set aside, shut down."""

import asyncio
import contextlib
import datetime as dt
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from astria_async.protocol.addresses import Address
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import (
    ConnectionFailed,
    Deleted,
    NotFound,
    RateLimited,
)
from astria_async.receiver import Receiver
from astria_async.receiver.attempt import Attempt
from astria_async.receiver.handlers import HandlerLimits, Handlers
from astria_async.receiver.worker import HandlerWorker
from astria_async.sandbox.clock import VirtualClock
from astria_async.stores import State

pytestmark = pytest.mark.anyio


class Bench:
    """Handlers, a loader and a worker around one store, and what they saw."""

    def __init__(self, store: Any, clock: VirtualClock, settle: Callable[[], Any]) -> None:
        self.settle = settle
        self.store, self.clock = store, clock
        self.handlers = Handlers()
        self.seen = []
        self.loads = 0
        self.answer = "ready"
        self.limits = HandlerLimits(shutdown_grace=0)

    async def load(self, callback: Callback) -> Any:
        self.loads += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    async def keep(self, found: Any, callback: Callback) -> None:
        """The handler of most tests: notes what it was given."""
        self.seen.append((found, callback.attempt))

    async def put(self, address: Callable[..., Address], body: bytes = b"{}") -> None:
        await self.store.put(
            Callback(
                kind=address.kind,
                wait=address.wait,
                metadata=address.metadata,
                body=body,
                received_at=self.clock.now(),
            )
        )

    def worker(self, **options: Any) -> HandlerWorker:
        attempt = Attempt(
            handlers=self.handlers,
            load=self.load,
            outcome=str,
            limits=self.limits,
            clock=self.clock,
        )
        return HandlerWorker(store=self.store, attempt=attempt, clock=self.clock, **options)

    @contextlib.asynccontextmanager
    async def running(self, *workers: Any) -> Any:
        async with anyio.create_task_group() as tg:
            for worker in workers or [self.worker()]:
                await tg.start(worker.run)
            await self.settle()
            yield
            tg.cancel_scope.cancel()

    async def pause(self, seconds: float) -> None:
        await self.settle()
        self.clock.advance(seconds)
        await self.settle()

    async def state(self, address: Callable[..., Address]) -> State:
        return (await self.store.record(address.wait)).state


@pytest.fixture
async def bench(store: Any, clock: VirtualClock, settle: Callable[[], Any]) -> Any:
    """One open store with a handler for tunes."""
    bench = Bench(store, clock, settle)
    bench.handlers.add("tune", bench.keep)
    async with contextlib.AsyncExitStack() as stack:
        await store.open()
        stack.push_async_callback(store.aclose)
        yield bench


def _api_error(kind: str, **details: Any) -> Any:
    return kind("no", status=404, method="GET", path="/tunes/1", **details)


async def test_a_callback_runs_its_handler(bench: Any, address: Callable[..., Address]) -> None:
    """A callback that comes while the worker runs is handled at once, with the fresh object."""
    sent = address("tune", user_id="7")
    callbacks = []

    @lambda handler: bench.handlers.add("tune", handler)
    async def handle(found: Any, callback: Callback) -> None:
        callbacks.append(callback)

    async with bench.running():
        await bench.put(sent)
        await bench.settle()

    assert bench.seen == [("ready", 1)]
    assert [it.metadata for it in callbacks] == [{"user_id": "7"}]
    assert State.DONE is await bench.state(sent)


async def test_what_came_before(bench: Any, address: Callable[..., Address]) -> None:
    """Callbacks that were kept before the worker started are handled, too."""
    await bench.put(address())

    async with bench.running():
        assert len(bench.seen) == 1


async def test_kinds_without_handler(bench: Any, address: Callable[..., Address]) -> None:
    """A callback that no one handles is left for whoever does."""
    sent = address("prompt")

    async with bench.running():
        await bench.put(sent)
        await bench.pause(3600)

    assert State.PENDING is await bench.state(sent)
    assert bench.seen == []


async def test_no_handler_at_all(bench: Any, address: Callable[..., Address]) -> None:
    """A worker without handlers waits, and claims nothing."""
    bench.handlers = Handlers()

    async with bench.running():
        await bench.put(address())
        await bench.pause(3600)

    assert "claim" not in bench.store.calls


async def test_repeated_callback(bench: Any, address: Callable[..., Address]) -> None:
    """The same callback again, or another with the same outcome, does not run handlers again."""
    sent = address()

    async with bench.running():
        for body in (b"{}", b"{}", b'{"another": 1}'):
            await bench.put(sent, body)
            await bench.settle()

    assert bench.seen == [("ready", 1)]
    assert bench.loads == 2
    assert State.DONE is await bench.state(sent)


async def test_replay(bench: Any, address: Callable[..., Address]) -> None:
    """A callback that a person replays runs its handlers again, though its outcome is known."""
    sent = address()

    async with bench.running():
        await bench.put(sent)
        await bench.put(sent, b"[]")
        await bench.settle()
        replayed = await bench.store.replay(sent.wait)
        await bench.settle()

    assert replayed
    assert bench.seen == [("ready", 1), ("ready", 1)]


async def test_replay_of_what_was_set_aside(bench: Any, address: Callable[..., Address]) -> None:
    """What was set aside gets all its attempts anew when a person replays it."""
    sent, failing = address(), Failing(2)
    bench.handlers.add("tune", failing)
    bench.limits = HandlerLimits(max_attempts=1, shutdown_grace=0)

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
        for _ in range(2):
            await bench.store.replay(sent.wait)
            await bench.settle()

    assert failing.attempts == [1, 1, 1]
    assert await bench.state(sent) is State.DONE


async def test_another_outcome(bench: Any, address: Callable[..., Address]) -> None:
    """A callback with another outcome than was handled runs the handlers again."""
    sent = address()

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
        bench.answer = "trained again"
        await bench.put(sent, b"[]")
        await bench.settle()

    assert bench.seen == [("ready", 1), ("trained again", 1)]


async def test_callback_during_its_handler(bench: Any, address: Callable[..., Address]) -> None:
    """A callback that comes while handlers run on its record is looked at when they are done."""
    sent, gate = address(), anyio.Event()

    @lambda handler: bench.handlers.add("tune", handler)
    async def wait(found: Any, callback: Callback) -> None:
        await gate.wait()

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
        bench.answer = "other"
        await bench.put(sent, b"[]")
        gate.set()
        await bench.settle()

    assert bench.seen == [("ready", 1), ("other", 1)]
    assert State.DONE is await bench.state(sent)


class Failing:
    """A handler that fails some times."""

    def __init__(self, times: Any) -> None:
        self.left, self.attempts = times, []

    async def __call__(self, found: Any, callback: Callback) -> None:
        self.attempts.append(callback.attempt)
        if self.left:
            self.left -= 1
            raise ValueError("no luck at https://x.example/?key=private")


async def test_retry(bench: Any, address: Callable[..., Address]) -> None:
    """A handler that fails runs again after its pause, with the attempt told, until it succeeds."""
    sent, failing = address(), Failing(2)
    bench.handlers.add("tune", failing)

    async with bench.running():
        await bench.put(sent)
        await bench.pause(4.9)
        assert failing.attempts == [1]
        await bench.pause(1.2)
        assert failing.attempts == [1, 2]
        await bench.pause(29)
        await bench.pause(7.1)

    assert failing.attempts == [1, 2, 3]
    assert State.DONE is await bench.state(sent)


async def test_set_aside(
    bench: Any, address: Callable[..., Address], logged: Callable[[], list[str]]
) -> None:
    """After its last attempt a callback is set aside, with the error for a person to see."""
    sent, failing = address(), Failing(99)
    bench.handlers.add("tune", failing)
    bench.limits = HandlerLimits(max_attempts=3)

    async with bench.running():
        await bench.put(sent)
        for _ in range(5):
            await bench.pause(3600)
    record = await bench.store.record(sent.wait)

    assert failing.attempts == [1, 2, 3]
    assert State.SET_ASIDE is record.state
    assert record.error == "Failing: ValueError: no luck at https://x.example/?…"
    assert not any("private" in line for line in logged())


async def test_one_of_several_fails(bench: Any, address: Callable[..., Address]) -> None:
    """Each handler of a kind runs, whether or not another one fails."""
    failing, other = Failing(1), Failing(0)
    bench.handlers.add("tune", failing)
    bench.handlers.add("tune", other)

    async with bench.running():
        await bench.put(address())
        await bench.settle()

    assert (failing.attempts, other.attempts) == ([1], [1])


async def test_handler_that_hangs(bench: Any, address: Callable[..., Address]) -> None:
    """A handler that takes too long is cancelled, and that counts as a failure."""
    sent = address()

    @lambda handler: bench.handlers.add("tune", handler)
    async def hang(found: Any, callback: Callback) -> None:
        await anyio.sleep_forever()

    async with bench.running():
        await bench.put(sent)
        for _ in range(50):
            await bench.pause(19)
        record = await bench.store.record(sent.wait)

    assert record.error == "the handlers took longer than 900 s"


async def test_object_not_settled(bench: Any, address: Callable[..., Address]) -> None:
    """While the object is not ready the handlers wait, and no attempt is counted."""
    sent = address()
    bench.answer = None

    async with bench.running():
        await bench.put(sent)
        for _ in range(4):
            await bench.pause(60)
        bench.answer = "ready"
        await bench.pause(300)

    assert bench.seen == [("ready", 1)]


async def test_object_cannot_be_fetched(bench: Any, address: Callable[..., Address]) -> None:
    """While the API does not answer no attempt is counted, however long that takes."""
    sent = address()
    bench.answer = ConnectionFailed("no", method="GET", path="/", sent=False)

    async with bench.running():
        await bench.put(sent)
        for _ in range(30):
            await bench.pause(900)
        bench.answer = "ready"
        await bench.pause(900)

    assert bench.seen == [("ready", 1)]
    assert bench.loads <= 32


async def test_retry_after(bench: Any, address: Callable[..., Address]) -> None:
    """When the API says when to come back, that is when."""
    bench.answer = RateLimited("slow down", status=429, retry_after=500.0)

    async with bench.running():
        await bench.put(address())
        await bench.pause(499)
        assert bench.loads == 1
        await bench.pause(2)

    assert bench.loads == 2


@pytest.mark.parametrize("kind", [NotFound, Deleted])
async def test_object_gone(bench: Any, address: Callable[..., Address], kind: str) -> None:
    """A callback whose object is gone is done with."""
    sent = address()
    bench.answer = _api_error(kind)

    async with bench.running():
        await bench.put(sent)
        await bench.settle()

    assert State.DONE is await bench.state(sent)
    assert bench.seen == []


async def test_broken_loader(bench: Any, address: Callable[..., Address]) -> None:
    """A loader that fails in a way of its own is tried and set aside like a handler."""
    sent = address()
    bench.answer = KeyError("bug")
    bench.limits = HandlerLimits(max_attempts=1)

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
    record = await bench.store.record(sent.wait)

    assert (record.state, record.error) == (State.SET_ASIDE, "KeyError: 'bug'")


async def test_killed_each_time(bench: Any, address: Callable[..., Address]) -> None:
    """A callback that kills its process each time is set aside before it does so once more."""
    sent = address()
    bench.limits = HandlerLimits(max_attempts=2)
    await bench.put(sent)
    for _ in range(2):
        await bench.store.claim("killed", kinds=["tune"], limit=1, lease=60)
        bench.clock.advance(61)

    async with bench.running():
        record = await bench.store.record(sent.wait)

    assert State.SET_ASIDE is record.state
    assert "the process ended" in record.error
    assert bench.seen == []


async def test_concurrency_is_bounded(bench: Any, address: Callable[..., Address]) -> None:
    """No more callbacks are worked on, or claimed, than the limit says; none is left out."""
    bench.limits = HandlerLimits(concurrency=3)
    running, most, gate = 0, 0, anyio.Semaphore(0)

    @lambda handler: bench.handlers.add("tune", handler)
    async def count(found: Any, callback: Callback) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.acquire()
        running -= 1

    async with bench.running():
        for _ in range(10):
            await bench.put(address())
        for _ in range(10):
            await bench.settle()
            gate.release()
        await bench.settle()

    assert most == 3
    assert len(bench.seen) == 10


async def test_two_workers(bench: Any, address: Callable[..., Address]) -> None:
    """Two workers on one store share the work, and do nothing twice."""
    async with bench.running(bench.worker(), bench.worker()):
        for _ in range(20):
            await bench.put(address())
        await bench.pause(3600)

    assert len(bench.seen) == 20


async def test_work_of_a_killed_process(bench: Any, address: Callable[..., Address]) -> None:
    """What a killed process had claimed is taken over when its lease has run out."""
    sent = address()
    await bench.put(sent)
    await bench.store.claim("killed", kinds=["tune"], limit=1, lease=60)

    async with bench.running():
        await bench.pause(59)
        assert bench.seen == []
        await bench.pause(2)

    assert bench.seen == [("ready", 2)]


async def test_lease_is_renewed(bench: Any, address: Callable[..., Address]) -> None:
    """A handler may run longer than a lease lasts."""
    sent, gate = address(), anyio.Event()

    @lambda handler: bench.handlers.add("tune", handler)
    async def wait(found: Any, callback: Callback) -> None:
        await gate.wait()

    async with bench.running(bench.worker(), bench.worker()):
        await bench.put(sent)
        for _ in range(30):
            await bench.pause(20)
        gate.set()
        await bench.settle()

    assert bench.seen == [("ready", 1)]
    assert State.DONE is await bench.state(sent)


async def test_lease_lost(
    bench: Any, address: Callable[..., Address], logged: Callable[[], list[str]]
) -> None:
    """A handler is cancelled before its lease ends when the store no longer renews it."""
    sent, ended = address(), []

    @lambda handler: bench.handlers.add("tune", handler)
    async def wait(found: Any, callback: Callback) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(bench.clock.monotonic())

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
        bench.store.broken.add("renew")
        for _ in range(70):
            await bench.pause(1)

    assert ended[0] <= 60
    assert any("handler.lease_lost" in line for line in logged())


async def test_lease_taken_over(
    bench: Any, address: Callable[..., Address], logged: Callable[[], list[str]]
) -> None:
    """A handler is cancelled when it turns out that another process has its record."""
    sent, ended = address(), []

    @lambda handler: bench.handlers.add("tune", handler)
    async def wait(found: Any, callback: Callback) -> None:
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(callback.attempt)

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
        bench.clock.advance(61)
        await bench.store.claim("other", kinds=["tune"], limit=1, lease=60)
        await bench.settle()

        assert ended == [1]


async def test_store_away_for_the_result(bench: Any, address: Callable[..., Address]) -> None:
    """Handlers that ran do not run again because the database was away for a moment."""
    sent = address()
    bench.store.broken.add("finish")

    async with bench.running():
        await bench.put(sent)
        await bench.pause(5)
        bench.store.broken.clear()
        await bench.pause(10)

    assert bench.seen == [("ready", 1)]
    assert State.DONE is await bench.state(sent)


async def test_result_of_a_lost_lease(
    bench: Any, address: Callable[..., Address], logged: Callable[[], list[str]]
) -> None:
    """A result that comes after the lease was lost is dropped, and the log says so."""
    sent = address()

    @lambda handler: bench.handlers.add("tune", handler)
    async def lose(found: Any, callback: Callback) -> None:
        bench.clock.advance(61)
        await bench.store.claim("other", kinds=["tune"], limit=1, lease=600)

    async with bench.running():
        await bench.put(sent)
        await bench.settle()

    assert State.PENDING is await bench.state(sent)
    assert any("handler.lease_lost" in line for line in logged())


async def test_store_away(bench: Any, address: Callable[..., Address]) -> None:
    """A store that is away is asked again after growing pauses, and the work goes on."""
    bench.store.broken.add("claim")

    async with bench.running():
        await bench.put(address())
        for _ in range(10):
            await bench.pause(60)
        asked = bench.store.calls.count("claim")
        bench.store.broken.clear()
        await bench.pause(75)

    assert asked <= 15
    assert len(bench.seen) == 1


async def test_shutdown_lets_handlers_finish(bench: Any, address: Callable[..., Address]) -> None:
    """When the client closes, running handlers finish, and nothing new is begun."""
    first, second = address(), address()
    bench.limits = HandlerLimits(concurrency=1, shutdown_grace=3600)
    begun, gate = anyio.Event(), anyio.Event()

    @lambda handler: bench.handlers.add("tune", handler)
    async def wait(found: Any, callback: Callback) -> None:
        begun.set()
        await gate.wait()

    async with bench.running():
        await bench.put(first)
        await begun.wait()
        await bench.put(second)
        gate.set()

    assert len(bench.seen) == 1
    assert [await bench.state(it) for it in (first, second)] == [State.DONE, State.PENDING]


async def test_shutdown_has_an_end(
    bench: Any, address: Callable[..., Address], logged: Callable[[], list[str]]
) -> None:
    """A handler that does not finish in its grace is cancelled, its callback due at once."""
    sent = address()

    @lambda handler: bench.handlers.add("tune", handler)
    async def hang(found: Any, callback: Callback) -> None:
        await anyio.sleep_forever()

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
        claimed = (await bench.store.record(sent.wait)).owner
    record = await bench.store.record(sent.wait)

    assert claimed
    assert (record.owner, record.attempts, record.state) == (None, 0, State.PENDING)
    assert record.due_at <= bench.clock.now()
    assert "handler.cut_short running=1" in logged()


async def test_shutdown_without_a_store(
    bench: Any, address: Callable[..., Address], logged: Callable[[], list[str]]
) -> None:
    """A record that cannot be given back at the end is left to its lease."""
    sent = address()

    @lambda handler: bench.handlers.add("tune", handler)
    async def hang(found: Any, callback: Callback) -> None:
        await anyio.sleep_forever()

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
        bench.store.broken.add("release")

    record = await bench.store.record(sent.wait)
    assert record.lease_until > bench.clock.now()
    assert any("store.unavailable" in line for line in logged())


async def test_cancelled_before_it_began(bench: Any) -> None:
    """A worker that is cancelled while it starts ends, and leaves nothing running."""
    with anyio.CancelScope() as scope:
        scope.cancel()
        await bench.worker().run()

    assert scope.cancelled_caught


@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_handler_that_cancels_itself(
    bench: Any, address: Callable[..., Address], anyio_backend: str
) -> None:
    """A handler that ends in a cancellation of its own making, as asyncio has it, has failed."""
    sent = address()

    @lambda handler: bench.handlers.add("tune", handler)
    async def cancel(found: Any, callback: Callback) -> None:
        raise asyncio.CancelledError

    async with bench.running():
        await bench.put(sent)
        await bench.settle()
        record = await bench.store.record(sent.wait)

    assert (record.error, record.attempts) == ("the handler was cancelled", 1)
    assert dt.timedelta(seconds=5) <= record.due_at - bench.clock.now()


async def test_receiver_runs_its_handlers(
    receiver: Receiver,
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    settle: Callable[[], Any],
) -> None:
    """From a POST to the handler that was registered with a decorator."""
    seen = []

    @receiver.on_prompt
    async def publish(prompt: Any, callback: Callback) -> None:
        seen.append((prompt, callback.metadata))

    async def load(callback: Callback) -> Any:
        return {"id": callback.objects[0]["id"]}

    async def run(*, task_status: Any) -> None:
        await receiver.run_handlers(load, outcome=str, task_status=task_status)

    async with receiver, anyio.create_task_group() as tg:
        await tg.start(run)
        url = receiver.callback_url(address("prompt", user_id="7"))
        await request_app(receiver.app, "POST", url, content=b'{"prompt": {"id": 3}}')
        await settle()
        tg.cancel_scope.cancel()

    assert seen == [({"id": 3}, {"user_id": "7"})]


async def test_store_that_breaks_for_good(bench: Any) -> None:
    """An error of the store's that is not an outage ends the worker: it would only go on."""
    worker = bench.worker()
    await bench.store.aclose()

    with pytest.raises(BaseExceptionGroup):
        await worker.run()

    await bench.store.open()
