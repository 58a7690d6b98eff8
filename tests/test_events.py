"""The names of what is logged: users build alerts on them."""

import ast
import functools
import importlib.util
import re
from pathlib import Path

import pytest

from astria_async.events import EVENTS

PAGE = Path(__file__).parents[1] / "docs" / "observability.md"


@functools.cache
def _modules() -> list[ast.Module]:
    spec = importlib.util.find_spec("astria_async")
    assert spec is not None
    return [
        ast.parse(path.read_text(encoding="utf-8"))
        for folder in spec.submodule_search_locations or ()
        for path in Path(folder).rglob("*.py")
        if path.name != "events.py"
    ]


def _texts(node: ast.AST) -> set[str]:
    return {
        it.value
        for it in ast.walk(node)
        if isinstance(it, ast.Constant) and isinstance(it.value, str)
    }


@functools.cache
def _said() -> frozenset[str]:
    return frozenset(text for module in _modules() for text in _texts(module))


def _logged() -> set[str]:
    """What is passed as an event, wherever something is logged."""
    calls = (
        node
        for module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("log_event")
    )
    names = (name for call in calls for it in call.args for name in _texts(it))
    return {name for name in names if re.fullmatch(r"[a-z]+(\.[a-z_]+)+", name)}


def test_each_is_in_the_table() -> None:
    """No event is logged that the table does not explain."""
    assert _logged() <= EVENTS.keys()


@pytest.mark.parametrize("event", EVENTS)
def test_each_is_used(event: str) -> None:
    """The table explains no event that nothing logs."""
    assert event in _said()


def test_nothing_is_logged_beside_it() -> None:
    """Every record of the package is an event: no logger is called but by the table's module."""
    beside = [
        ast.unparse(node)
        for module in _modules()
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and re.fullmatch(
            r"_?logger\.(debug|info|warning|error|exception|critical|log)", ast.unparse(node.func)
        )
    ]

    assert beside == []


def test_the_documentation_has_each() -> None:
    """The page for users lists every event, with what it tells."""
    rows = re.findall(r"(?m)^\| `([a-z_.]+)` \| (.*) \|$", PAGE.read_text(encoding="utf-8"))

    assert dict(rows).items() >= EVENTS.items()
