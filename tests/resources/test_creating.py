"""What is sent for a tune or a prompt, and idempotency keys."""

from functools import partial
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import pytest
from anyio.lowlevel import checkpoint
from scripted import Scripted, Step, SwiftClock, answer, lost

from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import (
    ConfigurationError,
    InvalidInput,
    OutcomeUnknown,
    StoreUnavailable,
    ValidationError,
)
from astria_async.protocol.params import NewPrompt
from astria_async.stores import Expectation, MemoryStore, State

from .shop import Shop, new_receiver, open_shop
from .test_settling import expected

pytestmark = pytest.mark.anyio


def query_of(call: Any, *path: Any) -> dict[str, list[str]]:
    """The callback's query in a request."""
    value = call.content
    for name in path:
        value = value[name]
    return parse_qs(urlsplit(value["callback"]).query)


async def test_a_create_carries_its_wait_id_and_metadata(called: Shop) -> None:
    """In the callback's query, with a signature."""
    await called.tune(metadata={"user_id": "7"})

    query = query_of(called.api.posts()[0], "tune")
    assert query["kind"] == ["tune"]
    assert query["user_id"] == ["7"]
    assert len(query["wait"][0]) == 22
    assert query["sig"]


async def test_each_create_has_a_wait_id_of_its_own(called: Shop) -> None:
    """Nested prompts too, each with its own metadata."""
    await called.tune(prompts=["a cat", NewPrompt("a dog", metadata={"n": "2"})])

    call = called.api.posts()[0]
    queries = [query_of(call, "tune", "prompts_attributes", number) for number in (0, 1)]
    waits = [query_of(call, "tune")["wait"], *(query["wait"] for query in queries)]
    assert len({wait[0] for wait in waits}) == 3
    assert [query["kind"] for query in queries] == [["prompt"], ["prompt"]]
    assert [query.get("n") for query in queries] == [None, ["2"]]


async def test_without_a_receiver_there_is_no_callback(shop: Shop) -> None:
    """Nobody would hear it."""
    await shop.tune()

    assert "callback" not in shop.api.posts()[0].content["tune"]


async def test_a_callback_of_ones_own_is_sent_as_it_is(called: Shop) -> None:
    """In place of the receiver's."""
    await called.prompt(callback="https://my.example.com/")

    assert called.api.posts()[0].content["prompt"]["callback"] == "https://my.example.com/"


@pytest.mark.parametrize("options", [{}, {"callback": "https://my.example.com/"}])
async def test_metadata_needs_the_receivers_url(shop: Shop, options: dict[str, Any]) -> None:
    """It travels there and nowhere else; nothing is sent without it."""
    with pytest.raises(ConfigurationError, match="metadata"):
        await shop.prompt(metadata={"user": "7"}, **options)

    assert shop.api.calls == []


async def test_metadata_beside_a_callback_of_ones_own_would_be_lost(called: Shop) -> None:
    """So it is refused."""
    with pytest.raises(ConfigurationError, match="metadata"):
        await called.prompt(metadata={"user": "7"}, callback="https://my.example.com/")


@pytest.mark.parametrize("name", ["wait", "kind", "sig"])
async def test_metadata_may_not_take_our_names(called: Shop, name: str) -> None:
    """It is refused before anything is sent."""
    with pytest.raises(InvalidInput, match=name):
        await called.tune(metadata={name: "x"})

    assert called.api.calls == []


async def test_a_title_is_minted_unless_it_is_given(shop: Shop) -> None:
    """Accounts that merge equal titles are not to merge these."""
    one, two = await shop.tune(), await shop.tune()
    named = await shop.tune(title="Ada")

    assert one.title != two.title
    assert named.title == "Ada"


async def test_what_is_to_come_is_noted_before_it_is_sent(called: Shop, store: MemoryStore) -> None:
    """With the id once that is known, and nested prompts without."""
    await called.tune(prompts=["a cat"])

    noted = {it.kind: it.object_id for it in await expected(store)}
    assert noted == {"tune": 1, "prompt": None}


async def test_what_was_refused_is_not_expected(called: Shop, store: MemoryStore) -> None:
    """Nor are the prompts nested in it."""
    called.api.creates = [Step(answer(422, {"name": ["is odd"]}))]

    with pytest.raises(ValidationError):
        await called.tune(prompts=["a cat"])

    assert await expected(store) == []


class AwayStore(MemoryStore):
    """A store that goes away after so many verbs."""

    left = 0

    async def expect(self, expectation: Expectation) -> bool:
        self._count()
        return await super().expect(expectation)

    async def forget(self, wait: str, **options: Any) -> None:
        self._count()
        await super().forget(wait, **options)

    def _count(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise StoreUnavailable("away")


async def away(verbs: int) -> Shop:
    """A client whose store goes away."""
    clock = SwiftClock()
    store = AwayStore(clock=clock)
    await store.open()
    store.left = verbs
    return open_shop(Scripted(clock), receiver=new_receiver(clock, store), store=store)


async def test_what_cannot_be_noted_is_not_sent() -> None:
    """Better to stop here than after paying."""
    shop = await away(0)

    with pytest.raises(StoreUnavailable):
        await shop.tune()

    assert shop.api.calls == []


async def test_a_store_that_goes_away_afterwards_takes_no_object_along() -> None:
    """What was created is returned; the sweep will search for it."""
    shop = await away(1)

    assert (await shop.tune()).id == 1


async def test_a_store_that_goes_away_hides_no_refusal() -> None:
    """The server's error is the one that counts."""
    shop = await away(1)
    shop.api.creates = [Step(answer(422, {"name": ["is odd"]}))]

    with pytest.raises(ValidationError):
        await shop.tune()


async def test_a_key_finds_what_it_made(called: Shop) -> None:
    """The second create with it sends nothing."""
    first = await called.prompt(idempotency_key="order-42")

    second = await called.prompt(idempotency_key="order-42")

    assert second.id == first.id
    assert len(called.api.posts()) == 1


async def test_a_key_finds_it_after_a_crash(called: Shop) -> None:
    """Another process, another client, another secret: the wait id is the same."""
    called.api.creates = [Step(lost(), processed=True)]
    called.api.reads = [Step(), *[Step(lost())] * 10]
    with pytest.raises(OutcomeUnknown):
        await called.tune(idempotency_key="order-42")
    called.api.reads = []

    receiver = new_receiver(called.clock, secret="z" * 32)
    found = await open_shop(called.api, receiver=receiver).tune(idempotency_key="order-42")

    assert found.id == 1
    assert len(called.api.posts()) == 1


async def test_a_key_waits_out_a_create_that_was_cut_off(called: Shop, store: MemoryStore) -> None:
    """The store knows that it was sent: the server may still be at it."""
    called.api.creates = [Step(processed=True, after=2, hangs=True)]
    async with anyio.create_task_group() as group:
        group.start_soon(partial(called.tune, idempotency_key="order-42"))
        while not called.api.posts():
            await checkpoint()
        group.cancel_scope.cancel()  # the process dies as it waits for the answer

    another = open_shop(called.api, receiver=new_receiver(called.clock, store), store=store)
    found = await another.tune(idempotency_key="order-42")

    assert found.id == 1
    assert len(called.api.posts()) == 1
    assert called.passed() >= 60


async def test_a_key_whose_create_was_cut_off_and_lost_is_begun_anew(
    called: Shop, store: MemoryStore
) -> None:
    """After a minute it is proven that there is nothing."""
    called.api.creates = [Step(hangs=True)]
    async with anyio.create_task_group() as group:
        group.start_soon(partial(called.tune, idempotency_key="order-42"))
        while not called.api.posts():
            await checkpoint()
        group.cancel_scope.cancel()

    made = await called.tune(idempotency_key="order-42")

    assert made.id == 1
    assert len(called.api.posts()) == 2
    assert called.passed() == 60
    assert [it.object_id for it in await expected(store)] == [1]


async def test_a_key_that_another_gives_up_meanwhile_is_begun_anew(called: Shop) -> None:
    """Its note may be gone between two looks at the store."""

    class Forgetful(MemoryStore):
        """Whose record is dropped by another process as we look for it."""

        left = 1

        async def expect(self, expectation: Expectation) -> bool:
            self.left -= 1
            return self.left < 0 and await super().expect(expectation)

    store = Forgetful(clock=called.clock)
    await store.open()
    shop = open_shop(called.api, receiver=new_receiver(called.clock, store), store=store)

    assert (await shop.tune(idempotency_key="order-42")).id == 1


async def test_keys_are_told_apart(called: Shop) -> None:
    """Also between tunes and prompts."""
    await called.tune(idempotency_key="order-42")
    await called.tune(idempotency_key="order-43")
    await called.prompt(idempotency_key="order-42")

    assert len(called.api.posts()) == 3


async def test_one_key_at_once_is_one_create(called: Shop) -> None:
    """However many tasks begin it."""
    made: list[int] = []

    async def create() -> None:
        made.append((await called.tune(idempotency_key="order-42")).id)

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(create)

    assert made == [1] * 5
    assert len(called.api.posts()) == 1


async def test_a_key_alone_makes_the_title(shop: Shop) -> None:
    """So a tune can be found again without a receiver."""
    first = await shop.tune(idempotency_key="order-42")

    second = await open_shop(shop.api).tune(idempotency_key="order-42")

    assert second.id == first.id


@pytest.mark.parametrize(("kind", "options"), [("prompt", {}), ("tune", {"title": "Ada"})])
async def test_a_key_needs_something_to_carry_it(
    shop: Shop, kind: str, options: dict[str, Any]
) -> None:
    """Without a receiver a prompt has nothing, and a title of its own is not the key's."""
    with pytest.raises(ConfigurationError, match="idempotency_key"):
        await getattr(shop, kind)(idempotency_key="order-42", **options)

    assert shop.api.calls == []


async def test_on_an_idempotent_account_a_key_needs_nothing() -> None:
    """The account merges equal creates by itself."""
    shop = open_shop(idempotent=True)

    made = await shop.prompt(idempotency_key="order-42")

    assert made.id == 1


async def test_a_done_record_of_a_key_makes_room_for_a_new_object(
    called: Shop, store: MemoryStore
) -> None:
    """An object that was deleted is created anew."""
    made = await called.tune(idempotency_key="order-42")
    noted = (await expected(store))[0]
    await store.put(Callback(kind="tune", wait=noted.wait, received_at=called.clock.now()))
    called.api.objects["tune"].remove(called.api.objects["tune"][made.id - 1])

    again = await called.tune(idempotency_key="order-42")

    record = await store.record(noted.wait)
    assert len(called.api.posts()) == 2
    assert again.id == 1
    assert record is not None
    assert record.state is State.PENDING
