"""
Random sequences of calls on a store, held against a small model of it.

The model knows the rules in its own words: a dictionary of plain fields, no code shared with the
stores.
"""

import datetime as dt
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from astria_async.protocol.addresses import KINDS, Kind
from astria_async.stores import MemoryStore, Record, Store
from astria_async.stores.sqlite import SQLiteStore
from astria_async.testing.store_fixtures import HandClock, callback, expectation

WAITS = [f"{kind}{number}" for kind in KINDS for number in range(2)]
a_wait = st.sampled_from(WAITS)
a_body = st.sampled_from([b"1", b"2"])
seconds = st.integers(1, 100)


def kind_of(wait: str) -> Kind:
    return next(kind for kind in KINDS if wait.startswith(kind))


@attrs.define
class Row:
    """What the model knows of one wait id."""

    state: str
    body: bytes
    since: dt.datetime
    object_id: int | None = None
    count: int = 0
    attempts: int = 0
    due: dt.datetime | None = None
    lease: int | None = None  # which of all the leases ever given
    until: dt.datetime | None = None
    fresh: bool = False  # news came under this lease
    error: str | None = None
    handled: str | None = None


class StoreMachine(RuleBasedStateMachine):
    """The rules of the contract; a subclass says which store."""

    make_store: Callable[[Path, HandClock], Store]

    def __init__(self) -> None:
        super().__init__()
        self.clock = HandClock()
        self.rows: dict[str, Row] = {}
        self.leases: list[Record] = []
        self.folder = Path(tempfile.mkdtemp(prefix="astria-model-"))
        self.portal_context = start_blocking_portal()
        self.portal: BlockingPortal = self.portal_context.__enter__()
        self.store = type(self).make_store(self.folder, self.clock)
        self.portal.call(self.store.open)

    def teardown(self) -> None:
        self.portal.call(self.store.aclose)
        self.portal_context.__exit__(None, None, None)
        shutil.rmtree(self.folder)

    def call(self, method: Callable[..., Any], *args: Any, **options: Any) -> Any:
        async def run() -> Any:
            return await method(*args, **options)

        return self.portal.call(run)

    @rule(by=seconds)
    def time_passes(self, by: int) -> None:
        self.clock.advance(by)

    @rule(wait=a_wait, body=a_body)
    def put(self, wait: str, body: bytes) -> None:
        now = self.clock.now()
        row = self.rows.get(wait)
        sent = callback(wait, body, kind=kind_of(wait), received_at=now)
        is_new = self.call(self.store.put, sent)

        assert is_new is (row is None or row.state == "expected" or row.body != body)
        if row is None:
            row = self.rows[wait] = Row(state="pending", body=body, since=now)
        row.count += 1
        if is_new:
            row.state, row.body, row.since, row.due = "pending", body, now, now
            row.attempts, row.error, row.fresh = 0, None, True

    @rule(wait=a_wait, object_id=st.none() | st.integers(1, 9))
    def expect(self, wait: str, object_id: int | None) -> None:
        now = self.clock.now()
        told = expectation(wait, kind=kind_of(wait), since=now, object_id=object_id)
        is_new = self.call(self.store.expect, told)
        assert is_new is (wait not in self.rows)

        row = self.rows.setdefault(wait, Row(state="expected", body=b"", since=now))
        row.object_id = object_id or row.object_id

    @rule(wait=a_wait)
    def forget(self, wait: str) -> None:
        self.call(self.store.forget, wait)

        if wait in self.rows and self.rows[wait].state == "expected":
            del self.rows[wait]

    @rule(
        kinds=st.sets(st.sampled_from(KINDS), min_size=1),
        limit=st.integers(1, 4),
        lease=seconds,
    )
    def claim(self, kinds: set[Kind], limit: int, lease: int) -> None:
        now = self.clock.now()
        taken = self.call(self.store.claim, "p", kinds=kinds, limit=limit, lease=float(lease))

        ready = {wait for wait in self.ready(now) if kind_of(wait) in kinds}
        assert len(taken) == min(limit, len(ready))
        for record in taken:
            wait = record.callback.wait
            assert wait in ready
            row = self.rows[wait]
            row.attempts += 1
            row.lease, row.until = len(self.leases), now + dt.timedelta(seconds=lease)
            row.fresh = False
            assert (record.attempts, record.callback.body) == (row.attempts, row.body)
            self.leases.append(record)

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 1000), lease=seconds)
    def renew(self, which: int, lease: int) -> None:
        row, record = self.leased(which)
        kept = self.call(self.store.renew, record, lease=float(lease))

        assert kept is (row is not None)
        if row is not None:
            row.until = self.clock.now() + dt.timedelta(seconds=lease)

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 1000))
    def finish(self, which: int) -> None:
        row, record = self.leased(which)
        kept = self.call(self.store.finish, record, handled=f"h{which}")

        assert kept is (row is not None)
        if row is not None:
            if row.fresh:
                row.due = self.clock.now()
            else:
                row.state = "done"
            row.lease, row.until, row.error, row.handled = None, None, None, f"h{which}"

    @precondition(lambda self: self.leases)
    @rule(which=st.integers(0, 1000), failed=st.booleans(), again=st.booleans(), by=seconds)
    def release(self, which: int, failed: bool, again: bool, by: int) -> None:
        row, record = self.leased(which)
        due = self.clock.now() + dt.timedelta(seconds=by) if again else None
        error = f"e{which}" if failed else None
        kept = self.call(self.store.release, record, error=error, due_at=due)

        assert kept is (row is not None)
        if row is not None:
            row.lease, row.until = None, None
            if row.fresh:
                row.due = self.clock.now()
                return
            row.attempts -= not failed
            row.error = error or row.error
            row.state, row.due = ("pending", due) if due else ("set_aside", row.due)

    @rule(wait=a_wait)
    def replay(self, wait: str) -> None:
        row = self.rows.get(wait)
        replayed = self.call(self.store.replay, wait)

        assert replayed is (row is not None and row.state in {"done", "set_aside"})
        if row is not None and replayed:
            row.state, row.attempts, row.due, row.error = "pending", 0, self.clock.now(), None

    @rule(back=st.integers(0, 200))
    def prune(self, back: int) -> None:
        before = self.clock.now() - dt.timedelta(seconds=back)
        dropped = self.call(self.store.prune, before=before)

        old = [
            wait
            for wait, row in self.rows.items()
            if row.since < before and row.state != "set_aside"
        ]
        assert dropped == len(old)
        for wait in old:
            del self.rows[wait]

    @rule()
    def reopen(self) -> None:
        self.portal.call(self.store.aclose)
        self.portal.call(self.store.open)

    @invariant()
    def every_record_is_as_the_model_says(self) -> None:
        records = self.call(self.store.records, limit=100)
        seen = {
            record.callback.wait: (
                record.state,
                record.callback.body,
                record.callback.received_at,
                record.object_id,
                record.count,
                record.attempts,
                record.lease_until,
                record.error,
                record.handled,
            )
            for record in records
        }
        assert seen == {
            wait: (
                row.state,
                row.body,
                row.since,
                row.object_id,
                row.count,
                row.attempts,
                row.until,
                row.error,
                row.handled,
            )
            for wait, row in self.rows.items()
        }

    @invariant()
    def next_due_is_as_the_model_says(self) -> None:
        for kind in KINDS:
            due = [
                max(row.due or row.since, row.until or row.since)
                for wait, row in self.rows.items()
                if row.state == "pending" and kind_of(wait) == kind
            ]
            assert self.call(self.store.next_due, [kind]) == min(due, default=None)

    def ready(self, now: dt.datetime) -> set[str]:
        return {
            wait
            for wait, row in self.rows.items()
            if row.state == "pending"
            and (row.due is None or row.due <= now)
            and (row.until is None or row.until <= now)
        }

    def leased(self, which: int) -> tuple[Row | None, Record]:
        """A lease that was given once, and the row if it still holds."""
        number = which % len(self.leases)
        record = self.leases[number]
        row = self.rows.get(record.callback.wait)
        holds = row is not None and row.state == "pending" and row.lease == number
        return (row if holds else None), record


class MemoryMachine(StoreMachine):
    """The memory store."""

    @staticmethod
    def make_store(_: Path, clock: HandClock) -> Store:
        return MemoryStore(clock=clock)


class SQLiteMachine(StoreMachine):
    """The SQLite store."""

    @staticmethod
    def make_store(folder: Path, clock: HandClock) -> Store:
        return SQLiteStore(folder / "callbacks.db", clock=clock)


COMMON: dict[str, Any] = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow],
}
TestMemoryModel = MemoryMachine.TestCase
TestMemoryModel.settings = settings(max_examples=40, stateful_step_count=30, **COMMON)
TestSQLiteModel = SQLiteMachine.TestCase
TestSQLiteModel.settings = settings(max_examples=15, stateful_step_count=25, **COMMON)
