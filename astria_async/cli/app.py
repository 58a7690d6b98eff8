"""The commands as cyclopts reads them; each is imported when it is asked for."""

from typing import Any

from cyclopts import App, UnusedCliTokensError

from astria_async.cli.commands import COMMANDS, PROGRAM, version
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.terminal import console
from astria_async.cli.values import STDIN


def build() -> App:
    """The whole command line."""
    app = App(
        name=PROGRAM,
        version=version,
        help_format="plaintext",
        console=console(),
        result_action="return_value",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
    )
    for command in COMMANDS:
        app.command(command.target, name=command.name)
    return app


def run(words: list[str]) -> int:
    """
    Run the command that *words* begin with; its exit code.

    Raises:
        CycloptsError: They cannot be understood.
        CommandError: There are too many of them, or the command failed.
    """
    try:
        result: Any = build()([STDIN if word == "-" else word for word in words])
    except ImportError as exc:
        # Told of the command, by way of whatever it needs.
        missing = exc.__cause__
        if isinstance(missing, ModuleNotFoundError):
            raise missing from None
        raise
    except UnusedCliTokensError as exc:
        unused = " ".join(exc.unused_tokens or ())
        raise CommandError(f"unexpected argument: {unused}", Exit.USAGE) from exc
    return result if isinstance(result, int) else 0
