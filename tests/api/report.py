"""
The coverage of the API as a page of the documentation.

``python -m tests.api.report``, from the root of the project, writes docs/api-coverage.md.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from .surface import Row, Surface, Table, surface

PAGE = Path(__file__).parents[2] / "docs" / "api-coverage.md"
_HEAD = """\
# Coverage of the API

What Astria's API consists of, as far as public material tells, and where the client and the
sandbox have it. The rows stand in `tests/api/surface.toml`; for each of them, `test_surface.py`
in the same folder has a test: an endpoint or a parameter must be in a request that the client
really sends and in a table that the sandbox reads requests by, a field must be in the client's
model and in an answer of a running sandbox, and a rule names the tests that show it. This page is
made from the same rows; `python -m tests.api.report` writes it anew.
"""


def render() -> str:
    """The page."""
    it = surface()
    parts = [_HEAD, _summary(it), _exceptions(it), "## Endpoints\n", _endpoints(it.endpoints)]
    parts.append("## Request parameters\n")
    parts += [_names(table, f"{table.of}: `{table.to}`") for table in it.parameters]
    parts.append("## Response fields\n")
    parts += [_names(table, f"{table.of}: `{table.client}`") for table in it.fields]
    parts += ["## Rules\n", _rules(it.rules)]
    return "\n".join(parts)


def _table(head: Sequence[str], rows: Iterator[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _summary(it: Surface) -> str:
    kinds: tuple[tuple[str, Sequence[Row]], ...] = (
        ("endpoints", it.endpoints),
        ("request parameters", [row for table in it.parameters for row in table.rows]),
        ("response fields", [row for table in it.fields for row in table.rows]),
        ("rules", it.rules),
        ("all", it.rows),
    )
    rows = ([kind, str(len(rows)), _share(rows, "client"), _share(rows, "sandbox")]
            for kind, rows in kinds)  # fmt: skip
    note = "\n100 % of the rows, on either side, are covered or have a reason, which is below.\n"
    return _table(("", "rows", "client", "sandbox"), rows) + note


def _share(rows: Sequence[Row], side: str) -> str:
    exceptions = sum(bool(getattr(row, f"no_{side}")) for row in rows)
    return f"{len(rows) - exceptions}" + (f" + {exceptions} with a reason" if exceptions else "")


def _exceptions(it: Surface) -> str:
    rows = (
        [f"{row.group}: `{row.name}`" if row.group != "endpoints" else f"`{row.name}`", side, why]
        for row in it.rows
        for side, why in (("client", row.no_client), ("sandbox", row.no_sandbox))
        if why
    )
    return "## Exceptions\n\n" + _table(("what", "not in the", "because"), rows)


def _endpoints(rows: Sequence[Row]) -> str:
    cells = ([f"`{row.name}`", _place(row), "—" if row.no_sandbox else "yes"] for row in rows)
    return _table(("endpoint", "client", "sandbox"), cells)


def _place(row: Row) -> str:
    return "—" if row.no_client else f"`{row.client}`"


def _names(table: Table, title: str) -> str:
    cells = (
        [f"`{row.name}`", *("—" if why else "yes" for why in (row.no_client, row.no_sandbox))]
        for row in table.rows
    )
    return f"### {title}\n\n" + _table(("name", "client", "sandbox"), cells)


def _rules(rows: Sequence[Row]) -> str:
    cells = (
        [row.group, row.name, *(_tests(getattr(row, side)) for side in ("client", "sandbox"))]
        for row in rows
    )
    return _table(("of", "rule", "shown for the client by", "and for the sandbox by"), cells)


def _tests(named: str) -> str:
    return "<br>".join(f"`{test}`" for test in named.split()) or "—"


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8", newline="\n")
