"""JSON to models: exact types, paths in errors, unknown keys kept."""

import contextlib
import datetime as dt
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.protocol.codec import merged, structure
from astria_async.protocol.errors import DecodeError
from astria_async.protocol.models import Prompt, Tune

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)


def problems(cls: Any, raw: Any) -> tuple[str, ...]:
    """What is wrong with *raw*."""
    with pytest.raises(DecodeError) as caught:
        structure(cls, raw)
    return caught.value.problems


@pytest.mark.parametrize("raw", [None, [], "tune", 7, [{"id": 1}]])
def test_only_an_object_is_a_model(raw: object) -> None:
    """Anything but a JSON object is refused by its type."""
    with pytest.raises(DecodeError, match="expected a tune as a JSON object, got"):
        structure(Tune, raw)


def test_an_object_needs_an_id() -> None:
    """The id is the one field that every answer has."""
    assert problems(Tune, {"title": "Ada"}) == ("required field missing @ tune.id",)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", True),
        ("id", "seven"),
        ("id", 1.5),
        ("title", 7),
        ("title", True),
        ("face_crop", "true"),
        ("face_crop", 1),
        ("steps", []),
        ("trained_at", 1741084230),
        ("trained_at", "yesterday"),
        ("trained_at", "0001-01-01T00:00:00+01:00"),
        ("orig_images", "https://x/1"),
        ("orig_images", [7]),
        ("orig_images", [{"href": "https://x/1"}]),
        ("characteristics", "blue"),
    ],
)
def test_a_field_of_another_type_is_named_by_its_path(field: str, value: object) -> None:
    """Nothing is coerced silently: None is not "None", and True is not 1."""
    (problem,) = problems(Tune, {"id": 1, field: value})

    assert problem.endswith(f"@ tune.{field}")


def test_every_bad_field_is_reported_at_once() -> None:
    """One error tells of all fields that are wrong."""
    assert len(problems(Prompt, {"id": 1, "text": 7, "seed": "x", "images": 1})) == 3


@pytest.mark.parametrize("value", [True, "three", [], "NaN", "inf", {}, 10**400])
def test_what_is_no_number_is_no_number(value: object) -> None:
    """A decimal may come as text, but it has to be one, and finite."""
    assert problems(Prompt, {"id": 1, "cfg_scale": value})


@pytest.mark.parametrize(
    ("value", "number"), [(3, 3.0), (3.5, 3.5), ("3.0", 3.0), ("7", 7.0), (None, None)]
)
def test_decimals_come_in_three_spellings(value: object, number: float | None) -> None:
    """Integers, decimals and decimal strings are the same number."""
    assert structure(Prompt, {"id": 1, "cfg_scale": value}).cfg_scale == number


@pytest.mark.parametrize(("value", "number"), [(7, 7), ("7", 7), (7.0, 7), (None, None)])
def test_integers_come_in_three_spellings(value: object, number: int | None) -> None:
    """Integers, whole decimals and integer strings are the same number."""
    assert structure(Prompt, {"id": 1, "seed": value}).seed == number


@pytest.mark.parametrize(
    "text",
    [
        "2025-03-04T10:20:30.456Z",
        "2025-03-04T11:20:30.456+01:00",
        "2025-03-04T10:20:30.456",
    ],
)
def test_times_are_aware_and_in_utc(text: str) -> None:
    """Whatever the offset it is written with, a time is the same moment in UTC."""
    moment = structure(Tune, {"id": 1, "created_at": text}).created_at

    assert moment == dt.datetime(2025, 3, 4, 10, 20, 30, 456_000, tzinfo=dt.UTC)
    assert moment.tzinfo is dt.UTC


def test_null_lists_are_empty() -> None:
    """A list that is null has nothing in it."""
    tune = structure(Tune, {"id": 1, "ckpt_urls": None, "orig_images": []})

    assert (tune.ckpt_urls, tune.orig_images) == ((), ())


def test_unknown_keys_are_kept() -> None:
    """Keys of no field go to extra, also those that we use ourselves."""
    raw = {"id": 1, "brand_new": [1], "extra": "x", "request_id": "y", "_binding": "z", "raw": 0}

    tune = structure(Tune, raw, request_id="r-1")

    assert tune.extra == {key: raw[key] for key in raw if key != "id"}
    assert tune.request_id == "r-1"


def test_characteristics_are_any_object() -> None:
    """An object whose shape is not documented is taken as it is."""
    tune = structure(Tune, {"id": 1, "characteristics": {"eye": "blue", "age": 30}})

    assert tune.characteristics == {"eye": "blue", "age": 30}


def test_later_fields_are_merged_into_a_model(tune_json: dict[str, Any]) -> None:
    """What a callback tells is laid over what was known; the rest stays."""
    tune = structure(Tune, tune_json | {"trained_at": None}, request_id="r-1")

    later = merged(tune, {"trained_at": "2025-03-04T10:29:41.201Z", "brand_new": 1})

    assert (later.is_ready, later.title, later.request_id) == (True, tune.title, "r-1")
    assert later.extra == {"brand_new": 1}


def test_merging_checks_types_as_reading_does(tune_json: dict[str, Any]) -> None:
    """A callback of the wrong shape changes nothing."""
    with pytest.raises(DecodeError):
        merged(structure(Tune, tune_json), {"trained_at": 7})


@given(st.dictionaries(st.sampled_from(["id", "title", "steps", "trained_at", "new"]), json_values))
def test_any_object_is_a_model_or_a_decode_error(raw: dict[str, Any]) -> None:
    """Whatever JSON an answer holds, no other error than ours comes out."""
    found: dict[str, Any] | None = None

    with contextlib.suppress(DecodeError):
        found = structure(Tune, raw).to_dict()

    assert found in (None, raw)
