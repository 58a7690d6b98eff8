"""Long lists, a window at a time, the youngest first."""

from collections.abc import Callable, Iterable, Iterator
from typing import Generic, TypeVar

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request

PAGE_SIZE = 25
_MAX_DIGITS = 18

T = TypeVar("T")


@attrs.frozen
class Window(Generic[T]):
    """
    A part of a list.

    Attributes:
        rows: What is shown.
        older: What to ask for as ``before`` to see what follows; ``None`` at the end.
        newest: Whether nothing comes before it.
    """

    rows: list[T]
    older: int | str | None
    newest: bool


def number(text: str | None) -> int | None:
    """A number from an address; ``None`` for anything else."""
    if text and text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS:
        return int(text)
    return None


def path_number(request: Request, name: str = "number") -> int:
    """
    The number in the request's path.

    Raises:
        HTTPException: 404, for what is no number.
    """
    value = number(request.path_params[name])
    if value is None:
        raise HTTPException(404)
    return value


def window(
    rows: Iterable[T],
    request: Request,
    key: Callable[[T], int],
    size: int = PAGE_SIZE,
) -> Window[T]:
    """The part of *rows* that the request's ``before`` asks for; *key* falls along them."""
    before = number(request.query_params.get("before"))
    shown: Iterator[T] = (row for row in rows if before is None or key(row) < before)
    taken = _take(shown, size + 1)
    older = key(taken[size - 1]) if len(taken) > size else None
    return Window(taken[:size], older, newest=before is None)


def window_after(
    rows: Iterable[T], request: Request, key: Callable[[T], str], size: int = PAGE_SIZE
) -> Window[T]:
    """The same where keys have no order: what follows the row that ``before`` names."""
    before = request.query_params.get("before", "")
    shown = iter(rows)
    if before:
        any(key(row) == before for row in shown)
    taken = _take(shown, size + 1)
    older = key(taken[size - 1]) if len(taken) > size else None
    return Window(taken[:size], older, newest=not before)


def _take(rows: Iterator[T], count: int) -> list[T]:
    return [row for row, _ in zip(rows, range(count), strict=False)]
