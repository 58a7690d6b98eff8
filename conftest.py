"""
Runs programs that documentation shows: each as it stands, in a world of its own.

That world is a served sandbox, which plays Astria, and a folder with samples. It is there for every
block of README, docs and docstrings, where this file lets sybil find them.
"""

import ast
import contextlib
import inspect
import os
import re
import secrets
import sys
import textwrap
import types
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import anyio
import pytest
from PIL import Image
from sybil import Document, Example, Region, Sybil
from sybil.document import PythonDocStringDocument
from sybil.parsers.markdown import CodeBlockParser
from sybil.parsers.rest import CodeBlockParser as RestCodeBlockParser
from sybil.sybil import SybilCollection

from astria_async import Astria, Receiver
from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve

PACE = 2000.0
"""How many times as fast as in life the jobs of the sandbox are done."""

HOSTS = ("https://hooks.example.com", "https://example.com")
"""Where the receivers of the documentation say that they are."""

INSTEAD = {
    "port=8080": "port=0",
    'tunnel="ngrok"': "tunnel=loopback",
    "postgresql://astria@db.internal/shop": "sqlite:///callbacks.db",
}
"""What a block would take from this machine, or from outside, and what it gets."""

DJANGO = types.ModuleType("shop.settings")
"""The settings of the Django project that the documentation speaks of; the defaults will do."""

Names = dict[str, Any]


async def run_program(source: str, names: Names, *, path: str = "<program>", line: int = 0) -> None:
    """
    Run Python in which ``await`` may stand at the top.

    Args:
        source: The program.
        names: What it finds defined, and where it defines things.
        path: Where it comes from, for tracebacks.
        line: Lines in front of it there.
    """
    flags = ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    code = compile("\n" * line + source, path, "exec", flags=flags, dont_inherit=True)
    result = eval(code, names)  # noqa: S307 - our own documentation
    if inspect.isawaitable(result):
        await result


@pytest.fixture(name="run_program")
def run_program_fixture() -> Callable[..., Awaitable[None]]:
    """Run Python in which ``await`` may stand at the top: ``await run_program(source, names)``."""
    return run_program


@pytest.fixture
def samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder, but for a folder ``samples`` with three photographs in it."""
    folder = tmp_path / "samples"
    folder.mkdir()
    for number, colour in enumerate(("teal", "tomato", "khaki")):
        Image.new("RGB", (64, 64), colour).save(folder / f"{number}.jpg")
    monkeypatch.chdir(tmp_path)
    return folder


class Loopback:
    """A tunnel that leads nowhere but here."""

    @contextlib.asynccontextmanager
    async def open(self, port: int) -> AsyncIterator[str]:
        """As a tunnel does."""
        yield f"http://127.0.0.1:{port}"


async def _notify(user_id: str, images: tuple[str, ...]) -> None:
    """Stand for whatever tells a user that their pictures are there."""


def _evaluate(example: Example) -> None:
    async def run() -> None:
        async with _world(example.namespace):
            source = str(example.parsed)
            for ours, theirs in INSTEAD.items():
                source = source.replace(ours, theirs)
            await run_program(source, example.namespace, path=example.path, line=example.line)

    anyio.run(run)


def _evaluate_shell(example: Example) -> None:
    async def run() -> None:
        async with _world(example.namespace):
            # The commands are those of this environment; the first that fails ends it.
            path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
            # What they keep for their user stays in the folder of the block.
            env = {**os.environ, "PATH": path, "HOME": str(Path.cwd())}
            command = ["bash", "-euo", "pipefail", "-c", str(example.parsed)]
            await anyio.run_process(command, env=env, stderr=None)

    anyio.run(run)


@contextlib.asynccontextmanager
async def _world(names: Names) -> AsyncIterator[None]:
    """A sandbox in the place of Astria, and the names that blocks do not define themselves."""

    async def receive(*connection: Any) -> None:
        await names["receiver"].app(*connection)

    async with Sandbox(speed=1.0, pace=PACE) as sandbox, serve(sandbox) as url:
        for host in HOSTS:
            sandbox.mount(host, receive)
        names["monkeypatch"].setenv("ASTRIA_BASE_URL", url)
        names["monkeypatch"].setenv("ASTRIA_API_KEY", "sd_sandbox")
        names["monkeypatch"].setenv("ASTRIA_CALLBACK_SECRET", names["SECRET"])
        for module in (types.ModuleType("shop"), DJANGO):
            names["monkeypatch"].setitem(sys.modules, module.__name__, module)
        photos = sorted(names["samples"].glob("*.jpg"))
        names |= {"photos": photos, "photo": photos[0]}
        async with Astria() as astria:
            # A kind that needs no training: it is ready.
            old = await astria.tunes.create(name="cat", images=photos, model_type="faceid")
        names["tune_id"] = old.id
        names["receiver"] = Receiver(f"{HOSTS[0]}/astria")
        yield


def _set_up(names: Names) -> None:
    names.update(
        SECRET=secrets.token_urlsafe(32), loopback=Loopback(), notify=_notify, pytest=pytest
    )


def _literal_blocks(document: Document) -> Iterable[Region]:
    """What stands indented after ``::`` in a docstring is Python too."""
    for found in re.finditer(r"(?m)^( *).*::\n\n((?:\1 {4}.*\n|\n)+)", document.text):
        yield Region(*found.span(2), textwrap.dedent(found[2]), _evaluate)


_FIXTURES = ["samples", "monkeypatch"]

pytest_collect_file = SybilCollection(
    (
        Sybil(
            parsers=[CodeBlockParser("python", _evaluate)],
            patterns=["README.md", "docs/**/*.md", "docs/*.md"],
            setup=_set_up,
            fixtures=_FIXTURES,
        ),
        Sybil(
            parsers=[CodeBlockParser("sh", _evaluate_shell)],
            # Elsewhere commands install, serve, or need the world outside.
            patterns=["docs/guides/*.md", "docs/command-line.md"],
            setup=_set_up,
            fixtures=_FIXTURES,
        ),
        Sybil(
            parsers=[RestCodeBlockParser("python", _evaluate), _literal_blocks],
            patterns=["astria_async/**/*.py", "astria_async/*.py"],
            document_types={".py": PythonDocStringDocument},
            setup=_set_up,
            fixtures=_FIXTURES,
        ),
    )
).pytest()
