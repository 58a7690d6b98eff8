"""The whole world as one JSON document, and back."""

import datetime as dt
import json
import types
import typing
from collections.abc import Mapping
from typing import Any

import attrs

from astria_async.sandbox.world import World

VERSION = 1


class StateError(ValueError):
    """A state that cannot be read: broken, of a newer version, or not a sandbox's at all."""


def dump(world: World) -> dict[str, Any]:
    """
    Everything that *world* knows, as JSON.

    Returns:
        ``version``, ``now``, ``last_ids`` by shelf, and ``records`` by shelf.
    """
    return {
        "version": VERSION,
        "now": world.clock.now().isoformat(),
        "last_ids": {shelf.name: shelf.last_id for shelf in world.shelves},
        "records": {
            shelf.name: [json.loads(encode(record)) for record in shelf] for shelf in world.shelves
        },
    }


def load(world: World, document: Mapping[str, Any]) -> None:
    """
    Replace what *world* knows; its clock takes the document's time.

    Raises:
        StateError: With nothing changed.
    """
    try:
        version = document["version"]
        now = dt.datetime.fromisoformat(document["now"])
        loaded = [
            (shelf, _rows(shelf.kind, document["records"].get(shelf.name, ())))
            for shelf in world.shelves
        ]
        last_ids = {name: int(number) for name, number in document["last_ids"].items()}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(f"this is no state of a sandbox: {error!r}") from error
    if version != VERSION:
        raise StateError(f"the state has version {version}, not {VERSION}")
    world.clock.set(now)
    for shelf, rows in loaded:
        shelf.load(rows, last_ids.get(shelf.name, 0))
    world.rebuild()


def encode(record: Any) -> str:
    """A record as JSON text."""
    return json.dumps(attrs.asdict(record, recurse=False), default=_plain, separators=(",", ":"))


def _decoded(kind: type[Any], hints: Mapping[str, Any], row: Mapping[str, Any]) -> Any:
    return kind(**{name: _restored(hints[name], value) for name, value in row.items()})


def _rows(kind: type[Any], rows: Any) -> dict[int | str, Any]:
    hints = typing.get_type_hints(kind)
    records = [_decoded(kind, hints, row) for row in rows]
    return {record.id: record for record in records}


def _plain(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        return value.isoformat()
    return dict(value)


def _restored(hint: Any, value: Any) -> Any:
    if value is None:
        return None
    if isinstance(hint, types.UnionType):
        hint = next(part for part in typing.get_args(hint) if part is not types.NoneType)
    if hint is dt.datetime:
        return dt.datetime.fromisoformat(value)
    if typing.get_origin(hint) is not tuple:
        return value
    parts = typing.get_args(hint)
    if parts[-1] is Ellipsis:
        parts = parts[:1] * len(value)
    return tuple(_restored(part, item) for part, item in zip(parts, value, strict=True))
