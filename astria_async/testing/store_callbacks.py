"""Keeping callbacks: put, expect, find, list, prune."""

import datetime as dt

import anyio
import pytest
from anyio.lowlevel import checkpoint

from astria_async.stores.base import State, Store
from astria_async.testing.store_fixtures import (
    START,
    Fixtures,
    HandClock,
    callback,
    claim_one,
    expectation,
    the,
    waits,
)


class CallbackConformance(Fixtures):
    """What goes in comes out, and says whether it was news."""

    async def test_first_callback_is_pending_and_due(self, store: Store, clock: HandClock) -> None:
        """The first callback to a URL is news: pending, due now, not attempted yet."""
        clock.advance(3)

        assert await store.put(callback()) is True

        record = await the(store)
        assert record.state is State.PENDING
        assert record.due_at == clock.now()
        assert (record.count, record.news, record.attempts, record.claims) == (1, 1, 0, 0)
        assert (record.object_id, record.owner, record.lease_until) == (None, None, None)
        assert (record.error, record.handled) == (None, None)

    async def test_callback_comes_back_as_it_was(self, store: Store, other: Store) -> None:
        """Kind, metadata, time to the microsecond and body come back from another process."""
        sent = callback(
            kind="prompt", metadata={"user": "7", "ü\0\n": '"\\', "": "🖼"}, body=b'\xff\0{"a"'
        )
        await store.put(sent)

        [found] = await other.find(["a", "b"])

        assert found == sent
        assert found.received_at.utcoffset() == dt.timedelta(0)

    async def test_large_body(self, store: Store) -> None:
        """A body of a mebibyte, the receiver's default limit, is kept whole."""
        body = bytes(range(256)) * 4096
        await store.put(callback(body=body))

        assert (await the(store)).callback.body == body

    async def test_repetition_only_counts(self, store: Store, clock: HandClock) -> None:
        """A callback with the same body as the last is no news, whatever its time."""
        await store.put(callback())
        before = await the(store)
        clock.advance(5)

        assert await store.put(callback(received_at=clock.now())) is False

        after = await the(store)
        assert after.count == 2
        assert (after.news, after.due_at, after.callback) == (1, before.due_at, before.callback)

    async def test_other_body_is_news(self, store: Store, clock: HandClock) -> None:
        """A callback with another body replaces the last and is due at once."""
        await store.put(callback(body=b"1", metadata={"a": "1"}))
        clock.advance(5)
        second = callback(body=b"2", metadata={"a": "2"}, received_at=clock.now())

        assert await store.put(second) is True

        record = await the(store)
        assert record.callback == second
        assert (record.count, record.news, record.due_at) == (2, 2, clock.now())

    async def test_news_starts_over(self, store: Store, clock: HandClock) -> None:
        """News on a record that was set aside makes it pending again, attempts at 0, no error."""
        await store.put(callback(body=b"1"))
        await store.release(await claim_one(store), error="no", due_at=None)
        clock.advance(5)

        await store.put(callback(body=b"2"))

        record = await the(store)
        assert (record.state, record.attempts, record.error) == (State.PENDING, 0, None)
        assert record.due_at == clock.now()

    async def test_repetition_leaves_a_done_record(self, store: Store) -> None:
        """A repetition does not bring a record back that its handlers are done with."""
        await store.put(callback())
        await store.finish(await claim_one(store), handled="x")

        assert await store.put(callback()) is False
        assert (await the(store)).state is State.DONE

    async def test_expected_is_not_a_callback(self, store: Store) -> None:
        """A record that is only expected is not found, and cannot be claimed."""
        await store.expect(expectation(metadata={"user": "7"}, object_id=12))

        record = await the(store)
        assert record.state is State.EXPECTED
        assert record.callback == callback(body=b"", metadata={"user": "7"})
        assert (record.count, record.news, record.object_id) == (0, 0, 12)
        assert list(await store.find(["a"])) == []
        assert list(await store.claim("p", kinds=["tune"], limit=1, lease=1)) == []

    async def test_expecting_again_adds_the_object_id(self, store: Store) -> None:
        """A second expectation keeps time and metadata, and adds the id that it knows."""
        first = expectation(metadata={"user": "7"})
        await store.expect(first)
        later = START + dt.timedelta(seconds=5)
        await store.expect(expectation(object_id=12, since=later))
        await store.expect(expectation())

        [late] = await store.overdue(before=later, limit=10)

        assert late.object_id == 12
        assert (late.metadata, late.since) == (first.metadata, first.since)

    async def test_expecting_what_came_already(self, store: Store) -> None:
        """A callback that came before its create answered stays, and learns the object id."""
        await store.put(callback(metadata={"user": "7"}))
        before = await the(store)

        await store.expect(expectation(object_id=12))

        record = await the(store)
        assert (record.callback, record.state) == (before.callback, State.PENDING)
        assert (record.object_id, record.count) == (12, 1)

    async def test_callback_for_an_expectation(self, store: Store, clock: HandClock) -> None:
        """The callback that was expected is news, even an empty one, and keeps the object id."""
        await store.expect(expectation(metadata={"user": "7"}, object_id=12))
        clock.advance(5)

        assert await store.put(callback(body=b"", received_at=clock.now())) is True

        record = await the(store)
        assert (record.state, record.object_id, record.count) == (State.PENDING, 12, 1)
        assert record.callback.received_at == clock.now()
        assert list(await store.overdue(before=clock.now(), limit=10)) == []

    async def test_one_alone_begins(self, store: Store) -> None:
        """Of several that note the same wait id at once, one is told that it is the first."""
        told: list[bool] = []

        async def note() -> None:
            told.append(await store.expect(expectation("a")))

        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(note)

        assert sorted(told) == [False] * 7 + [True]

    async def test_forget_of_a_time_spares_what_was_noted_since(self, store: Store) -> None:
        """Who proves one create absent does not drop the note of another that began meanwhile."""
        later = START + dt.timedelta(seconds=5)
        await store.expect(expectation("a", since=START))
        await store.expect(expectation("b", since=later))

        for wait in ("a", "b"):
            await store.forget(wait, since=START)

        assert await store.record("a") is None
        assert await store.record("b") is not None

    async def test_forget_drops_expectations_only(self, store: Store) -> None:
        """Forgetting drops what is expected, and neither a callback nor a stranger."""
        await store.expect(expectation("a"))
        await store.put(callback("b"))

        for wait in ("a", "b", "c"):
            await store.forget(wait)

        assert await store.record("a") is None
        assert waits(await store.records()) == ["b"]

    async def test_overdue_is_oldest_first(self, store: Store) -> None:
        """Overdue are those since strictly before the time given, oldest first, up to the limit."""
        for seconds, wait in ((3, "d"), (1, "b"), (2, "c"), (0, "a")):
            await store.expect(expectation(wait, since=START + dt.timedelta(seconds=seconds)))
        before = START + dt.timedelta(seconds=3)

        assert waits(await store.overdue(before=before, limit=10)) == ["a", "b", "c"]
        assert waits(await store.overdue(before=before, limit=2)) == ["a", "b"]

    async def test_find_many(self, store: Store) -> None:
        """Any number of wait ids can be looked for, with repetitions and strangers among them."""
        await store.put(callback("w7"))
        await store.put(callback("w1999"))
        asked = [f"w{number}" for number in range(2000)] * 2

        assert sorted(waits(await store.find(asked))) == ["w1999", "w7"]
        assert list(await store.find([])) == []

    async def test_records_are_newest_first(self, store: Store) -> None:
        """Records come newest first, of one state or all, before a time, up to the limit."""
        times = [START + dt.timedelta(seconds=number) for number in range(4)]
        await store.expect(expectation("a", since=times[0]))
        for wait, time in (("b", times[1]), ("d", times[3]), ("c", times[2])):
            await store.put(callback(wait, received_at=time))

        assert waits(await store.records()) == ["d", "c", "b", "a"]
        assert waits(await store.records(state=State.EXPECTED)) == ["a"]
        assert waits(await store.records(limit=2)) == ["d", "c"]
        assert waits(await store.records(before=times[2])) == ["b", "a"]
        assert waits(await store.records(state=State.PENDING, before=times[3], limit=1)) == ["c"]

    async def test_no_record(self, store: Store) -> None:
        """A wait id that nobody mentioned has no record."""
        assert await store.record("a") is None

    async def test_prune_spares_what_was_set_aside(self, store: Store, clock: HandClock) -> None:
        """Pruning deletes what was received before, but for what waits for a person."""
        await store.put(callback("aside"))
        await store.release(await claim_one(store), error="no", due_at=None)
        await store.put(callback("done"))
        await store.finish(await claim_one(store), handled="x")
        await store.put(callback("pending", kind="prompt"))
        await store.expect(expectation("expected"))
        clock.advance(1)
        await store.put(callback("late", received_at=clock.now()))

        assert await store.prune(before=clock.now()) == 3

        assert waits(await store.records()) == ["late", "aside"]
        assert waits(await store.claim("p", kinds=["prompt", "tune"], limit=9, lease=1)) == ["late"]
        assert await store.prune(before=clock.now()) == 0

    async def test_all_at_once(self, store: Store, other: Store) -> None:
        """Callbacks that come at the same time through two processes are all kept, each once."""
        news: list[bool] = []

        async def put(into: Store, number: int) -> None:
            news.append(await into.put(callback(f"w{number % 50}", body=b"same")))

        async with anyio.create_task_group() as tasks:
            for number in range(100):
                tasks.start_soon(put, (store, other)[number % 2], number)

        records = await store.records(limit=1000)
        assert sum(news) == 50
        assert sorted(waits(records)) == sorted(f"w{number}" for number in range(50))
        assert {record.count for record in records} == {2}

    @pytest.mark.parametrize("steps", range(6))
    async def test_cancelled_put_is_whole_or_not_at_all(self, store: Store, steps: int) -> None:
        """A put that is cancelled at any moment left a whole record or none, and harms no other."""
        async with anyio.create_task_group() as tasks:
            for number in range(20):
                tasks.start_soon(store.put, callback(f"w{number}", body=b"whole"))
            for _ in range(steps):
                await checkpoint()
            tasks.cancel_scope.cancel()

        assert await store.put(callback("last")) is True
        for record in await store.records(limit=100):
            assert record.callback.body in {b"whole", b"{}"}
            assert (record.state, record.count) == (State.PENDING, 1)
