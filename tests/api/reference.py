"""The tables of the reference that this project was written from, where it lies beside it."""

import re
from collections.abc import Iterator
from pathlib import Path

import attrs

REFERENCE = Path(__file__).parents[3] / "shared" / "astria-api.md"
SECTIONS = re.compile(r"[1-4]\. ")
_TOKEN = re.compile(r"`([^`]+)`")
_METHODS = ("GET", "POST", "PATCH", "DELETE")


@attrs.frozen(kw_only=True)
class Line:
    """One row of a table: the headings above it, the table's first column, and the cells."""

    headings: str
    column: str
    cells: tuple[str, ...]


def lines() -> Iterator[Line]:
    """Every row of every table of sections 1 to 4; none, if the reference is not there."""
    if not REFERENCE.exists():
        return
    headings: list[str] = []
    column = ""
    for text in REFERENCE.read_text().splitlines():
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
