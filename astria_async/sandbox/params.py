"""
Parameters as data: one row says what a name takes; requests are read, and documented, from rows.

Reading gives back only what was sent. A blank string means "not given", as programs in the wild
rely on; ``null`` is kept, because an update may clear a field.
"""

import math
import re
from collections.abc import Callable, Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

import attrs

from astria_async.sandbox.bodies import parse_json
from astria_async.sandbox.refusals import Refusal
from astria_async.sandbox.uploads import Upload

Kind = Literal["text", "int", "float", "bool", "url", "file", "map", "table", "any"]
Errors = dict[str, list[str]]

TRUE = {"true", "1", "on", "t", "yes"}
FALSE = {"false", "0", "off", "f", "no"}
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_DATA_URL = re.compile(r"data:([\w.+-]+/[\w.+-]+)?(;[\w=.+-]+)*;base64,", re.ASCII)
_MAX_URL = 8192


@attrs.frozen(kw_only=True)
class Param:
    """
    One parameter.

    Attributes:
        name: As documented, without its root: ``title`` for ``tune[title]``.
        kind: How its text is read.
        doc: One sentence for the OpenAPI document.
        many: A list of it; a form sends ``name[]``, or ``name[0]``.
        required: Refused at creation with "can't be blank" without it.
        allowed: The values of an enumeration; empty leaves it open.
        low: The least number.
        high: The greatest number.
        step: What the number is a multiple of.
        pattern: (regular expression, message) for text.
        aliases: Other names that mean the same.
        twins: For files, the names under which an address or a data URL may come instead.
        rows: For tables, the parameters of each element.
        default: What the server takes when it is left out, for the document.
        names: All names under which it may come, its own first.
    """

    name: str
    kind: Kind = "text"
    doc: str = ""
    many: bool = False
    required: bool = False
    allowed: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    step: int | None = None
    pattern: tuple[str, str] | None = None
    aliases: tuple[str, ...] = ()
    twins: tuple[str, ...] = ()
    rows: tuple["Param", ...] = ()
    default: Any = None
    names: tuple[str, ...] = attrs.field(
        default=attrs.Factory(lambda row: (row.name, *row.aliases, *row.twins), takes_self=True),
        init=False,
        repr=False,
        eq=False,
    )


Params = tuple[Param, ...]


@attrs.frozen
class Link:
    """A file given by its address, or inline as a data URL."""

    url: str

    @property
    def inline(self) -> bool:
        """Whether the content is in the URL itself."""
        return self.url.startswith("data:")


class Wrong(Exception):
    """A value that its parameter cannot take."""


def read(
    rows: Params, given: Mapping[str, Any], *, creating: bool = True
) -> tuple[dict[str, Any], Errors]:
    """
    Read what was sent by its rows; unknown names are ignored, as Rails ignores them.

    Returns:
        The typed values by documented name, and the messages by field.
    """
    values: dict[str, Any] = {}
    errors: Errors = {}
    sent = given.keys()
    for row in rows:
        # Nearly all of them, as a rule.
        if not row.required and sent.isdisjoint(row.names):
            continue
        try:
            found, value = _look(row, given)
            if found:
                values[row.name] = _read_value(row, value, errors, creating)
            elif creating and row.required:
                errors[row.name] = ["can't be blank"]
        except Wrong as wrong:
            errors.setdefault(row.name, []).append(str(wrong))
    return values, errors


def _look(row: Param, given: Mapping[str, Any]) -> tuple[bool, Any]:
    for name in row.names:
        if name in given and not _blank(given[name]):
            if row.required and given[name] is None:
                return False, None
            return True, given[name]
    return False, None


def _blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _read_value(row: Param, value: Any, errors: Errors, creating: bool) -> Any:
    if value is None:
        return None
    if not row.many:
        return _read_one(row, value, errors, creating)
    items = [item for item in elements(value) if item is not None and not _blank(item)]
    return [_read_one(row, item, errors, creating) for item in items]


def elements(value: Any) -> list[Any]:
    """A list, however it was sent: as one, as a hash with numbers for keys, or as its only item."""
    if isinstance(value, list):
        return value
    if isinstance(value, dict) and value and all(_INTEGER.fullmatch(key) for key in value):
        return [value[key] for key in sorted(value, key=int)]
    return [value]


def _read_one(row: Param, value: Any, errors: Errors, creating: bool) -> Any:
    if row.kind == "table":
        if not isinstance(value, dict):
            raise Wrong("is invalid")
        nested, wrong = read(row.rows, value, creating=creating)
        for name, messages in wrong.items():
            field = f"{row.name.removesuffix('_attributes')}.{name}"
            errors.setdefault(field, []).extend(messages)
        return nested
    result = _READERS[row.kind](value)
    if row.allowed and result not in row.allowed:
        raise Wrong("is not included in the list")
    if row.pattern is not None and not re.fullmatch(row.pattern[0], result):
        raise Wrong(row.pattern[1])
    _check_range(row, result)
    return result


def _check_range(row: Param, number: Any) -> None:
    if row.low is not None and number < row.low:
        raise Wrong(f"must be greater than or equal to {row.low:g}")
    if row.high is not None and number > row.high:
        raise Wrong(f"must be less than or equal to {row.high:.10g}")
    if row.step is not None and number % row.step:
        raise Wrong(f"must be a multiple of {row.step}")


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Wrong("is invalid")
    return str(value)


def _int(value: Any) -> int:
    if isinstance(value, float):
        if not value.is_integer():
            raise Wrong("must be an integer")
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        raise Wrong("is not a number")
    digits = str(value).strip()  # of more kinds of blanks than int() forgives
    if not _INTEGER.fullmatch(digits):
        raise Wrong("is not a number" if isinstance(value, str) else "is out of range")
    return int(digits)


def _float(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        raise Wrong("is not a number")
    try:
        number = float(value.strip() if isinstance(value, str) else value)
    except (ValueError, OverflowError):
        raise Wrong("is not a number") from None
    if not math.isfinite(number):
        raise Wrong("is not a number")
    return number


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, int)):
        text = str(value).strip().lower()
        if text in TRUE | FALSE:
            return text in TRUE
    raise Wrong("must be true or false")


def _url(value: Any) -> str:
    text = _text(value).strip()
    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or len(text) > _MAX_URL or any(c.isspace() or c < " " for c in text):
        raise Wrong("is not a valid URL")
    return text


def _file(value: Any) -> Upload | Link:
    if isinstance(value, Upload):
        return value
    if isinstance(value, str) and _DATA_URL.match(value):
        return Link(value)
    return Link(_url(value))


def _map(value: Any) -> dict[str, str]:
    # Forms may send a hash or one JSON text (vendor's clients do both).
    if isinstance(value, str):
        try:
            value = parse_json(value.encode())
        except Refusal:
            raise Wrong("is not a JSON object") from None
    if not isinstance(value, dict):
        raise Wrong("is invalid")
    return {key: "" if item is None else _bool_text(item) for key, item in value.items()}


def _bool_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else _text(value)


def _any(value: Any) -> Any:
    return value


_READERS: dict[str, Callable[[Any], Any]] = {
    "text": _text,
    "int": _int,
    "float": _float,
    "bool": _bool,
    "url": _url,
    "file": _file,
    "map": _map,
    "any": _any,
}
