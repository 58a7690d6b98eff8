"""From the shell to a command and back: help, errors in one line, exit codes, Ctrl-C, pipes."""

import contextlib
import difflib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import NoReturn

from astria_async.cli.commands import COMMANDS, PROGRAM, overview, version
from astria_async.cli.exits import CommandError, Exit, exit_for, sole
from astria_async.cli.resuming import take_hint

COMPLETE = "__complete"
"""What completion scripts call."""

_LIBRARIES = {"cyclopts", "platformdirs", "rich"}
"""What the extra ``cli`` brings."""

_RESUMED = {Exit.TIMEOUT, Exit.UNKNOWN_OUTCOME, Exit.DOWNLOAD}
"""After these the same work may be taken up again."""


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command; the exit code, as :class:`~astria_async.cli.exits.Exit` lists them.

    Args:
        arguments: What follows the program's name. Default: the process's.
    """
    words, debug = _without_debug(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError):  # not a text file, as under some test runners
            stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        code = _run(words)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - the last place that could tell of it
        code = _report(sole(error), debug=debug)
    if arguments is None and "ngrok" in sys.modules:
        _leave(code)
    return code


def _leave(code: int) -> NoReturn:
    """End the process here and now."""
    # Threads of ngrok's SDK may touch the interpreter while it is torn down, which crashes it, and
    # the exit code would be that of the crash: github.com/PyO3/pyo3-async-runtimes/issues/40.
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, OSError, ValueError):  # nobody reads it
            stream.flush()
    os._exit(code)


def _without_debug(arguments: Sequence[str]) -> tuple[list[str], bool]:
    """The arguments without ``--debug``, and whether it was among them."""
    words = list(arguments)
    end = words.index("--") if "--" in words else len(words)
    debug = "--debug" in words[:end]
    return [word for word in words[:end] if word != "--debug"] + words[end:], debug


def _run(words: list[str]) -> int:
    first = words[0] if words else "--help"
    if first in {"-h", "--help", "help"}:
        print(overview())  # noqa: T201
        return Exit.OK
    if first == "--version":
        print(version())  # noqa: T201
        return Exit.OK
    names = [command.name for command in COMMANDS]
    if first.startswith("-"):
        raise CommandError(
            f"unknown option {first}; options come after the command, see {PROGRAM} --help",
            Exit.USAGE,
        )
    if first not in names and first != COMPLETE:
        near = difflib.get_close_matches(first, names, n=1)
        guess = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
        raise CommandError(f"unknown command {first}: {guess}", Exit.USAGE)
    return _dispatch(words)


def _dispatch(words: list[str]) -> int:
    try:
        from astria_async.cli.app import run

        return run(words)
    except ModuleNotFoundError as exc:
        missing = (exc.name or "astria_async").partition(".")[0]
        if missing not in _LIBRARIES:
            raise
        raise CommandError(
            f"the command line needs {missing}: pip install 'astria-async[cli]'"
        ) from exc


def _report(error: BaseException, *, debug: bool) -> int:
    if isinstance(error, KeyboardInterrupt):
        start = "\n" if sys.stderr is not None and sys.stderr.isatty() else ""  # below the ^C
        _say(f"interrupted{take_hint()}", start)
        return Exit.INTERRUPTED
    if isinstance(error, BrokenPipeError):
        # Python would complain when it flushes at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.CLOSED_PIPE
    if debug:
        traceback.print_exception(error)
    code = exit_for(error)
    if code is Exit.BUG:
        where = "" if debug else "; --debug shows where"
        _say(f"{type(error).__name__}: {_line(error)} (a bug of ours{where})")
    else:
        _say(f"{_line(error)}{take_hint() if code in _RESUMED else ''}")
    return code


def _line(error: BaseException) -> str:
    """The message of an error, in one line."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror}"
    return " ".join(str(error).split()) or type(error).__name__


def _say(text: str, start: str = "") -> None:
    with contextlib.suppress(OSError, ValueError):  # stderr is closed: there is nobody to tell
        name = f"\x1b[1;31m{PROGRAM}:\x1b[0m" if _coloured() else f"{PROGRAM}:"
        print(f"{start}{name} {text}", file=sys.stderr, flush=True)  # noqa: T201


def _coloured() -> bool:
    """Whether stderr shows colours; asked here, for rich may be what is missing."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") in {"dumb", "unknown"}
    return sys.stderr is not None and sys.stderr.isatty() and not plain and os.name != "nt"
