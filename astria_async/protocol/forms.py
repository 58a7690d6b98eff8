"""
Nested values as Rails reads them, and the frames of a multipart body.

A list becomes ``tune[images][]``, a list of objects ``tune[prompts_attributes][0][text]``, an
object ``tune[characteristics][eye_color]``; true and false are those words, and null is empty.
"""

import datetime as dt
import decimal
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeGuard
from urllib.parse import urlencode

import attrs

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.sources import FileSource


@attrs.frozen
class Field:
    """A text part of a form."""

    name: str
    value: str


@attrs.frozen
class File:
    """A part of a form that is uploaded."""

    name: str
    source: FileSource


Part = Field | File


def form_parts(values: Mapping[str, Any]) -> list[Part]:
    """
    The parts of nested *values*, in order.

    Raises:
        InvalidInput: A value of a type that has no form, such as a set, or a key with a bracket.
    """
    return [part for name, value in values.items() for part in _flatten(name, value)]


def _flatten(name: str, value: Any) -> Iterator[Part]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _flatten(f"{name}[{_key(key, name)}]", item)
    elif is_list(value):
        nested = any(isinstance(item, Mapping) or is_list(item) for item in value)
        for number, item in enumerate(value):
            # Numbered only where it tells which object a key belongs to.
            yield from _flatten(f"{name}[{number if nested else ''}]", item)
    elif isinstance(value, FileSource):
        yield File(name, value)
    else:
        yield Field(name, scalar_text(value, name))


def _key(key: Any, name: str) -> str:
    if not isinstance(key, str) or not key or "[" in key or "]" in key:
        raise InvalidInput(
            f"{name}: the key {key!r} cannot be sent; use texts without brackets", parameter=name
        )
    return _sendable(key, name)


def is_list(value: Any) -> TypeGuard[Sequence[Any]]:
    """Whether *value* has items, rather than characters or bytes."""
    return isinstance(value, Sequence) and not isinstance(
        value, (str, bytes, bytearray, memoryview)
    )


def scalar_text(value: Any, name: str) -> str:
    """
    One value as forms and query strings spell it.

    Raises:
        InvalidInput: It has no such spelling.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    # By the base types' own methods: an enum's str() is the name of its member.
    if isinstance(value, str):
        return _sendable(str.__str__(value), name)
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, (float, decimal.Decimal)) and math.isfinite(value):
        return float.__repr__(value) if isinstance(value, float) else f"{value:f}"
    if isinstance(value, dt.datetime):
        return value.isoformat()
    raise InvalidInput(
        f"{name}: cannot send {_described(value)}; "
        "use texts, finite numbers, booleans, lists, dicts",
        parameter=name,
    )


def _described(value: Any) -> str:
    number = isinstance(value, (float, decimal.Decimal))
    return str(value) if number else f"a {type(value).__name__}"


def _sendable(text: str, name: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        raise InvalidInput(
            f"{name}: the text has half a character (a lone surrogate) at {exc.start}",
            parameter=name,
        ) from exc
    return text


def json_value(value: Any, name: str) -> Any:
    """
    Nested values as JSON has them; what JSON has no type for is spelt as in a form.

    Raises:
        InvalidInput: A value or key that a form could not carry either.
    """
    if isinstance(value, Mapping):
        return {_key(key, name): json_value(item, f"{name}[{key}]") for key, item in value.items()}
    if is_list(value):
        return [json_value(item, f"{name}[{n}]") for n, item in enumerate(value)]
    text = scalar_text(value, name)
    return value if value is None or isinstance(value, (bool, int, float)) else text


def has_files(values: Any) -> bool:
    """Whether anything in nested *values* must be uploaded."""
    if isinstance(values, Mapping):
        return any(has_files(value) for value in values.values())
    if is_list(values):
        return any(has_files(value) for value in values)
    return isinstance(values, FileSource)


def urlencoded(parts: Sequence[Part]) -> bytes:
    """A body of ``application/x-www-form-urlencoded``; *parts* must hold no file."""
    return urlencode(
        [(part.name, part.value) for part in parts if isinstance(part, Field)]
    ).encode()


def _quoted(text: str) -> str:
    # What browsers do, and RFC 7578 leaves to them: these three would end the header early.
    return text.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def field_frame(boundary: str, part: Field) -> bytes:
    """A whole text part of a multipart body."""
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(part.name)}"\r\n\r\n'
    return head.encode() + part.value.encode() + b"\r\n"


def file_frame(boundary: str, part: File, content_type: str, filename: str) -> bytes:
    """What stands before a file's bytes in a multipart body; a line end follows them."""
    # A name that the file system gave as bytes may not be text: what is not becomes a "?".
    return (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(part.name)}"; '
        f'filename="{_quoted(filename)}"\r\nContent-Type: {content_type}\r\n\r\n'
    ).encode("utf-8", "replace")


def closing_frame(boundary: str) -> bytes:
    """The end of a multipart body."""
    return f"--{boundary}--\r\n".encode()
