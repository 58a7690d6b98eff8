"""``completion``: what teaches a shell the commands."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_scripts_know_the_commands(cli: Any, shell: str) -> None:
    """The script of each shell names commands, and options that stem from the API's parameters."""
    done = cli("completion", shell)

    assert done.code == 0
    assert "prompts" in done.out
    assert "training-face-correct" in done.out


def test_bash_completes(cli: Any, tmp_path: Path) -> None:
    """In bash the beginning of a command is completed."""
    bash = shutil.which("bash")
    assert bash is not None
    (tmp_path / "script").write_text(cli("completion", "bash").out)
    program = """
        source ./script
        COMP_WORDS=(astria-async tunes do) COMP_CWORD=2 COMP_LINE='astria-async tunes do'
        COMP_POINT=${#COMP_LINE}
        _astria_async
        echo "${COMPREPLY[@]}"
    """

    done = subprocess.run(
        [bash, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert done.stdout.strip() == "download"


def test_unknown_shell(cli: Any) -> None:
    """A shell that is not known is refused with those that are."""
    done = cli("completion", "bsh")

    assert done.code == 2
    assert 'Did you mean "bash"?' in done.err
