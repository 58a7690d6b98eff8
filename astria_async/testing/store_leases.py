"""Handing records to handlers: claim, renew, finish, release, replay."""

import datetime as dt

import anyio
import pytest

from astria_async.stores.base import Record, State, Store
from astria_async.testing.store_fixtures import (
    START,
    Fixtures,
    HandClock,
    callback,
    claim_one,
    the,
    waits,
)


class LeaseConformance(Fixtures):
    """One process at a time, until it says so or its time is up."""

    async def test_claimed_record_is_leased(self, store: Store, clock: HandClock) -> None:
        """A claim counts an attempt, and gives the record to its owner for the time asked."""
        await store.put(callback())

        [record] = await store.claim("p", kinds=["tune"], limit=10, lease=60)

        until = clock.now() + dt.timedelta(seconds=60)
        assert (record.owner, record.lease_until) == ("p", until)
        assert (record.attempts, record.claims, record.callback.attempt) == (1, 1, 1)
        assert record == await the(store)

    async def test_leased_record_is_not_shared(self, store: Store, other: Store) -> None:
        """What one process has claimed another does not get."""
        await store.put(callback())
        await claim_one(store)

        assert list(await other.claim("q", kinds=["tune"], limit=10, lease=60)) == []

    async def test_expired_lease_is_taken(
        self, store: Store, other: Store, clock: HandClock
    ) -> None:
        """A lease that ran out goes to whoever asks, and its former owner can do nothing more."""
        await store.put(callback())
        mine = await claim_one(store)
        clock.advance(60)

        theirs = await claim_one(other, owner="q")

        assert (theirs.owner, theirs.attempts, theirs.callback.attempt) == ("q", 2, 2)
        assert await store.renew(mine, lease=60) is False
        assert await store.finish(mine, handled="x") is False
        assert await store.release(mine, error="no", due_at=clock.now()) is False
        assert await the(store) == theirs

    async def test_expired_lease_taken_by_its_own_owner(
        self, store: Store, clock: HandClock
    ) -> None:
        """A second lease of the same owner is not the first."""
        await store.put(callback())
        first = await claim_one(store)
        clock.advance(60)
        second = await claim_one(store)

        assert await store.finish(first, handled="x") is False
        assert await store.finish(second, handled="x") is True

    async def test_late_but_first(self, store: Store, clock: HandClock) -> None:
        """A lease that ran out but was not taken can still be finished."""
        await store.put(callback())
        mine = await claim_one(store)
        clock.advance(3600)

        assert await store.finish(mine, handled="x") is True

    async def test_claims_what_is_due_longest(self, store: Store, clock: HandClock) -> None:
        """A claim takes only what is due, of its kinds, due longest first, up to its limit."""
        for wait in ("a", "b", "c"):
            await store.put(callback(wait))
            clock.advance(1)
        await store.put(callback("other", kind="pack"))
        later = clock.now() + dt.timedelta(seconds=60)
        [record] = await store.claim("p", kinds=["tune"], limit=1, lease=60)
        await store.release(record, error="no", due_at=later)

        assert waits([record]) == ["a"]
        assert waits(await store.claim("p", kinds=["tune"], limit=1, lease=60)) == ["b"]
        assert waits(await store.claim("p", kinds=["tune", "prompt"], limit=9, lease=60)) == ["c"]
        assert list(await store.claim("p", kinds=[], limit=9, lease=60)) == []
        assert list(await store.claim("p", kinds=["pack"], limit=0, lease=60)) == []

    async def test_renewed_lease(self, store: Store, clock: HandClock) -> None:
        """A renewed lease runs anew from now."""
        await store.put(callback())
        mine = await claim_one(store)
        clock.advance(50)

        assert await store.renew(mine, lease=60) is True

        clock.advance(59)
        assert list(await store.claim("q", kinds=["tune"], limit=1, lease=1)) == []
        assert await store.finish(mine, handled="x") is True

    async def test_finished_record(self, store: Store) -> None:
        """A finished record is done, free, and tells the outcome; it cannot be finished twice."""
        await store.put(callback())
        mine = await claim_one(store)

        assert await store.finish(mine, handled="ready") is True

        record = await the(store)
        assert (record.state, record.handled) == (State.DONE, "ready")
        assert (record.owner, record.lease_until, record.attempts) == (None, None, 1)
        assert await store.next_due(["tune"]) is None
        assert await store.finish(mine, handled="again") is False
        assert (await the(store)).handled == "ready"

    async def test_news_while_leased(self, store: Store, clock: HandClock) -> None:
        """News stays with the lease's owner, and after its finish is due at once."""
        await store.put(callback(body=b"1"))
        mine = await claim_one(store)
        clock.advance(1)
        await store.put(callback(body=b"2"))
        assert list(await store.claim("q", kinds=["tune"], limit=1, lease=1)) == []
        clock.advance(1)

        assert await store.finish(mine, handled="x") is True

        record = await the(store)
        assert (record.state, record.handled) == (State.PENDING, "x")
        assert record.due_at == clock.now()
        assert (await claim_one(store, owner="q")).callback.body == b"2"

    async def test_news_that_returns_to_the_first_body(self, store: Store) -> None:
        """Two pieces of news are noticed, even if the second says what the handler was given."""
        await store.put(callback(body=b"1"))
        mine = await claim_one(store)
        await store.put(callback(body=b"2"))
        await store.put(callback(body=b"1"))

        await store.finish(mine, handled="x")

        assert (await the(store)).state is State.PENDING

    async def test_repetition_while_leased(self, store: Store) -> None:
        """A repetition does not make the handlers run again."""
        await store.put(callback())
        mine = await claim_one(store)
        await store.put(callback())

        await store.finish(mine, handled="x")

        assert (await the(store)).state is State.DONE

    async def test_failed_attempt_is_due_later(self, store: Store, clock: HandClock) -> None:
        """A record given back with an error waits until it is due, and keeps what was said."""
        await store.put(callback())
        later = clock.now() + dt.timedelta(seconds=30)

        assert await store.release(await claim_one(store), error="boom", due_at=later) is True

        record = await the(store)
        assert (record.state, record.error, record.attempts) == (State.PENDING, "boom", 1)
        assert (record.owner, record.lease_until, record.due_at) == (None, None, later)
        assert await store.next_due(["tune"]) == later
        assert list(await store.claim("p", kinds=["tune"], limit=1, lease=1)) == []
        clock.advance(30)
        assert (await claim_one(store)).attempts == 2

    async def test_attempt_that_does_not_count(self, store: Store, clock: HandClock) -> None:
        """A record given back without an error was not attempted, and keeps its last error."""
        await store.put(callback())
        await store.release(await claim_one(store), error="boom", due_at=clock.now())

        await store.release(await claim_one(store), error=None, due_at=clock.now())

        record = await the(store)
        assert (record.attempts, record.error) == (1, "boom")

    async def test_set_aside(self, store: Store) -> None:
        """A record without a next time is set aside, and nobody claims it."""
        await store.put(callback())

        assert await store.release(await claim_one(store), error="boom", due_at=None) is True

        record = await the(store)
        assert (record.state, record.error, record.owner) == (State.SET_ASIDE, "boom", None)
        assert await store.next_due(["tune"]) is None
        assert list(await store.claim("p", kinds=["tune"], limit=1, lease=1)) == []

    @pytest.mark.parametrize("due", [None, START + dt.timedelta(days=1)])
    async def test_news_goes_before_failure(
        self, store: Store, clock: HandClock, due: dt.datetime | None
    ) -> None:
        """A record given back after news came is due at once, its attempts at 0."""
        await store.put(callback(body=b"1"))
        mine = await claim_one(store)
        await store.put(callback(body=b"2"))
        clock.advance(1)

        await store.release(mine, error="boom", due_at=due)

        record = await the(store)
        assert (record.state, record.attempts) == (State.PENDING, 0)
        assert (record.error, record.due_at) == (None, clock.now())

    @pytest.mark.parametrize("error", ["a\0b", "lone \udc80", "x" * 100_000, ""])
    async def test_any_error_can_be_kept(self, store: Store, error: str) -> None:
        """What a handler said is kept whatever characters it has, if perhaps not all of it."""
        await store.put(callback())

        assert await store.release(await claim_one(store), error=error, due_at=None) is True

        kept = (await the(store)).error
        assert kept is not None
        assert kept[:1] == error[:1]
        assert len(kept) <= 4000

    @pytest.mark.parametrize("done", [True, False])
    async def test_replay(self, store: Store, clock: HandClock, done: bool) -> None:
        """What is done or set aside can be made pending, due now, attempts at 0."""
        await store.put(callback())
        mine = await claim_one(store)
        if done:
            await store.finish(mine, handled="x")
        else:
            await store.release(mine, error="boom", due_at=None)
        clock.advance(1)

        assert await store.replay("a") is True

        record = await the(store)
        assert (record.state, record.attempts, record.error) == (State.PENDING, 0, None)
        assert record.due_at == clock.now()
        assert (await claim_one(store)).attempts == 1

    async def test_nothing_to_replay(self, store: Store) -> None:
        """What is pending, or unknown, cannot be replayed."""
        await store.put(callback())

        assert await store.replay("a") is False
        assert await store.replay("b") is False

    async def test_next_due(self, store: Store, clock: HandClock) -> None:
        """The next due time looks at kinds and leases."""
        await store.put(callback("a"))
        await store.put(callback("b", kind="prompt"))
        put_at = clock.now()
        clock.advance(5)
        await claim_one(store)
        leased_until = clock.now() + dt.timedelta(seconds=60)

        assert await store.next_due(["tune"]) == leased_until
        assert await store.next_due(["prompt"]) == put_at
        assert await store.next_due(["tune", "prompt", "pack"]) == put_at
        assert await store.next_due(["pack"]) is None
        assert await store.next_due([]) is None

    async def test_claims_at_once(self, store: Store, other: Store) -> None:
        """However many claim at the same time, each record goes to one of them."""
        for number in range(40):
            await store.put(callback(f"w{number}"))
        taken: list[Record] = []

        async def claim(whose: Store, owner: str) -> None:
            while found := await whose.claim(owner, kinds=["tune"], limit=3, lease=60):
                taken.extend(found)

        async with anyio.create_task_group() as tasks:
            for number in range(8):
                tasks.start_soon(claim, (store, other)[number % 2], f"p{number}")

        assert sorted(waits(taken)) == sorted(f"w{number}" for number in range(40))
