"""How times and metadata are written where a database has no type of its own for them."""

import datetime as dt
import json
from collections.abc import Mapping

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)


def to_micros(when: dt.datetime) -> int:
    """Microseconds since 1970, UTC: exact, and in the order of time."""
    return (when - EPOCH) // _MICROSECOND


def from_micros(micros: int) -> dt.datetime:
    """The time that :func:`to_micros` was given, in UTC."""
    return EPOCH + dt.timedelta(microseconds=micros)


def to_json(metadata: Mapping[str, str]) -> str:
    """Metadata as a JSON object."""
    return json.dumps(dict(metadata), ensure_ascii=False, separators=(",", ":"))


def from_json(text: str | bytes) -> dict[str, str]:
    """The metadata that :func:`to_json` was given."""
    content: dict[str, str] = json.loads(text)
    return content
