"""``login`` and ``logout``, and the settings file."""

import stat
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def config(home: dict[str, str]) -> Path:
    """Where the settings file of the test's user is, on Linux."""
    return Path(home["HOME"]) / ".config" / "astria-async" / "config.toml"


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Write a settings file."""
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(mode)


def test_login_keeps_the_key_for_its_owner(cli: Any, config: Path, sandbox: Any) -> None:
    """A key that the API takes is kept in a file that only its owner reads."""
    done = cli("login", stdin=f"{sandbox.api_key}\n", ASTRIA_API_KEY="")

    assert done.code == 0
    assert done.out.startswith("Signed in as Sandbox, balance ")
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert stat.S_IMODE(config.parent.stat().st_mode) == 0o700
    assert cli("tunes", "list", ASTRIA_API_KEY="").code == 0


def test_login_with_a_wrong_key(cli: Any, config: Path) -> None:
    """A key that the API refuses is not kept, unless it is not asked."""
    refused = cli("login", stdin="sd_wrong\n")
    assert (refused.code, config.exists()) == (4, False)

    kept = cli("login", "--no-check", "--base-url", "http://127.0.0.1:9", stdin="sd_wrong\n")

    assert kept.code == 0
    assert 'base_url = "http://127.0.0.1:9"' in config.read_text()


def test_login_without_a_key(cli: Any) -> None:
    """Nothing on stdin is no key."""
    assert cli("login").code == 2


def test_login_at_a_terminal(terminal: Any, sandbox: Any) -> None:
    """At a terminal the key is asked for, and not shown."""
    env = {"ASTRIA_BASE_URL": sandbox.url}
    screen = terminal("login", **env)
    screen.until("API key:")
    screen.type(f"{sandbox.api_key}\n")
    done = screen.end()

    assert done.code == 0
    assert sandbox.api_key not in done.out


def test_login_given_up(terminal: Any) -> None:
    """Ctrl-D instead of a key keeps nothing: code 2."""
    screen = terminal("login")
    screen.until("API key:")
    screen.type("\x04")

    assert screen.end().code == 2


def test_environment_wins(cli: Any, config: Path) -> None:
    """A variable wins over the file, and ``login`` says so."""
    write(config, 'api_key = "sd_wrong"\n')

    done = cli("tunes", "list")
    login = cli("login", "--no-check", stdin="sd_other\n")

    assert done.code == 0
    assert "ASTRIA_API_KEY is set too, and wins over the file" in login.err


def test_logout(cli: Any, config: Path) -> None:
    """The key is taken out of the file; other settings stay."""
    write(config, 'api_key = "sd_x"\nbase_url = "https://example.com"\n')

    first = cli("logout")
    second = cli("logout", ASTRIA_API_KEY="")

    assert first.out == f"The key is no longer in {config}.\n"
    assert "ASTRIA_API_KEY is still set" in first.err
    assert second.out == f"There is no key in {config}.\n"
    assert second.err == ""
    assert "base_url" in config.read_text()


def test_exposed_key(cli: Any, config: Path, sandbox: Any) -> None:
    """A key that others can read is used, with a warning that says what to do."""
    write(config, f'api_key = "{sandbox.api_key}"\n', 0o644)

    done = cli("tunes", "list", ASTRIA_API_KEY="")

    assert done.code == 0
    assert done.err == f"astria-async: others can read your key: chmod 600 {config}\n"


def test_no_key(cli: Any) -> None:
    """Without a key the line says where to get and how to keep one: code 3."""
    done = cli("tunes", "list", ASTRIA_API_KEY="")

    assert done.code == 3
    assert "astria-async login" in done.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = [", "is broken: "),
        ('apikey = "x"', "unknown setting apikey: did you mean api_key?"),
        ('zzz = "x"', "unknown setting zzz: there are api_key, base_url,"),
        ("workspace_id = 7", 'workspace_id must be a text in quotes, such as workspace_id = "7"'),
    ],
)
def test_broken_file(cli: Any, config: Path, text: str, message: str) -> None:
    """A broken settings file is told in one line with its path: code 3."""
    write(config, text)

    done = cli("tunes", "list")

    assert done.code == 3
    assert done.err.startswith(f"astria-async: {config}")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_file_that_cannot_be_used(cli: Any, config: Path) -> None:
    """A folder in the file's place can be neither read nor written."""
    config.mkdir(parents=True)

    assert "cannot read" in cli("tunes", "list").err
    assert cli("login", "--no-check", stdin="sd_x\n").code == 3


def test_place_that_cannot_be_written(cli: Any, home: dict[str, str]) -> None:
    """A home that is no folder is told when something is to be kept there."""
    Path(home["HOME"]).write_text("")

    done = cli("login", "--no-check", stdin="sd_x\n")

    assert done.code == 3
    assert "cannot write" in done.err
