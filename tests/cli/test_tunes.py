"""``astria-async tunes …`` against a sandbox, as processes."""

import re
from pathlib import Path
from typing import Any

import pytest

TABLE = """\
     ID  TITLE                           CLASS  BRANCH  STATUS  CREATED
7777777  Table B, whose title is longe…  woman  sd15    ready   2026-01-02 03:04
7777777  Table A                         cat    fast    ready   2026-01-02 03:04
"""


def masked(text: str) -> str:
    """*text* with its ids and times made the same in every run, and no wider."""
    text = re.sub(r"\b\d{7,8}\b", lambda it: "7" * len(it[0]), text)
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "2026-01-02 03:04", text)


def test_create(cli: Any, photos: list[str]) -> None:
    """Photos as files; the new tune is shown, and progress goes to stderr."""
    done = cli("tunes", "create", *photos, "--name", "cat", "--title", "Ada", "--steps", "300")

    assert done.code == 0
    assert re.match(r"Upload 5 files: tune \d+ \(\d+\.\d s\)\n$", done.err)
    assert re.search(r"^title +Ada$", done.out, re.MULTILINE)
    assert re.search(r"^photos +5$", done.out, re.MULTILINE)


def test_create_as_json(cli: Any, photos: list[str]) -> None:
    """With ``--json`` the object is printed as the API gave it, and nothing else."""
    done = cli(
        "tunes", "create", photos[0], "--name", "cat", "--json", "--no-face-crop",
        "--characteristics", "eyes=green", "--characteristics", "hair=red",
    )  # fmt: skip

    assert done.err == ""
    assert done.json["face_crop"] is False
    assert done.json["characteristics"] == {"eyes": "green", "hair": "red"}


def test_create_and_wait(cli: Any, photos: list[str]) -> None:
    """``--wait`` shows the tune once it is ready; ``--quiet`` its id alone."""
    done = cli("tunes", "create", photos[0], "--name", "cat", "--wait", "--quiet")

    assert done.code == 0
    assert done.err == ""
    assert cli("tunes", "get", done.out.strip(), "--json").json["trained_at"]


def test_create_with_prompts(cli: Any, photos: list[str]) -> None:
    """Prompts are texts or JSON, and are created with the tune."""
    tune = cli(
        "tunes", "create", photos[0], "--name", "cat", "--quiet",
        "--prompts", "in a hat, by day", "--prompts", '{"text": "at sea", "num_images": 1}',
    ).out.strip()  # fmt: skip

    listed = cli("prompts", "list", "--tune-id", tune, "--json").lines

    assert sorted(it["text"] for it in listed) == ["at sea", "in a hat, by day"]


def test_create_from_pattern_and_stdin(cli: Any, photos: list[str]) -> None:
    """A quoted pattern stands for its files, and ``-`` for a picture that is piped in."""
    pattern = str(Path(photos[0]).parent / "cat-[12].jpg")
    text = "not a picture, but bytes"

    done = cli(
        "tunes", "create", pattern, "-", "--name", "cat", "--title", "x", "--dry-run", "--json",
        stdin=text,
    )  # fmt: skip

    assert [value for name, value in done.json["form"] if name == "tune[images][]"] == [
        "<cat-1.jpg>", "<cat-2.jpg>", "<image>"
    ]  # fmt: skip


def test_dry_run_sends_nothing(cli: Any, photos: list[str]) -> None:
    """``--dry-run`` shows the request, and creates nothing."""
    done = cli("tunes", "create", photos[0], "--name", "cat", "--title", "Dry", "--dry-run")

    assert done.out == (
        "POST /tunes\n"
        "  tune[name] = cat\n"
        "  tune[title] = Dry\n"
        "  tune[images][] = <cat-1.jpg>\n"
        "Nothing was sent.\n"
    )
    assert cli("tunes", "list", "--title", "Dry", "--json").out == ""


def test_table(cli: Any, photos: list[str]) -> None:
    """A list is a table of 80 columns, newest first; what is too long is cut."""
    first = cli("tunes", "create", photos[0], "--name", "cat", "--title", "Table A",
                "--branch", "fast", "-q")  # fmt: skip
    second = cli("tunes", "create", photos[0], "--name", "woman", "-q",
                 "--title", "Table B, whose title is longer than the screen is wide")  # fmt: skip
    assert cli("tunes", "wait", first.out.strip(), second.out.strip(), "-q").code == 0

    done = cli("tunes", "list", "--title", "Table")

    assert re.sub(" +\n", "\n", masked(done.out)) == TABLE


def test_list_as_json_lines(cli: Any, tune: int) -> None:
    """With ``--json`` a list is an object a line; ``--limit`` bounds it."""
    done = cli("tunes", "list", "--json", "--limit", "1", "--name", "cat", "--name", "dog")

    assert len(done.lines) == 1
    assert done.lines[0]["name"] == "cat"
    assert tune > 0


def test_empty_list(cli: Any) -> None:
    """A list of nothing says so to people, and is empty for programs."""
    assert cli("tunes", "list", "--title", "no such title").out == "There are none.\n"
    assert cli("tunes", "list", "--title", "no such title", "--json").out == ""


def test_empty_account(terminal: Any, another_sandbox: Any) -> None:
    """Where there is nothing yet, people are told how to begin."""
    with another_sandbox() as server:
        tunes = terminal("tunes", "list", **server.env).end()
        prompts = terminal("prompts", "list", **server.env).end()
        filtered = terminal("tunes", "list", "--title", "x", **server.env).end()

    assert "Next: astria-async tunes create 'photos/*.jpg' --name woman" in tunes.out
    assert "Next: astria-async prompts create 1504944 'a red bicycle'" in prompts.out
    assert filtered.out == "There are none.\n"


def test_get(cli: Any, tune: int) -> None:
    """A tune is shown a fact a line, or as JSON."""
    assert cli("tunes", "get", str(tune)).out.startswith(f"tune        {tune}\ntitle ")
    assert cli("tunes", "get", str(tune), "--json").json["id"] == tune


def test_update(cli: Any, tune: int) -> None:
    """Fields are changed, and the tune is shown as it then is."""
    done = cli("tunes", "update", str(tune), "--title", "Renamed", "--auto-extend", "--json")

    assert (done.json["title"], done.json["auto_extend"]) == ("Renamed", True)
    assert cli("tunes", "update", str(tune)).code == 2


def test_download_weights(cli: Any, tune: int, tmp_path: Path) -> None:
    """The weights are fetched into a directory, and their path is printed."""
    done = cli("tunes", "download", str(tune), "--out", "weights")

    assert done.out == f"weights/tune-{tune}-0.bin\n"
    assert (tmp_path / done.out.strip()).stat().st_size > 0


def test_download_pictures(cli: Any, tune: int, prompt: int, tmp_path: Path) -> None:
    """``--images`` fetches the pictures of all prompts of a tune."""
    done = cli("tunes", "download", str(tune), "--images", "--json")

    assert {"id": prompt, "files": [f"{prompt}-0.jpg", f"{prompt}-1.jpg"]} in done.lines
    assert (tmp_path / f"{prompt}-1.jpg").exists()


def test_nothing_to_download(cli: Any, photos: list[str]) -> None:
    """A tune without prompts has no pictures: code 5."""
    tune = cli("tunes", "create", photos[0], "--name", "cat", "-q").out.strip()

    done = cli("tunes", "download", tune, "--images")

    assert done.code == 5
    assert "no prompt of theirs has pictures yet" in done.err


def test_wait_for_several(cli: Any, photos: list[str]) -> None:
    """Several are waited for together; one that fails decides the code when all have ended."""
    good = cli("tunes", "create", photos[0], "--name", "cat", "-q").out.strip()
    bad = cli("tunes", "create", photos[0], "--name", "cat", "--title", "fails", "-q").out.strip()

    done = cli("tunes", "wait", bad, good, "--json")

    assert done.code == 10
    assert [it["id"] for it in done.lines] == [int(good)]
    assert "No face was found." in done.err


def test_wait_for_several_shows_a_table(cli: Any, photos: list[str], tune: int) -> None:
    """People see those that became ready a row each."""
    other = cli("tunes", "create", photos[0], "--name", "cat", "-q").out.strip()

    done = cli("tunes", "wait", other, str(tune))

    assert done.code == 0
    assert done.out.startswith("     ID  TITLE ")
    assert re.findall(r"(?m)^(\d+) .* ready ", done.out) in ([other, str(tune)], [str(tune), other])


def test_failure(cli: Any, photos: list[str]) -> None:
    """A training that failed is told with its reason: code 10."""
    done = cli("tunes", "create", photos[0], "--name", "cat", "--title", "fails", "--wait")

    assert done.code == 10
    assert "No face was found." in done.err.splitlines()[-1]


def test_deadline(cli: Any, photos: list[str]) -> None:
    """At the deadline the line says how to wait on: code 11."""
    tune = cli("tunes", "create", photos[0], "--name", "cat", "--title", "hangs", "-q").out.strip()

    done = cli("tunes", "wait", tune, "--timeout", "0.1")

    assert done.code == 11
    assert done.err.endswith(f"the tune goes on: astria-async tunes wait {tune}\n")


def test_interrupted_wait(cli: Any, terminal: Any, sandbox: Any, photos: list[str]) -> None:
    """Ctrl-C in a wait says how to resume: code 130."""
    tune = cli("tunes", "create", photos[0], "--name", "cat", "--title", "hangs", "-q").out.strip()
    screen = terminal("tunes", "wait", tune, **sandbox.env)
    screen.until(f"Wait for tune {tune}")

    screen.type("\x03")
    done = screen.end()

    assert done.code == 130
    assert done.out.rstrip().endswith(
        f"interrupted; the tune goes on: astria-async tunes wait {tune}"
    )


def test_delete_asks(cli: Any, terminal: Any, sandbox: Any, photos: list[str]) -> None:
    """At a terminal deleting asks, with the title; only yes deletes."""
    words = ("tunes", "create", photos[0], "--name", "cat", "--title", "Going", "-q")
    tune = cli(*words).out.strip()
    no = terminal("tunes", "delete", tune, **sandbox.env)
    no.until(f"Delete tune {tune} (Going) for good? [y/N]")
    no.type("\n")
    assert no.end().code == 2
    yes = terminal("tunes", "delete", tune, **sandbox.env)
    yes.until("[y/N]")

    yes.type("y\n")
    done = yes.end()

    assert done.code == 0
    assert f"Deleted tune {tune}." in done.out
    assert cli("tunes", "get", tune).code == 5


def test_delete_several(cli: Any, terminal: Any, sandbox: Any, photos: list[str]) -> None:
    """Before several are deleted, each is named."""
    words = ("tunes", "create", photos[0], "--name", "cat", "-q", "--title")
    tunes = [cli(*words, title).out.strip() for title in ("One", "Two")]
    screen = terminal("tunes", "delete", *tunes, **sandbox.env)
    shown = screen.until("Delete 2 objects for good? [y/N]")
    screen.type("yes\n")

    assert f"tune {tunes[0]} (One)\ntune {tunes[1]} (Two)\n" in shown
    assert screen.end().code == 0


def test_delete_needs_a_person(cli: Any, photos: list[str]) -> None:
    """Where nobody can be asked, only ``--yes`` deletes."""
    tune = cli("tunes", "create", photos[0], "--name", "cat", "-q").out.strip()

    refused = cli("tunes", "delete", tune)
    done = cli("tunes", "delete", tune, "--yes", "--json")

    assert refused.code == 2
    assert "give --yes" in refused.err
    assert done.json == {"deleted": int(tune)}


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["get", "5"], 5, "404 on GET /tunes/5"),
        (["create", "--name", "cat"], 2, "a tune needs at least one image"),
        (["create", "no.jpg", "--name", "cat"], 2, "cannot read no.jpg: No such file or directory"),
        (["create", "empty.jpg", "--name", "cat"], 2, "empty.jpg has 0 bytes"),
        (["create", "folder", "--name", "cat"], 2, "cannot read folder: Is a directory"),
        (["create", "no*.jpg", "--name", "cat"], 2, "--images: no file fits no*.jpg"),
        (["create", "-", "--name", "cat"], 2, "--images -: nothing came from stdin"),
        (["create", "a.jpg", "--name", "a_b"], 7, "422 on POST /tunes: name"),
        (["create", "a.jpg"], 2, "--name requires an argument"),
        (["create", "a.jpg", "--name", "x", "--metadata", "a"], 2, "--metadata takes NAME=VALUE"),
        (["create", "a.jpg", "--name", "x", "--metadata", "a=b"], 3, "callback URL"),
        (["list", "--offset", "999"], 7, "400 on GET /tunes"),
    ],
)
def test_bad_input(
    cli: Any, tmp_path: Path, photos: list[str], words: list[str], code: int, message: str
) -> None:
    """What cannot be is told in one line, with its code."""
    (tmp_path / "a.jpg").write_bytes(Path(photos[0]).read_bytes())
    (tmp_path / "empty.jpg").touch()
    (tmp_path / "folder").mkdir()

    done = cli("tunes", *words)

    assert (done.code, done.out) == (code, "")
    assert message in done.err
    assert done.err.count("\n") == 1


def test_wrong_key(cli: Any) -> None:
    """A wrong key is denied access: code 4."""
    assert cli("tunes", "list", ASTRIA_API_KEY="sd_wrong").code == 4


def test_no_network(cli: Any) -> None:
    """Without an answer the line says so, after it said that it tries again: code 8."""
    done = cli("tunes", "list", "--base-url", "http://127.0.0.1:9")

    assert done.code == 8
    assert "trying again in" in done.err
    assert "got no whole answer" in done.err.splitlines()[-1]


def test_empty_purse(run: Any, another_sandbox: Any, photos: list[str]) -> None:
    """What the balance does not suffice for is refused: code 6."""
    with another_sandbox("--balance", "0") as poor:
        done = run("tunes", "create", photos[0], "--name", "cat", **poor.env)

    assert done.code == 6


def test_bars(terminal: Any, sandbox: Any, photos: list[str]) -> None:
    """At a terminal bars show the upload and the training, and lines remain of them."""
    screen = terminal("tunes", "create", *photos, "--name", "cat", "--wait", **sandbox.env)

    done = screen.end()

    assert done.code == 0
    assert "━" in done.out
    assert re.search(r"✓ Upload 5 files: tune \d+", done.out)
    assert re.search(r"✓ Wait for tune \d+: ready", done.out)
