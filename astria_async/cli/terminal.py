"""Where output goes, and what it may look like there."""

import json
import sys
from typing import IO, Any, NoReturn

from rich.console import Console

from astria_async.cli.commands import PROGRAM


class _Console(Console):
    """rich's console, but a closed pipe stays an error of ours to handle."""

    def on_broken_pipe(self) -> NoReturn:
        """Let whoever began the command tell."""
        raise BrokenPipeError


def console(stream: IO[str] | None = None) -> Console:
    """A console on *stream*, by default stdout, that leaves numbers and paths uncoloured."""
    return _Console(file=stream or sys.stdout, highlight=False, emoji=False)


def is_lively(screen: Console) -> bool:
    """Whether what was written there can be written over, as progress bars are."""
    return screen.is_terminal and not screen.is_dumb_terminal


def put_line(text: str = "", stream: IO[str] | None = None) -> None:
    """Write a line as it is, neither wrapped nor coloured, at once."""
    print(text, file=stream or sys.stdout, flush=True)


def count(number: int, noun: str) -> str:
    """*number* with its noun, such as ``1 file`` and ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def put_json(value: Any) -> None:
    """Write one JSON value in one line on stdout."""
    put_line(json.dumps(value, ensure_ascii=False, default=str))


def put_warning(text: str) -> None:
    """Write a line on stderr that is no error."""
    put_line(f"{PROGRAM}: {text}", sys.stderr)
