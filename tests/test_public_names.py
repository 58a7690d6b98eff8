"""What the package offers by name, and what importing it brings along."""

import importlib
import json
import subprocess
import sys
from types import ModuleType

import pytest

import astria_async

PUBLIC = [
    "astria_async",
    "astria_async.receiver",
    "astria_async.sandbox",
    "astria_async.stores",
    "astria_async.testing",
]

HEAVY = {"PIL", "aiohttp", "asyncpg", "cyclopts", "jinja2", "ngrok", "opentelemetry"}
HEAVY |= {"python_multipart", "redis", "rich", "sqlite3", "trio", "uvicorn", "uvloop"}
DEPENDENCIES = "anyio.lowlevel, attrs, cattrs, httpx, starlette"
"""What is imported by us at once; httpx brings rich along where that is installed."""


@pytest.mark.parametrize("module", PUBLIC)
def test_all_is_what_is_there(module: str) -> None:
    """``__all__`` names each public name of a public module, and no other."""
    package = importlib.import_module(module)
    there = {
        name
        for name in dir(package)
        if not name.startswith("_") and not isinstance(getattr(package, name), ModuleType)
    }

    assert {name for name in package.__all__ if name != "__version__"} == there


@pytest.mark.parametrize("module", PUBLIC)
def test_all_is_sorted(module: str) -> None:
    """``__all__`` has constants, then classes, then functions, each by the alphabet, none twice."""
    names = importlib.import_module(module).__all__

    assert list(names) == sorted(set(names), key=_place)


def _place(name: str) -> tuple[int, str]:
    if name.isupper():
        return 0, name
    return (1 if name[0].isupper() else 2), name


def test_version_is_the_distribution_s() -> None:
    """The version in the package is the one that is installed."""
    installed = importlib.import_module("importlib.metadata").version("astria-async")

    assert astria_async.__version__ == installed


def _python(program: str) -> str:
    # -P: the installed package, not the folder that this runs in.
    command = [sys.executable, "-P", "-c", program]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def _loaded_by(statement: str) -> set[str]:
    loaded = _python(f"{statement}; import json, sys; print(json.dumps(list(sys.modules)))")
    return {name.partition(".")[0] for name in json.loads(loaded)}


@pytest.mark.parametrize("module", ["astria_async", "astria_async.receiver", "astria_async.stores"])
def test_import_is_light(module: str) -> None:
    """Importing us loads no server, driver, picture library or extra but those of a dependency."""
    brought = _loaded_by(f"import {module}") - _loaded_by(f"import {DEPENDENCIES}")

    assert brought & HEAVY == set()


def test_dependencies_are_what_is_imported() -> None:
    """Importing us loads nothing but us, our dependencies, theirs, and the standard library."""
    brought = _loaded_by("import astria_async") - _loaded_by(f"import {DEPENDENCIES}")

    assert brought - sys.stdlib_module_names == {"astria_async"}


def test_logging_is_left_to_the_program() -> None:
    """Importing us touches no logger but our own, which stays silent until the program wants it."""
    said = _python(
        "import logging, astria_async; "
        "print(logging.root.handlers, logging.getLogger('astria_async').handlers)"
    )

    assert said == "[] [<NullHandler (NOTSET)>]\n"
