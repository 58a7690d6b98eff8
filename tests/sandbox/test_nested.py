"""Form names as Rails reads them."""

from typing import Any

import pytest

from astria_async.sandbox.nested import MAX_DEPTH, merge, nest
from astria_async.sandbox.refusals import Refusal


@pytest.mark.parametrize(
    ("pairs", "tree"),
    [
        ([("title", "a")], {"title": "a"}),
        ([("t[title]", "a"), ("t[name]", "b")], {"t": {"title": "a", "name": "b"}}),
        ([("t[x][]", "1"), ("t[x][]", "2")], {"t": {"x": ["1", "2"]}}),
        ([("t[x][0]", "1"), ("t[x][1]", "2")], {"t": {"x": {"0": "1", "1": "2"}}}),
        ([("t[x]", "1"), ("t[x]", "2")], {"t": {"x": "2"}}),
        ([("p[0][a]", "1"), ("p[0][b]", "2")], {"p": {"0": {"a": "1", "b": "2"}}}),
        ([("a[b", "1"), ("", "2")], {"a[b": "1", "": "2"}),
        ([("p[][x][]", "1"), ("p[][x][]", "2")], {"p": [{"x": ["1", "2"]}]}),
    ],
)
def test_names_nest(pairs: list[tuple[str, Any]], tree: dict[str, Any]) -> None:
    """Brackets nest, empty ones append, numbers stay keys, and what is malformed stays flat."""
    assert nest(pairs) == tree


def test_repeated_key_starts_the_next_element() -> None:
    """In a list of hashes, a key that the last one has begins a new one."""
    pairs = [("p[][a]", "1"), ("p[][b]", "2"), ("p[][a]", "3"), ("p[][c][d]", "4")]

    tree = nest(pairs)

    assert tree == {"p": [{"a": "1", "b": "2"}, {"a": "3", "c": {"d": "4"}}]}


@pytest.mark.parametrize(
    "names", [("a", "a[b]"), ("a[]", "a[b]"), ("a[b]", "a[]"), ("a[" + "][".join("x" * 40) + "]",)]
)
def test_contradictions_and_depth_are_refused(names: tuple[str, ...]) -> None:
    """One name as a value and a hash, or nesting past the limit, is a bad request."""
    with pytest.raises(Refusal) as caught:
        nest([(name, "1") for name in names])

    assert caught.value.status == 400


def test_deepest_allowed_name() -> None:
    """Nesting up to the limit is read."""
    assert nest([("a" + "[x]" * (MAX_DEPTH - 1), "1")])


def test_merge_goes_into_hashes() -> None:
    """Values laid on top replace, hashes join."""
    assert merge({"a": {"b": 1}, "c": 2}, {"a": {"d": 3}, "c": {"e": 4}}) == {
        "a": {"b": 1, "d": 3},
        "c": {"e": 4},
    }
