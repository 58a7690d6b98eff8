"""``docs/command-line.md``, held against the commands; its blocks run with the documentation."""

import re
from pathlib import Path
from typing import Any

import pytest

from astria_async.cli.app import build
from astria_async.cli.commands import COMMANDS
from astria_async.cli.exits import Exit
from astria_async.cli.settings import NAMES
from astria_async.sandbox.dashboard.presets import PRESETS

MANUAL = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
VERBS = {"tunes", "prompts", "packs", "callbacks", "store"}


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a line that begins with *heading*, without its head."""
    (table,) = re.findall(rf"(?m)^\| {heading} \|.*\n\|[-|]+\n((?:\|.*\n)+)", MANUAL)
    return [re.split(r" *\| *", line.strip("| ")) for line in table.splitlines()]


def test_exit_codes() -> None:
    """Each code is there with its meaning, and no other."""
    assert rows("Code") == [[str(int(code)), code.meaning] for code in Exit]


def test_settings() -> None:
    """Each variable is there with its name in the file."""
    found = {cells[0].strip("`"): cells[1].strip("`") for cells in rows("Variable")}

    assert found == {variable: name for name, variable in NAMES.items()}


def test_presets() -> None:
    """Each bad day of the sandbox is there, with what happens."""
    assert rows("Name") == [[f"`{name}`", preset.about] for name, preset in PRESETS.items()]


@pytest.mark.parametrize("name", [command.name for command in COMMANDS])
def test_commands(name: str) -> None:
    """Each command is shown, and so is each verb of those that have verbs."""
    app: Any = build()
    verbs = [verb for verb in app[name] if not verb.startswith("-")] if name in VERBS else [""]

    missing = [it for it in verbs if f"astria-async {name} {it}".rstrip() not in MANUAL]

    assert [it for it in missing if f"`{name} {it}`" not in MANUAL] == []
