"""How times, metadata and errors are written where a database has no type for them."""

import datetime as dt
import json
from collections.abc import Mapping

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
LONGEST_ERROR = 4000
"""Characters that are kept of what a handler said."""
_MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(when: dt.datetime) -> int:
    """Microseconds since 1970, UTC: exact, and in the order of time."""
    return (when - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """The time that :func:`to_micros` was given, in UTC."""
    return EPOCH + dt.timedelta(microseconds=micros)


def to_json(metadata: Mapping[str, str]) -> str:
    """Metadata as a JSON object, in ASCII: not every database takes every character."""
    return json.dumps(dict(metadata), separators=(",", ":"))


def from_json(text: str | bytes) -> dict[str, str]:
    """The metadata that :func:`to_json` was given."""
    content: dict[str, str] = json.loads(text)
    return content


def clean(error: str | None) -> str | None:
    """What a handler said, without what a database refuses in a text, and not without end."""
    if error is None:
        return None
    text = error.encode("utf-8", "replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
    return text[:LONGEST_ERROR]
