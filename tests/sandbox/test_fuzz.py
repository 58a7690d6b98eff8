"""Whatever is sent is read or refused; nothing else happens."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from astria_async.sandbox.bodies import parse_form, parse_json
from astria_async.sandbox.nested import nest
from astria_async.sandbox.params import Params, read
from astria_async.sandbox.refusals import Refusal
from astria_async.sandbox.tables.endpoints import ENDPOINTS
from astria_async.sandbox.tables.prompt_params import PROMPT_CREATE
from astria_async.sandbox.tables.tune_params import TUNE_CREATE

NAMES = st.lists(st.sampled_from(["a", "b", "0", "1", "", "[", "]"]), min_size=1, max_size=6).map(
    lambda keys: keys[0] + "".join(f"[{key}]" for key in keys[1:])
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
BODIES: tuple[Params, ...] = tuple(row.body for row in ENDPOINTS if row.body)


def outcome(parse: Callable[[Any], Any], given_: Any) -> Any:
    """What came of it, or the status of the refusal."""
    try:
        return parse(given_)
    except Refusal as refusal:
        return refusal.status


@given(st.lists(st.tuples(NAMES, st.text())))
def test_any_names_nest_or_are_refused(pairs: list[tuple[str, str]]) -> None:
    """Form names nest into a tree, or are a bad request."""
    tree = outcome(nest, pairs)

    assert tree == 400 or bool(tree) is bool(pairs)


@given(st.binary() | st.text().map(str.encode))
def test_any_bytes_parse_or_are_refused(body: bytes) -> None:
    """Bytes are a form or JSON, or a bad request."""
    outcomes = [outcome(parse, body) for parse in (parse_form, parse_json)]

    assert all(found == 400 or isinstance(found, dict) for found in outcomes)


@given(st.data())
def test_any_values_are_read_or_named(data: Any) -> None:
    """Each value of each parameter gives a value or a message, and never both."""
    rows = data.draw(st.sampled_from(BODIES))
    names = [name for row in rows for name in (row.name, *row.twins)]
    given_values = data.draw(st.dictionaries(st.sampled_from(names), VALUES, max_size=4))

    values, errors = read(rows, given_values)

    assert not values.keys() & errors.keys() or any("." in name for name in errors)
    assert all(isinstance(text, str) for texts in errors.values() for text in texts)


@given(st.dictionaries(st.sampled_from(["text", "seed", "w", "num_images"]), st.text(min_size=1)))
@example({"text": "x", "seed": "0\x1f"})
def test_forms_and_json_are_read_alike(fields: dict[str, str]) -> None:
    """The same texts mean the same as a form and as JSON."""
    form = parse_form(urlencode({f"prompt[{key}]": value for key, value in fields.items()}))
    document = parse_json(json.dumps({"prompt": fields}).encode())

    assert read(PROMPT_CREATE, form.get("prompt", {})) == read(PROMPT_CREATE, document["prompt"])


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_all_blank_is_as_nothing(blank: str) -> None:
    """A form whose fields are all blank says as much as an empty one."""
    fields = {row.name: blank for row in TUNE_CREATE}

    assert read(TUNE_CREATE, fields) == read(TUNE_CREATE, {})
