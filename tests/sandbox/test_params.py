"""Values as their rows read them."""

from pathlib import Path
from typing import Any

import pytest

from astria_async.sandbox.params import Link, Param, read
from astria_async.sandbox.uploads import Upload


def one(row: Param, value: Any, *, creating: bool = True) -> Any:
    values, errors = read((row,), {row.name: value}, creating=creating)
    return errors.get(row.name, [None])[0] or values.get(row.name, "absent")


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("text", "a", "a"),
        ("text", 7, "7"),
        ("int", "12", 12),
        ("int", 4.0, 4),
        ("int", " +3 ", 3),
        ("float", "0.5", 0.5),
        ("float", 2, 2.0),
        ("bool", "true", True),
        ("bool", "1", True),
        ("bool", 1, True),
        ("bool", "on", True),
        ("bool", False, False),
        ("bool", "OFF", False),
        ("url", " https://a.example.com/x?y=%20 ", "https://a.example.com/x?y=%20"),
        ("map", {"a": "b", "c": True, "d": None}, {"a": "b", "c": "true", "d": ""}),
        ("map", '{"eyes": "blue"}', {"eyes": "blue"}),
        ("file", "https://a.example.com/x.jpg", Link("https://a.example.com/x.jpg")),
        ("any", {"x": [1]}, {"x": [1]}),
    ],
)  # fmt: skip
def test_good_values(kind: Any, given: Any, value: Any) -> None:
    """Each kind reads what forms and JSON send for it."""
    assert one(Param(name="x", kind=kind), given) == value


@pytest.mark.parametrize(
    ("kind", "given", "message"),
    [
        ("text", ["a"], "is invalid"),
        ("text", True, "is invalid"),
        ("int", "a", "is not a number"),
        ("int", True, "is not a number"),
        ("int", 1.5, "must be an integer"),
        ("int", 10**30, "is out of range"),
        ("float", "nan", "is not a number"),
        ("float", "x", "is not a number"),
        ("float", [], "is not a number"),
        ("float", 10**400, "is not a number"),
        ("bool", "maybe", "must be true or false"),
        ("bool", 2, "must be true or false"),
        ("bool", [], "must be true or false"),
        ("url", "ftp://x.example.com", "is not a valid URL"),
        ("url", "https://", "is not a valid URL"),
        ("url", "https://a b.example.com/", "is not a valid URL"),
        ("url", "https://[1/", "is not a valid URL"),
        ("url", "https://x.example.com:99999/", "is not a valid URL"),
        ("map", "[1]", "is not a JSON object"),
        ("map", 3, "is invalid"),
        ("map", {"a": [1]}, "is invalid"),
        ("file", "nonsense", "is not a valid URL"),
    ],
)
def test_bad_values(kind: Any, given: Any, message: str) -> None:
    """Each kind refuses what it cannot be."""
    assert one(Param(name="x", kind=kind), given) == message


@pytest.mark.parametrize(
    ("row", "given", "message"),
    [
        (Param(name="x", kind="int", low=1, high=8), 0, "must be greater than or equal to 1"),
        (Param(name="x", kind="int", low=1, high=8), 9, "must be less than or equal to 8"),
        (Param(name="x", kind="int", step=8), 12, "must be a multiple of 8"),
        (Param(name="x", allowed=("a", "b")), "c", "is not included in the list"),
        (Param(name="x", pattern=("[a-z]+", "only letters")), "1", "only letters"),
        (Param(name="x", kind="table"), "1", "is invalid"),
    ],
)
def test_limits(row: Param, given: Any, message: str) -> None:
    """Ranges, steps, lists and patterns are kept, in the words of Rails."""
    assert one(row, given) == message


def test_blank_is_not_given() -> None:
    """An empty form field counts as left out, and as missing where it is required."""
    assert one(Param(name="x"), "  ") == "absent"
    assert one(Param(name="x", required=True), "") == "can't be blank"
    assert one(Param(name="x", required=True), None) == "can't be blank"
    assert one(Param(name="x", required=True), "", creating=False) == "absent"


def test_null_is_kept() -> None:
    """JSON null is no blank: an update clears with it."""
    assert read((Param(name="x"),), {"x": None})[0] == {"x": None}


@pytest.mark.parametrize("given", [["1", "2"], {"1": "2", "0": "1"}, ["1", "", None, "2"]])
def test_lists(given: Any) -> None:
    """A list may come as one or as a hash with numbers; blanks in it are dropped."""
    assert one(Param(name="x", kind="int", many=True), given) == [1, 2]


def test_single_value_makes_a_list() -> None:
    """A single value where a list is expected is its only element."""
    assert one(Param(name="x", kind="int", many=True), "5") == [5]


def test_nested_errors_are_dotted() -> None:
    """Errors inside a nested table carry its name, as Rails names nested records."""
    row = Param(
        name="prompts_attributes", kind="table", many=True, rows=(Param(name="n", kind="int"),)
    )

    _, errors = read((row,), {"prompts_attributes": [{"n": "x"}, {"n": "1"}]})

    assert errors == {"prompts.n": ["is not a number"]}


def test_aliases_and_twins() -> None:
    """Other names fill the documented one, unless that was sent too."""
    rows = (
        Param(name="video_audio", kind="bool", aliases=("generate_audio",)),
        Param(name="file", kind="file", twins=("file_url",)),
    )

    values, _ = read(rows, {"generate_audio": "1", "file_url": "data:image/png;base64,AA=="})

    assert values["video_audio"] is True
    assert values["file"].inline


def test_unknown_names_are_ignored() -> None:
    """What no row names is passed over, as Rails passes it over."""
    assert read((Param(name="x"),), {"y": 1}) == ({}, {})


def test_upload_is_taken_as_it_is() -> None:
    """An uploaded file stays an upload."""
    upload = Upload(path=Path("a"), filename="a.jpg", declared="image/jpeg")

    assert one(Param(name="x", kind="file"), upload) is upload
