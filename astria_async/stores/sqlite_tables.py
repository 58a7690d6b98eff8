"""
The SQLite store's tables and statements, as functions of an open connection.

All of them are blocking, belong into a transaction of the caller's, and know nothing of threads.
Times are microseconds since 1970.
"""

import datetime as dt
import functools
import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import ConfigurationError, StoreUnavailable
from astria_async.stores import transitions
from astria_async.stores.base import Record, State
from astria_async.stores.wire import from_json, from_micros, to_json, to_micros

VERSION = 1
MOST_ROWS = 32
"""Records written by one statement."""

# What a file is given on first use. ``ready_at`` is due_at or lease_until, whichever is later;
# ``seq`` is the number of the last change that watchers are to hear of, counted in the meta table.
CREATE = (
    """
    CREATE TABLE astria_async_meta (
        only INTEGER PRIMARY KEY CHECK (only = 1),
        version INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        checks INTEGER NOT NULL
    )
    """,
    """
    CREATE TABLE astria_async_callbacks (
        wait TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        metadata TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        state TEXT NOT NULL,
        object_id INTEGER,
        count INTEGER NOT NULL,
        news INTEGER NOT NULL,
        attempts INTEGER NOT NULL,
        claims INTEGER NOT NULL,
        due_at INTEGER NOT NULL,
        lease_until INTEGER,
        owner TEXT,
        error TEXT,
        handled TEXT,
        ready_at INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        body BLOB NOT NULL
    )
    """,
    """
    CREATE INDEX astria_async_ready ON astria_async_callbacks (kind, ready_at)
    WHERE state = 'pending'
    """,
    "CREATE INDEX astria_async_received ON astria_async_callbacks (received_at)",
    "CREATE INDEX astria_async_state ON astria_async_callbacks (state, received_at)",
    "CREATE INDEX astria_async_seq ON astria_async_callbacks (seq)",
    f"INSERT INTO astria_async_meta VALUES (1, {VERSION}, 0, 0)",  # noqa: S608 - our own number
)

# Whether the file has our tables at all.
HAS_META = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'astria_async_meta'"
# Which version of this package laid the tables out.
GET_VERSION = "SELECT version FROM astria_async_meta"
# A write that changes nothing that anyone reads, to prove that writes are kept.
PROVE = "UPDATE astria_async_meta SET checks = checks + 1"
# The next numbers for so many changes that watchers are to hear of; the last of them.
NEXT_SEQ = "UPDATE astria_async_meta SET seq = seq + ? RETURNING seq"
# The number of the last such change.
LAST_SEQ = "SELECT seq FROM astria_async_meta"
# The wait ids that changed after a number, with the number of the latest.
CHANGED = "SELECT wait, seq FROM astria_async_callbacks WHERE seq > ? ORDER BY seq LIMIT ?"

_CALLBACK = "kind, wait, metadata, body, received_at"
_BOOKS = "object_id, count, news, attempts, claims, due_at, lease_until, owner, error, handled"
_RECORD = f"SELECT {_CALLBACK}, state, {_BOOKS} FROM astria_async_callbacks"  # noqa: S608
_CALLBACKS = f"SELECT {_CALLBACK} FROM astria_async_callbacks"  # noqa: S608 - our own names
# One record.
GET = f"{_RECORD} WHERE wait = ?"
# The records of the wait ids in a JSON array.
GET_ALL = f"{_RECORD} WHERE wait IN (SELECT value FROM json_each(?))"  # noqa: S608 - our own names
# The latest callback of each of the wait ids in a JSON array.
FIND = f"{_CALLBACKS} WHERE wait IN (SELECT value FROM json_each(?)) AND state <> 'expected'"  # noqa: S608
# Records still expected since before a time, oldest first.
OVERDUE = f"{_RECORD} WHERE state = 'expected' AND received_at < ? ORDER BY received_at LIMIT ?"
# Pending records of one kind that can be claimed, those due longest first.
DUE = f"{_RECORD} WHERE state = 'pending' AND kind = ? AND ready_at <= ? ORDER BY ready_at LIMIT ?"
# When the next pending record of one kind can be claimed.
NEXT_DUE = "SELECT min(ready_at) FROM astria_async_callbacks WHERE state = 'pending' AND kind = ?"
# Records of every state, or of one, newest first.
LIST = f"{_RECORD} WHERE received_at < ? ORDER BY received_at DESC LIMIT ?"
LIST_STATE = f"{_RECORD} WHERE state = ? AND received_at < ? ORDER BY received_at DESC LIMIT ?"
# A whole record, new or replaced; watchers hear of it if the last value is a new number.
_COLUMNS = (
    "kind, wait, metadata, body, received_at, state, object_id, count, news, attempts, claims, "
    "due_at, lease_until, owner, error, handled, ready_at, seq"
)
_ROW = f"({', '.join('?' * len(_COLUMNS.split(', ')))})"
_REPLACE = """
    ON CONFLICT (wait) DO UPDATE SET
        kind = excluded.kind, metadata = excluded.metadata, body = excluded.body,
        received_at = excluded.received_at, state = excluded.state,
        object_id = excluded.object_id, count = excluded.count, news = excluded.news,
        attempts = excluded.attempts, claims = excluded.claims, due_at = excluded.due_at,
        lease_until = excluded.lease_until, owner = excluded.owner, error = excluded.error,
        handled = excluded.handled, ready_at = excluded.ready_at,
        seq = max(seq, excluded.seq)
"""
# The books of a record, its body left alone.
UPDATE = """
    UPDATE astria_async_callbacks SET
        state = ?, object_id = ?, count = ?, news = ?, attempts = ?, claims = ?, due_at = ?,
        lease_until = ?, owner = ?, error = ?, handled = ?, ready_at = ?, seq = max(seq, ?)
    WHERE wait = ?
"""
# A record whose create surely did not happen. wait, since or null
FORGET = """
    DELETE FROM astria_async_callbacks
    WHERE wait = ?1 AND state = 'expected' AND (?2 IS NULL OR received_at = ?2)
"""
# What is too old to keep.
PRUNE = "DELETE FROM astria_async_callbacks WHERE received_at < ? AND state <> 'set_aside'"

_FOREVER = 2**62


def prepare(db: sqlite3.Connection) -> None:
    """
    Create the tables, or check those that are there.

    Raises:
        ConfigurationError: A newer version of this package laid them out.
    """
    if db.execute(HAS_META).fetchone() is None:
        for statement in CREATE:
            db.execute(statement)
    (version,) = db.execute(GET_VERSION).fetchone()
    if version > VERSION:
        raise ConfigurationError(
            f"the SQLite store's tables have version {version}, and this astria-async knows "
            f"{VERSION}: update the package, or use another file"
        )


def check_version(db: sqlite3.Connection) -> None:
    """
    Notice that a newer program took the file over while this one ran.

    Raises:
        StoreUnavailable: It did.
    """
    (version,) = db.execute(GET_VERSION).fetchone()
    if version != VERSION:
        raise StoreUnavailable(
            f"a program with another version of astria-async changed the SQLite store's tables to "
            f"version {version}; this one knows {VERSION}: run the same version everywhere"
        )


def prove(db: sqlite3.Connection) -> None:
    """Write something that nobody reads."""
    db.execute(PROVE)


def get(db: sqlite3.Connection, wait: str) -> Record | None:
    """The record of one wait id."""
    row = db.execute(GET, (wait,)).fetchone()
    return None if row is None else _to_record(row)


def save(db: sqlite3.Connection, record: Record, *, hint: bool) -> None:
    """Write a whole record, and let watchers hear of it if *hint*."""
    _save(db, [(record, _next_seq(db) if hint else 0)])


def put(db: sqlite3.Connection, callbacks: Sequence[tuple[Callback, dt.datetime]]) -> list[bool]:
    """
    Keep callbacks that came at the given times, in their order; whether each says something new.

    In few statements: a thread gives Python's lock away at each, and gets it back late from a
    busy event loop.
    """
    waits = json.dumps([callback.wait for callback, _ in callbacks])
    known = {it.callback.wait: it for it in _to_records(db.execute(GET_ALL, (waits,)))}
    first = _next_seq(db, len(callbacks)) - len(callbacks) + 1
    changed: dict[str, tuple[Record, int]] = {}
    news: list[bool] = []
    for number, (callback, now) in enumerate(callbacks, start=first):
        record, is_new = transitions.received(known.get(callback.wait), callback, now=now)
        known[callback.wait] = record
        changed[callback.wait] = record, number
        news.append(is_new)
    rows = list(changed.values())
    for start in range(0, len(rows), MOST_ROWS):
        _save(db, rows[start : start + MOST_ROWS])
    return news


def _save(db: sqlite3.Connection, rows: Sequence[tuple[Record, int]]) -> None:
    values: list[Any] = []
    for record, seq in rows:
        callback = record.callback
        values += (callback.kind, callback.wait, to_json(callback.metadata), callback.body)
        values += (to_micros(callback.received_at), *_books(record), seq)
    db.execute(_save_statement(len(rows)), values)


@functools.cache
def _save_statement(rows: int) -> str:
    # Our own names and question marks, nothing else.
    places = ", ".join([_ROW] * rows)
    return f"INSERT INTO astria_async_callbacks ({_COLUMNS}) VALUES {places} {_REPLACE}"  # noqa: S608


def update(db: sqlite3.Connection, record: Record, *, hint: bool) -> None:
    """Write all of a record that is there but its callback."""
    seq = _next_seq(db) if hint else 0
    db.execute(UPDATE, (*_books(record), seq, record.callback.wait))


def forget(db: sqlite3.Connection, wait: str, since: dt.datetime | None) -> None:
    """Delete a record that is only expected, and noted for *since* if that is given."""
    db.execute(FORGET, (wait, None if since is None else to_micros(since)))


def prune(db: sqlite3.Connection, before: dt.datetime) -> int:
    """Delete old records; how many."""
    return db.execute(PRUNE, (to_micros(before),)).rowcount


def find(db: sqlite3.Connection, waits: Collection[str]) -> list[Callback]:
    """The callbacks of *waits*."""
    return [_to_callback(row) for row in db.execute(FIND, (json.dumps(list(waits)),))]


def overdue(db: sqlite3.Connection, before: dt.datetime, limit: int) -> list[Record]:
    """Records expected since before *before*."""
    return _to_records(db.execute(OVERDUE, (to_micros(before), max(0, limit))))


def due(
    db: sqlite3.Connection, kinds: Collection[Kind], now: dt.datetime, limit: int
) -> list[Record]:
    """Records of *kinds* that can be claimed at *now*, those due longest first."""
    found: list[Record] = []
    for kind in set(kinds):
        found += _to_records(db.execute(DUE, (kind, to_micros(now), max(0, limit))))
    return sorted(found, key=transitions.ready_at)[: max(0, limit)]


def next_due(db: sqlite3.Connection, kinds: Collection[Kind]) -> dt.datetime | None:
    """When the next record of *kinds* can be claimed."""
    times = [db.execute(NEXT_DUE, (kind,)).fetchone()[0] for kind in set(kinds)]
    first = min((micros for micros in times if micros is not None), default=None)
    return None if first is None else from_micros(first)


def records(
    db: sqlite3.Connection, state: State | None, limit: int, before: dt.datetime | None
) -> list[Record]:
    """Records, newest first."""
    until = _FOREVER if before is None else to_micros(before)
    if state is None:
        return _to_records(db.execute(LIST, (until, max(0, limit))))
    return _to_records(db.execute(LIST_STATE, (state.value, until, max(0, limit))))


def last_seq(db: sqlite3.Connection) -> int:
    """The number of the last change that watchers are to hear of."""
    (seq,) = db.execute(LAST_SEQ).fetchone()
    return int(seq)


def changed(db: sqlite3.Connection, after: int, limit: int) -> list[tuple[str, int]]:
    """Wait ids that changed after number *after*, each with its number, in their order."""
    return db.execute(CHANGED, (after, limit)).fetchall()


def _next_seq(db: sqlite3.Connection, count: int = 1) -> int:
    (seq,) = db.execute(NEXT_SEQ, (count,)).fetchone()
    return int(seq)


def _books(record: Record) -> tuple[Any, ...]:
    return (
        record.state.value,
        record.object_id,
        record.count,
        record.news,
        record.attempts,
        record.claims,
        to_micros(record.due_at),
        None if record.lease_until is None else to_micros(record.lease_until),
        record.owner,
        record.error,
        record.handled,
        to_micros(transitions.ready_at(record)),
    )


def _to_callback(row: tuple[Any, ...]) -> Callback:
    kind, wait, metadata, body, received_at = row
    return Callback(
        kind=kind,
        wait=wait,
        metadata=from_json(metadata),
        body=body,
        received_at=from_micros(received_at),
    )


def _to_record(row: tuple[Any, ...]) -> Record:
    state, object_id, count, news, attempts, claims, due_at, lease_until, *rest = row[5:]
    owner, error, handled = rest
    return Record(
        callback=_to_callback(row[:5]),
        state=State(state),
        object_id=object_id,
        count=count,
        news=news,
        attempts=attempts,
        claims=claims,
        due_at=from_micros(due_at),
        lease_until=None if lease_until is None else from_micros(lease_until),
        owner=owner,
        error=error,
        handled=handled,
    )


def _to_records(rows: Iterable[tuple[Any, ...]]) -> list[Record]:
    return [_to_record(row) for row in rows]
