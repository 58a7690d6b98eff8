"""Where output goes, and what it may look like there."""

import datetime as dt
import json
import sys
import textwrap
from collections.abc import Iterable
from typing import IO, Any, NoReturn

from rich.console import Console
from rich.text import Text

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


def put_stopped(what: str) -> None:
    """Write the last line of a command that served until Ctrl-C, below what that key left there."""
    start = "\n" if sys.stdout.isatty() else ""
    put_line(f"{start}stopped; {what}")


def count(number: int, noun: str) -> str:
    """*number* with its noun, such as ``1 file`` and ``2 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def span(time: dt.timedelta) -> str:
    """A length of time, to the second where it is short, else to the minute."""
    seconds = round(time.total_seconds())
    return f"{seconds} s" if seconds < 120 else f"{round(seconds / 60)} min"  # noqa: PLR2004


def put_facts(facts: Iterable[tuple[str, str | Text]]) -> None:
    """Write what is known, a fact a line behind its label; what is empty is left out."""
    known = [(label, value) for label, value in facts if value]
    width = max((len(label) for label, _ in known), default=0)
    screen = console()
    for label, value in known:
        line = Text.assemble((f"{label:{width}}  ", "dim"), value)
        screen.print(line, soft_wrap=True)


def put_hanging(screen: Console, head: Text, text: str, style: str = "") -> None:
    """
    Write *text* behind *head*; at a terminal what does not fit goes on below where it began.

    Args:
        screen: Where to.
        head: What stands in front of the first line.
        text: What is told. Its words stay whole, so that a path can be copied.
        style: How it looks.
    """
    room = max(20, screen.width - head.cell_len) if screen.is_terminal else len(text) + 1
    for line in textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False):
        screen.print(Text.assemble(head, (line, style)), soft_wrap=True)
        head = Text(" " * head.cell_len)


def suggest(command: str) -> None:
    """Say at a terminal which command may come next; nothing where no person reads along."""
    screen = console(sys.stderr)
    if is_lively(screen) and sys.stdout.isatty():
        screen.print(Text.assemble(("\nNext: ", "dim"), (command, "cyan")), soft_wrap=True)


def put_json(value: Any) -> None:
    """Write one JSON value in one line on stdout."""
    put_line(json.dumps(value, ensure_ascii=False, default=str))


def put_warning(text: str) -> None:
    """Write a line on stderr that is no error."""
    put_line(f"{PROGRAM}: {text}", sys.stderr)
