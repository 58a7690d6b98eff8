"""Waiting for many objects."""

from contextlib import aclosing
from typing import Any

import anyio
import anyio.to_thread
import pytest

from astria_async.protocol.errors import AstriaError, ClientClosed, PromptFailed, WaitTimeout
from astria_async.protocol.models import Job
from astria_async.waiting import wait_all

from .bench import START, Bench

pytestmark = pytest.mark.anyio


def everything(bench: Bench, jobs: list[Any], **options: Any) -> Any:
    """``wait_all`` over *jobs*, whose wait ids are ``w`` and their id."""
    settings: dict[str, Any] = {"timeout": None, "return_exceptions": False}
    return wait_all(bench.waits, ((job, f"w{job.id}") for job in jobs), **(settings | options))


async def gather(found: Any, into: list[Any]) -> None:
    """Put what is yielded, and an error at the end, into a list."""
    try:
        async for item in found:
            into.append(item)  # noqa: PERF401 - seen by the test at once
    except AstriaError as error:
        into.append(error)


async def test_objects_come_as_they_finish(bench: Bench) -> None:
    """Not in the order in which they were given."""
    first, second = bench.prompt(1), bench.prompt(2)
    seen: list[Job] = []
    bench.group.start_soon(gather, everything(bench, [first, second]), seen)
    await bench.settle()

    for job in (second, first):
        bench.api.end(job)
        bench.waits.hint([f"w{job.id}"])
        await bench.settle()

    assert [job.id for job in seen] == [2, 1]


async def test_what_is_ready_comes_first(bench: Bench) -> None:
    """Without a request."""
    ready = bench.tune(1, trained_at=START)
    found = everything(bench, [bench.tune(2), ready])

    async with aclosing(found):
        first = await anext(found)

    assert first is ready
    assert bench.api.requests == []


async def test_the_first_error_ends_the_iteration(bench: Bench) -> None:
    """By default, as with one object; the other waits end with it."""
    good, bad = bench.prompt(1), bench.prompt(2)
    seen: list[Any] = []
    bench.group.start_soon(gather, everything(bench, [good, bad]), seen)
    await bench.settle()

    bench.api.end(bad, user_error="Refused")
    bench.waits.hint(["w2"])
    await bench.settle()

    assert [type(item) for item in seen] == [PromptFailed]
    assert bench.waits.entries == {}


async def test_errors_are_yielded_if_wanted(bench: Bench) -> None:
    """return_exceptions=True gives every outcome in its turn."""
    good, bad = bench.prompt(1), bench.prompt(2)
    seen: list[Any] = []
    bench.group.start_soon(gather, everything(bench, [good, bad], return_exceptions=True), seen)
    await bench.settle()

    bench.api.end(bad, user_error="Refused")
    bench.api.end(good)
    bench.waits.hint(["w1", "w2"])
    await bench.settle()

    assert {type(item).__name__ for item in seen} == {"Prompt", "PromptFailed"}


async def test_an_object_that_failed_before_is_an_outcome_too(bench: Bench) -> None:
    """No wait begins for it."""
    seen: list[Any] = []
    found = everything(bench, [bench.prompt(user_error="Refused")], return_exceptions=True)

    await gather(found, seen)

    assert isinstance(seen[0], PromptFailed)


async def test_leaving_early_ends_the_other_waits(bench: Bench) -> None:
    """An iterator that is closed leaves nothing behind."""
    ready = bench.tune(1, trained_at=START)
    others = [bench.tune(number) for number in range(2, 10)]

    async with aclosing(everything(bench, [ready, *others])) as found:
        async for _ in found:
            break
    await bench.settle()

    assert bench.waits.entries == {}


async def test_breaking_out_of_a_bare_loop_ends_the_other_waits(bench: Bench) -> None:
    """Nothing needs to be closed: the iterator that is dropped ends them."""
    ready = bench.tune(1, trained_at=START)

    async for _ in everything(bench, [ready, bench.tune(2)]):
        break

    assert bench.waits.entries == {}


async def test_a_slow_reader_keeps_no_finished_object_alive(bench: Bench) -> None:
    """While its loop's body is at work, objects that have ended are not looked at."""
    jobs = [bench.prompt(number) for number in (1, 2)]
    found = everything(bench, jobs, timeout=10, return_exceptions=True)
    async with aclosing(found):
        bench.group.start_soon(bench.advance, 10)
        first = await anext(found)
        asked = len(bench.api.requests)

        await bench.advance(10_000)

        assert isinstance(first, WaitTimeout)
        assert len(bench.api.requests) == asked


async def test_one_object_twice_is_two_outcomes(bench: Bench) -> None:
    """Each that was given is yielded."""
    prompt = bench.prompt()
    seen: list[Job] = []
    bench.group.start_soon(gather, everything(bench, [prompt, prompt]), seen)
    await bench.settle()

    done = bench.api.end(prompt)
    bench.waits.hint(["w1"])
    await bench.settle()

    assert seen == [done, done]


async def test_nothing_to_wait_for_ends_at_once(bench: Bench) -> None:
    """An empty list has no outcome."""
    assert [item async for item in everything(bench, [])] == []


async def test_cancellation_ends_every_wait(bench: Bench) -> None:
    """A cancelled loop leaves nothing behind, while it begins too."""
    jobs = [bench.prompt(number) for number in range(1, 1001)]
    with anyio.CancelScope() as scope:
        scope.cancel()
        await gather(everything(bench, jobs), [])

    assert scope.cancelled_caught
    assert bench.waits.entries == {}


async def test_closing_ends_the_iteration(bench: Bench) -> None:
    """The client's end is an error like any other."""
    seen: list[Any] = []
    bench.group.start_soon(gather, everything(bench, [bench.prompt()]), seen)
    await bench.settle()

    bench.waits.close()
    await bench.settle()

    assert [type(item) for item in seen] == [ClientClosed]


async def test_a_closed_iterator_is_at_its_end(bench: Bench) -> None:
    """Nothing more comes of it."""
    found = everything(bench, [bench.tune(1, trained_at=START), bench.tune(2, trained_at=START)])
    await anext(found)
    await found.aclose()

    rest = [item async for item in found]

    assert rest == []


async def test_another_thread_ends_no_wait(bench: Bench) -> None:
    """An iterator that is collected there leaves its waits to their deadlines."""
    found = [everything(bench, [bench.tune(1, trained_at=START), bench.tune(2)])]
    await anext(found[0])

    await anyio.to_thread.run_sync(found.clear)

    assert ("tune", 2) in bench.waits.entries
