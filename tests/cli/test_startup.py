"""What the command line loads to start; how long that takes, ``benchmarks.startup`` tells."""

import subprocess
import sys


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
