"""Tables that fit the screen."""

from collections.abc import Collection, Sequence
from typing import Literal

import attrs
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

GAP = 2
NARROWEST = 8

Row = tuple[str | Text, ...]


@attrs.frozen(kw_only=True)
class Layout:
    """
    The columns of a table.

    Attributes:
        headings: Of all columns.
        flexible: The one that gives way where there is no room.
        numbers: Those that are set to the right.
    """

    headings: tuple[str, ...]
    flexible: str
    numbers: Collection[str] = ()


def put_table(screen: Console, layout: Layout, rows: Sequence[Row]) -> None:
    """Print *rows*, a line each; what does not fit is cut in the flexible column."""
    shown = Table(box=None, pad_edge=False, padding=(0, GAP, 0, 0), header_style="bold")
    widths = _widths(layout, rows, screen.width)
    for heading, width in zip(layout.headings, widths, strict=True):
        side: Literal["left", "right"] = "right" if heading in layout.numbers else "left"
        shown.add_column(heading, justify=side, no_wrap=True, overflow="ellipsis", width=width)
    for cells in rows:
        shown.add_row(*cells)
    screen.print(shown)


def _widths(layout: Layout, rows: Sequence[Row], room: int) -> list[int]:
    widths = [
        max(cell_len(str(cell)) for cell in column)
        for column in zip(layout.headings, *rows, strict=True)
    ]
    excess = sum(widths) + GAP * (len(widths) - 1) - room
    flexible = layout.headings.index(layout.flexible)
    if excess > 0:
        widths[flexible] = max(NARROWEST, widths[flexible] - excess)
    return widths
