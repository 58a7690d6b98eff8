"""The tutorial, word for word: its files saved, its commands run, each in its terminal."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest
from stores.servers import free_port

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
PORTS = ("8787", "8080", "8000")
STEP = re.compile(r"(?ms)^## (\d)\. .*?$|Save this as `(\w+\.py)`:\n\n|^```(\w+)\n(.*?)^```$")
SERVES = ("astria-async sandbox", "uvicorn --no-access-log")
INSTALLS = "pip install"


@attrs.define
class Reader:
    """
    Somebody who follows the tutorial.

    Attributes:
        folder: Where they are.
        said: What the commands of each step printed.
    """

    folder: Path
    ports: dict[str, str]
    said: dict[str, str] = attrs.field(factory=dict)
    servers: list["subprocess.Popen[bytes]"] = attrs.field(factory=list)

    def follow(self) -> None:
        """Do everything but the last step, which needs a key, and what installs."""
        number, name = "0", ""
        for step, file, language, block in STEP.findall(TUTORIAL.read_text()):
            number, name = step or number, file or name
            for told, ours in self.ports.items():
                block = block.replace(told, ours)  # noqa: PLW2901
            if language == "python":
                (self.folder / name).write_text(block)
            elif language == "sh" and INSTALLS not in block:
                self._run(number, block)

    def _run(self, number: str, block: str) -> None:
        if "astria-async sandbox" in block:
            block = f"{block.rstrip()} --port {self.ports['8787']}\n"
        # A moment may be longer on a busy machine.
        look = f"curl -s http://127.0.0.1:{self.ports['8000']}/ada"
        block = block.replace("sleep 2\n", f"until {look} | grep -q http; do sleep 0.1; done\n")
        if "uvicorn" in block:
            block = f"{block.rstrip()} --port {self.ports['8000']}\n"
        command = ["bash", "-euc", block]
        if any(it in block for it in SERVES):
            # A terminal of its own, so that all of it can be ended.
            self.servers.append(
                subprocess.Popen(
                    command, cwd=self.folder, start_new_session=True, stdout=subprocess.DEVNULL
                )
            )
            _wait_for(self.ports["8787" if "sandbox" in block else "8000"])
            return
        ran = subprocess.run(
            command, cwd=self.folder, check=True, stdout=subprocess.PIPE, text=True, timeout=120
        )
        self.said[number] = self.said.get(number, "") + ran.stdout


def _wait_for(port: str) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/nobody", timeout=5)
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"nothing answers on port {port}")


@pytest.fixture
def reader(here: Path, uncounted: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    """In an empty folder, with an environment that the first step would have made."""
    (here / ".venv").symlink_to(sys.prefix)
    monkeypatch.setenv("COLUMNS", "200")
    reader = Reader(here, {port: str(free_port()) for port in PORTS})
    try:
        yield reader
    finally:
        for server in reader.servers:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGTERM)
            server.wait(30)


def test_the_tutorial_word_for_word(reader: Reader) -> None:
    """Every program ends well and says what the text says of it."""
    reader.follow()

    said: dict[str, Any] = reader.said
    pictures = [*reader.folder.glob("pictures/*.jpg"), *reader.folder.glob("portraits/*.jpg")]
    assert "contact-sheet.jpg" in said["1"].replace("\n", "")
    assert re.search(r"created \d+ queued\ntrained, and kept until 20", said["2"])
    assert said["2"].count("pictures/") == 2
    assert "of 1 callback none arrived\nfailed: No face in the photographs." in said["3"]
    assert said["4"].count("ohwx woman") == 3
    assert len(pictures) == 5
    *_, ordered, shown = (line for line in said["5"].replace("}[", "}\n[").splitlines() if line)
    assert json.loads(ordered) == {"ordered": "ada"}
    assert json.loads(shown)[0].startswith("http")
