"""The end of a wait that nothing else ends."""

import math

import anyio
import pytest

from astria_async.protocol.errors import ConnectionFailed, WaitTimeout
from astria_async.waiting import WaitPolicy

from .bench import Bench, running

pytestmark = pytest.mark.anyio

LOST = ConnectionFailed("reset", method="GET", path="/tunes", sent=True)


async def test_a_deadline_brings_one_last_look(bench: Bench) -> None:
    """What is still not ready then ends as a timeout with the object as that look saw it."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w", seconds=30)
    await bench.settle()

    await bench.advance(30)

    assert isinstance(waiting.error, WaitTimeout)
    assert waiting.error.object is tune
    assert bench.api.requests == [("one", "tune", 1)]


async def test_what_is_ready_at_the_last_look_is_returned(bench: Bench) -> None:
    """A lost callback at the very end costs nothing."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w", seconds=30)
    await bench.settle()

    done = bench.api.end(tune)
    await bench.advance(30)

    assert waiting.result is done


async def test_no_time_at_all_is_one_look(bench: Bench) -> None:
    """timeout=0 looks, and tells what it saw."""
    done = bench.api.end(bench.tune(1))
    waits = [bench.wait(job, seconds=0) for job in (bench.tune(1), bench.tune(2))]
    bench.api.put(done)

    await bench.settle()

    assert waits[0].result is done
    assert isinstance(waits[1].error, WaitTimeout)


async def test_negative_time_counts_as_none(bench: Bench) -> None:
    """A deadline in the past is a deadline now."""
    waiting = bench.wait(bench.tune(), seconds=-5)

    await bench.settle()

    assert isinstance(waiting.error, WaitTimeout)


async def test_a_deadline_is_its_waiters_own(bench: Bench) -> None:
    """Others wait on for the same object."""
    tune = bench.tune()
    short, long = bench.wait(tune, seconds=30), bench.wait(tune, seconds=3000)
    await bench.settle()

    await bench.advance(30)

    assert isinstance(short.error, WaitTimeout)
    assert not long.done


async def test_by_default_tunes_get_three_hours_and_prompts_half_an_hour(bench: Bench) -> None:
    """There is always a deadline."""
    tune, prompt = bench.wait(bench.tune()), bench.wait(bench.prompt())
    await bench.settle()

    await bench.advance(1800, step=60)
    halfway = (tune.done, prompt.done)
    await bench.advance(2.5 * 3600, step=60)

    assert halfway == (False, True)
    assert isinstance(tune.error, WaitTimeout)


async def test_a_last_look_that_hangs_ends_too(bench: Bench) -> None:
    """Its time is bounded, and the object as last seen is what the error carries."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w", seconds=30)
    await bench.settle()
    bench.api.gate = anyio.Event()

    await bench.advance(30)
    before = waiting.done
    await bench.advance(15)

    assert not before
    assert isinstance(waiting.error, WaitTimeout)
    assert waiting.error.object is tune


async def test_a_look_from_before_the_deadline_is_not_the_last(bench: Bench) -> None:
    """It may have seen the object a moment before it was ready: one more look follows."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w", seconds=30)
    await bench.settle()
    bench.api.gate = anyio.Event()
    bench.waits.hint(["w"])
    await bench.settle()
    done = bench.api.end(tune)

    await bench.advance(30)
    bench.api.gate.set()
    await bench.settle()

    assert waiting.result is done


async def test_a_last_look_without_an_answer_says_so(bench: Bench) -> None:
    """The error tells why the object could not be seen, and has that as its cause."""
    waiting = bench.wait(bench.tune(), wait="w", seconds=30)
    await bench.settle()
    bench.api.errors.append(LOST)

    await bench.advance(30)

    assert isinstance(waiting.error, WaitTimeout)
    assert "the last look failed: ConnectionFailed" in str(waiting.error)
    assert waiting.error.__cause__ is LOST


async def test_last_looks_share_a_page(bench: Bench) -> None:
    """A thousand waits with one deadline end with one request for each page."""
    waits = [bench.wait(bench.prompt(number), wait=f"w{number}", seconds=20)
             for number in range(1, 1001)]  # fmt: skip
    await bench.settle()

    await bench.advance(20)

    assert all(isinstance(it.error, WaitTimeout) for it in waits)
    assert len(bench.api.requests) == math.ceil(1000 / 120)


async def test_last_looks_do_not_wait_for_the_ceiling() -> None:
    """The ceiling on polls holds up no deadline."""
    async with running(WaitPolicy(polls_per_minute=1)) as bench:
        waits = [bench.wait(bench.tune(number), seconds=1) for number in range(1, 10)]
        bench.api.hidden.update(range(1, 10))  # each is a request of its own
        await bench.settle()

        await bench.advance(1)

        assert all(isinstance(it.error, WaitTimeout) for it in waits)
        assert len(bench.api.requests) == 10


async def test_a_wait_that_timed_out_keeps_nothing(bench: Bench) -> None:
    """Nobody looks at an object whose only wait has ended, though its result was not taken yet."""
    bench.wait(bench.tune(), seconds=1)
    await bench.settle()

    bench.clock.advance(1)
    await bench.settle()
    await bench.advance(10_000)

    assert bench.waits.entries == {}
    assert len(bench.api.requests) == 1


async def test_an_endless_wait_is_polled(bench: Bench) -> None:
    """An infinite timeout is the user's own choice."""
    tune = bench.tune()
    waiting = bench.wait(tune, seconds=math.inf)
    await bench.settle()
    await bench.advance(5 * 3600, step=600)

    done = bench.api.end(tune)
    await bench.advance(100)

    assert waiting.result is done
