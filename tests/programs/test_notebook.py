"""The notebook, cell by cell, in a kernel of its own."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


@pytest.fixture
def ran(here: Path, uncounted: None) -> list[dict[str, Any]]:
    """The code cells after a run of all."""
    # In a process: what the kernel's client brings along has warnings of its own.
    program = (
        "import sys, nbformat; from nbclient import NotebookClient\n"
        "notebook = nbformat.read(sys.argv[1], as_version=4)\n"
        "NotebookClient(notebook, timeout=60, kernel_name='python3').execute()\n"
        "nbformat.write(notebook, 'ran.ipynb')\n"
    )
    subprocess.run(
        [sys.executable, "-c", program, NOTEBOOK], check=True, capture_output=True, cwd=here
    )
    cells: list[dict[str, Any]] = json.loads((here / "ran.ipynb").read_text())["cells"]
    return [cell for cell in cells if cell["cell_type"] == "code"]


def test_every_cell_runs(ran: list[dict[str, Any]], here: Path) -> None:
    """It ends with three pictures, shown and on disk, and nothing on standard error."""
    outputs = [output for cell in ran for output in cell["outputs"]]

    assert not [it for it in outputs if it.get("name") == "stderr"]
    assert sum("image/jpeg" in it.get("data", {}) for it in outputs) == 3
    assert len(list((here / "pictures").iterdir())) == 3


def test_is_kept_without_results() -> None:
    """What a run leaves behind is not in the file."""
    cells = json.loads(NOTEBOOK.read_text())["cells"]

    assert all(not cell.get("outputs") and not cell.get("execution_count") for cell in cells)
