"""What a callback says, for people and for programs."""

import json
from typing import Any

from astria_async.protocol.callbacks import Callback
from astria_async.stores.base import Record


def subjects(callback: Callback) -> list[int]:
    """The ids that the body names; the body is unsigned: this is what it says, and no more."""
    ids = [fields.get("id") for fields in callback.objects]
    return [found for found in ids if isinstance(found, int)]


def title(callback: Callback) -> str:
    """Kind and id, as far as the body tells it."""
    ids = subjects(callback)
    if not ids:
        return f"{callback.kind} ?"
    more = f" and {len(ids) - 1} more" if len(ids) > 1 else ""
    return f"{callback.kind} {ids[0]}{more}"


def metadata(callback: Callback) -> str:
    """The metadata in a line."""
    return " ".join(f"{name}={value}" for name, value in callback.metadata.items())


def body(callback: Callback) -> Any:
    """The body as JSON, or as text where it is none."""
    text = callback.body.decode(errors="replace")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def event(record: Record) -> dict[str, Any]:
    """A callback for programs. That it is here means that its signature was right."""
    callback = record.callback
    return {
        "event": "callback",
        "kind": callback.kind,
        "ids": subjects(callback),
        "wait": callback.wait,
        "metadata": dict(callback.metadata),
        "received_at": callback.received_at.isoformat(),
        "count": record.count,
        "state": record.state,
        "body": body(callback),
    }
