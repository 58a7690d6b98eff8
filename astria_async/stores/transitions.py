"""
What each verb of a store does to one record, as plain functions.

The memory and SQLite stores use them as they are. The Redis and PostgreSQL stores say the same in
Lua and SQL, where one round trip must do, and the conformance suite holds all four together.
"""

import datetime as dt

import attrs

from astria_async.protocol.callbacks import Callback
from astria_async.stores.base import Expectation, Record, State
from astria_async.stores.wire import clean


def expected(record: Record | None, expectation: Expectation) -> Record:
    """The record once *expectation* is known too."""
    object_id = expectation.object_id
    if record is None:
        callback = Callback(
            kind=expectation.kind,
            wait=expectation.wait,
            metadata=dict(expectation.metadata),
            received_at=expectation.since,
        )
        return Record(
            callback=callback, state=State.EXPECTED, object_id=object_id, due_at=expectation.since
        )
    if object_id is None:
        return record
    return attrs.evolve(record, object_id=object_id)


def forgettable(record: Record, since: dt.datetime | None) -> bool:
    """Whether the record is only expected, and noted for *since* if that is given."""
    if record.state is not State.EXPECTED:
        return False
    return since is None or record.callback.received_at == since


def expectation_of(record: Record) -> Expectation:
    """What :func:`expected` made the record from."""
    callback = record.callback
    return Expectation(
        kind=callback.kind,
        wait=callback.wait,
        metadata=dict(callback.metadata),
        object_id=record.object_id,
        since=callback.received_at,
    )


def received(record: Record | None, callback: Callback, *, now: dt.datetime) -> tuple[Record, bool]:
    """The record once *callback* came, and whether that says something new."""
    if record is None:
        fresh = Record(callback=callback, state=State.PENDING, count=1, news=1, due_at=now)
        return fresh, True
    count = record.count + 1
    if record.state is not State.EXPECTED and record.callback.body == callback.body:
        return attrs.evolve(record, count=count), False
    # The lease stays: one process at a time, and its finish will see that there is more.
    news = attrs.evolve(
        record,
        callback=callback,
        state=State.PENDING,
        count=count,
        news=record.news + 1,
        attempts=0,
        due_at=now,
        error=None,
    )
    return news, True


def ready_at(record: Record) -> dt.datetime:
    """When a pending record can be claimed: it is due then, and free."""
    return record.due_at if record.lease_until is None else max(record.due_at, record.lease_until)


def claimed(record: Record, *, owner: str, lease_until: dt.datetime) -> Record:
    """The record once *owner* has it."""
    return attrs.evolve(
        record,
        attempts=record.attempts + 1,
        claims=record.claims + 1,
        owner=owner,
        lease_until=lease_until,
    )


def for_handlers(record: Record) -> Record:
    """A claimed record, its callback telling which attempt this is."""
    return attrs.evolve(record, callback=attrs.evolve(record.callback, attempt=record.attempts))


def holds(record: Record | None, lease: Record) -> bool:
    """Whether *lease*, as claimed, is still the lease on what is now *record*."""
    return (
        record is not None
        and record.state is State.PENDING
        and record.owner is not None
        and record.owner == lease.owner
        and record.claims == lease.claims
    )


def finished(record: Record, lease: Record, *, handled: str, now: dt.datetime) -> Record:
    """The record once the handlers of *lease* ran: done, unless there is news since."""
    more = record.news != lease.news
    return attrs.evolve(
        record,
        state=State.PENDING if more else State.DONE,
        due_at=now if more else record.due_at,
        lease_until=None,
        owner=None,
        error=None,
        handled=handled,
    )


def released(
    record: Record,
    lease: Record,
    *,
    error: str | None,
    due_at: dt.datetime | None,
    now: dt.datetime,
) -> Record:
    """The record once *lease* was given back: due later, or set aside, unless there is news."""
    free = attrs.evolve(record, lease_until=None, owner=None)
    if record.news != lease.news:
        return attrs.evolve(free, due_at=now)
    if error is None:
        free = attrs.evolve(free, attempts=max(0, record.attempts - 1))
    else:
        free = attrs.evolve(free, error=clean(error))
    if due_at is None:
        return attrs.evolve(free, state=State.SET_ASIDE)
    return attrs.evolve(free, due_at=due_at)


def replayed(record: Record, *, now: dt.datetime) -> Record | None:
    """The record pending once more, or ``None`` if it is neither done nor set aside."""
    if record.state not in {State.DONE, State.SET_ASIDE}:
        return None
    return attrs.evolve(record, state=State.PENDING, attempts=0, due_at=now, error=None)
