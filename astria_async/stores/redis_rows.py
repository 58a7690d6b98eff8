"""What the Redis store's scripts answer, as records."""

import datetime as dt
from collections.abc import Sequence
from typing import cast

from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.stores.base import Record, State
from astria_async.stores.wire import from_json, from_micros

Row = tuple[bytes, Sequence[bytes]]
"""A wait id, and its hash: name, value, name, value, …"""


def to_callback(row: Row) -> Callback:
    """The callback in a row."""
    wait, fields = row[0].decode(), _fields(row)
    return Callback(
        kind=cast("Kind", fields[b"kind"].decode()),
        wait=wait,
        metadata=from_json(fields[b"metadata"]),
        body=fields[b"body"],
        received_at=_time(fields[b"received_at"]),
    )


def to_record(row: Row) -> Record:
    """The record in a row."""
    fields = _fields(row)
    lease_until, object_id = fields.get(b"lease_until"), fields.get(b"object_id")
    return Record(
        callback=to_callback(row),
        state=State(fields[b"state"].decode()),
        object_id=None if object_id is None else int(object_id),
        count=int(fields[b"count"]),
        news=int(fields[b"news"]),
        attempts=int(fields[b"attempts"]),
        claims=int(fields[b"claims"]),
        due_at=_time(fields[b"due_at"]),
        lease_until=None if lease_until is None else _time(lease_until),
        owner=_text(fields.get(b"owner")),
        error=_text(fields.get(b"error")),
        handled=_text(fields.get(b"handled")),
    )


def _fields(row: Row) -> dict[bytes, bytes]:
    return dict(zip(row[1][::2], row[1][1::2], strict=True))


def _time(value: bytes) -> dt.datetime:
    return from_micros(int(value))


def _text(value: bytes | None) -> str | None:
    return None if value is None else value.decode()
