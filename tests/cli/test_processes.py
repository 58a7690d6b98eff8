"""Every command that talks to the API, as a process: through a pipe and at a terminal."""

from typing import Any

import pytest

COMMANDS = [
    ["tunes", "list"],
    ["tunes", "get", "TUNE"],
    ["tunes", "wait", "TUNE"],
    ["tunes", "download", "TUNE"],
    ["tunes", "update", "TUNE", "--title", "Renamed"],
    ["tunes", "create", "PHOTO", "--name", "cat", "--dry-run"],
    ["tunes", "delete", "1", "--yes"],
    ["prompts", "list"],
    ["prompts", "get", "PROMPT"],
    ["prompts", "wait", "PROMPT"],
    ["prompts", "download", "PROMPT"],
    ["prompts", "update", "PROMPT", "--base-pack-id", "811"],
    ["prompts", "create", "TUNE", "a hat"],
    ["prompts", "duplicate", "PROMPT", "--text", "again"],
    ["prompts", "like", "PROMPT"],
    ["prompts", "delete", "1", "--yes"],
    ["packs", "list"],
    ["packs", "get", "811"],
    ["packs", "create", "Mine"],
    ["packs", "run", "811", "PHOTO", "--name", "woman", "--dry-run"],
    ["doctor"],
]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_pipe_and_terminal(
    run: Any,
    terminal: Any,
    sandbox: Any,
    tune: int,
    prompt: int,
    photos: list[str],
    words: list[str],
) -> None:
    """It ends well in both places, and shows colours and bars at a terminal alone."""
    stand_ins = {"TUNE": str(tune), "PROMPT": str(prompt), "PHOTO": photos[0]}
    words = [stand_ins.get(word, word) for word in words]
    screen = terminal(*words, **sandbox.env)

    piped = run(*words, **sandbox.env)
    shown = screen.end()

    assert (piped.code, shown.code) == (0, 0)
    assert piped.out
    assert "\x1b" not in piped.out + piped.err
    assert "Traceback" not in shown.out
