"""``astria-async prompts …`` against a sandbox, as processes."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image


def test_create(cli: Any, tune: int) -> None:
    """The text may stand without its name; options are the API's parameters."""
    done = cli(
        "prompts", "create", str(tune), "ohwx cat at sea", "--num-images", "1", "--seed", "7",
        "--super-resolution", "--json",
    )  # fmt: skip

    assert done.code == 0
    assert (done.json["text"], done.json["seed"]) == ("ohwx cat at sea", 7)
    assert done.json["super_resolution"] is True


def test_create_with_picture(cli: Any, tune: int, photos: list[str]) -> None:
    """A picture that goes with it is uploaded."""
    done = cli(
        "prompts", "create", str(tune), "--text", "ohwx cat", "--input-image", photos[0],
        "--extra", "new_parameter=1", "--wait",
    )  # fmt: skip

    assert done.code == 0
    assert done.err.startswith("Upload 1 file: prompt ")
    assert re.search(r"^image 0 +http", done.out, re.MULTILINE)


def test_dry_run(cli: Any, tune: int) -> None:
    """``--dry-run`` shows the request as JSON where there is nothing to upload."""
    done = cli("prompts", "create", str(tune), "a hat", "--dry-run")

    method, body, end = done.out.splitlines()
    assert method == f"POST /tunes/{tune}/prompts"
    assert json.loads(body) == {"prompt": {"text": "a hat"}}
    assert end == "Nothing was sent."


def test_list_and_get(cli: Any, tune: int, prompt: int) -> None:
    """Prompts are listed by filter as a table, and shown one by one."""
    table = cli("prompts", "list", "--tune-id", str(tune), "--text", "in a hat")
    shown = cli("prompts", "get", str(prompt))

    assert table.out.splitlines()[0].split() == [
        "ID", "TUNE", "TEXT", "IMAGES", "STATUS", "CREATED"
    ]  # fmt: skip
    assert re.search(rf"{prompt}  {tune}  ohwx cat in a hat +2  ready", table.out)
    assert shown.out.startswith(f"prompt   {prompt}\ntune     {tune}\n")


def test_download(cli: Any, prompt: int, tmp_path: Path) -> None:
    """Pictures are fetched into a directory, and their paths printed."""
    done = cli("prompts", "download", str(prompt), "--out", "a b")

    paths = [tmp_path / line for line in done.out.splitlines()]
    assert [path.name for path in paths] == [f"{prompt}-0.jpg", f"{prompt}-1.jpg"]
    for path in paths:
        with Image.open(path) as picture:
            picture.load()


def test_download_several(cli: Any, tune: int, prompt: int) -> None:
    """Several prompts are fetched together, an object a line."""
    words = ("prompts", "create", str(tune), "two", "--num-images", "1", "--wait", "-q")
    other = int(cli(*words).out)

    done = cli("prompts", "download", str(prompt), str(other), "--json")

    assert [it["id"] for it in done.lines] == [prompt, other]


def test_nowhere_to_download_to(cli: Any, prompt: int, tmp_path: Path) -> None:
    """A directory that cannot be made is told in one line: code 3."""
    (tmp_path / "file").touch()

    done = cli("prompts", "download", str(prompt), "--out", "file/x", "--quiet")

    assert done.code == 3
    assert "cannot write to file/x" in done.err


def test_interrupted_download(
    run: Any, terminal: Any, another_sandbox: Any, tmp_path: Path
) -> None:
    """Ctrl-C in a download leaves nothing half-written, and says how to go on."""
    slow = '{"on": "request", "kind": "slow", "path": "/files/*", "seconds": 10000000}'
    with another_sandbox("--speed", "2000", "--faults", slow) as server:
        words = ("prompts", "create", "1504944", "hi", "--wait", "-q")
        prompt = run(*words, **server.env).out.strip()
        screen = terminal("prompts", "download", prompt, "--out", "out", **server.env)
        screen.until(f"Download prompt {prompt}")
        screen.type("\x03")
        done = screen.end()

    assert done.code == 130
    assert "the same command fetches the rest" in done.out
    assert not list((tmp_path / "out").glob("*"))


def test_interrupted_create(terminal: Any, sandbox: Any) -> None:
    """Ctrl-C in a create tells how to see whether it happened."""
    screen = terminal("prompts", "create", "690204", "never answered", **sandbox.env)
    screen.until("Create the prompt")
    screen.type("\x03")
    done = screen.end()

    assert done.code == 130
    assert done.out.rstrip().endswith(
        "to see whether it was created: astria-async prompts list --tune-id 690204 --limit 3"
    )


def test_update_duplicate_like(cli: Any, prompt: int) -> None:
    """A prompt is moved, copied with changes, liked, and no longer liked."""
    moved = cli("prompts", "update", str(prompt), "--orig-prompt-id", "5", "--json")
    copy = cli("prompts", "duplicate", str(prompt), "--text", "by night", "--json")
    liked = cli("prompts", "like", str(prompt))
    unliked = cli("prompts", "like", str(prompt), "--undo")

    assert moved.json["orig_prompt_id"] == 5
    assert (copy.json["text"], copy.json["orig_prompt_id"]) == ("by night", prompt)
    assert liked.out == f"Liked prompt {prompt}.\n"
    assert unliked.out == f"Unliked prompt {prompt}.\n"


def test_failure(cli: Any, tune: int) -> None:
    """A generation that failed is told with its reason: code 10."""
    done = cli("prompts", "create", str(tune), "this fails", "--wait")

    assert done.code == 10
    assert "The text was refused." in done.err


def test_delete(cli: Any, tune: int) -> None:
    """Prompts are deleted without a question where that was said."""
    prompt = cli("prompts", "create", str(tune), "short-lived", "-q").out.strip()

    assert cli("prompts", "delete", prompt, "-y").out == f"Deleted prompt {prompt}.\n"
    assert cli("prompts", "get", prompt).code == 5


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["create", "1504944"], 2, "a prompt needs a text"),
        (["create", "1504944", "x", "--num-images", "0"], 2, "num_images must be"),
        (["create", "1504944", "x", "--aspect-ratio", "7:9"], 7, "aspect_ratio is not included"),
        (["create", "1504944", "x", "--w", "513"], 2, "multiple of 8"),
        (["download", "5"], 5, "404 on GET /prompts/5"),
    ],
)
def test_bad_input(cli: Any, words: list[str], code: int, message: str) -> None:
    """What cannot be is told in one line, with its code."""
    done = cli("prompts", *words, "--quiet")

    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert done.err.count("\n") == 1
