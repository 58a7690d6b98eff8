"""Waking whoever waits: watch."""

import anyio
import pytest

from astria_async.stores.base import MISSED, Store
from astria_async.testing.store_fixtures import Fixtures, HandClock, callback, claim_one

BOUND = 10.0
"""Seconds, by far enough for any hint; what comes, comes within milliseconds."""


class WatchConformance(Fixtures):
    """A hint for each commit, in every process."""

    async def test_missed_comes_first(self, store: Store) -> None:
        """A watcher is told first to read what came before it watched."""
        with anyio.fail_after(BOUND):
            async with store.watch() as hints:
                assert await anext(hints) == MISSED

    async def test_hint_in_every_process(self, store: Store, other: Store) -> None:
        """A commit is hinted at in the process that made it and in others."""
        with anyio.fail_after(BOUND):
            async with store.watch() as here, other.watch() as there:
                await anext(here)
                await anext(there)
                await store.put(callback("a"))

                assert await anext(here) == {"a"}
                assert await anext(there) == {"a"}

    async def test_repetition_is_hinted_at(self, store: Store, other: Store) -> None:
        """A callback that says nothing new is a commit too."""
        await store.put(callback("a"))
        with anyio.fail_after(BOUND):
            async with other.watch() as hints:
                await anext(hints)
                await store.put(callback("a"))

                assert await anext(hints) == {"a"}

    async def test_unread_hints_gather(self, store: Store, other: Store) -> None:
        """Hints that a busy watcher does not read lose nothing and say nothing twice."""
        sent = {f"w{number}" for number in range(20)}
        heard: set[str] = set()
        with anyio.fail_after(BOUND):
            async with other.watch() as hints:
                await anext(hints)
                for wait in sent:
                    await store.put(callback(wait))
                while heard < sent:
                    news = await anext(hints)
                    assert not heard & news
                    heard |= news

        assert heard == sent

    async def test_flood_of_hints(self, store: Store, other: Store) -> None:
        """However many hints go unread, none is lost unsaid: each comes, or MISSED does."""
        sent = {f"w{number}" for number in range(1000)}
        waiting, heard = iter(sent), set[str]()
        with anyio.fail_after(6 * BOUND):
            async with other.watch() as hints:
                await anext(hints)

                async def flood() -> None:
                    for wait in waiting:
                        await store.put(callback(wait))

                async with anyio.create_task_group() as tasks:
                    for _ in range(50):
                        tasks.start_soon(flood)
                while heard < sent:
                    news = await anext(hints)
                    heard |= sent if news == MISSED else news

        assert heard == sent

    async def test_record_given_back_is_hinted_at(
        self, store: Store, other: Store, clock: HandClock
    ) -> None:
        """What can be claimed again is hinted at, for handlers of other processes."""
        await store.put(callback("a"))
        await store.put(callback("b", kind="prompt"))
        tune, prompt = await claim_one(store), await claim_one(store, kind="prompt")
        await store.finish(prompt, handled="x")
        with anyio.fail_after(BOUND):
            async with other.watch() as hints:
                await anext(hints)
                await store.release(tune, error=None, due_at=clock.now())
                assert await anext(hints) == {"a"}
                await store.replay("b")
                assert await anext(hints) == {"b"}

    async def test_news_under_a_lease_is_hinted_at_again(self, store: Store, other: Store) -> None:
        """A finish that leaves the record pending tells others that it is free."""
        await store.put(callback(body=b"1"))
        mine = await claim_one(store)
        await store.put(callback(body=b"2"))
        with anyio.fail_after(BOUND):
            async with other.watch() as hints:
                await anext(hints)
                await store.finish(mine, handled="x")

                assert await anext(hints) == {"a"}

    async def test_error_inside_the_block(self, store: Store) -> None:
        """What the watcher raises comes out of the block as it is."""
        with pytest.raises(KeyError, match="mine"), anyio.fail_after(BOUND):
            async with store.watch():
                raise KeyError("mine")

    async def test_cancelled_watcher(self, store: Store) -> None:
        """A watcher that is cancelled while it waits ends at once, and the store works on."""
        with anyio.fail_after(BOUND):
            async with anyio.create_task_group() as tasks, store.watch() as hints:
                await anext(hints)
                tasks.cancel_scope.cancel()
                await anext(hints)

        assert await store.put(callback()) is True

    async def test_many_watchers(self, store: Store) -> None:
        """Each watcher hears everything, and one that left is not missed."""
        with anyio.fail_after(BOUND):
            async with store.watch() as first:
                async with store.watch():
                    pass
                async with store.watch() as second:
                    await anext(first)
                    await anext(second)
                    await store.put(callback("a"))

                    assert await anext(first) == await anext(second) == {"a"}
