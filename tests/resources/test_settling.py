"""Creating once, whatever becomes of the answer."""

import datetime as dt
from collections.abc import AsyncIterator
from typing import Any

import pytest
from scripted import Scripted, Step, SwiftClock, answer, lost

from astria_async.protocol.errors import (
    BadRequest,
    ConnectionFailed,
    GatewayTimeout,
    OutcomeUnknown,
    RateLimited,
    ServerError,
    ValidationError,
)
from astria_async.protocol.replies import Reply
from astria_async.protocol.retry import RetryPolicy
from astria_async.stores import MemoryStore

from .shop import Shop, new_receiver, open_shop

pytestmark = pytest.mark.anyio

GATEWAY = Reply(status=504, body=b"<html><h1>504 Gateway Time-out</h1></html>")
INTERNAL = answer(500, {"error": "oops"})
LATER = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


async def expected(store: MemoryStore) -> list[Any]:
    """The callbacks that somebody still waits for."""
    return list(await store.overdue(before=LATER, limit=100))


@pytest.mark.parametrize("kind", ["tune", "prompt"])
@pytest.mark.parametrize("end", [GATEWAY, lost(), Reply(status=502), Reply(status=503)])
async def test_a_lost_answer_is_looked_for(called: Shop, kind: str, end: Any) -> None:
    """The object that carries our wait id is the one; nothing is sent again."""
    called.api.creates = [Step(end, processed=True)]

    made = await getattr(called, kind)()

    assert made.id == 1
    assert len(called.api.posts()) == 1
    assert called.passed() == 6


async def test_a_slow_server_is_waited_for(called: Shop) -> None:
    """The object may appear a while after the 504: it is looked for until a minute has passed."""
    called.api.creates = [Step(GATEWAY, processed=True, after=3)]

    made = await called.tune()

    assert made.id == 1
    assert len(called.api.posts()) == 1
    assert called.passed() == 60


@pytest.mark.parametrize("end", [GATEWAY, lost(), Reply(status=502)])
async def test_what_is_proven_absent_is_sent_again(called: Shop, end: Any) -> None:
    """After a minute of looking, and as it was: the same wait id in the same URL."""
    called.api.creates = [Step(end), Step(end)]

    await called.tune()

    first, *others = called.api.posts()
    assert len(others) == 2
    assert all(other.content == first.content for other in others)
    assert called.passed() == 120


async def test_what_never_arrived_is_sent_again_at_once(called: Shop) -> None:
    """There is nothing to look for."""
    called.api.creates = [Step(lost(sent=False)), Step(lost(sent=False))]

    await called.tune()

    assert [call.method for call in called.api.calls] == ["POST", "POST", "POST"]
    assert called.passed() == pytest.approx(1.5)


async def test_too_many_requests_is_not_processed(called: Shop) -> None:
    """429 is sent again after Retry-After, without looking."""
    called.api.creates = [Step(answer(429, {"error": "slow"}, retry_after="7"))]

    await called.tune()

    assert [call.method for call in called.api.calls] == ["POST", "POST"]
    assert called.passed() == 7


@pytest.mark.parametrize(
    ("status", "error"), [(422, ValidationError), (400, BadRequest), (429, RateLimited)]
)
async def test_a_refusal_is_final(called: Shop, status: int, error: type[Exception]) -> None:
    """422 is never sent again; 429 not more often than the policy says."""
    called.api.creates = [Step(answer(status, {"name": ["is odd"]}))] * 5

    with pytest.raises(error):
        await called.tune()

    assert len(called.api.posts()) == (5 if status == 429 else 1)


async def test_an_internal_error_is_looked_at_after_30_seconds(called: Shop) -> None:
    """Then 60, then 120, where the object is not there."""
    called.api.creates = [Step(INTERNAL), Step(INTERNAL), Step(INTERNAL)]

    await called.tune()

    assert len(called.api.posts()) == 4
    assert called.passed() == 30 + 60 + 120


async def test_an_internal_error_may_have_made_the_object(called: Shop) -> None:
    """It is found, and not made twice."""
    called.api.creates = [Step(INTERNAL, processed=True)]

    made = await called.tune()

    assert made.id == 1
    assert (len(called.api.posts()), called.passed()) == (1, 30)


@pytest.mark.parametrize("end", [GATEWAY, INTERNAL, lost()])
async def test_tries_come_to_an_end(end: Any) -> None:
    """The last error is raised, once it is proven that nothing was made."""
    shop = open_shop(policy=RetryPolicy(attempts=2, jitter=0.0))
    shop.api.creates = [Step(end)] * 2

    with pytest.raises((GatewayTimeout, ServerError, ConnectionFailed)):
        await shop.tune()

    assert len(shop.api.posts()) == 2


async def test_a_stream_is_sent_once(called: Shop) -> None:
    """What cannot be read again is looked for, and the error is raised if it is absent."""

    async def picture() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff" * 100

    called.api.creates = [Step(GATEWAY)]

    with pytest.raises(GatewayTimeout):
        await called.tunes.create(name="cat", images=[picture()])

    assert len(called.api.posts()) == 1


async def test_a_stream_whose_answer_was_lost_is_found(called: Shop) -> None:
    """It was processed, whoever can or cannot read it again."""

    async def picture() -> AsyncIterator[bytes]:
        yield b"\xff\xd8\xff" * 100

    called.api.creates = [Step(lost(), processed=True)]

    made = await called.tunes.create(name="cat", images=[picture()])

    assert made.id == 1


@pytest.mark.parametrize("read", [lost(), answer(401, {"error": "no"}), Reply(status=200)])
async def test_if_looking_fails_too_the_outcome_is_unknown(called: Shop, read: Any) -> None:
    """The error says what to look for, and nothing is sent again."""
    called.api.creates = [Step(GATEWAY, processed=True)]
    called.api.reads = [Step(read)] * 10

    with pytest.raises(OutcomeUnknown, match="looking for it failed") as caught:
        await called.tune(title="Ada")

    assert caught.value.sent["title"] == "Ada"
    assert len(caught.value.sent["wait"]) == 22
    assert isinstance(caught.value.__cause__, GatewayTimeout)
    assert len(called.api.posts()) == 1


async def test_an_unknown_outcome_keeps_its_callback_expected(
    called: Shop, store: MemoryStore
) -> None:
    """The object may exist: handlers will hear of it."""
    called.api.creates = [Step(lost(), processed=True)]
    called.api.reads = [Step(lost())] * 10

    with pytest.raises(OutcomeUnknown):
        await called.tune()

    assert len(await expected(store)) == 1


async def test_a_client_that_is_closed_meanwhile_leaves_the_outcome_unknown(called: Shop) -> None:
    """Not merely "closed": something may have been paid for."""
    called.api.creates = [Step(lost(), processed=True)]
    sleep = called.clock.sleep

    async def sleep_and_close(seconds: float) -> None:
        called.core.is_open = False
        await sleep(seconds)

    called.clock.sleep = sleep_and_close  # type: ignore[method-assign]

    with pytest.raises(OutcomeUnknown, match="closed"):
        await called.tune()


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"id": 1, "tit', b"[]", b'{"title": "x"}'])
async def test_an_answer_that_cannot_be_read_is_looked_for(called: Shop, body: bytes) -> None:
    """2xx says that it was made."""
    called.api.creates = [Step(Reply(status=201, body=body), processed=True)]

    made = await called.tune()

    assert made.id == 1
    assert len(called.api.posts()) == 1


async def test_an_answer_that_cannot_be_read_and_no_object_is_unknown(called: Shop) -> None:
    """It is not sent again: the server said that it was processed."""
    called.api.creates = [Step(Reply(status=200, body=b"<html>sign in</html>"))]

    with pytest.raises(OutcomeUnknown, match="nothing like it was found"):
        await called.tune()

    assert len(called.api.posts()) == 1


async def test_without_a_receiver_the_title_tells(shop: Shop) -> None:
    """It is a UUID of our own unless one was given."""
    shop.api.put("tune", title="other")
    shop.api.creates = [Step(GATEWAY, processed=True)]

    made = await shop.tune()

    assert made.id == 2
    assert len(shop.api.posts()) == 1


async def test_without_a_receiver_the_text_tells(shop: Shop) -> None:
    """Of a prompt, on the same tune."""
    shop.api.put("prompt", text="a dog", tune_id=5)
    shop.api.creates = [Step(GATEWAY, processed=True)]

    made = await shop.prompt("a cat")

    assert made.id == 2
    assert len(shop.api.posts()) == 1


async def test_several_candidates_are_an_unknown_outcome(shop: Shop) -> None:
    """Somebody else made the same prompt at the same time."""
    shop.api.put("prompt", text="a cat", tune_id=5)
    shop.api.creates = [Step(GATEWAY, processed=True)]

    with pytest.raises(OutcomeUnknown) as caught:
        await shop.prompt("a cat")

    assert caught.value.candidates == (2, 1)
    assert len(shop.api.posts()) == 1


async def test_what_this_client_made_before_is_not_taken_for_it(shop: Shop) -> None:
    """Two equal prompts are two prompts, though the answer to the second was lost."""
    first = await shop.prompt("a cat")
    shop.api.creates = [Step(GATEWAY, processed=True)]
    second = await shop.prompt("a cat")

    shop.api.creates = [Step(GATEWAY)]
    third = await shop.prompt("a cat")

    assert [first.id, second.id, third.id] == [1, 2, 3]
    assert len(shop.api.posts()) == 4


async def test_a_prompt_with_nothing_to_know_it_by_is_an_unknown_outcome(shop: Shop) -> None:
    """That it cannot be found proves nothing."""
    shop.api.creates = [Step(GATEWAY)]

    with pytest.raises(OutcomeUnknown, match="nothing tells it from others"):
        await shop.prompt(None, video_first_frame="https://example.com/1.jpg")

    assert len(shop.api.posts()) == 1


async def test_an_idempotent_account_gets_it_again_after_a_minute() -> None:
    """Equal creates are merged there, so nothing needs to be looked for."""
    shop = open_shop(idempotent=True)
    shop.api.creates = [Step(GATEWAY, processed=True), Step(answer(200, {"id": 1}))]

    made = await shop.prompt("a cat")

    first, second = shop.api.calls
    assert made.id == 1
    assert first.content == second.content
    assert shop.passed() == 60


async def test_the_last_try_on_an_idempotent_account_is_looked_for() -> None:
    """It may have made the object, and there is no further try to tell."""
    shop = open_shop(idempotent=True, policy=RetryPolicy(attempts=1, jitter=0.0))
    shop.api.creates = [Step(GATEWAY, processed=True)]

    made = await shop.prompt("a cat")

    assert made.id == 1
    assert len(shop.api.posts()) == 1


async def test_a_callback_of_ones_own_helps_to_find_it(called: Shop) -> None:
    """The object carries it."""
    called.api.put("prompt", text="a cat", tune_id=5, callback="https://my.example.com/1")
    called.api.creates = [Step(GATEWAY, processed=True)]

    made = await called.prompt("a cat", callback="https://my.example.com/2")

    assert made.id == 2


async def test_what_is_passed_as_extra_counts_as_given(shop: Shop) -> None:
    """A title or text that goes around the parameters is what the server knows."""
    shop.api.creates = [Step(GATEWAY, processed=True), Step(GATEWAY, processed=True)]

    tune = await shop.tune(extra={"title": "Ada"})
    prompt = await shop.prompt(None, extra={"text": "a cat"})

    assert (tune.title, prompt.text) == ("Ada", "a cat")
    assert len(shop.api.posts()) == 2


async def test_an_object_is_known_whoever_signed_its_callback() -> None:
    """A secret that was changed meanwhile hides nothing."""
    clock = SwiftClock()
    api = Scripted(clock)
    first = open_shop(api, receiver=new_receiver(clock, secret="x" * 32))
    second = open_shop(api, receiver=new_receiver(clock, secret="y" * 32))
    made = await first.prompt(idempotency_key="order-42")

    again = await second.prompt(idempotency_key="order-42")

    assert again.id == made.id
    assert len(api.posts()) == 1


async def test_thousands_of_creates_are_not_remembered_for_ever(shop: Shop) -> None:
    """Only the latest ones can be confused with one another."""
    settler = shop.core.creator._settler
    for number in range(5000):
        settler._made["tune", number] = None

    await shop.tune()

    assert len(settler._made) <= 5000
