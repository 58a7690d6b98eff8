"""
The shape of the code in figures: sizes, types, docstrings, tests, cycles.

    python benchmarks/house.py

Counts physical lines of the package without tests; comment lines begin with ``#``; a function is
fully annotated when its return and every named argument but self and cls are; cycles are those of
imports that run when a module is loaded, the package's root left out.
"""

import ast
import statistics
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs

ROOT = Path(__file__).parents[1]
PACKAGE = "astria_async"
Function = ast.FunctionDef | ast.AsyncFunctionDef


@attrs.frozen
class Module:
    """One file, read."""

    path: Path
    text: str
    tree: ast.Module

    @classmethod
    def read(cls, path: Path) -> "Module":
        text = path.read_text()
        return cls(path, text, ast.parse(text))

    @property
    def name(self) -> str:
        parts = self.path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    @property
    def functions(self) -> list[Function]:
        return [it for it in ast.walk(self.tree) if isinstance(it, Function)]

    def loads(self, known: set[str]) -> set[str]:
        """The modules of ours that loading this one loads, the root left out."""
        found: set[str] = set()
        for node in _at_load(self.tree.body):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                submodules = {f"{node.module}.{alias.name}" for alias in node.names}
                found |= (submodules & known) or {node.module}
        return (found & known) - {self.name, PACKAGE}


def _at_load(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    for node in body:
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            continue
        yield node
        for part in ("body", "orelse", "finalbody"):
            if not isinstance(node, Function):
                yield from _at_load(getattr(node, part, []))


def largest_cycle(graph: dict[str, set[str]]) -> int:
    """How many modules the largest knot of imports holds; 0 where there is none."""

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        ahead = list(graph[start])
        while ahead:
            name = ahead.pop()
            if name not in seen:
                seen.add(name)
                ahead += graph[name]
        return seen

    reach = {name: reached(name) for name in graph}
    return max((len([b for b in reach[a] if a in reach[b]]) for a in graph), default=0)


def annotated(function: Function) -> bool:
    """Whether all of its arguments and its return have types."""
    given = function.args
    named = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    named = [it for it in named if it.arg not in {"self", "cls"}]
    return function.returns is not None and all(it.annotation is not None for it in named)


def spread(figures: Sequence[int]) -> str:
    """Median and 90th percentile."""
    ordered = sorted(figures)
    return f"{statistics.median(ordered):.0f} / {ordered[int(0.9 * len(ordered))]}"


def share(part: int, whole: int) -> str:
    """In per cent."""
    return f"{100 * part / whole:.1f} %"


def size(node: Function) -> int:
    """Lines from ``def`` to the end."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def figures() -> Iterator[tuple[str, str]]:
    """Each point with its figure."""
    code = [Module.read(path) for path in sorted((ROOT / PACKAGE).rglob("*.py"))]
    tests = [Module.read(path) for path in sorted((ROOT / "tests").rglob("*.py"))]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    total = sum(it.lines for it in code)
    functions = [function for it in code for function in it.functions]
    lines = [line.strip() for it in code for line in it.text.splitlines()]
    yield "modules / kLOC", f"{len(code)} / {total / 1000:.1f}"
    yield (
        "module lines, median / p90 / max",
        f"{spread([it.lines for it in code])} / {max(it.lines for it in code)}",
    )
    yield "function lines, median / p90", spread([size(it) for it in functions])
    root = next(it for it in code if it.name == PACKAGE)
    listed = next(
        node.value
        for node in root.tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    known = {it.name for it in code}
    graph = {it.name: it.loads(known) for it in code}
    yield (
        "top-level public names; modules in largest import cycle",
        f"{len(ast.literal_eval(listed))}; {largest_cycle(graph)}",
    )
    yield "functions fully annotated", share(sum(map(annotated, functions)), len(functions))
    ignores = sum("type: ignore" in line or "pyright: ignore" in line for line in lines)
    anys = sum(
        isinstance(node, ast.Name) and node.id == "Any"
        for module in code
        for node in ast.walk(module.tree)
    )
    yield "ignores / Any, per kLOC", f"{1000 * ignores / total:.1f} / {1000 * anys / total:.0f}"
    public = [it for it in functions if not it.name.startswith("_")]
    yield (
        "public functions with docstring; comment lines",
        share(sum(ast.get_docstring(it) is not None for it in public), len(public))
        + f"; {share(sum(line.startswith('#') for line in lines), total)}",
    )
    pages = len(list((ROOT / "docs").rglob("*.md")))
    yield (
        "docs pages / README lines",
        f"{pages} / {len((ROOT / 'README.md').read_text().splitlines())}",
    )
    cases = [it for module in tests for it in module.functions if it.name.startswith("test_")]
    yield (
        "tests; test / code lines",
        f"{len(cases)}; {sum(it.lines for it in tests) / total:.1f}",
    )
    yield (
        "test lines, median; with docstring",
        f"{statistics.median(map(size, cases)):.0f}; "
        + share(sum(ast.get_docstring(it) is not None for it in cases), len(cases)),
    )
    yield (
        "coverage gate; warnings",
        f"{project['tool']['coverage']['report']['fail_under']} %; "
        + ", ".join(project["tool"]["pytest"]["ini_options"]["filterwarnings"]),
    )
    tasks = sum("create_task(" in line for line in lines)
    asynchronous = sum(isinstance(it, ast.AsyncFunctionDef) for it in functions)
    yield (
        "async functions; create_task calls",
        f"{share(asynchronous, len(functions))}; {tasks}",
    )
    yield "runtime dependencies", str(len(project["project"]["dependencies"]))


if __name__ == "__main__":
    width = 60
    for point, figure in figures():
        print(f"{point:{width}}{figure}")
