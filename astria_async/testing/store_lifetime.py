"""From the first user of a store to the last: open, check, aclose."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from astria_async.protocol.errors import ConfigurationError, StoreUnavailable
from astria_async.stores.base import Store
from astria_async.testing.store_fixtures import (
    Fixtures,
    HandClock,
    MakeStore,
    callback,
    opened,
    waits,
)


class LifetimeConformance(Fixtures):
    """Open while someone uses it, and as durable as it says."""

    async def test_closed_store_says_so(self, make_store: MakeStore, clock: HandClock) -> None:
        """A store that is not open yet, or not any more, says what to do."""
        store = make_store(clock)
        with pytest.raises(ConfigurationError, match="not open"):
            await store.put(callback())

        async with opened(store):
            pass

        with pytest.raises(ConfigurationError, match="not open"):
            await store.check()
        with pytest.raises(ConfigurationError, match="not open"):
            async with store.watch():
                pass

    async def test_users_are_counted(self, make_store: MakeStore, clock: HandClock) -> None:
        """A store stays open until its last user is done, and can be opened again."""
        store = make_store(clock)
        async with opened(store):
            async with opened(store):
                pass
            assert await store.put(callback()) is True
        await store.aclose()

        async with opened(store):
            assert waits(await store.records()) == ["a"]

    async def test_opened_at_once(self, make_store: MakeStore, clock: HandClock) -> None:
        """Several processes may be the first at the same time."""
        stores = [make_store(clock) for _ in range(5)]
        async with anyio.create_task_group() as tasks:
            for store in stores:
                tasks.start_soon(store.open)

        assert [await store.put(callback()) for store in stores] == [True] + 4 * [False]
        for store in stores:
            await store.aclose()

    async def test_cancelled_open(self, make_store: MakeStore, clock: HandClock) -> None:
        """An opening that is cancelled leaves nothing open, and can be done again."""
        store = make_store(clock)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await store.open()

        if scope.cancelled_caught:
            with pytest.raises(ConfigurationError, match="not open"):
                await store.check()
            await store.open()
        assert await store.put(callback()) is True
        await store.aclose()

    async def test_closing_while_cancelled(self, make_store: MakeStore, clock: HandClock) -> None:
        """A store is closed even in a task that is being cancelled."""
        store = make_store(clock)
        await store.open()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await store.aclose()

        with pytest.raises(ConfigurationError, match="not open"):
            await store.check()

    async def test_closing_under_calls(self, make_store: MakeStore, clock: HandClock) -> None:
        """Calls under way while the store closes end: kept, or with an error that says why."""
        store = make_store(clock)
        await store.open()
        ended: list[str] = []

        async def put(wait: str) -> None:
            try:
                await store.put(callback(wait))
            except (StoreUnavailable, ConfigurationError) as exc:
                ended.append(str(exc))
            else:
                ended.append("kept")

        async with anyio.create_task_group() as tasks:
            for number in range(50):
                tasks.start_soon(put, f"w{number}")
            await checkpoint()
            await store.aclose()

        assert len(ended) == 50
        async with opened(make_store(clock)) as again:
            assert len(await again.records(limit=100)) >= ended.count("kept") or not again.durable

    async def test_durable_store_outlives_its_user(
        self, make_store: MakeStore, clock: HandClock
    ) -> None:
        """What a durable store took is there for the next process; others promise nothing."""
        async with opened(make_store(clock)) as store:
            await store.put(callback())
            durable = store.durable

        async with opened(make_store(clock)) as store:
            found = waits(await store.find(["a"]))
        assert found == ["a"] or not durable

    async def test_check(self, store: Store) -> None:
        """A store that works proves it, as often as it is asked."""
        await store.check()
        await store.check()

        assert list(await store.records()) == []

    async def test_repr(self, store: Store) -> None:
        """Its repr names the store, on one line."""
        assert type(store).__name__ in repr(store)
        assert "\n" not in repr(store)
