"""What the README says of commands, extras and pages, held against what is there."""

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def text() -> str:
    """The README."""
    return (ROOT / "README.md").read_text()


@pytest.fixture
def commands(text: str) -> list[str]:
    """The shell blocks of its first section."""
    first = text.partition("\n## ")[2].partition("\n## ")[0]
    blocks: list[str] = re.findall(r"(?s)```sh\n(.*?)```", first)
    return blocks


def test_two_commands(commands: list[str]) -> None:
    """The first section has two commands, one line each, that make their own environment."""
    assert len(commands) == 2
    for command in commands:
        assert len(command.splitlines()) == 1
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install ")


def test_ci_runs_the_second(commands: list[str]) -> None:
    """What CI runs is the README's own command, read from there."""
    said = subprocess.run(
        [ROOT / ".ci" / "run", "--show"], capture_output=True, text=True, check=True
    )

    assert said.stdout == commands[1]


def test_extras(text: str) -> None:
    """The table of extras has those of the package, in its order."""
    project: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    section = text.partition("\n## Extras\n")[2].partition("\n## ")[0]
    told = re.findall(r"(?m)^\| `(\w+)` \|", section)

    assert told == list(project["optional-dependencies"])


def test_links(text: str) -> None:
    """Each link to a file of the repository leads somewhere."""
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]

    assert links
    assert all((ROOT / link).exists() for link in links)
