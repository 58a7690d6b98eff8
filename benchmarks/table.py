"""The results as lines for people, and as the file that is kept."""

import datetime as dt
import importlib.metadata
import json
import os
import platform
from pathlib import Path
from typing import Any

from benchmarks.measure import Result

PACKAGES = (
    "anyio", "astria-async", "asyncpg", "attrs", "cattrs", "httptools", "httpx", "httpx-aiohttp",
    "httpx2", "openai", "pydantic", "redis", "starlette", "uvicorn", "uvloop",
)  # fmt: skip


def line(result: Result) -> str:
    """One result, with its target and whether that holds."""
    sign = "≤" if result.bound == "most" else "≥"
    verdict = "holds" if result.holds else "FAILS"
    spread = f"{figure(result.low)}…{figure(result.high)}"
    measured = f"{figure(result.value)} {result.unit} ({spread})"
    return (
        f"{verdict}  {result.what:46.46}  {result.against:44.44}  {measured:26} "
        f"target {sign} {result.target:g} {result.unit}"
    )


def figure(value: float) -> str:
    """Three digits that count."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004


def load(path: Path) -> dict[str, Any]:
    """The results that are kept; those of one run may be of several days."""
    if not path.exists():
        return {"benchmarks": {}}
    kept: dict[str, Any] = json.loads(path.read_text())
    return kept


def save(path: Path, kept: dict[str, Any]) -> None:
    """Keep the results, with what they were measured on."""
    kept["measured"] = dt.datetime.now(dt.UTC).isoformat(timespec="minutes")
    kept["machine"] = f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}"
    kept["versions"] = {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in PACKAGES
    }
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
