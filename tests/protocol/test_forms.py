"""Nested values as Rails reads them: held against a reader that knows nothing of the writer."""

import datetime as dt
import enum
import math
import types
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.forms import (
    Field,
    File,
    form_parts,
    has_files,
    json_value,
    scalar_text,
    urlencoded,
)
from astria_async.protocol.sources import FileSource

PICTURE = FileSource(b"jpeg", "a.jpg", "images[0]")


class Branch(str, enum.Enum):  # noqa: UP042 - what users still write
    """A text enum of the old kind, whose str() is not its value."""

    FAST = "fast"


class Count(enum.IntEnum):
    """A number enum."""

    TWO = 2


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"tune": {"title": "Ada"}}, [("tune[title]", "Ada")]),
        ({"tune": {"name": ["a", "b"]}}, [("tune[name][]", "a"), ("tune[name][]", "b")]),
        ({"t": {"c": {"eye": "blue"}}}, [("t[c][eye]", "blue")]),
        (
            {"t": {"p": [{"text": "a", "n": 1}, {"text": "b"}]}},
            [("t[p][0][text]", "a"), ("t[p][0][n]", "1"), ("t[p][1][text]", "b")],
        ),
        ({"t": {"p": [{"r": ["x", "y"]}]}}, [("t[p][0][r][]", "x"), ("t[p][0][r][]", "y")]),
        ({"t": {"p": [["x"], ["y"]]}}, [("t[p][0][]", "x"), ("t[p][1][]", "y")]),
        ({"t": {"on": True, "off": False}}, [("t[on]", "true"), ("t[off]", "false")]),
        ({"t": {"none": None}}, [("t[none]", "")]),
        ({"t": {"empty": [], "nothing": {}}}, []),
        ({"image_index": 2}, [("image_index", "2")]),
        ({"tune[title]": "Ada"}, [("tune[title]", "Ada")]),
        ({"t": types.MappingProxyType({"a": (1, 2)})}, [("t[a][]", "1"), ("t[a][]", "2")]),
    ],
)
def test_nested_values_are_flattened(values: Any, expected: list[tuple[str, str]]) -> None:
    """Lists, objects and lists of objects have the names that Rails gives them."""
    parts = form_parts(values)

    assert [(part.name, part.value) for part in parts if isinstance(part, Field)] == expected


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("ohwx", "ohwx"),
        (Branch.FAST, "fast"),
        (Count.TWO, "2"),
        (-3, "-3"),
        (0.5, "0.5"),
        (1e22, "1e+22"),
        (Decimal("1E+2"), "100"),
        (dt.datetime(2025, 3, 4, tzinfo=dt.UTC), "2025-03-04T00:00:00+00:00"),
        (None, ""),
    ],
)
def test_scalars_are_spelt_by_their_value(value: object, text: str) -> None:
    """A value is spelt by what it is, an enum as its value and not as its member's name."""
    assert scalar_text(value, "prompt[x]") == text


@pytest.mark.parametrize(
    "value",
    [{1}, object(), b"bytes", bytearray(b"bytes"), math.nan, math.inf, Decimal("NaN"), "\ud800"],
)
def test_what_has_no_spelling_is_refused_by_name(value: object) -> None:
    """A value that no server could read is refused, in forms and in JSON alike."""
    for spell in (form_parts, lambda values: json_value(values["prompt"], "prompt")):
        with pytest.raises(InvalidInput, match=r"^prompt\[x\]: ") as caught:
            spell({"prompt": {"x": value}})

        assert caught.value.parameter == "prompt[x]"


@pytest.mark.parametrize("key", ["a[b", "b]", "", 7, "\ud800"])
def test_keys_that_a_form_would_garble_are_refused(key: object) -> None:
    """A bracket in a key would lead somewhere else; JSON refuses the same keys."""
    with pytest.raises(InvalidInput):
        form_parts({"tune": {"characteristics": {key: "x"}}})
    with pytest.raises(InvalidInput):
        json_value({"characteristics": {key: "x"}}, "tune")


def test_files_keep_their_place_among_the_fields() -> None:
    """The order of parts is the order of values."""
    parts = form_parts({"tune": {"title": "Ada", "images": [PICTURE], "name": "woman"}})

    assert parts == [
        Field("tune[title]", "Ada"),
        File("tune[images][]", PICTURE),
        Field("tune[name]", "woman"),
    ]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"a": [{"b": PICTURE}]}, True),
        ((PICTURE,), True),
        ({"a": ["text", 1, None, b"bytes"]}, False),
        ("text", False),
    ],
)
def test_files_are_found_however_deep(values: object, found: bool) -> None:
    """One file anywhere makes the request an upload."""
    assert has_files(values) is found


def test_json_keeps_numbers_nulls_and_booleans() -> None:
    """JSON has types for these; what it has none for is spelt as in a form."""
    day = dt.datetime(2025, 3, 4, tzinfo=dt.UTC)

    value = json_value({"n": 1, "f": 0.5, "t": True, "z": None, "d": day, "l": (Branch.FAST,)}, "t")

    assert value == {
        "n": 1,
        "f": 0.5,
        "t": True,
        "z": None,
        "d": "2025-03-04T00:00:00+00:00",
        "l": ["fast"],
    }
    assert type(value["l"][0]) is str


def test_urlencoded_bodies_are_what_every_server_reads() -> None:
    """A body without files decodes to its fields again, whatever the characters."""
    parts = form_parts({"tune": {"title": "a&b=c ä+\n", "name": ["x", ""]}})

    pairs = parse_qsl(urlencoded(parts).decode(), keep_blank_values=True)

    assert pairs == [("tune[title]", "a&b=c ä+\n"), ("tune[name][]", "x"), ("tune[name][]", "")]


def rails(pairs: list[tuple[str, str]]) -> Any:
    """What Rack's parameter parser makes of form fields, written from its documentation."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        head, *rest = name.replace("]", "").split("[")
        store(root, [head, *rest], value)
    return root


def store(target: Any, path: list[str], value: str) -> None:
    key, *rest = path
    if not rest:
        target[key] = value
    elif rest == [""]:
        target.setdefault(key, []).append(value)
    else:
        store(target.setdefault(key, {}), rest, value)


def listed(value: Any) -> Any:
    """Rails reads objects numbered from 0 as a list where it expects nested attributes."""
    if not isinstance(value, dict):
        return value
    inner = {key: listed(item) for key, item in value.items()}
    if inner and list(inner) == [str(number) for number in range(len(inner))]:
        return list(inner.values())
    return inner


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
keys = st.text("abcxyz_ äß-.&=%+\"'", min_size=1, max_size=6)
leaves = texts | st.lists(texts, min_size=1, max_size=3)
objects = st.dictionaries(keys, leaves, min_size=1, max_size=3)
nested = st.recursive(
    objects,
    lambda inner: st.dictionaries(
        keys, leaves | inner | st.lists(inner, min_size=1, max_size=3), min_size=1, max_size=3
    ),
    max_leaves=8,
)


@given(nested)
def test_what_rails_reads_is_what_was_written(values: dict[str, Any]) -> None:
    """Any nesting of objects, lists and texts survives the form."""
    parts = form_parts({"tune": values})

    pairs = parse_qsl(urlencoded(parts).decode(), keep_blank_values=True)

    assert listed(rails(pairs)) == {"tune": values}
