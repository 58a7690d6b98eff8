"""Anything that may happen, in any order, against a small model."""

from contextlib import ExitStack
from typing import Any, ClassVar

import attrs
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
)

from astria_async.protocol.errors import (
    ConnectionFailed,
    Deleted,
    JobFailed,
    RateLimited,
    ServerError,
    WaitTimeout,
)
from astria_async.protocol.models import Job
from astria_async.sandbox.clock import VirtualClock
from astria_async.stores import MemoryStore
from astria_async.waiting import WaitPolicy

from .bench import START, Api, Bench, Waiting, running

POLICY = WaitPolicy(polls_per_minute=30, parallel=2)
HAIR = 0.001

FAILURES = st.sampled_from(
    [
        ServerError("oops", status=500),
        ConnectionFailed("reset", method="GET", path="/", sent=True),
        RateLimited("slow down", status=429, retry_after=20.0),
    ]
)


@attrs.define(eq=False)
class Thing:
    """
    One object as the model knows it.

    Attributes:
        end: How it ended, if it did: ``ready``, ``failed`` or ``deleted``.
    """

    job: Job
    wait: str | None
    end: str | None = None


@attrs.define(eq=False)
class Pending:
    """One wait as the model knows it."""

    thing: Thing
    waiting: Waiting
    deadline: float
    dead: bool = False


class WaitingMachine(RuleBasedStateMachine):
    """Clients that crash and restart over one store, and a server that is not always there."""

    backend: ClassVar[str] = "asyncio"
    things = Bundle("things")
    waits = Bundle("waits")

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.portal = self.stack.enter_context(start_blocking_portal(self.backend))
        self.clock = VirtualClock(speed=0, start=START)
        self.api = Api()
        self.store = MemoryStore(clock=self.clock)
        self.client = ExitStack()
        self.pending: list[Pending] = []
        self.number = 0
        self.asked = 0

    def call(self, function: Any, *args: Any, **options: Any) -> Any:
        """Run something in the loop, and what comes of it."""

        async def run() -> Any:
            found = function(*args, **options)
            if hasattr(found, "__await__"):
                found = await found
            await self.bench.settle()
            return found

        return self.portal.call(run)

    @initialize()
    def start(self) -> None:
        self.portal.call(self.store.open)
        self.restart()

    def restart(self) -> None:
        context = running(POLICY, clock=self.clock, api=self.api)
        wrapped = self.portal.wrap_async_context_manager(context)
        self.bench: Bench = self.client.enter_context(wrapped)
        self.call(self.bench.follow, self.store)

    @rule(target=things, tune=st.booleans(), called=st.booleans(), apart=st.sampled_from([1, 500]))
    def create(self, *, tune: bool, called: bool, apart: int) -> Thing:
        self.number += apart
        make = self.bench.tune if tune else self.bench.prompt
        return Thing(make(self.number), f"wait{self.number}" if called else None)

    @rule(
        target=waits,
        thing=things,
        seconds=st.sampled_from([0.0, 5.0, 60.0, 1000.0]),
        count=st.sampled_from([1, 1, 3]),
    )
    def wait(self, thing: Thing, seconds: float, count: int) -> Any:
        deadline = self.clock.monotonic() + seconds
        self.asked += 2 * count + 1
        begun = [
            Pending(
                thing,
                self.call(self.bench.wait, thing.job, wait=thing.wait, seconds=seconds),
                deadline,
            )
            for _ in range(count)
        ]
        self.pending += begun
        return multiple(*begun)

    @rule(thing=things, well=st.booleans())
    def finish(self, thing: Thing, *, well: bool) -> None:
        if thing.end is None:
            thing.end = "ready" if well else "failed"
            self.api.end(thing.job, **({} if well else {"user_error": "No", "trained_at": None}))

    @rule(thing=things)
    def delete(self, thing: Thing) -> None:
        if thing.end is None:
            thing.end = "deleted"
            del self.api.jobs[thing.job.kind, thing.job.id]

    @rule(thing=things, times=st.integers(1, 3))
    def call_back(self, thing: Thing, times: int) -> None:
        """Early, late, twice, or for nobody; when it is in time, it ends every wait at once."""
        if thing.wait is None:
            return
        answering = not self.api.errors
        for number in range(times):
            self.asked += 1
            body = str(number).encode()
            self.call(self.store.put, self.bench.callback(thing.wait, body=body))
        if answering and thing.end is not None:
            assert all(it.waiting.done for it in self.of(thing))

    @rule(thing=things)
    def call_back_elsewhere(self, thing: Thing) -> None:
        """Another process commits, and its hint is lost."""
        if thing.wait is not None:
            watchers, self.store._watchers = self.store._watchers, []
            self.call(self.store.put, self.bench.callback(thing.wait))
            self.store._watchers = watchers

    @rule()
    def reconnect(self) -> None:
        """Hints may have been lost, says the store."""
        self.asked += len(self.bench.waits.by_wait)
        for hints in self.store._watchers:
            self.call(hints.miss)

    @rule(pending=waits)
    def cancel(self, pending: Pending) -> None:
        if not pending.waiting.done and not pending.dead:
            self.call(pending.waiting.scope.cancel)
            assert pending.waiting.cancelled

    @rule()
    def crash(self) -> None:
        """The client is gone with its waits; another one begins over the same store."""
        self.client.close()
        for pending in self.pending:
            pending.dead = pending.dead or not pending.waiting.done
        self.asked += POLICY.polls_per_minute
        self.restart()

    @rule(seconds=st.sampled_from([0.5, 3.0, 30.0, 400.0]), jump=st.booleans())
    def advance(self, seconds: float, *, jump: bool) -> None:
        self.call(self.bench.advance, seconds, step=None if jump else max(1.0, seconds / 40))

    @rule(failures=st.lists(FAILURES, min_size=1, max_size=4))
    def fail(self, failures: list[Exception]) -> None:
        self.asked += len(failures)
        self.api.errors += failures

    @rule(thing=things)
    def hide(self, thing: Thing) -> None:
        """Lists do not show everything."""
        self.api.hidden.add(thing.job.id)
        self.asked += 1

    def of(self, thing: Thing) -> list[Pending]:
        """The waits for a thing whose client still lives."""
        return [it for it in self.pending if it.thing is thing and not it.dead]

    @invariant()
    def every_wait_ends_by_its_deadline(self) -> None:
        late = self.clock.monotonic() - POLICY.last_look - HAIR
        assert all(it.waiting.done or it.deadline >= late for it in self.pending if not it.dead)

    @invariant()
    def every_waiter_is_told_the_same_and_the_truth(self) -> None:
        for pending in self.pending:
            waiting, thing = pending.waiting, pending.thing
            if waiting.result is not None:
                told = "ready"
            elif isinstance(waiting.error, JobFailed):
                told = "failed"
            elif isinstance(waiting.error, Deleted):
                told = "deleted"
            else:
                assert waiting.error is None or isinstance(waiting.error, WaitTimeout)
                assert waiting.error is None or pending.deadline <= self.clock.monotonic() + HAIR
                continue
            assert told == thing.end

    @invariant()
    def nothing_is_kept_when_nobody_waits(self) -> None:
        if not hasattr(self, "bench"):
            return
        waits = self.bench.waits
        wanted = {
            (it.thing.job.kind, it.thing.job.id)
            for it in self.pending
            if not it.dead and not it.waiting.done
        }
        assert set(waits.entries) == wanted
        assert len(waits.by_wait) <= len(wanted)
        assert waits.newcomers <= waits.by_wait.keys()

    @invariant()
    def requests_are_bounded(self) -> None:
        polls = POLICY.polls_per_minute * (1 + self.clock.monotonic() / 60)
        # What was asked for may cost a page and then a read of its own.
        assert len(self.api.requests) <= polls + 2 * self.asked + 1

    def teardown(self) -> None:
        try:
            if hasattr(self, "bench"):
                self.api.errors.clear()
                self.call(self.bench.advance, 2000.0, step=10.0)
                self.every_wait_ends_by_its_deadline()
                self.every_waiter_is_told_the_same_and_the_truth()
                assert all(it.waiting.done or it.dead for it in self.pending)
                assert self.bench.waits.entries == {}
                self.client.close()
                self.portal.call(self.store.aclose)
        finally:
            self.stack.close()


class WaitingOnTrio(WaitingMachine):
    """The same on the other event loop."""

    backend = "trio"


SETTINGS = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
WaitingMachine.TestCase.settings = SETTINGS
WaitingOnTrio.TestCase.settings = SETTINGS
TestWaiting = WaitingMachine.TestCase
TestWaitingOnTrio = WaitingOnTrio.TestCase
