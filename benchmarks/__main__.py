"""Run the benchmarks, print the table, keep it; see the package's docstring."""

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs

from benchmarks import chart, table
from benchmarks.measure import Result, absent

NAMES = (
    "get",
    "listing",
    "receiving",
    "durable",
    "databases",
    "waiters",
    "waking",
    "uploading",
    "downloading",
    "polling",
    "importing",
    "emulating",
    "growth",
)
RESULTS = Path(__file__).with_name("results.json")
PATIENCE = 300
"""Seconds that one benchmark may take."""


def main() -> int:
    """Each benchmark in a process of its own; 1 if one broke, whatever targets hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--keep", type=Path, default=RESULTS, help="the file of results")
    parser.add_argument("--charts", type=Path, help="a folder to draw charts into")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.names) - set(NAMES)
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}")
    if options.here:
        found = importlib.import_module(f"benchmarks.{options.names[0]}").run()
        print(json.dumps([attrs.asdict(result) for result in found]))
        return 0
    kept = table.load(options.keep)
    names = options.names or NAMES
    for name in names:
        kept["benchmarks"][name] = _measured(name)
        for it in kept["benchmarks"][name]:
            print(table.line(Result(**it)), flush=True)
        kept["benchmarks"] = {
            it: kept["benchmarks"][it] for it in NAMES if it in kept["benchmarks"]
        }
        table.save(options.keep, kept)
    results = table.results({"benchmarks": {it: kept["benchmarks"][it] for it in names}})
    print(f"\n{table.text(results)}\n\n{_verdict(results)}")
    if options.charts:
        chart.write(options.charts, kept)
    return int(any(result.what in names for result in results))  # a line of that name is _broken's


def _verdict(results: list[Result]) -> str:
    held = sum(result.holds for result in results)
    missing = sum(bool(result.missing) for result in results)
    return f"{held} of {len(results)} targets hold, {missing} were not measured"


def _measured(name: str) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "benchmarks", name, "--here"]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return _broken(name, f"it took more than {PATIENCE} s")
    if done.returncode:
        print(done.stderr, file=sys.stderr)
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        return _broken(name, said[-1])
    found: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return found


def _broken(name: str, why: str) -> list[dict[str, Any]]:
    return [attrs.asdict(absent(name, why))]


if __name__ == "__main__":
    sys.exit(main())
