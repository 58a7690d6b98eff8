"""Callbacks, as the store tells of them."""

import contextlib
import json
from collections.abc import AsyncIterator, Collection, Sequence
from typing import Any

import pytest

from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import StoreUnavailable
from astria_async.protocol.models import Prompt
from astria_async.stores import MemoryStore

from .bench import Bench

pytestmark = pytest.mark.anyio

READY = {"trained_at": "2025-03-04T10:29:41.201Z"}


class TroubledStore(MemoryStore):
    """A store that fails when it is told to."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.trouble: Exception | None = None
        self.finds = 0

    async def find(self, waits: Collection[str]) -> Sequence[Callback]:
        self.finds += 1
        if self.trouble:
            raise self.trouble
        return await super().find(waits)

    @contextlib.asynccontextmanager
    async def watch(self) -> AsyncIterator[AsyncIterator[frozenset[str]]]:
        if self.trouble:
            raise self.trouble
        async with super().watch() as hints:
            yield hints

    def reconnect(self) -> None:
        """Tell the watchers that hints may have been lost."""
        for hints in self._watchers:
            hints.miss()


@pytest.fixture
async def store(bench: Bench) -> AsyncIterator[TroubledStore]:
    """An open store on the bench's clock."""
    store = TroubledStore(clock=bench.clock)
    await store.open()
    yield store
    await store.aclose()


async def test_a_committed_callback_is_a_hint(bench: Bench, store: TroubledStore) -> None:
    """By whichever process."""
    tune = bench.tune()
    bench.follow(store)
    waiting = bench.wait(tune, wait="w")
    await bench.settle()

    done = bench.api.end(tune)
    await store.put(bench.callback("w"))
    await bench.settle()

    assert waiting.result is done


async def test_a_callback_before_the_wait_is_found(bench: Bench, store: TroubledStore) -> None:
    """Whoever begins to wait is looked up in the store once."""
    tune = bench.tune()
    bench.follow(store)
    done = bench.api.end(tune)
    await store.put(bench.callback("w"))
    await bench.settle()

    waiting = bench.wait(tune, wait="w")
    await bench.settle()

    assert waiting.result is done


async def test_a_callback_before_the_watch_is_found(bench: Bench, store: TroubledStore) -> None:
    """A client that starts reads the store, since hints have been missed."""
    tune = bench.tune()
    waiting = bench.wait(tune, wait="w")
    await bench.settle()
    done = bench.api.end(tune)
    await store.put(bench.callback("w"))

    bench.follow(store)
    await bench.settle()

    assert waiting.result is done


async def test_lost_hints_are_made_good(bench: Bench, store: TroubledStore) -> None:
    """After a reconnection everybody is looked up again."""
    tune = bench.tune()
    bench.follow(store)
    waiting = bench.wait(tune, wait="w")
    await bench.settle()
    done = bench.api.end(tune)
    watchers, store._watchers = store._watchers, []
    await store.put(bench.callback("w"))
    store._watchers = watchers

    store.reconnect()
    await bench.settle()

    assert waiting.result is done


async def test_a_store_that_is_away_is_asked_again(bench: Bench, store: TroubledStore) -> None:
    """Polling covers meanwhile; once it is back, what came is found."""
    tune = bench.tune()
    bench.follow(store)
    await bench.settle()
    await store.put(bench.callback("w"))
    await bench.settle()
    store.trouble = StoreUnavailable("away")
    waiting = bench.wait(tune, wait="w")
    done = bench.api.end(tune)
    await bench.advance(4)
    before = waiting.done

    store.trouble = None
    await bench.advance(2)

    assert not before
    assert waiting.result is done


async def test_who_left_meanwhile_is_not_looked_up(bench: Bench, store: TroubledStore) -> None:
    """A long outage gathers nothing."""
    bench.follow(store)
    await bench.settle()
    store.trouble = StoreUnavailable("away")
    for number in range(1, 30):
        waiting = bench.wait(bench.tune(number), wait=f"w{number}")
        await bench.settle()
        waiting.scope.cancel()
    await bench.advance(60, step=5)

    assert bench.waits.newcomers == set()


@pytest.mark.parametrize("error", [StoreUnavailable("away"), OSError("driver's own")])
async def test_a_watch_that_fails_is_begun_again(
    bench: Bench, store: TroubledStore, error: Exception
) -> None:
    """Whatever a store raises, waits go on, and hints come again later."""
    tune = bench.tune()
    store.trouble = error
    bench.follow(store)
    waiting = bench.wait(tune, wait="w")
    await bench.advance(12, step=2)
    store.trouble = None

    done = bench.api.end(tune)
    await MemoryStore.put(store, bench.callback("w"))
    await bench.advance(6)

    assert waiting.result is done


async def test_an_early_callback_costs_one_look(bench: Bench, store: TroubledStore) -> None:
    """One that came before the object was ready is looked at once, not for ever."""
    tune = bench.tune()
    bench.follow(store)
    await store.put(bench.callback("w"))
    waiting = bench.wait(tune, wait="w")

    await bench.advance(30, step=1)

    assert not waiting.done
    assert len(bench.api.requests) == 1


async def test_thousands_are_looked_up_in_batches(bench: Bench, store: TroubledStore) -> None:
    """The store is asked for many at once."""
    bench.follow(store)
    for number in range(1, 1201):
        bench.wait(bench.tune(number), wait=f"w{number}")

    await bench.settle()

    assert store.finds <= 5


async def test_a_trusted_body_spares_the_fetch(bench: Bench, store: TroubledStore) -> None:
    """What it shows to be ready is taken as it is, with the fields that it does not have."""
    prompt = bench.prompt(7, raw={"id": 7, "seed": 5})
    bench.follow(store, trust_body=True)
    waiting = bench.wait(prompt, wait="w")
    await bench.settle()

    images = ["https://files.example.com/a"]
    body = json.dumps({"prompt": {"id": 7, "images": images, **READY}}).encode()
    await store.put(bench.callback("w", body=body, kind="prompt"))
    await bench.settle()

    assert isinstance(waiting.result, Prompt)
    assert (waiting.result.images, waiting.result.seed) == (tuple(images), 5)
    assert bench.api.requests == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"tune": {"id": 7, "trained_at": "2025-03-04T10:29:41Z"}}',
        b'{"prompt": {"id": 8, "images": ["https://files.example.com/a"]}}',
        b'{"prompt": {"id": 7, "images": 5}}',
        b'{"prompt": {"id": 7, "trained_at": "2025-03-04T10:29:41Z", "images": []}}',
        b'{"prompt": {"id": 7, "trained_at": null}}',
    ],
)
async def test_a_body_that_tells_no_end_is_a_hint(
    bench: Bench, store: TroubledStore, body: bytes
) -> None:
    """Unreadable, about another object, without images: then the object is fetched."""
    prompt = bench.prompt(7)
    bench.follow(store, trust_body=True)
    waiting = bench.wait(prompt, wait="w")
    await bench.settle()
    done = bench.api.end(prompt)

    await store.put(bench.callback("w", body=body, kind="prompt"))
    await bench.settle()

    assert waiting.result is done


@pytest.mark.parametrize("trust_body", [False, True])
async def test_a_callback_of_a_whole_run_is_one_for_each_prompt(
    bench: Bench, store: TroubledStore, *, trust_body: bool
) -> None:
    """Who waits for the prompts of a run listens to the run's callback, too."""
    prompts = [bench.prompt(number) for number in (1, 2)]
    bench.follow(store, trust_body=trust_body)
    waits = [bench.wait(prompt) for prompt in prompts]
    await bench.settle()

    with bench.waits.listening("run", [1, 2, 3]):
        for prompt in prompts:
            bench.api.end(prompt)
        await store.put(bench.callback("run", kind="pack"))
        await bench.settle()

    assert all(it.result is not None for it in waits)


async def test_a_run_that_called_back_before_is_found(bench: Bench, store: TroubledStore) -> None:
    """Listening begins with what is in the store."""
    prompt = bench.prompt(1)
    bench.follow(store)
    await store.put(bench.callback("run", kind="pack"))
    waiting = bench.wait(prompt)
    await bench.settle()

    bench.api.end(prompt)
    with bench.waits.listening("run", [1]):
        await bench.settle()

    assert waiting.result is not None


async def test_a_run_may_be_listened_to_twice(bench: Bench) -> None:
    """Each block ends by itself; without a wait id there is nothing to listen to."""
    with bench.waits.listening("run", [1]):
        with bench.waits.listening("run", [1]), bench.waits.listening(None, [1]):
            inside = list(bench.waits.groups)
        between = list(bench.waits.groups)

    assert (inside, between) == (["run"], ["run"])
    assert bench.waits.groups == {}
