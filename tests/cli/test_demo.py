"""``astria-async demo``: the main job, whole, on sockets of this machine."""

import json
import re
import shutil
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from astria_async.cli.demo.summary import Found, Summary

from .conftest import clean_environment


def opens(path: str) -> bool:
    """Whether Pillow reads the file to its end."""
    with Image.open(path) as picture:
        picture.load()
        return picture.width > 0


SETUP = {
    "ASTRIA_API_KEY": "sd_real",
    "ASTRIA_BASE_URL": "http://127.0.0.1:9",
    "ASTRIA_CALLBACK_URL": "https://hooks.example.com/astria",
    "ASTRIA_CALLBACK_STORE": "sqlite:////nowhere/callbacks.db",
    "ASTRIA_WORKSPACE_ID": "7",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "ALL_PROXY": "http://127.0.0.1:9",
}
"""Of a user with an account, a receiver and a proxy, none of which the demo may touch."""


@pytest.fixture(scope="module")
def said(forker: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the demo told, for a user who has set a lot up."""
    folder = tmp_path_factory.mktemp("demo")
    env = clean_environment(folder / "home") | SETUP
    process = forker.begin("demo", "--json", "--out", "out", cwd=folder, env=env)
    out, err = process.communicate("", 60)
    assert (process.wait(60), err) == (0, "")
    return json.loads(out)


def test_callbacks_end_the_waits(said: Any) -> None:
    """Each wait ends by a callback over a socket, and every picture is a whole one."""
    assert set(said["found_by"].values()) == {"callback"}
    first, *others = said["callbacks"]
    assert (first["kind"], first["id"]) == ("tune", said["tune_id"])
    assert {it["id"] for it in others} == set(said["prompt_ids"])
    assert len(said["files"]) == 6
    assert all(map(opens, [*said["files"], said["contact_sheet"]]))
    assert said["seconds"]["total"] < 15


def test_polling_ends_the_waits(run: Any, said: Any) -> None:
    """With every callback lost, polling finds the same files, and the summary says so."""
    polled = run("demo", "--json", "--out", "polled", "--drop-callbacks").json

    assert polled["callbacks"] == []
    assert polled["callbacks_dropped"] == 4
    assert set(polled["found_by"].values()) == {"polling"}
    assert [Path(it).name for it in polled["files"]] == [Path(it).name for it in said["files"]]
    assert all(map(opens, polled["files"]))


def test_polling_is_told_to_people(run: Any) -> None:
    """Without ``--json`` the last lines say that polling found all, in words."""
    done = run("demo", "--drop-callbacks")

    assert done.code == 0
    assert "All 4 ends were found by polling: 4 callbacks were lost on purpose" in done.out


def test_own_photos(run: Any, tmp_path: Path, photos: list[str]) -> None:
    """``--images`` takes a directory's pictures, those too that Pillow does not open."""
    (tmp_path / "mine").mkdir()
    shutil.copy(photos[0], tmp_path / "mine" / "a b.JPG")
    (tmp_path / "mine" / "b.heic").write_bytes(b"\x00\x00\x00\x18ftypheic" + bytes(100))
    Image.new("RGB", (600, 600)).save(tmp_path / "mine" / "c.png")
    (tmp_path / "mine" / "notes.txt").write_text("not a picture")

    said = run("demo", "--images", "mine", "--name", "woman", "--json").json

    assert [Path(it).name for it in said["photos"]] == ["a b.JPG", "b.heic", "c.png"]
    assert all(map(opens, [*said["files"], said["contact_sheet"]]))


def test_second_run_renews_the_files(run: Any, said: Any, tmp_path: Path) -> None:
    """Results of an earlier run are written over, and nothing else in the directory is touched."""
    shutil.copytree(Path(said["contact_sheet"]).parent, tmp_path / "out")
    (tmp_path / "out" / "mine.txt").write_text("kept")
    (tmp_path / "out" / Path(said["files"][0]).name).write_bytes(b"spoilt")

    second = run("demo", "--json", "--out", "out").json

    assert opens(second["files"][0])
    assert len(list((tmp_path / "out").iterdir())) == 8


def test_terminal_shows_each_step(terminal: Any) -> None:
    """At a terminal the steps are ticked off, then come the paths."""
    done = terminal("demo", "--out", "out").end()

    assert done.code == 0
    for step in ("✓ Upload 5 photos", "✓ Train tune", "✓ Generate 3 prompts", "✓ Download"):
        assert step in done.out
    assert "told by callback" in done.out
    assert done.out.rstrip().endswith("Contact sheet: out/contact-sheet.jpg")


def test_interrupt(terminal: Any, tmp_path: Path) -> None:
    """Ctrl-C ends it within its cleanup, with code 130, and leaves no half-written file."""
    screen = terminal("demo", "--out", "out")
    screen.until("Train tune")
    screen.type("\x03")
    done = screen.end()

    assert done.code == 130
    assert "interrupted" in done.out
    assert "Traceback" not in done.out
    assert list((tmp_path / "out").iterdir()) == []


def test_dashboard(terminal: Any, tmp_path: Path) -> None:
    """``--open`` opens the dashboard in a browser, which stays up until Ctrl-C."""
    browser = tmp_path / "browser"
    browser.write_text('#!/bin/sh\necho "$1" > opened\n')
    browser.chmod(0o755)
    screen = terminal("demo", "--open", BROWSER=f"{browser} %s")
    shown = screen.until("Ctrl-C stops it.")
    found = re.search(r"Dashboard: (http://127\.0\.0\.1:\d+/_sandbox/dashboard/)", shown)
    assert found
    with urllib.request.urlopen(found[1], timeout=30) as page:
        assert page.read().startswith(b"<!doctype html>")

    screen.type("\x03")
    done = screen.end()

    assert done.code == 0
    assert done.out.endswith("\nstopped; the pictures stay in astria-demo\n")
    assert (tmp_path / "opened").read_text().strip() == found[1]


def test_no_browser(terminal: Any) -> None:
    """Where no browser can be opened the demo says so, and goes on."""
    screen = terminal("demo", "--open", BROWSER="/bin/false %s", PATH="/nowhere")
    screen.until("no browser could be opened")
    screen.until("Ctrl-C stops it.")
    screen.type("\x03")

    assert screen.end().code == 0


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["--images", "none"], 2, "--images: there is no directory none"),
        (["--images", "empty"], 2, "--images: there is no picture in empty"),
        (["--images", "file"], 2, "--images: file is a file"),
        (["--out", "file"], 3, "--out: file is a file, not a directory"),
        (["--out", "file/out"], 3, "--out: cannot write to file/out: Not a directory"),
        (["--imges", "x"], 2, "Unknown option: --imges. Did you mean --images?"),
        (["--open", "--json"], 2, "--open and --json do not go together"),
        (["more"], 2, "unexpected argument: more"),
    ],
)
def test_bad_input(run: Any, tmp_path: Path, words: list[str], code: int, message: str) -> None:
    """What cannot work is told in one line, before anything is done."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")

    done = run("demo", *words)

    assert done.code == code
    assert done.out == ""
    assert done.err.startswith(f"astria-async: {message}")
    assert done.err.count("\n") == 1


def test_contact_sheet_that_cannot_be_written(run: Any, tmp_path: Path) -> None:
    """What stands in the contact sheet's place is named: code 3."""
    (tmp_path / "out" / "contact-sheet.jpg").mkdir(parents=True)

    done = run("demo", "--json", "--out", "out")

    assert done.code == 3
    assert done.err.startswith("astria-async: ")
    assert done.err.endswith("out/contact-sheet.jpg: Is a directory\n")


def test_summary_of_both_ways() -> None:
    """Where callbacks told of some ends and polling found others, both are counted."""
    summary = Summary(
        base_url="http://127.0.0.1:1",
        callback_url="http://127.0.0.1:2/",
        found=(Found(kind="tune", id=1, by="callback"), Found(kind="prompt", id=2, by="polling")),
        seconds={},
        callbacks=(),
        lost=0,
        photos=(),
        files=(),
        contact_sheet=Path("sheet.jpg"),
    )

    assert "1 of 2 ends were told by callbacks, the others found by polling." in summary.lines()


def test_photo_that_is_none(run: Any, tmp_path: Path) -> None:
    """An empty file among the photos is told by its name, before anything is sent."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.jpg").write_bytes(b"")

    done = run("demo", "--images", "mine")

    assert done.code == 2
    assert "0 bytes" in done.err
    assert "a.jpg" in done.err
