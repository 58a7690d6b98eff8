"""Words of the command line as values: pairs, JSON, pictures, prompts."""

import glob
import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from astria_async.cli.exits import CommandError, Exit

STDIN = "\0-"
"""Stands for a lone ``-``, which the parser would take for an option; no real word holds a NUL."""


def pairs(words: Iterable[str], option: str) -> dict[str, str]:
    """
    ``NAME=VALUE`` words as a mapping.

    Raises:
        CommandError: One has no ``=``.
    """
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise CommandError(f"{option} takes NAME=VALUE, not {word!r}", Exit.USAGE)
        found[name] = value
    return found


def loose_pairs(words: Iterable[str], option: str) -> dict[str, Any]:
    """
    ``NAME=VALUE`` words as a mapping, each value read as JSON where it is JSON.

    Raises:
        CommandError: One has no ``=``.
    """
    return {name: _loose(value) for name, value in pairs(words, option).items()}


def _loose(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def prompts(words: Iterable[str], option: str) -> list[Any]:
    """
    Prompts, each a text, or a JSON object of its parameters.

    Raises:
        CommandError: What begins like an object is none.
    """
    found: list[Any] = []
    for word in words:
        if not word.lstrip().startswith("{"):
            found.append(word)
            continue
        try:
            found.append(json.loads(word))
        except ValueError as exc:
            raise CommandError(
                f"{option}: {exc} in {word!r}; give a text, or a JSON object", Exit.USAGE
            ) from exc
    return found


def pictures(words: Sequence[str], option: str) -> list[Any]:
    """
    Where pictures come from: paths, globs, URLs, and ``-`` for the bytes of stdin.

    Raises:
        CommandError: A pattern fits no file, or nothing comes from stdin.
    """
    return [picture for word in words for picture in _pictures(word, option)]


def _pictures(word: str, option: str) -> list[Any]:
    if word == STDIN:
        return [_stdin(option)]
    if "://" in word or word.startswith("data:"):
        return [word]
    if not glob.has_magic(word) or Path(word).exists():
        return [Path(word)]
    # Not Path.glob, which takes no absolute pattern.
    matches = glob.glob(word, recursive=True)  # noqa: PTH207
    found = sorted(path for path in matches if Path(path).is_file())
    if not found:
        raise CommandError(f"{option}: no file fits {word}", Exit.USAGE)
    return [Path(path) for path in found]


def _stdin(option: str) -> bytes:
    if sys.stdin is None or sys.stdin.isatty():
        raise CommandError(f"{option} -: pipe a picture in", Exit.USAGE)
    data = sys.stdin.buffer.read()
    if not data:
        raise CommandError(f"{option} -: nothing came from stdin", Exit.USAGE)
    return data
