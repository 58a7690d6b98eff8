"""The results as a table for people, as the file that is kept, and as a chart."""

import datetime as dt
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.measure import Result

PACKAGES = (
    "aiohttp", "anyio", "astria-async", "asyncpg", "attrs", "cattrs", "httptools", "httpx",
    "httpx2", "openai", "pydantic", "redis", "starlette", "uvicorn", "uvloop",
)  # fmt: skip
HEAD = ("what", "against", "target", "measured", "quartiles", "holds")


def cells(result: Result) -> tuple[str, ...]:
    """One line: the figure, its target, and whether that holds."""
    if result.missing:
        return (result.what, result.against, "", f"not run: {result.missing}", "", "–")
    sign, unit = "≤" if result.bound == "most" else "≥", result.unit
    return (
        result.what,
        result.against,
        f"{sign} {figure(result.target)} {unit}",
        f"{figure(result.value)} {unit}",
        f"{figure(result.low)} … {figure(result.high)}",
        "yes" if result.holds else "NO",
    )


def line(result: Result) -> str:
    """One result, while the others are still to come."""
    what, against, target, measured, spread, holds = cells(result)
    return f"{what}: {measured} ({spread}) of {against}, target {target}: {holds}"


def text(results: Iterable[Result]) -> str:
    """All of them, for a terminal."""
    rows = [HEAD, *map(cells, results)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def markdown(results: Iterable[Result]) -> str:
    """All of them, for a page."""
    rows = [HEAD, tuple("---" for _ in HEAD), *map(cells, results)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def figure(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def results(kept: dict[str, Any]) -> list[Result]:
    """What a file holds."""
    return [Result(**it) for found in kept["benchmarks"].values() for it in found]


def load(path: Path) -> dict[str, Any]:
    """The results that are kept; those of one run may be of several days."""
    if not path.exists():
        return {"benchmarks": {}}
    kept: dict[str, Any] = json.loads(path.read_text())
    return kept


def save(path: Path, kept: dict[str, Any]) -> None:
    """Keep the results, with what they were measured on."""
    kept["measured"] = dt.datetime.now(dt.UTC).isoformat(timespec="minutes")
    kept["machine"] = f"{os.cpu_count()} cores, {_processor()}, {platform.system()}"
    kept["load"] = round(os.getloadavg()[0], 1)
    kept["versions"] = {"python": platform.python_version()} | dict(_versions())
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


def _versions() -> Iterable[tuple[str, str]]:
    for name in PACKAGES:
        try:
            yield name, importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return named[0] if named else platform.machine()
