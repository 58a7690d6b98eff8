"""Client and sandbox against the data file of the API: each row is a test of its own name."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from astria_async.sandbox.openapi import document

from . import client_side, sandbox_side
from .report import PAGE, render
from .surface import Row, Table, surface

ROOT = Path(__file__).parents[2]
SURFACE = surface()
PARAMETERS = [(table, row) for table in SURFACE.parameters for row in table.rows]
FIELDS = [(table, row) for table in SURFACE.fields for row in table.rows]


def _rows(rows: list[tuple[Table, Row]], side: str) -> list[object]:
    return [
        pytest.param(table, row.name, id=f"{table.of}: {row.name}")
        for table, row in rows
        if not getattr(row, f"no_{side}")
    ]


def _endpoints(side: str) -> list[object]:
    return [
        pytest.param(row, id=row.name)
        for row in SURFACE.endpoints
        if not getattr(row, f"no_{side}")
    ]


def _pattern(call: str) -> str:
    return re.sub(r":\w+", "[^/]+", call) + r"(\.json)?"


def _sent(call: str) -> frozenset[str]:
    """The names of everything that the client sends to an endpoint."""
    (row,) = [row for row in SURFACE.endpoints if row.name == call]
    sent = client_side.sent(row.client)
    fitting = [it for it in sent if re.fullmatch(_pattern(call), f"{it.method} {it.path}")]
    return frozenset().union(*(it.names for it in fitting))


@cache
def _tests(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / path).read_text())
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


@pytest.mark.parametrize("row", _endpoints("client"))
def test_the_client_sends_it(row: Row) -> None:
    """Each endpoint has a verb that sends its method to its path."""
    sent = client_side.sent(row.client)

    assert any(re.fullmatch(_pattern(row.name), f"{it.method} {it.path}") for it in sent)


@pytest.mark.parametrize("row", _endpoints("sandbox"))
def test_the_sandbox_serves_it(row: Row) -> None:
    """Each endpoint has a row in the sandbox, and stands in its document."""
    found = sandbox_side.endpoint(row.name)

    assert found is not None
    paths = document("http://x")["paths"]
    assert all(found.method.lower() in paths[path] for path in found.paths)


@pytest.mark.parametrize(("table", "name"), _rows(PARAMETERS, "client"))
def test_the_client_sends_the_parameter(table: Table, name: str) -> None:
    """Each parameter leaves the client under its documented name, from its verb."""
    wanted = f"{table.root}.{name}" if table.root else name

    assert wanted in _sent(table.to)


@pytest.mark.parametrize(("table", "name"), _rows(PARAMETERS, "sandbox"))
def test_the_sandbox_takes_the_parameter(table: Table, name: str) -> None:
    """Each parameter has a row in the sandbox's table of its endpoint."""
    assert name in sandbox_side.taken(table.to, table.root)


@pytest.mark.parametrize(("table", "name"), _rows(FIELDS, "client"))
def test_the_client_shows_the_field(table: Table, name: str) -> None:
    """Each field of an answer has a place in the client's model."""
    assert client_side.shows(table.client, name)


@pytest.mark.parametrize(("table", "name"), _rows(FIELDS, "sandbox"))
def test_the_sandbox_answers_the_field(table: Table, name: str) -> None:
    """Each field is in an answer that a running sandbox gave."""
    assert name in sandbox_side.answers()[table.of]


@pytest.mark.parametrize("row", [pytest.param(it, id=it.name) for it in SURFACE.rules])
@pytest.mark.parametrize("side", ["client", "sandbox"])
def test_a_rule_is_shown_by_its_tests(row: Row, side: str) -> None:
    """Each rule names the test that shows it on either side, or why there is none."""
    named = getattr(row, side).split()

    assert bool(named) is not bool(getattr(row, f"no_{side}"))
    for test in named:
        path, _, function = test.partition("::")
        assert function in _tests(path)


def test_no_row_stands_twice() -> None:
    """Endpoints, parameters, fields and rules are listed once."""
    kinds = (SURFACE.endpoints, [it for _, it in PARAMETERS], [it for _, it in FIELDS])
    names = [(kind, it.group, it.name) for kind, rows in enumerate(kinds) for it in rows]
    names += [(len(kinds), it.group, it.name) for it in SURFACE.rules]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("table", [pytest.param(t, id=t.of) for t in SURFACE.parameters])
def test_the_client_sends_nothing_unlisted(table: Table) -> None:
    """What the client sends to an endpoint is in the data file: nothing is invented."""
    listed = {
        f"{it.root}.{name}" if it.root else name
        for it in SURFACE.parameter_tables(table.to)
        for name in it.names
    }

    roots = {it.root for it in SURFACE.parameter_tables(table.to)}
    unlisted = _sent(table.to) - listed - roots

    # A prompt within a prompt's place has the parameters of a prompt.
    within = re.compile(r"tune\.characteristics\.|\w+\.prompts?_attributes\.")
    assert [name for name in unlisted if not within.match(name)] == []


def test_the_page_is_of_today() -> None:
    """The page is what the data file gives; ``python -m tests.api.report`` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == render()
