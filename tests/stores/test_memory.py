"""What the memory store does beside the contract: it stays small."""

import datetime as dt

import pytest

from astria_async.stores import MemoryStore, State, Store
from astria_async.testing.store_fixtures import callback, claim_one, expectation, waits
from astria_async.testing.stores import HandClock, opened

pytestmark = pytest.mark.anyio


async def put(store: Store, clock: HandClock, *names: str) -> None:
    """Put callbacks, a second apart."""
    for name in names:
        await store.put(callback(name, received_at=clock.now()))
        clock.advance(1)


async def test_oldest_is_dropped() -> None:
    """A full store drops the oldest for the latest."""
    clock = HandClock()
    async with opened(MemoryStore(clock=clock, max_records=3)) as store:
        await put(store, clock, "a", "b", "c", "d")

        assert waits(await store.records()) == ["d", "c", "b"]
        assert waits(await store.claim("p", kinds=["tune"], limit=9, lease=60)) == ["b", "c", "d"]


async def test_what_is_needed_least_is_dropped_first() -> None:
    """Done records go before expected ones, then pending, set aside, and leased ones last."""
    clock = HandClock()
    async with opened(MemoryStore(clock=clock, max_records=5)) as store:
        await put(store, clock, "leased", "aside", "done")
        leased, aside, done = await store.claim("p", kinds=["tune"], limit=3, lease=600)
        await store.release(aside, error="no", due_at=None)
        await store.finish(done, handled="x")
        await store.expect(expectation("expected", since=clock.now()))
        await put(store, clock, "pending")
        gone = []
        for number in range(5):
            before = set(waits(await store.records()))
            await put(store, clock, f"new{number}")
            gone += sorted(before - set(waits(await store.records())))

        assert gone == ["done", "expected", "pending", "new0", "new1"]
        assert await store.finish(leased, handled="x") is True


async def test_the_latest_is_never_dropped() -> None:
    """What was just acknowledged stays, even if everything else is needed more."""
    clock = HandClock()
    async with opened(MemoryStore(clock=clock, max_records=1)) as store:
        await put(store, clock, "a")
        await claim_one(store)
        await put(store, clock, "b")

        assert waits(await store.records()) == ["b"]


async def test_news_makes_a_record_young() -> None:
    """A record counts by its latest callback, however many came before, and costs no more."""
    clock = HandClock()
    async with opened(MemoryStore(clock=clock, max_records=2)) as store:
        await put(store, clock, "a", "b")
        for number in range(200):
            await store.put(callback("a", b"%d" % number, received_at=clock.now()))
            clock.advance(1)
        await put(store, clock, "c")

        assert waits(await store.records()) == ["c", "a"]


async def test_retention() -> None:
    """Records are dropped once they are older than the retention, but for those set aside."""
    clock = HandClock()
    async with opened(MemoryStore(clock=clock, retention=100)) as store:
        await put(store, clock, "aside")
        await store.release(await claim_one(store), error="no", due_at=None)
        await put(store, clock, "old")
        clock.advance(100)
        await put(store, clock, "new")

        assert waits(await store.records()) == ["new", "aside"]


async def test_records_outlive_the_last_user() -> None:
    """A store that is closed and opened again, as by a second client, still has its records."""
    store = MemoryStore(clock=HandClock())
    async with opened(store):
        await store.put(callback())
    async with opened(store):
        assert waits(await store.records()) == ["a"]


async def test_agenda_does_not_grow() -> None:
    """Renewing one lease again and again costs no memory, and the record is still found."""
    clock = HandClock()
    store = MemoryStore(clock=clock)
    async with opened(store):
        await put(store, clock, "a")
        record = await claim_one(store)
        for _ in range(1000):
            clock.advance(1)
            await store.renew(record, lease=60)

        assert len(store._agendas["tune"].entries) < 100
        assert await store.next_due(["tune"]) == clock.now() + dt.timedelta(seconds=60)
        clock.advance(60)
        assert waits([await claim_one(store)]) == ["a"]


async def test_repr_tells_how_full_it_is() -> None:
    """Its repr tells the number of records, and nothing of what is in them."""
    clock = HandClock()
    async with opened(MemoryStore(clock=clock)) as store:
        await put(store, clock, "a", "b")

        assert repr(store) == "<MemoryStore of 2 records>"
        assert {record.state for record in await store.records()} == {State.PENDING}
