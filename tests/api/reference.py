"""
What a reference of the API in Markdown has in its tables, and the data file has not.

``python -m tests.api.reference PATH``, from the root of the project, prints it, name by name. The
reference that the data file was gathered from is no part of the project.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import attrs

from .surface import shape, surface

SECTIONS = re.compile(r"[1-4]\. ")
_TOKEN = re.compile(r"`([^`]+)`")
_METHODS = ("GET", "POST", "PATCH", "DELETE")


@attrs.frozen(kw_only=True)
class Line:
    """One row of a table: the headings above it, the table's first column, and the cells."""

    headings: str
    column: str
    cells: tuple[str, ...]


def lines(reference: Path) -> Iterator[Line]:
    """Every row of every table of sections 1 to 4."""
    headings: list[str] = []
    column = ""
    for text in reference.read_text().splitlines():
        heading = re.match(r"(#+) (.*)", text)
        if heading:
            depth = len(heading[1]) - 1
            headings = [*headings[: depth - 1], heading[2]]
        if not text.startswith("|"):
            column = ""
            continue
        cells = tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", text.strip("|")))
        if set("".join(cells)) <= set("-: "):
            continue
        if not column:
            column = cells[0]
        elif headings and SECTIONS.match(headings[0]):
            yield Line(headings=" > ".join(headings), column=column, cells=cells)


def calls(cell: str) -> list[str]:
    """Methods with paths in a cell; a method alone goes with the next path."""
    found: list[str] = []
    waiting: list[str] = []
    for token in _TOKEN.findall(cell):
        method, _, path = token.partition(" ")
        if method in _METHODS and not path:
            waiting.append(method)
        elif method in _METHODS:
            found += [f"{it} {path}" for it in (*waiting, method)]
            waiting = []
    return found


def names(cell: str) -> list[str]:
    """Parameters or fields in a cell; ``_url`` after a name is its twin."""
    found: list[str] = []
    base = ""
    for token in _TOKEN.findall(cell):
        name = token.replace("[]", "")
        if name.startswith("_"):
            found.append(base + name)
        else:
            base = name
            found.append(name)
    return found


def missing(reference: Path) -> Iterator[str]:
    """What the reference lists in a first column, and the data file does not."""
    it = surface()
    tables = (*it.parameters, *it.fields)
    known = {shape(row.name) for row in it.endpoints}
    known |= {
        part for table in tables for name in table.names for part in (name, name.split(".")[-1])
    }
    for line in lines(reference):
        if line.column.startswith("Method"):
            found = [shape(call) for call in calls(line.cells[0])]
        elif line.column.startswith("Name"):
            found = names(line.cells[0])
        else:
            continue
        yield from (f"{line.headings}: {name}" for name in found if name not in known)


if __name__ == "__main__":
    print("\n".join(missing(Path(sys.argv[1]))))
