"""
What the user has set: in the environment, and in a file that ``login`` writes.

The file is ``config.toml`` in the platform's place for such files, and holds texts only. Options
win over the environment, and the environment over the file.
"""

import difflib
import json
import os
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from astria_async.cli.exits import CommandError

NAMES = {
    "api_key": "ASTRIA_API_KEY",
    "base_url": "ASTRIA_BASE_URL",
    "workspace_id": "ASTRIA_WORKSPACE_ID",
    "callback_url": "ASTRIA_CALLBACK_URL",
    "callback_secret": "ASTRIA_CALLBACK_SECRET",
    "callback_store": "ASTRIA_CALLBACK_STORE",
}
"""Each setting, with its variable."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@attrs.frozen(kw_only=True)
class Settings:
    """
    What is set, by whichever of environment and file says it first; ``None`` where neither does.

    Attributes:
        sources: Where each of them comes from, by name: a variable, or the file.
    """

    api_key: str | None = attrs.field(default=None, repr=False)
    base_url: str | None = None
    workspace_id: str | None = None
    callback_url: str | None = None
    callback_secret: str | None = attrs.field(default=None, repr=False)
    callback_store: str | None = attrs.field(default=None, repr=False)
    sources: Mapping[str, str] = attrs.field(factory=dict)


def config_path() -> Path:
    """Where the file is, or would be."""
    from platformdirs import user_config_path

    return user_config_path("astria-async", appauthor=False) / "config.toml"


def state_path() -> Path:
    """The directory for what commands keep between runs."""
    from platformdirs import user_state_path

    return user_state_path("astria-async", appauthor=False)


def load() -> Settings:
    """
    What is set.

    Raises:
        CommandError: The file is broken.
    """
    path = config_path()
    kept = read_file(path)
    found: dict[str, str] = {}
    sources: dict[str, str] = {}
    for name, variable in NAMES.items():
        value = os.environ.get(variable, "").strip()
        if value:
            found[name], sources[name] = value, variable
        elif name in kept:
            found[name], sources[name] = kept[name], str(path)
    return Settings(**found, sources=sources)


def read_file(path: Path) -> dict[str, str]:
    """
    What the file at *path* says; nothing if there is none.

    Raises:
        CommandError: It cannot be read, is no TOML, or has what nobody reads.
    """
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as exc:
        raise CommandError(f"cannot read {path}: {exc.strerror}") from exc
    except ValueError as exc:
        raise CommandError(f"{path} is broken: {exc}; mend or delete it") from exc
    return {name: _checked(path, name, value) for name, value in content.items()}


def _checked(path: Path, name: str, value: Any) -> str:
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        guess = f"did you mean {near[0]}?" if near else f"there are {', '.join(NAMES)}"
        raise CommandError(f"{path}: unknown setting {name}: {guess}")
    if not isinstance(value, str):
        raise CommandError(f'{path}: {name} must be a text in quotes, such as {name} = "{value}"')
    return value


def write_file(path: Path, values: Mapping[str, str]) -> None:
    """
    Write the file anew, whole or not at all, readable by its owner alone.

    Raises:
        CommandError: It cannot be written.
    """
    lines = ["# Settings of astria-async. The key is a password: keep this file to yourself."]
    # A JSON string is a TOML string too.
    lines += [f"{name} = {json.dumps(value)}" for name, value in values.items()]
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part.unlink(missing_ok=True)
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - opened with its mode
            file.write("\n".join([*lines, ""]))
        part.replace(path)
    except OSError as exc:
        raise CommandError(f"cannot write {path}: {exc.strerror}") from exc


def remember(**changes: str | None) -> Path:
    """
    Change some of the file's settings; ``None`` removes one.

    Returns:
        Where the file is.

    Raises:
        CommandError: It is broken, or cannot be written.
    """
    path = config_path()
    values: dict[str, str | None] = {**read_file(path), **changes}
    write_file(path, {name: value for name, value in values.items() if value is not None})
    return path


def exposed(path: Path) -> bool:
    """Whether the file can be read by others than its owner."""
    if os.name == "nt":  # a user's folder is the user's there, and modes say nothing
        return False
    return bool(path.stat().st_mode & _OTHERS)
