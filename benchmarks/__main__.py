"""Run the benchmarks, print the table, keep it; see the package's docstring."""

import argparse
import importlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs

from benchmarks import table
from benchmarks.measure import Result

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
)
RESULTS = Path(__file__).with_name("results.json")


def main() -> int:
    """Each benchmark in a process of its own; 1 if one could not run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--keep", type=Path, default=RESULTS, help="the file of results")
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
    failed = []
    for name in options.names or NAMES:
        found = _measured(name)
        if found is None:
            failed.append(name)
            continue
        kept["benchmarks"][name] = found
        for result in found:
            print(table.line(Result(**result)), flush=True)
        table.save(options.keep, kept)
    if failed:
        print(f"could not run: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def _measured(name: str) -> list[dict[str, Any]] | None:
    command = [sys.executable, "-m", "benchmarks", name, "--here"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    found: list[dict[str, Any]] | None = (
        json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None
    )
    return found


if __name__ == "__main__":
    sys.exit(main())
