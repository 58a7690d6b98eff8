"""When and how objects are looked at."""

import math

import anyio
import attrs
import pytest
from anyio.lowlevel import checkpoint

from astria_async.protocol.errors import (
    AstriaError,
    ConnectionFailed,
    DecodeError,
    NotFound,
    RateLimited,
    ServerError,
    WaitTimeout,
)
from astria_async.protocol.models import Job
from astria_async.waiting import WaitPolicy

from .bench import Bench, running

pytestmark = pytest.mark.anyio

LOST = ConnectionFailed("reset", method="GET", path="/tunes", sent=True)


async def test_without_callbacks_an_object_is_polled(bench: Bench) -> None:
    """A tune that is ready after a while is found by the poll that follows."""
    tune = bench.tune()
    waiting = bench.wait(tune)
    await bench.advance(300, step=1)

    done = bench.api.end(tune)
    await bench.advance(60, step=1)

    assert waiting.result is done


async def test_with_a_callback_to_come_polls_are_few(bench: Bench) -> None:
    """They are a safety net then."""
    called, polled = bench.tune(1), bench.tune(2000)
    bench.wait(called, wait="w")
    bench.wait(polled)

    await bench.advance(600, step=1)

    asked = [number for what, _, number in bench.api.requests if what == "one"]
    assert asked.count(1) < asked.count(2000) / 3


async def test_what_was_fetched_long_ago_is_looked_at_at_once(bench: Bench) -> None:
    """Nobody knows how an object stands that is not freshly created."""
    tune = bench.tune()
    bench.clock.advance(3600)
    done = bench.api.end(tune)

    waiting = bench.wait(tune, wait="w")
    await bench.settle()

    assert waiting.result is done


async def test_a_fresh_object_is_left_alone_first(bench: Bench) -> None:
    """Just created, it can hardly be ready."""
    bench.wait(bench.tune())

    await bench.advance(1)

    assert bench.api.requests == []


async def test_an_object_without_a_date_counts_as_fresh(bench: Bench) -> None:
    """A model that does not tell its age is polled all the same."""
    tune = attrs.evolve(bench.tune(), created_at=None)
    waiting = bench.wait(tune)

    bench.api.end(tune)
    await bench.advance(10, step=1)

    assert waiting.done


async def test_looks_of_many_share_pages(bench: Bench) -> None:
    """One request for each page of objects, not one for each waiter."""
    waits = [bench.wait(bench.prompt(number), wait=f"w{number}") for number in range(1, 1001)]
    await bench.settle()

    for number in range(1, 1001):
        bench.api.end(bench.prompt(number))
    bench.waits.hint(f"w{number}" for number in range(1, 1001))
    await bench.settle()

    assert all(it.result is not None for it in waits)
    assert len(bench.api.requests) == math.ceil(1000 / 120)


async def test_ids_far_apart_are_all_seen(bench: Bench) -> None:
    """What lies beyond a page gets the next one, placed where it is."""
    for number in range(1, 2001):
        bench.prompt(number)
    wanted = [bench.api.jobs["prompt", number] for number in (1, 700, 710, 1400, 2000)]
    waits = [bench.wait(job, wait=f"w{job.id}") for job in wanted]
    await bench.settle()

    for job in wanted:
        bench.api.end(job)
    bench.waits.hint(f"w{job.id}" for job in wanted)
    await bench.settle()

    assert all(it.result is not None for it in waits)
    assert len(bench.api.requests) <= 5


async def test_what_lists_leave_out_is_read_alone(bench: Bench) -> None:
    """Only a single read tells that an object is gone: lists may show another workspace."""
    tunes = [bench.tune(number) for number in (1, 2, 3)]
    waits = [bench.wait(tune, wait=f"w{tune.id}") for tune in tunes]
    bench.api.hidden.add(2)
    await bench.settle()

    for tune in tunes:
        bench.api.end(tune)
    bench.waits.hint(["w1", "w2", "w3"])
    await bench.settle()

    assert all(it.result is not None for it in waits)
    assert bench.api.requests == [("page", "tune", 4), ("one", "tune", 2)]


async def test_a_list_that_ignores_where_to_begin_is_no_endless_loop(bench: Bench) -> None:
    """Each object is then read by itself, and once a round."""
    for number in range(1, 401):
        bench.prompt(number)
    bench.api.paged = False
    waits = [bench.wait(bench.api.jobs["prompt", number], wait=f"w{number}") for number in (1, 2)]
    await bench.settle()

    bench.waits.hint(["w1", "w2"])
    await bench.settle()

    assert bench.api.requests[0] == ("page", "prompt", 3)
    assert sorted(bench.api.requests[1:]) == [("one", "prompt", 1), ("one", "prompt", 2)]
    assert not any(it.done for it in waits)


async def test_an_answer_about_another_object_is_none() -> None:
    """A read that gives something else is tried again later, not at once."""
    async with running() as bench:
        tune = bench.tune(1)
        waiting = bench.wait(tune, wait="w")
        await bench.settle()
        bench.api.jobs["tune", 1] = attrs.evolve(tune, id=2)

        bench.waits.hint(["w"])
        await bench.settle()

        assert len(bench.api.requests) == 1
        assert not waiting.done


async def test_tunes_and_prompts_are_listed_apart(bench: Bench) -> None:
    """Their ids are counted apart."""
    jobs: list[Job] = [bench.tune(1), bench.tune(2), bench.prompt(1), bench.prompt(2)]
    waits = [bench.wait(job, wait=f"{job.kind}{job.id}") for job in jobs]
    await bench.settle()

    for job in jobs:
        bench.api.end(job)
    bench.waits.hint(["tune1", "tune2", "prompt1", "prompt2"])
    await bench.settle()

    assert all(it.result is not None for it in waits)
    assert sorted(bench.api.requests) == [("page", "prompt", 3), ("page", "tune", 3)]


async def test_what_comes_while_looks_are_on_their_way_goes_together() -> None:
    """Only so many requests at once; what piles up meanwhile shares the next ones."""
    async with running(WaitPolicy(parallel=2)) as bench:
        jobs = [bench.prompt(number) for number in range(1, 101)]
        waits = [bench.wait(job, wait=f"w{job.id}") for job in jobs]
        await bench.settle()
        bench.api.gate = anyio.Event()
        for job in jobs:
            bench.api.end(job)
            bench.waits.hint([f"w{job.id}"])
            await bench.settle()

        bench.api.gate.set()
        await bench.settle()

        assert all(it.result is not None for it in waits)
        assert bench.api.most == 2
        assert len(bench.api.requests) == 3


async def test_polls_keep_below_the_ceiling() -> None:
    """However many objects lists leave out, so that each is a request of its own."""
    async with running(WaitPolicy(polls_per_minute=30)) as bench:
        for number in range(1, 501):
            bench.wait(bench.prompt(number))
        bench.api.hidden.update(range(1, 501))

        await bench.advance(600, step=2)

        assert 280 <= len(bench.api.requests) <= 330


async def test_a_callback_passes_the_ceiling() -> None:
    """What was asked for goes before polls that are held up, also where they fill every slot."""
    async with running(WaitPolicy(polls_per_minute=1, parallel=2)) as bench:
        bench.api.hidden.update(range(1, 101))
        jobs = [bench.prompt(number) for number in range(1, 101)]
        waits = [bench.wait(job, wait=f"w{job.id}") for job in jobs]
        await bench.advance(200, step=1)

        bench.api.end(jobs[0])
        bench.waits.hint(["w1"])
        await bench.settle()

        assert waits[0].result is not None


async def test_losing_every_callback_costs_a_fiftieth_of_polling_each() -> None:
    """10,000 prompts whose callbacks are all lost: requests grow with pages, not with waiters."""
    policy = WaitPolicy(polls_per_minute=100_000)
    async with running(policy) as bench:
        jobs = [bench.prompt(number) for number in range(1, 10_001)]
        waits = [bench.wait(job, wait=f"w{job.id}") for job in jobs]

        await bench.advance(110, step=5)
        for job in jobs:
            bench.api.end(job)
        await bench.advance(60, step=5)

        rounds = 170 / policy.prompt_backup[0]
        assert all(it.result is not None for it in waits)
        assert len(bench.api.requests) <= rounds * math.ceil(10_000 / 120)
        assert len(bench.api.requests) <= rounds * 10_000 / 50


async def test_failures_back_off(bench: Bench) -> None:
    """A server that fails is asked less and less often, up to five minutes, and then again."""
    tune = bench.tune()
    waiting = bench.wait(tune, seconds=8000)
    bench.api.errors = [ServerError("oops", status=500)] * 20
    await bench.advance(100, step=1)
    early = len(bench.api.requests)
    await bench.advance(3600, step=5)
    late = len(bench.api.requests) - early

    bench.api.end(tune)
    bench.api.errors.clear()
    await bench.advance(400, step=5)

    assert (early, late) == (6, 11)
    assert waiting.result is not None


async def test_a_lost_connection_does_not_end_a_wait(bench: Bench) -> None:
    """The next look decides."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()
    bench.api.errors.append(LOST)
    bench.waits.hint(["w"])
    await bench.settle()

    done = bench.api.end(tune)
    await bench.advance(3)

    assert waiting.result is done


async def test_retry_after_is_obeyed(bench: Bench) -> None:
    """429 tells when to come back."""
    bench.wait(bench.tune(), wait="w")
    await bench.settle()
    bench.api.errors.append(RateLimited("slow down", status=429, retry_after=90.0))
    bench.waits.hint(["w"])

    await bench.advance(89, step=1)
    before = len(bench.api.requests)
    await bench.advance(2, step=1)

    assert (before, len(bench.api.requests)) == (1, 2)


async def test_a_callback_cuts_a_backoff_short(bench: Bench) -> None:
    """News is a reason to try."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()
    bench.api.errors.append(RateLimited("slow down", status=429, retry_after=3000.0))
    bench.waits.hint(["w"])
    await bench.settle()

    bench.api.end(tune)
    bench.waits.hint(["w"])
    await bench.settle()

    assert waiting.result is not None


async def test_a_list_that_is_not_found_is_a_failure_like_others(bench: Bench) -> None:
    """404 on a list tells nothing of the objects."""
    waits = [bench.wait(bench.tune(number), wait=f"w{number}") for number in (1, 2)]
    await bench.settle()

    bench.api.errors.append(NotFound("Not Found", status=404))
    bench.waits.hint(["w1", "w2"])
    await bench.settle()

    assert not any(it.done for it in waits)


async def test_an_unexpected_error_ends_the_waits_and_not_the_client(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a transport raises, the lookout goes on; the waits tell what it was."""
    broken, other = bench.tune(1), bench.prompt(1)
    waits = [bench.wait(broken, wait="t"), bench.wait(other, wait="p")]
    await bench.settle()
    error = RuntimeError("the client has been closed")
    bench.api.errors.append(error)
    bench.waits.hint(["t"])
    await bench.settle()

    bench.api.end(other)
    bench.waits.hint(["p"])
    await bench.settle()

    assert type(waits[0].error) is AstriaError
    assert waits[0].error.__cause__ is error
    assert waits[1].result is not None
    assert any("look.broken" in it for it in caplog.messages)


async def test_nothing_spins_while_nothing_may_start() -> None:
    """With every slot taken and polls due, the lookout waits for an answer."""
    async with running(WaitPolicy(parallel=1)) as bench:
        for number in range(1, 400):
            bench.wait(bench.prompt(number))
        bench.api.gate = anyio.Event()
        await bench.advance(100, step=1)
        heap = len(bench.waits.looks)

        await bench.advance(100, step=1)

        assert len(bench.api.requests) == 1
        assert len(bench.waits.looks) == heap


async def test_a_clock_that_wakes_a_hair_early_is_no_endless_loop(bench: Bench) -> None:
    """Sums of floats do not meet exactly; what is due within a hair is due."""
    waiting = bench.wait(bench.tune(), wait="w", seconds=0.3)
    await bench.settle()

    for _ in range(3):
        await bench.advance(0.1)

    assert isinstance(waiting.error, WaitTimeout)


async def test_whoever_left_before_its_look_is_planned_costs_nothing(bench: Bench) -> None:
    """A look that is no longer wanted when its turn comes is not made."""
    waiting = bench.wait(bench.tune(), wait="w")
    await bench.settle()

    bench.waits.hint(["w"])
    bench.waits.leave(next(iter(bench.waits.by_wait["w"].waiters)))
    await bench.settle()

    assert bench.api.requests == []
    waiting.scope.cancel()


async def test_whoever_leaves_as_its_look_begins_is_no_trouble(bench: Bench) -> None:
    """The look is spared, or its answer is for nobody."""
    waiting = bench.wait(bench.tune(), wait="w")
    await bench.settle()
    entry = bench.waits.by_wait["w"]

    bench.waits.hint(["w"])
    while not entry.looking:
        await checkpoint()
    bench.waits.leave(next(iter(entry.waiters)))
    await bench.settle()

    assert len(bench.api.requests) <= 1
    assert bench.waits.entries == {}
    waiting.scope.cancel()


async def test_a_callback_during_a_failing_look_is_a_reason_to_try(bench: Bench) -> None:
    """The failure does not put off what was asked for meanwhile."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()
    bench.api.gate = anyio.Event()
    bench.api.errors.append(LOST)
    bench.waits.hint(["w"])
    await bench.settle()

    bench.api.end(tune)
    bench.waits.hint(["w"])
    bench.api.gate.set()
    await bench.settle()

    assert waiting.result is not None


async def test_an_object_is_waited_for_anew_while_an_old_look_is_out(bench: Bench) -> None:
    """A wait that ended and began again during a look is served by either look."""
    tune = bench.tune()
    first = bench.wait(tune, wait="w")
    await bench.settle()
    bench.api.gate = anyio.Event()
    bench.waits.hint(["w"])
    await bench.settle()
    first.scope.cancel()
    await bench.settle()

    second = bench.wait(tune, wait="w")
    bench.api.end(tune)
    bench.waits.hint(["w"])
    bench.api.gate.set()
    await bench.settle()
    bench.waits.hint(["w"])
    await bench.settle()

    assert second.result is not None


async def test_an_unreadable_answer_is_tried_again(bench: Bench) -> None:
    """A page of HTML from a proxy passes."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()
    bench.api.errors.append(DecodeError("not JSON"))
    bench.waits.hint(["w"])
    await bench.settle()

    bench.api.end(tune)
    await bench.advance(3)

    assert waiting.result is not None
