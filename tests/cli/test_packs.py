"""``astria-async packs …`` against a sandbox, as processes."""

from typing import Any


def test_list_and_get(cli: Any) -> None:
    """Packs of the gallery are listed, and shown with their prices."""
    listed = cli("packs", "list", "--gallery", "--json").lines
    shown = cli("packs", "get", listed[0]["slug"])

    assert shown.code == 0
    assert f"slug          {listed[0]['slug']}" in shown.out
    assert "USD a run" in shown.out


def test_create(cli: Any) -> None:
    """A pack of one's own is created, and listed as a table."""
    cli("packs", "create", "Garden portraits", "--base-tune-id", "1504944")

    done = cli("packs", "list")

    assert done.out.splitlines()[0].split() == ["ID", "SLUG", "TITLE", "CLASSES"]
    assert "Garden portraits" in done.out


def test_run_and_wait(cli: Any, photos: list[str]) -> None:
    """A run trains a tune, and with ``--wait`` ends with its prompts."""
    pack = cli("packs", "list", "--gallery", "-q").out.split()[0]

    done = cli("packs", "run", pack, *photos, "--name", "woman", "--wait", "--json")

    assert done.code == 0
    assert all(prompt["images"] for prompt in done.lines)


def test_run_begins(cli: Any, photos: list[str]) -> None:
    """Without ``--wait`` it says which tune it trains."""
    pack = cli("packs", "list", "--gallery", "-q").out.split()[0]

    done = cli("packs", "run", pack, photos[0], "--name", "woman")
    as_json = cli("packs", "run", pack, photos[0], "--name", "woman", "--json").json
    quiet = cli("packs", "run", pack, photos[0], "--name", "woman", "--quiet")

    assert done.out.startswith("The pack trains tune ")
    assert as_json["tune"]["id"] == as_json["tune_ids"][0]
    assert int(quiet.out) > as_json["tune"]["id"]


def test_run_on_tunes(cli: Any, photos: list[str]) -> None:
    """With tunes that exist nothing is trained, and the message is shown."""
    pack = cli("packs", "list", "--gallery", "-q").out.split()[0]
    words = ("tunes", "create", photos[0], "--name", "woman", "--model-type", "lora")
    tune = cli(*words, "--base-tune-id", "1504944", "--wait", "-q").out.strip()

    done = cli("packs", "run", pack, "--tune-ids", tune)

    assert done.code == 0
    assert done.out.startswith(f"The pack is run on tune {tune}.\n")


def test_dry_run(cli: Any, photos: list[str]) -> None:
    """``--dry-run`` shows the request, and runs nothing."""
    done = cli("packs", "run", "811", photos[0], "--name", "woman", "--dry-run")

    assert done.out.startswith("POST /p/811/tunes\n")
    assert done.out.endswith("Nothing was sent.\n")
