"""From the shell to a command and back: help, errors in one line, exit codes, pipes."""

import os
import subprocess
import sys
from typing import Any

import pytest

from astria_async.cli.commands import COMMANDS
from astria_async.cli.exits import CommandError, Exit, exit_for, sole
from astria_async.protocol import errors

BLOCK = """
import os, sys
os.environ["ASTRIA_API_KEY"] = "sd_test"
for name in sys.argv[1].split(","):
    sys.modules[name] = None
from astria_async.cli import main
sys.exit(main(sys.argv[2:]))
"""


def without(modules: str, *words: str) -> "subprocess.CompletedProcess[str]":
    """Run a command where *modules* are not installed."""
    command = [sys.executable, "-P", "-c", BLOCK, modules, *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=40, check=False)


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["help"]])
def test_help_names_every_command(run: Any, words: list[str]) -> None:
    """Help lists each command with what it does, within 80 columns."""
    done = run(*words)

    assert done.code == 0
    assert all(f"\n  {it.name} " in done.out and it.summary in done.out for it in COMMANDS)
    assert max(map(len, done.out.splitlines())) <= 80


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_every_command_has_help(run: Any, name: str) -> None:
    """Each command tells its own options."""
    done = run(name, "--help")

    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: astria-async {name}")


def test_version(run: Any) -> None:
    """``--version`` prints program and version."""
    assert run("--version").out == "astria-async 0.1.0\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["tune"], "unknown command tune: did you mean tunes?"),
        (["xyz"], "unknown command xyz: there are tunes, prompts,"),
        (["--json"], "unknown option --json; options come after the command"),
        (["tunes", "lst"], 'Unknown command "lst". Did you mean "list"?'),
        (["tunes", "list", "--lmit", "3"], "Unknown option: --lmit. Did you mean --limit?"),
        (["tunes", "get"], 'Command "tunes get" parameter'),
        (["tunes", "get", "x"], "unable to convert"),
        (["tunes", "get", "-4"], 'Invalid value "-4"'),
        (["tunes", "list", "--limit", "0"], "Must be >= 1"),
    ],
)
def test_mistyped(run: Any, words: list[str], message: str) -> None:
    """What is mistyped is told in one line, with the nearest name, and code 2."""
    done = run(*words)

    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_traceback_on_request(run: Any) -> None:
    """A traceback is shown with ``--debug``, wherever that stands, and never otherwise."""
    assert "Traceback" not in run("tunes", "list").err
    assert "Traceback" in run("tunes", "--debug", "list").err


def test_debug_after_two_dashes_is_a_value() -> None:
    """Behind ``--`` the word ``--debug`` is no option."""
    from astria_async.cli.entry import _without_debug

    assert _without_debug(["a", "--debug", "--", "--debug"]) == (["a", "--", "--debug"], True)


def test_closed_pipe(home: dict[str, str]) -> None:
    """Whoever stops reading, as ``head`` does, gets no complaint: code 141 and silence."""
    words = [sys.executable, "-m", "astria_async.cli", "tunes", "create", "--help"]
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as closed:
        done = subprocess.run(
            words, env=home, stdout=closed, stderr=subprocess.PIPE, timeout=40, check=False
        )

    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.parametrize("module", ["cyclopts", "rich", "platformdirs"])
def test_missing_library(module: str) -> None:
    """Without the extra, the line names it."""
    done = without(module, "tunes", "list")

    assert done.returncode == 3
    assert done.stderr == (
        f"astria-async: the command line needs {module}: pip install 'astria-async[cli]'\n"
    )


@pytest.mark.parametrize("words", [["demo"], ["sandbox"], ["sandbox", "trigger"]])
def test_missing_sandbox(words: list[str]) -> None:
    """What needs the sandbox's extra names it."""
    done = without("PIL,jinja2", *words)

    assert done.returncode == 3
    assert done.stderr.endswith("pip install 'astria-async[sandbox]'\n")


def test_help_needs_no_library() -> None:
    """The overview is there without any extra."""
    assert without("cyclopts,rich", "--help").stdout.startswith("Usage: astria-async")


def test_commands_need_no_sandbox() -> None:
    """What talks to the real API runs without the sandbox's extra."""
    done = without("PIL,jinja2,python_multipart", "tunes", "list", "--base-url", "nowhere")

    assert "pip install" not in done.stderr


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (errors.ConfigurationError("x"), Exit.SETUP),
        (errors.InvalidInput("x"), Exit.USAGE),
        (errors.AuthenticationError("x", status=401), Exit.DENIED),
        (errors.PermissionDenied("x", status=403), Exit.DENIED),
        (errors.PaymentRequired("x", status=402), Exit.PAYMENT),
        (errors.BudgetExceeded("x"), Exit.PAYMENT),
        (errors.NotFound("x", status=404), Exit.NOT_FOUND),
        (errors.Deleted("x", status=404), Exit.NOT_FOUND),
        (errors.ValidationError("x", status=422), Exit.REFUSED),
        (errors.RateLimited("x", status=429), Exit.SERVER),
        (errors.GatewayTimeout("x", status=504), Exit.SERVER),
        (errors.APIError("x", status=418), Exit.SERVER),
        (errors.DecodeError("x"), Exit.SERVER),
        (errors.ConnectionFailed("x", method="GET", path="/", sent=False), Exit.NO_ANSWER),
        (errors.OutcomeUnknown("x", kind="tune", sent={}), Exit.UNKNOWN_OUTCOME),
        (errors.TuneFailed("x", reason="", object=None), Exit.JOB_FAILED),
        (errors.WaitTimeout("x", object=None), Exit.TIMEOUT),
        (errors.DownloadFailed("x"), Exit.DOWNLOAD),
        (errors.StoreUnavailable("x"), Exit.STORE),
        (CommandError("x", Exit.UNSOUND), Exit.UNSOUND),
        (PermissionError(13, "Permission denied"), Exit.SETUP),
        (KeyError("x"), Exit.BUG),
    ],
)
def test_exit_codes(error: Exception, code: Exit) -> None:
    """Each kind of error has its exit code."""
    assert exit_for(error) is code


def test_group_of_one_is_its_error() -> None:
    """An error that comes in groups of one is told as itself."""
    error = ValueError("x")

    assert sole(ExceptionGroup("a", [ExceptionGroup("b", [error])])) is error


def test_codes_have_meanings() -> None:
    """Every exit code says what it means, for the documentation."""
    assert all(code.meaning for code in Exit)
    assert len({int(code) for code in Exit}) == len(Exit)


def test_bug_is_told_as_one() -> None:
    """An error that nobody foresaw is called a bug of ours, in one line, with code 1."""
    done = without("httpx", "tunes", "list", "--base-url", "http://127.0.0.1:9")

    assert done.returncode == 1
    assert done.stderr.startswith("astria-async: ModuleNotFoundError: ")
    assert done.stderr.endswith("(a bug of ours; --debug shows where)\n")
