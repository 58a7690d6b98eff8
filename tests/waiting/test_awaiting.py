"""Waiting for one object."""

from typing import Any

import anyio
import attrs
import pytest

from astria_async.protocol.errors import (
    AuthenticationError,
    ClientClosed,
    Deleted,
    PromptFailed,
    TuneFailed,
)
from astria_async.protocol.models import Job
from astria_async.waiting import WaitPolicy, wait_ready

from .bench import START, Bench, running

pytestmark = pytest.mark.anyio


async def test_what_is_ready_returns_at_once(bench: Bench) -> None:
    """An object that ended well needs no request and no wait, as FaceID tunes are at creation."""
    tune = bench.tune(trained_at=START)

    ready = await wait_ready(bench.waits, tune, wait=None, timeout=None)

    assert ready is tune
    assert bench.api.requests == []


async def test_what_has_failed_raises_at_once(bench: Bench) -> None:
    """An object that ended badly raises its error, which carries it."""
    tune = bench.tune(user_error="Too few faces")

    with pytest.raises(TuneFailed, match="Too few faces") as caught:
        await wait_ready(bench.waits, tune, wait=None, timeout=None)

    assert caught.value.object is tune


async def test_a_callback_ends_the_wait(bench: Bench) -> None:
    """A hint of the object's wait id brings one look, and the object that it showed."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()

    done = bench.api.end(tune)
    bench.waits.hint(["w"])
    await bench.settle()

    assert waiting.result is done
    assert bench.api.requests == [("one", "tune", 1)]


async def test_a_callback_while_looking_is_looked_at_afterwards(bench: Bench) -> None:
    """A look that began before the callback may show the time before: another one follows."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()
    bench.api.gate = anyio.Event()
    bench.waits.hint(["w"])
    await bench.settle()

    bench.api.end(tune)
    bench.waits.hint(["w"])
    bench.api.gate.set()
    await bench.settle()

    assert waiting.result is not None
    assert len(bench.api.requests) == 2


async def test_a_callback_survives_an_older_page() -> None:
    """A page that was fetched before the callback does not put off the look that it asked for."""
    async with running(WaitPolicy(parallel=1)) as bench:
        tunes = [bench.tune(number) for number in (1, 2, 3)]
        waits = [bench.wait(tune, wait=f"w{tune.id}") for tune in tunes]
        await bench.settle()
        bench.api.gate = anyio.Event()
        bench.waits.hint(["w1", "w3"])  # one page, which happens to show the second tune too
        await bench.settle()
        bench.api.end(tunes[1])

        bench.waits.hint(["w2"])  # no room for its look yet
        await bench.settle()
        bench.api.gate.set()
        await bench.settle()

        assert [it.done for it in waits] == [False, True, False]


async def test_many_callbacks_mean_one_look(bench: Bench) -> None:
    """Callbacks for one object that come together cost one request."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()

    bench.api.end(tune)
    for _ in range(20):
        bench.waits.hint(["w"])
    await bench.settle()

    assert waiting.done
    assert len(bench.api.requests) == 1


async def test_a_callback_for_nobody_is_nothing(bench: Bench) -> None:
    """A hint for an object that nobody waits for costs no request."""
    bench.tune()

    bench.waits.hint(["w"])
    await bench.settle()

    assert bench.api.requests == []


async def test_many_waiters_share_a_look_and_its_outcome(bench: Bench) -> None:
    """One request ends every wait for one object, all with the same object."""
    tune = bench.tune()
    waits = [bench.wait(tune, wait="w") for _ in range(50)]
    await bench.settle()

    done = bench.api.end(tune)
    bench.waits.hint(["w"])
    await bench.settle()

    assert all(it.result is done for it in waits)
    assert len(bench.api.requests) == 1


async def test_an_outcome_is_final(bench: Bench) -> None:
    """What is learnt after the end, from an answer that was slower, changes no outcome."""
    tune = bench.tune()
    waits = [bench.wait(tune, wait="w") for _ in range(2)]
    await bench.settle()

    done = bench.api.end(tune)
    bench.waits.learn(done)
    bench.waits.learn(tune)
    await bench.settle()

    assert [it.result for it in waits] == [done, done]


async def test_failure_raises_for_every_waiter(bench: Bench) -> None:
    """A prompt that ends with an error raises it for all, each time as an error of its own."""
    prompt = bench.prompt()
    waits = [bench.wait(prompt, wait="w") for _ in range(2)]
    await bench.settle()

    bench.api.end(prompt, images=(), user_error="Refused")
    bench.waits.hint(["w"])
    await bench.settle()

    errors = [it.error for it in waits]
    assert all(isinstance(error, PromptFailed) and "Refused" in str(error) for error in errors)
    assert errors[0] is not errors[1]


async def test_an_empty_prompt_is_read_once_more(bench: Bench) -> None:
    """A prompt that ended without image or reason may get its images a moment later."""
    prompt = bench.prompt()
    waiting = bench.wait(prompt, wait="w")
    await bench.settle()
    bench.api.end(prompt, images=())
    bench.waits.hint(["w"])
    await bench.settle()

    done = bench.api.end(prompt)
    await bench.advance(2)

    assert waiting.result is done


async def test_a_prompt_that_stays_empty_failed(bench: Bench) -> None:
    """The second look at an ended prompt without images counts."""
    prompt = bench.prompt()
    waiting = bench.wait(prompt, wait="w")
    await bench.settle()
    bench.api.end(prompt, images=())
    bench.waits.hint(["w"])

    await bench.advance(2)

    assert isinstance(waiting.error, PromptFailed)
    assert len(bench.api.requests) == 2


async def test_what_is_gone_is_deleted(bench: Bench) -> None:
    """404 on the object itself ends the wait."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()

    del bench.api.jobs["tune", 1]
    bench.waits.hint(["w"])
    await bench.settle()

    assert isinstance(waiting.error, Deleted)
    assert "tune 1 is gone" in str(waiting.error)


async def test_a_refused_key_ends_every_wait(bench: Bench) -> None:
    """401 will not pass by itself."""
    waits = [bench.wait(bench.tune(number), wait=f"w{number}") for number in (1, 2)]
    await bench.settle()

    bench.api.errors.append(AuthenticationError("Access denied", status=401))
    bench.waits.hint(["w1", "w2"])
    await bench.settle()

    assert all(isinstance(it.error, AuthenticationError) for it in waits)


async def test_an_error_is_handed_out_afresh(bench: Bench) -> None:
    """Each waiter gets an exception of its own, since each adds its own traceback."""
    waits = [bench.wait(bench.tune(), wait="w") for _ in range(2)]
    await bench.settle()

    bench.api.errors.append(AuthenticationError("Access denied", status=401))
    bench.waits.hint(["w"])
    await bench.settle()

    assert waits[0].error is not waits[1].error


async def test_progress_is_told_until_the_end(bench: Bench) -> None:
    """on_progress gets each look that shows the object unready, and not the last one."""
    seen: list[Job] = []
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w", on_progress=seen.append)
    await bench.settle()
    bench.waits.hint(["w"])
    await bench.settle()
    started = attrs.evolve(tune, started_training_at=START)
    bench.api.put(started)
    bench.waits.hint(["w"])
    await bench.settle()

    bench.api.end(started)
    bench.waits.hint(["w"])
    await bench.settle()

    assert seen == [tune, started]
    assert waiting.done


async def test_an_error_in_on_progress_is_its_callers(bench: Bench) -> None:
    """It comes out of that wait_ready, and other waits go on."""

    def fail(job: Job) -> None:
        raise ZeroDivisionError(job.id)

    tune = bench.tune()
    broken = bench.wait(tune, wait="w", on_progress=fail)
    waiting = bench.wait(tune, wait="w")
    await bench.settle()
    bench.waits.hint(["w"])
    await bench.settle()

    bench.api.end(tune)
    bench.waits.hint(["w"])
    await bench.settle()

    assert isinstance(broken.error, ZeroDivisionError)
    assert waiting.result is not None


async def test_cancelling_one_wait_leaves_the_others(bench: Bench) -> None:
    """Each wait is its caller's own."""
    tune = bench.tune()
    first, second = (bench.wait(tune, wait="w") for _ in range(2))
    await bench.settle()

    first.scope.cancel()
    await bench.settle()
    bench.api.end(tune)
    bench.waits.hint(["w"])
    await bench.settle()

    assert first.cancelled
    assert second.result is not None


async def test_nothing_is_kept_when_nobody_waits(bench: Bench) -> None:
    """The last waiter that leaves takes the entry along, and no look follows."""
    waiting = bench.wait(bench.tune(), wait="w")
    await bench.settle()

    waiting.scope.cancel()
    await bench.advance(1000)

    assert (bench.waits.entries, bench.waits.by_wait, bench.waits.newcomers) == ({}, {}, set())
    assert bench.api.requests == []


async def test_closing_ends_every_wait(bench: Bench) -> None:
    """A wait cannot outlive its client."""
    waits = [bench.wait(bench.tune(number)) for number in (1, 2)]
    await bench.settle()

    bench.waits.close()
    await bench.settle()

    assert all(isinstance(it.error, ClientClosed) for it in waits)


async def test_no_wait_begins_after_closing(bench: Bench) -> None:
    """A closed client refuses, rather than to wait for ever."""
    bench.waits.close()

    with pytest.raises(ClientClosed):
        await wait_ready(bench.waits, bench.tune(), wait=None, timeout=None)


async def test_a_wait_id_that_is_learnt_later_counts(bench: Bench) -> None:
    """The second waiter may know the callback that the first did not."""
    tune = bench.tune()
    waits: list[Any] = [bench.wait(tune), bench.wait(tune, wait="w")]
    await bench.settle()

    bench.api.end(tune)
    bench.waits.hint(["w"])
    await bench.settle()

    assert all(it.done for it in waits)


async def test_two_objects_with_one_wait_id_are_kept_apart(bench: Bench) -> None:
    """A copy may carry the callback of its original: it is polled, and each leaves by itself."""
    original, copy = bench.prompt(1), bench.prompt(2)
    waits = [bench.wait(original, wait="w")]
    await bench.settle()
    waits.append(bench.wait(copy, wait="w"))
    await bench.settle()

    bench.api.end(original)
    bench.waits.hint(["w"])
    await bench.settle()
    waits[1].scope.cancel()
    await bench.settle()

    assert waits[0].result is not None
    assert bench.waits.entries == {}
