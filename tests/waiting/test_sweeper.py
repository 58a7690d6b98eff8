"""Callbacks that never came, made good for handlers."""

import datetime as dt
import json
import random
from collections.abc import AsyncIterator
from typing import Any

import anyio
import attrs
import pytest

from astria_async.protocol.errors import (
    ConnectionFailed,
    DecodeError,
    NotFound,
    PermissionDenied,
    StoreUnavailable,
)
from astria_async.protocol.models import Job
from astria_async.protocol.paging import Pager, PageRequest
from astria_async.stores import Expectation, MemoryStore, State
from astria_async.waiting import Marks, Reconciler, WaitPolicy
from astria_async.waiting.sweeper import LIMIT, Sweeper

from .bench import Bench

pytestmark = pytest.mark.anyio

LOST = ConnectionFailed("reset", method="GET", path="/tunes", sent=True)


@attrs.define(eq=False)
class Desk:
    """
    A sweeper with its store.

    Attributes:
        searches: What was looked for among all objects.
    """

    bench: Bench
    store: MemoryStore
    searches: list[Marks] = attrs.field(factory=list)
    sweeper: Sweeper = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        self.sweeper = Sweeper(
            store=self.store,
            fetch=self.bench.api,
            reconciler=Reconciler(self._candidates),
            clock=self.bench.clock,
            policy=WaitPolicy(overdue_after=600, sweep_every=60),
            rng=random.Random(0),
        )

    def _candidates(self, marks: Marks) -> Pager[Any]:
        self.searches.append(marks)

        async def fetch(page: PageRequest) -> Any:
            return await self.bench.api.page(marks.kind, page.before_id or 10**9)

        return Pager(fetch, key=lambda job: job.id, start=PageRequest(limit=120))

    async def expect(self, job: Job, *, known: bool = True) -> str:
        """Note that the callback of *job* is to come; its wait id."""
        wait = f"{job.kind}{job.id}".rjust(22, "-")
        await self.store.expect(
            Expectation(
                kind=job.kind,
                wait=wait,
                metadata={"user": "7"},
                object_id=job.id if known else None,
                since=self.bench.clock.now(),
            )
        )
        return wait

    async def state(self, wait: str) -> State | None:
        """How far a record is."""
        record = await self.store.record(wait)
        return record.state if record else None


@pytest.fixture
async def desk(bench: Bench) -> AsyncIterator[Desk]:
    """A sweeper over an open store, not running."""
    store = MemoryStore(clock=bench.clock)
    await store.open()
    yield Desk(bench, store)
    await store.aclose()


def url(wait: str, kind: str) -> str:
    """The callback URL with that wait id."""
    return f"https://hooks.example.com/?kind={kind}&wait={wait}&sig=x"


async def test_a_lost_callback_is_made_good(desk: Desk) -> None:
    """Once overdue, the object is looked at, and what it says is put in the callback's place."""
    tune = desk.bench.tune(7, raw={"id": 7, "title": "Ada"})
    wait = await desk.expect(tune)
    desk.bench.api.end(tune)
    desk.bench.clock.advance(601)

    made_good = await desk.sweeper.sweep()

    record = await desk.store.record(wait)
    assert made_good == 1
    assert record is not None
    assert record.state is State.PENDING
    assert record.callback.metadata == {"user": "7"}
    assert json.loads(record.callback.body) == {"tune": {"id": 7, "title": "Ada"}}


async def test_it_is_made_good_once(desk: Desk) -> None:
    """The next sweeps, here or in another process, have nothing left to do."""
    tune = desk.bench.tune()
    await desk.expect(tune)
    desk.bench.api.end(tune)
    desk.bench.clock.advance(601)
    await desk.sweeper.sweep()

    desk.bench.clock.advance(601)
    again = await Desk(desk.bench, desk.store).sweeper.sweep()

    assert again == 0
    assert len(desk.bench.api.requests) == 1


async def test_what_is_not_overdue_is_left_to_its_callback(desk: Desk) -> None:
    """No request is made for it."""
    tune = desk.bench.tune()
    await desk.expect(tune)
    desk.bench.api.end(tune)
    desk.bench.clock.advance(599)

    assert await desk.sweeper.sweep() == 0
    assert desk.bench.api.requests == []


async def test_a_callback_that_came_ends_the_expectation(desk: Desk) -> None:
    """There is nothing to make good."""
    tune = desk.bench.tune()
    wait = await desk.expect(tune)
    await desk.store.put(desk.bench.callback(wait))
    desk.bench.clock.advance(601)

    assert await desk.sweeper.sweep() == 0
    assert desk.bench.api.requests == []


async def test_what_has_not_ended_is_looked_at_again(desk: Desk) -> None:
    """Less and less often, the older it is."""
    tune = desk.bench.tune()
    await desk.expect(tune)
    for _ in range(600):
        desk.bench.clock.advance(60)
        await desk.sweeper.sweep()

    looks = len(desk.bench.api.requests)
    desk.bench.api.end(tune)
    desk.bench.clock.advance(3600)
    made_good = await desk.sweeper.sweep()

    assert looks < 50
    assert made_good == 1


async def test_many_are_seen_page_by_page(desk: Desk) -> None:
    """One request for each page of objects."""
    for number in range(1, 361):
        prompt = desk.bench.prompt(number)
        await desk.expect(prompt)
        desk.bench.api.end(prompt)
    desk.bench.clock.advance(601)

    assert await desk.sweeper.sweep() == 360
    assert len(desk.bench.api.requests) == 3


async def test_a_look_that_failed_does_not_count(desk: Desk) -> None:
    """The next sweep looks again, however old the object is."""
    tune = desk.bench.tune()
    await desk.expect(tune)
    desk.bench.api.end(tune)
    desk.bench.clock.advance(100_000)
    desk.bench.api.errors.append(LOST)
    with pytest.raises(ConnectionFailed):
        await desk.sweeper.sweep()

    assert await desk.sweeper.sweep() == 1


async def test_what_never_ends_does_not_keep_the_others_waiting(desk: Desk) -> None:
    """More hanging jobs than a sweep looks at leave room for those behind them."""
    for number in range(1, LIMIT + 1):
        await desk.expect(desk.bench.prompt(number))
    desk.bench.clock.advance(1)
    last = desk.bench.prompt(LIMIT + 1)
    await desk.expect(last)
    desk.bench.api.end(last)
    desk.bench.clock.advance(601)

    first = await desk.sweeper.sweep()
    second = await desk.sweeper.sweep()

    assert (first, second) == (0, 1)


async def test_what_nobody_expects_is_passed_over(desk: Desk) -> None:
    """A page shows other objects, too."""
    for number in (1, 2, 3):
        prompt = desk.bench.prompt(number)
        if number != 2:
            await desk.expect(prompt)
        desk.bench.api.end(prompt)
    desk.bench.clock.advance(601)

    assert await desk.sweeper.sweep() == 2
    assert len(await desk.store.records()) == 2


async def test_what_lists_leave_out_is_read_alone(desk: Desk) -> None:
    """As in waiting."""
    for number in (1, 2, 3):
        prompt = desk.bench.prompt(number)
        await desk.expect(prompt)
        desk.bench.api.end(prompt)
    desk.bench.api.hidden.add(2)
    desk.bench.clock.advance(601)

    assert await desk.sweeper.sweep() == 3
    assert desk.bench.api.requests == [("page", "prompt", 4), ("one", "prompt", 2)]


async def test_what_is_gone_is_forgotten(desk: Desk) -> None:
    """A deleted object has no outcome to tell anybody."""
    wait = await desk.expect(desk.bench.tune())
    desk.bench.api.jobs.clear()
    desk.bench.clock.advance(601)

    await desk.sweeper.sweep()

    assert await desk.state(wait) is None


async def test_a_list_that_is_not_found_forgets_nothing(desk: Desk) -> None:
    """It tells nothing of the objects."""
    waits = [await desk.expect(desk.bench.tune(number)) for number in (1, 2)]
    desk.bench.api.errors.append(NotFound("Not Found", status=404))
    desk.bench.clock.advance(601)

    with pytest.raises(NotFound):
        await desk.sweeper.sweep()

    assert [await desk.state(wait) for wait in waits] == [State.EXPECTED] * 2


@pytest.mark.parametrize("error", [DecodeError("odd"), PermissionDenied("theirs", status=403)])
async def test_an_unreadable_object_does_not_stop_the_others(desk: Desk, error: Exception) -> None:
    """It is passed over, and tried again later."""
    await desk.expect(desk.bench.tune())
    prompt = desk.bench.prompt()
    await desk.expect(prompt)
    desk.bench.api.end(prompt)
    desk.bench.api.errors.append(error)
    desk.bench.clock.advance(601)

    assert await desk.sweeper.sweep() == 1


async def test_a_create_that_was_never_answered_is_searched_for(desk: Desk) -> None:
    """By its wait id, whatever became of the process that sent it."""
    prompt = desk.bench.prompt(7)
    wait = await desk.expect(prompt, known=False)
    desk.bench.api.end(attrs.evolve(prompt, callback=url(wait, "prompt")))
    desk.bench.clock.advance(601)

    made_good = await desk.sweeper.sweep()

    record = await desk.store.record(wait)
    assert made_good == 1
    assert record is not None
    assert (record.state, record.object_id) == (State.PENDING, 7)


async def test_all_that_are_searched_for_share_a_search(desk: Desk) -> None:
    """A hundred nested prompts cost one reading of the list."""
    for number in range(1, 101):
        prompt = desk.bench.prompt(number)
        wait = await desk.expect(prompt, known=False)
        desk.bench.api.put(attrs.evolve(prompt, callback=url(wait, "prompt")))
    desk.bench.clock.advance(601)

    await desk.sweeper.sweep()
    known = [it.object_id for it in await desk.store.overdue(before=_later(desk), limit=200)]

    assert sorted(it for it in known if it) == list(range(1, 101))
    assert len(desk.searches) == 1
    assert len(desk.bench.api.requests) <= 2


def _later(desk: Desk) -> dt.datetime:
    return desk.bench.clock.now() + dt.timedelta(hours=1)


async def test_what_was_never_made_is_forgotten_after_an_hour(desk: Desk) -> None:
    """Until then its create might still be going on."""
    wait = await desk.expect(desk.bench.tune(), known=False)
    desk.bench.api.jobs.clear()
    desk.bench.clock.advance(3000)
    await desk.sweeper.sweep()
    early = await desk.state(wait)

    desk.bench.clock.advance(1000)
    await desk.sweeper.sweep()

    assert early is State.EXPECTED
    assert await desk.state(wait) is None


@pytest.mark.parametrize("error", [LOST, StoreUnavailable("away"), RuntimeError("closed")])
async def test_a_failed_sweep_is_not_the_last(desk: Desk, error: Exception) -> None:
    """Whatever it failed with, the next one follows."""
    tune = desk.bench.tune()
    wait = await desk.expect(tune)
    desk.bench.api.end(tune)
    desk.bench.api.errors.append(error)
    async with anyio.create_task_group() as group:
        group.start_soon(desk.sweeper.run)

        await desk.bench.advance(900, step=10)

        group.cancel_scope.cancel()
    assert await desk.state(wait) is State.PENDING
