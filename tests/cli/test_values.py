"""Words of the command line as values."""

from pathlib import Path

import pytest

from astria_async.cli.exits import CommandError
from astria_async.cli.values import loose_pairs, pairs, pictures, prompts


def test_pairs() -> None:
    """``NAME=VALUE`` is split at the first sign; values stay texts."""
    assert pairs(["a=1", "b=x=y", "c="], "--metadata") == {"a": "1", "b": "x=y", "c": ""}


@pytest.mark.parametrize("word", ["a", "=b"])
def test_no_pair(word: str) -> None:
    """A word without a name and a sign is refused by the option's name."""
    with pytest.raises(CommandError, match="--metadata takes NAME=VALUE"):
        pairs([word], "--metadata")


def test_loose_pairs() -> None:
    """Values that are JSON are read as JSON, others are texts."""
    found = loose_pairs(["a=1", "b=true", "c=null", 'd={"e": [2]}', "f=1:1"], "--extra")

    assert found == {"a": 1, "b": True, "c": None, "d": {"e": [2]}, "f": "1:1"}


def test_prompts() -> None:
    """A prompt is a text, or a JSON object of its parameters."""
    assert prompts(["a hat", '{"text": "b"}'], "--prompts") == ["a hat", {"text": "b"}]
    with pytest.raises(CommandError, match="--prompts"):
        prompts(["{broken"], "--prompts")


def test_pictures(tmp_path: Path) -> None:
    """Patterns become their files by name; paths and URLs stay as they are."""
    for name in ("b.jpg", "a.jpg", "c.png", "[x].jpg"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "d.jpg").mkdir()
    url = "https://example.com/x.jpg"

    found = pictures([f"{tmp_path}/[ab].jpg", url, "no.jpg", f"{tmp_path}/[x].jpg"], "--images")

    assert found == [
        tmp_path / "a.jpg", tmp_path / "b.jpg", url, Path("no.jpg"), tmp_path / "[x].jpg"
    ]  # fmt: skip


def test_pattern_that_fits_nothing() -> None:
    """A pattern without files is refused."""
    with pytest.raises(CommandError, match=r"--images: no file fits /no/\*.jpg"):
        pictures(["/no/*.jpg"], "--images")
