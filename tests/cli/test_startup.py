"""How long the command line takes to start."""

import subprocess
import sys
import time
from pathlib import Path

RUNS = 3


def fastest(*command: str) -> float:
    """Seconds of the fastest of a few runs: what else the machine does only adds."""

    def once() -> float:
        began = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        return time.perf_counter() - began

    return min(once() for _ in range(RUNS))


def test_help_is_quick() -> None:
    """``--help`` takes less than 1.3 times what importing its libraries takes."""
    script = str(Path(sys.executable).with_name("astria-async"))

    ours = fastest(script, "--help")

    assert ours < 1.3 * fastest(sys.executable, "-c", "import cyclopts, rich")


def test_help_imports_no_library() -> None:
    """The overview loads neither client nor any library."""
    program = (
        "import sys; from astria_async.cli import main; main(['--help']); "
        "print(sorted({'cyclopts', 'rich', 'httpx', 'anyio', 'attrs'} & sys.modules.keys()))"
    )

    done = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.endswith("[]\n")
