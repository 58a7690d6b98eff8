"""Docstrings as help shows them."""

import inspect
from collections.abc import Callable
from typing import TypeVar

C = TypeVar("C", bound=Callable[..., object])


def documented(call: C) -> C:
    """
    Let *call*'s docstring run on over its line ends, which the parser would keep.

    A paragraph becomes a line, and so does each entry under ``Args``.
    """
    lines: list[str] = []
    for line in inspect.cleandoc(call.__doc__ or "").splitlines():
        if lines and line.strip() and lines[-1] and _goes_on(lines[-1], line):
            lines[-1] += f" {line.strip()}"
        else:
            lines.append(line)
    call.__doc__ = "\n".join(lines)
    return call


def _goes_on(before: str, line: str) -> bool:
    """Whether *line* continues the one before it."""
    deep, deeper = _indent(before), _indent(line)
    return not before.endswith("Args:") and (deeper > deep or (deeper == 0 and deep == 0))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
