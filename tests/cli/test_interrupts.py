"""Ctrl-C in everything that takes long: a real SIGINT to a process in a session of its own."""

import json
import os
import re
import signal
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest

LOOK = r"to see whether it was created: astria-async {} list --{}"
REST = "what is there is whole: the same command fetches the rest"
KEPT = "stopped; its state is gone; --state FILE keeps it"


def stalled(path: str, method: str | None = None) -> dict[str, Any]:
    """Requests there are never answered."""
    return {"on": "request", "kind": "slow", "method": method, "path": path, "seconds": 1e9}


def endless(kind: str) -> dict[str, Any]:
    """Jobs of that kind never end."""
    return {"on": "job", "kind": kind, "reason": ""}


@attrs.frozen(kw_only=True)
class Long:
    """
    A command that takes long.

    Attributes:
        words: It; TUNE, PROMPT and PHOTO stand for one each.
        fault: What keeps it from its end; none for what serves.
        until: What is shown once it is under way.
        said: A pattern of its last line.
        code: Its exit code.
    """

    words: str
    fault: dict[str, Any] | None = None
    until: str
    said: str
    code: int = 130


COMMANDS = (
    Long(
        words="tunes create PHOTO --name cat",
        fault=stalled("/tunes", "POST"),
        until="Upload 1 file",
        said=f"interrupted; {LOOK.format('tunes', 'title')} '[-0-9a-f]{{36}}'",
    ),
    Long(
        words="tunes create PHOTO --name cat --idempotency-key order-7",
        fault=stalled("/tunes", "POST"),
        until="Upload 1 file",
        said="interrupted; the same command, with the same key, finds it if it was created",
    ),
    Long(
        words="tunes create PHOTO --name cat --wait",
        fault=endless("tune"),
        until="Wait for tune",
        said=r"interrupted; the tune goes on: astria-async tunes wait \d+",
    ),
    Long(
        words="tunes wait TUNE",
        fault=endless("tune"),
        until="Wait for tune",
        said=r"interrupted; the tune goes on: astria-async tunes wait \d+",
    ),
    Long(
        words="tunes download TUNE",
        fault=stalled("/files/*"),
        until="Download tune",
        said=f"interrupted; {REST}",
    ),
    Long(
        words="prompts create 1504944 x",
        fault=stalled("/tunes/*/prompts", "POST"),
        until="Create the prompt",
        said=f"interrupted; {LOOK.format('prompts', 'tune-id')} 1504944 --limit 3",
    ),
    Long(
        words="prompts wait PROMPT",
        fault=endless("prompt"),
        until="Wait for prompt",
        said=r"interrupted; the prompt goes on: astria-async prompts wait \d+",
    ),
    Long(
        words="prompts wait PROMPT PROMPT-2",
        fault=endless("prompt"),
        until="Wait for 2 prompts",
        said=r"interrupted; the prompt goes on: astria-async prompts wait \d+ \d+",
    ),
    Long(
        words="prompts download PROMPT --out out",
        fault=stalled("/files/*"),
        until="Download prompt",
        said=f"interrupted; {REST}",
    ),
    Long(
        words="packs run 811 PHOTO --name woman",
        fault=stalled("/p/*", "POST"),
        until="Upload 1 file",
        said="interrupted; to see whether it began: astria-async tunes list --limit 3",
    ),
    Long(words="demo --out out", until="Train tune", said="interrupted; .*: astria-async demo"),
    Long(
        words="listen --port 0", until="Ctrl-C stops it.", said="stopped; no callback came", code=0
    ),
    Long(words="sandbox --port 0", until="Ctrl-C stops it.", said=KEPT, code=0),
)


@pytest.mark.parametrize("long", COMMANDS, ids=lambda it: it.words)
def test_sigint(
    long: Long, terminal: Any, run: Any, another_sandbox: Any, photos: list[str], tmp_path: Path
) -> None:
    """It stops within its clean-up, tells how to go on, and leaves no half-written file."""
    faults = ("--faults", json.dumps(long.fault)) if long.fault else ()
    with another_sandbox("--speed", "2000", *faults) as server:
        words = _with_objects(long.words.split(), run, server.env, photos[0])
        screen = terminal(*words, **server.env)
        screen.until(long.until)
        os.kill(screen.process.pid, signal.SIGINT)
        done = screen.end()

    assert done.code == long.code
    assert re.search(f"{long.said}$", " ".join(done.out.split("\n")).rstrip())
    assert "Traceback" not in done.out
    assert [path.name for path in tmp_path.rglob("*.part")] == []
    assert list((tmp_path / "out").glob("*")) == []


def _with_objects(words: list[str], run: Any, env: Mapping[str, str], photo: str) -> list[str]:
    """*words* with a tune, prompts and a photo of that sandbox in the places of their names."""
    found = {"PHOTO": photo}
    for word in words:
        if word == "TUNE":
            found[word] = run("tunes", "create", photo, "--name", "cat", "-q", **env).out.strip()
        elif word.startswith("PROMPT"):
            found[word] = run("prompts", "create", "1504944", word, "-q", **env).out.strip()
    downloads = words[1] == "download"
    for word, made in found.items():
        if downloads and word != "PHOTO":
            assert run(words[0], "wait", made, "-q", **env).code == 0
    return [found.get(word, word) for word in words]


def test_sigint_through_a_pipe(home: Mapping[str, str], forker: Any, tmp_path: Path) -> None:
    """Where no terminal is, SIGINT ends a create alike, and the hint is a line of stderr."""
    with socket.create_server(("127.0.0.1", 0)) as api:
        url = f"http://127.0.0.1:{api.getsockname()[1]}"
        env = {**home, "ASTRIA_BASE_URL": url, "ASTRIA_API_KEY": "sd_test"}
        process = forker.begin("prompts", "create", "1504944", "x", env=env, cwd=tmp_path)
        client, _ = api.accept()
        with client:
            assert client.recv(65536).startswith(b"POST /tunes/1504944/prompts ")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate("", 40)

    again = "astria-async prompts list --tune-id 1504944 --limit 3"
    assert (process.returncode, out) == (130, "")
    assert err == f"astria-async: interrupted; to see whether it was created: {again}\n"
