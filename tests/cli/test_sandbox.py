"""``astria-async sandbox``: the emulator on a port, until Ctrl-C."""

import json
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest


def get(url: str, key: str) -> Any:
    """The JSON that *url* answers to *key*."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def test_prints_what_programs_need(terminal: Any) -> None:
    """It prints its address, its key, a curl line and two exports, then serves until Ctrl-C."""
    screen = terminal("sandbox", "--port", "0", "--api-key", "sd_test")
    shown = screen.until("Ctrl-C stops it.")
    assert re.search(r"Dashboard   http://127\.0\.0\.1:\d+/_sandbox/dashboard/", shown)
    found = re.search(r"export ASTRIA_BASE_URL=(\S+)", shown)

    assert found
    assert "export ASTRIA_API_KEY=sd_test" in shown
    assert f"curl -H 'Authorization: Bearer sd_test' {found[1]}/tunes" in shown
    assert get(f"{found[1]}/tunes", "sd_test") == []

    screen.type("\x03")
    done = screen.end()

    assert done.code == 0
    assert done.out.rstrip().endswith("stopped; its state is gone; --state FILE keeps it")


def test_random_key(sandbox: Any) -> None:
    """Without ``--api-key`` the key is a random one, and no other opens."""
    assert re.fullmatch(r"sd_[\w-]{22}", sandbox.api_key)
    assert isinstance(get(f"{sandbox.url}/tunes", sandbox.api_key), list)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        get(f"{sandbox.url}/tunes", "sd_wrong")


def test_state_outlives_it(run: Any, another_sandbox: Any, photos: list[str]) -> None:
    """With ``--state`` what was created is there again after a restart."""
    words = ("--state", "kept.db", "--api-key", "sd_test")
    with another_sandbox(*words) as first:
        run("tunes", "create", photos[0], "--name", "cat", "--title", "Kept", **first.env)
    with another_sandbox(*words) as second:
        (tune,) = get(f"{second.url}/tunes", "sd_test")

    assert tune["title"] == "Kept"


def test_state_that_is_none(run: Any, tmp_path: Path) -> None:
    """A file that is no state is told in one line: code 3."""
    (tmp_path / "notes.txt").write_text("not a database, and long enough to be none" * 100)

    done = run("sandbox", "--port", "0", "--state", "notes.txt")

    assert done.code == 3
    assert done.err.startswith("astria-async: --state: ")
    assert done.err.count("\n") == 1


def test_faults(run: Any, another_sandbox: Any, photos: list[str]) -> None:
    """``--faults`` takes the names of bad days, several at once."""
    with another_sandbox("--faults", "lost-callbacks,failing-jobs", "--speed", "2000") as server:
        active = get(f"{server.url}/_sandbox/faults", server.api_key)

    assert "drop" in json.dumps(active)
    assert "tune" in json.dumps(active)


def test_port_in_use(run: Any) -> None:
    """A port that is taken is told in one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        done = run("sandbox", "--port", str(port))

    assert done.code == 3
    assert done.err == (
        f"astria-async: cannot listen on 127.0.0.1:{port}: Address already in use; "
        "--port 0 takes a free one\n"
    )


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--port", "99999"], 'Invalid value "99999" for --port. Must be <= 65535.'),
        (["--port", "x"], 'Invalid value for --port: unable to convert "x" into int.'),
        (["--speed", "0"], 'Invalid value "0.0" for --speed. Must be > 0.'),
        (["--speed", "nan"], "--speed"),
        (
            ["--faults", "lost-calbacks"],
            "there is no 'lost-calbacks': did you mean lost-callbacks?",
        ),
        (["--faults", "zzz"], "there are lost-callbacks,"),
        (["--faults", '{"on": "callback"}'], "--faults: "),
        (["--faults", "{"], "--faults: "),
        (["--sped", "2"], "Unknown option: --sped. Did you mean --speed?"),
    ],
)
def test_bad_input(run: Any, words: list[str], message: str) -> None:
    """What cannot be meant is refused in one line, with code 2."""
    done = run("sandbox", *words)

    assert (done.code, done.out) == (2, "")
    assert message in done.err
    assert done.err.count("\n") == 1
