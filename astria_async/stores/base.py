"""
What a store of callbacks must do: the contract of all four, and of a user's own.

A store holds one *record* per wait id: the latest callback to that URL, and how far the handlers
got with it. The receiver commits a callback before it answers, so what was answered 2xx is here. A
waiter is woken by :meth:`Store.watch`, which is a hint: the record is the truth, and is read again
whenever hints may have been missed.

Every method may raise :class:`~astria_async.StoreUnavailable` when the database does not answer
within the store's bound, and then nothing was acknowledged. All are safe to cancel: a cancelled
write happened whole or not at all. A store that is not open refuses every call but ``open`` and
``aclose`` with :class:`~astria_async.ConfigurationError`.

A lease is held while no one else claimed the record, even once its time is up: who finishes late,
but before another took over, still finishes.
"""

import datetime as dt
import enum
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import attrs

from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback

MISSED: frozenset[str] = frozenset()
"""What :meth:`Store.watch` yields when hints may have been lost: read your records again."""

RETENTION = 30 * 86_400.0
"""Seconds that a store keeps records unless told otherwise: Astria's objects live as long."""


class State(enum.StrEnum):
    """How far a record is."""

    EXPECTED = "expected"
    """A create registered it; no callback came yet."""
    PENDING = "pending"
    """A callback came; handlers have not finished with it."""
    DONE = "done"
    """Its handlers ran."""
    SET_ASIDE = "set_aside"
    """Its handlers failed too often; a person may replay it."""


@attrs.frozen(kw_only=True)
class Expectation:
    """
    A create whose callback is to come, kept so that its loss is noticed by whoever looks.

    Attributes:
        kind: What is expected.
        wait: Its wait id.
        metadata: What the callback URL carries.
        object_id: Id of the object, once the create answered.
        since: When the create was sent, UTC.
    """

    kind: Kind
    wait: str
    metadata: dict[str, str] = attrs.field(factory=dict)
    object_id: int | None = None
    since: dt.datetime


@attrs.frozen(kw_only=True)
class Record:
    """
    What the store knows of one wait id.

    Attributes:
        callback: The latest callback; for an expected record one with an empty body.
        state: How far it is.
        object_id: Id of the object, where a create told it.
        count: How many callbacks came to this URL.
        news: How many of them said something new; a finish that saw fewer is not the last word.
        attempts: How often handlers were started on it since the last news.
        claims: How often it was ever claimed; with ``owner`` it tells one lease from the next.
        due_at: When handlers may next run.
        lease_until: Until when one process has it to itself.
        owner: That process.
        error: What the last failed handler said.
        handled: Marks the outcome that the handlers last ran for.
    """

    callback: Callback
    state: State
    object_id: int | None = None
    count: int = 0
    news: int = 0
    attempts: int = 0
    claims: int = 0
    due_at: dt.datetime
    lease_until: dt.datetime | None = None
    owner: str | None = None
    error: str | None = None
    handled: str | None = None


class Store(Protocol):
    """Where callbacks are kept. Times come from the clock that the store was made with."""

    @property
    def durable(self) -> bool:
        """Whether records outlive the process and are seen by others."""
        ...

    async def open(self) -> None:
        """
        Connect, and create or check the schema. Opening an open store adds one more user of it.

        Raises:
            ConfigurationError: Wrong password, a schema newer than this version, no such folder.
            StoreUnavailable: No answer within the bound.
        """
        ...

    async def aclose(self) -> None:
        """Give up one use; the last one closes every connection and file."""
        ...

    async def check(self) -> None:
        """
        Prove that a write would be kept.

        Raises:
            StoreUnavailable: It would not: unreachable, read-only, full.
        """
        ...

    async def expect(self, expectation: Expectation) -> bool:
        """
        Note that a callback is to come; a second call adds what the first did not know.

        True when nothing was known of this wait id before: of several that begin the same create
        at once, one alone is told so. A record that already has a callback keeps it and its state,
        and learns the object id.
        """
        ...

    async def forget(self, wait: str, *, since: dt.datetime | None = None) -> None:
        """
        Drop an expected record whose create surely did not happen; others stay.

        With *since*, only if it is the one that was noted for that time.
        """
        ...

    async def overdue(self, *, before: dt.datetime, limit: int) -> Sequence[Expectation]:
        """Records still expected since before *before*, oldest first."""
        ...

    async def put(self, callback: Callback) -> bool:
        """
        Commit a callback; durable once this returns. Then wake the watchers of every process.

        True when it says something new (the first, or another body than the last): its body, time
        and metadata replace the earlier ones, and the record is pending, due now, with its attempts
        back at 0; a lease on it stays. False for a repetition, which only raises the count.
        """
        ...

    async def find(self, waits: Collection[str]) -> Sequence[Callback]:
        """The latest callback of each of *waits* that has one, in no order."""
        ...

    def watch(self) -> AbstractAsyncContextManager[AsyncIterator[frozenset[str]]]:
        """
        Hints of new callbacks, from every process, as sets of wait ids.

        Inside the block the iterator yields for each commit after entering; :data:`MISSED` first,
        and again whenever some may have been lost, as by a reconnection. A record that was given
        back or replayed is hinted at too. What is not read yet gathers into one set; when that
        grows too large it becomes :data:`MISSED`. The iterator is for one reader. It never ends by
        itself and raises nothing but cancellation: a lost server is waited for.
        """
        ...

    async def claim(
        self, owner: str, *, kinds: Collection[Kind], limit: int, lease: float
    ) -> Sequence[Record]:
        """
        Take up to *limit* pending records that are due, for *lease* seconds, for *owner* alone.

        A record whose lease ran out may be claimed again. Each claim adds one to ``attempts``, and
        the callback tells it as its ``attempt``.
        """
        ...

    async def renew(self, record: Record, *, lease: float) -> bool:
        """Extend the lease from now; False when it is no longer *record*'s owner's."""
        ...

    async def finish(self, record: Record, *, handled: str) -> bool:
        """
        Mark it done; False (and nothing changes) when the lease was lost meanwhile.

        If another callback came since the claim, it goes back to pending instead.
        """
        ...

    async def release(
        self, record: Record, *, error: str | None, due_at: dt.datetime | None
    ) -> bool:
        """
        Give a claimed record back, to be due at *due_at*; ``None`` sets it aside for a person.

        With ``error=None`` the attempt is not counted. If another callback came since the claim, it
        is pending and due at once instead. False when the lease was lost meanwhile.
        """
        ...

    async def next_due(self, kinds: Collection[Kind]) -> dt.datetime | None:
        """
        When the next pending record of *kinds* can be claimed, ``None`` while there is none.

        That is when it is due and not leased; a time gone by means now.
        """
        ...

    async def records(
        self, *, state: State | None = None, limit: int = 50, before: dt.datetime | None = None
    ) -> Sequence[Record]:
        """Records, newest first, received before *before*."""
        ...

    async def record(self, wait: str) -> Record | None:
        """The record of one wait id."""
        ...

    async def replay(self, wait: str) -> bool:
        """Make a done or set-aside record pending, attempts at 0; False if there is none such."""
        ...

    async def prune(self, *, before: dt.datetime) -> int:
        """Delete records received before *before*, but for those set aside; the number deleted."""
        ...
