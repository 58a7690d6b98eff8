"""What the documentation says, held against what is there."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from astria_async.protocol import errors

DOCS = Path(__file__).parents[2] / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FENCE = re.compile(r"(?m)^ *(```+)(\S*).*\n((?:.*\n)*?) *\1$")
LANGUAGES = {
    "python": "run by sybil",
    "sh": "run by sybil in guides, and step by step in the tutorial",
    "console": "needs the world outside",
    "py": "an example, included whole, and run by its own test",
    "html": "an example's page, likewise",
    "nginx": "settings of other programs",
    "text": "nothing to run",
    "json": "shown",
}
"""What becomes of the blocks of each kind."""

PUBLIC = (
    "astria_async",
    "astria_async.receiver",
    "astria_async.sandbox",
    "astria_async.stores",
    "astria_async.testing",
)


def _all_errors(cls: type[Exception] = errors.AstriaError) -> Iterator[type[Exception]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from _all_errors(child)


def _sections(text: str) -> dict[str, str]:
    _, *pairs = re.split(r"(?m)^## (.+)\n", text)
    return dict(zip(pairs[::2], pairs[1::2], strict=True))


def test_every_error_has_its_section() -> None:
    """The catalogue has each error once, in words of its own, and none that does not exist."""
    sections = _sections((DOCS / "errors.md").read_text())

    assert sorted(sections) == sorted(cls.__name__ for cls in set(_all_errors()))


@pytest.mark.parametrize("name", sorted(cls.__name__ for cls in set(_all_errors())))
def test_an_error_has_cause_and_remedy(name: str) -> None:
    """Each section says why it comes and what to do, and names only attributes that exist."""
    section = _sections((DOCS / "errors.md").read_text())[name]
    cls = getattr(errors, name)

    assert re.search(r"(?s)\*\*Cause\.\*\* .+?\n\n\*\*Remedy\.\*\* .+", section)
    told = set(re.findall(r"`\.(\w+)`", section))
    described = " ".join(parent.__doc__ or "" for parent in cls.__mro__)
    assert {attribute for attribute in told if f"{attribute}:" not in described} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(DOCS)))
def test_every_block_is_of_a_kind_that_something_runs(page: Path) -> None:
    """A block in another language would be looked at by nobody."""
    found = {language for _, language, _ in FENCE.findall(page.read_text())}

    assert found <= LANGUAGES.keys()


def _named_in_reference() -> set[str]:
    pages = (DOCS / "reference").glob("*.md")
    return {name for page in pages for name in re.findall(r"(?m)^::: (\S+)", page.read_text())}


def _found(path: str) -> Any:
    module, _, name = path.rpartition(".")
    try:
        return importlib.import_module(path)
    except ModuleNotFoundError:
        return getattr(importlib.import_module(module), name)


def test_the_reference_names_what_exists() -> None:
    """Each object of the reference can be imported from where it says."""
    for path in _named_in_reference():
        assert _found(path) is not None


@pytest.mark.parametrize("module", PUBLIC)
def test_the_reference_has_every_public_name(module: str) -> None:
    """What is exported is described; errors by their module."""
    described = [_found(path) for path in _named_in_reference()]
    exported = {
        name: _found(f"{module}.{name}") for name in importlib.import_module(module).__all__
    }
    missing = {
        name
        for name, value in exported.items()
        if not any(value is other for other in described)
        and not (isinstance(value, type) and value.__module__ == errors.__name__)
    }

    assert missing - {"__version__"} == set()


EXAMPLES = DOCS.parent / "examples"
PROGRAMS = [*EXAMPLES.glob("*.py"), EXAMPLES / "headshots" / "service.py"]


@pytest.mark.parametrize("program", sorted(PROGRAMS), ids=lambda program: program.name)
def test_an_example_says_how_to_run_it(program: Path) -> None:
    """Its first lines have what it does, what it needs and how to run it; both lists have it."""
    said = ast.get_docstring(ast.parse(program.read_text())) or ""
    run = re.search(r"(?m)^Run: (.+)", said)

    assert "What: " in said
    assert "Needs: " in said
    assert run
    assert program.stem in run[1]
    assert program.name in (EXAMPLES / "README.md").read_text()
    included = f'\n--8<-- "examples/{program.relative_to(EXAMPLES)}"\n'
    assert included in (DOCS / "examples.md").read_text()


def test_llms_txt_lists_pages_that_exist() -> None:
    """Each link leads to a page, and each guide and explanation is listed."""
    listed = set(re.findall(r"\]\(([^)]+)\)", (DOCS / "llms.txt").read_text()))
    guides = {f"guides/{page.name}" for page in (DOCS / "guides").glob("*.md")}

    assert all((DOCS / page).exists() for page in listed)
    assert guides <= listed


def test_the_testing_kit_is_imported_by_no_program() -> None:
    """Blocks outside of tests, tutorial and notebooks import nothing of the kit but the sandbox."""
    for page in (DOCS / "guides").glob("*.md"):
        if page.name == "testing.md":
            continue
        assert "astria_async.testing import" not in page.read_text()
