"""The benchmarks run, at a size at which their figures mean nothing."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SMALL = """
import json
from benchmarks import chart, downloading, growth, polling, table, uploading
from benchmarks.measure import absent

results = [
    *downloading.run(images=3, rounds=1),
    *growth.run((128, 256, 512)),
    *polling.run(20),
    *uploading.run(files=1, megabytes=0.1, rounds=1),
    absent("receiving", "there is no wrk"),
]
svg = chart.margins(results)
print(json.dumps({"cells": [table.cells(it) for it in results], "bars": svg.count("<rect")}))
"""


def test_small_ones_run_and_print() -> None:
    """Each line tells its figure and whether that holds, or why there is none."""
    done = subprocess.run(
        [sys.executable, "-c", SMALL], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    *measured, missing = told["cells"]
    assert len(measured) == told["bars"] == 9
    assert all(holds in {"yes", "NO"} and figure for *_, figure, _, holds in measured)
    assert missing[3] == "not run: there is no wrk"
