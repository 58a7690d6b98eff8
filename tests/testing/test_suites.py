"""The test-suites of users, each under the runner of their choice, as processes of their own."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SUITES = Path(__file__).parent / "suites"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run Python in a folder with the suites, with warnings as errors."""
    folder = shutil.copytree(SUITES, tmp_path / "suites")
    lines = ["[pytest]", "filterwarnings = error", "asyncio_default_fixture_loop_scope = function"]
    (folder / "pytest.ini").write_text("\n".join(lines))

    def python(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-W", "error", *words]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    return python


def test_anyio(run: Run) -> None:
    """Under anyio's own plugin, on asyncio and on trio."""
    ran = run("-m", "pytest", "-q", "suite_anyio.py")

    assert "11 passed" in ran.stdout, ran.stdout
    assert ran.returncode == 0


def test_pytest_asyncio_strict(run: Run) -> None:
    """Under pytest-asyncio, which has marks on what is async, also in a loop of another scope."""
    ran = run("-m", "pytest", "-q", "suite_asyncio.py")

    assert "4 passed" in ran.stdout, ran.stdout
    assert ran.returncode == 0


def test_pytest_asyncio_auto(run: Run) -> None:
    """Under pytest-asyncio where it takes everything that is async."""
    ran = run("-m", "pytest", "-q", "-o", "asyncio_mode=auto", "suite_auto.py")

    assert "2 passed" in ran.stdout, ran.stdout
    assert ran.returncode == 0


def test_unittest(run: Run) -> None:
    """Under unittest, which knows no fixtures."""
    ran = run("-m", "unittest", "suite_unittest")

    assert "Ran 3 tests" in ran.stderr, ran.stderr
    assert ran.returncode == 0


def test_a_failure_comes_with_what_was_asked(run: Run, tmp_path: Path) -> None:
    """The report of a failed test lists requests and callbacks of its sandbox, in order."""
    (tmp_path / "suites" / "suite_failing.py").write_text(
        "import pytest\n"
        "from portraits import Studio\n"
        "from astria_async.testing import CallbackFault\n\n\n"
        "@pytest.mark.anyio\n"
        "@pytest.mark.parametrize('anyio_backend', ['asyncio'])\n"
        "async def test_it(astria, astria_sandbox):\n"
        "    astria_sandbox.faults.add(CallbackFault(kind='drop', subject='tune'))\n"
        "    await Studio(astria).portrait('Ada')\n"
        "    assert False\n"
    )

    ran = run("-m", "pytest", "-q", "suite_failing.py")

    story = ran.stdout.partition("Astria sandbox")[2]
    created, dropped = story.index("POST /tunes -> 201"), story.index("callback for tune 29")
    assert created < dropped
    assert "-> drop" in story
    assert ran.returncode == 1


def test_a_test_that_no_plugin_runs_is_told(run: Run, tmp_path: Path) -> None:
    """The fixtures need an event loop, and say which marks give one."""
    (tmp_path / "suites" / "suite_plain.py").write_text("def test_it(astria):\n    pass\n")

    ran = run("-m", "pytest", "-q", "suite_plain.py")

    assert "test_it uses the fixture astria_sandbox, and no plugin runs it" in ran.stdout
    assert "pytest.mark.anyio" in ran.stdout
    assert ran.returncode == 1


def test_marks_are_known(run: Run) -> None:
    """Under strict markers, too, and described."""
    ran = run("-m", "pytest", "--strict-markers", "--markers")

    assert "@pytest.mark.astria_sandbox(**settings)" in ran.stdout
    assert "@pytest.mark.astria(**options)" in ran.stdout


def test_the_plugin_is_light(run: Run, tmp_path: Path) -> None:
    """A run of pytest that uses none of it imports no more of us than the plugin."""
    (tmp_path / "suites" / "suite_none.py").write_text(
        "import sys\n\n\n"
        "def test_nothing():\n"
        "    print(*sorted(it for it in sys.modules if it.startswith('astria')))\n"
    )

    ran = run("-m", "pytest", "-q", "-s", "suite_none.py")

    assert ran.stdout.split()[:5] == [
        "astria_async",
        "astria_async._version",
        "astria_async.testing",
        "astria_async.testing.plugin",
        "astria_async.testing.plugin_asyncio",
    ]
    assert ran.stdout.count("astria_async") == 5


def test_without_the_extra(run: Run, tmp_path: Path) -> None:
    """What needs no sandbox works, and a fixture that does says what to install."""
    (tmp_path / "suites" / "conftest.py").write_text("import sys\nsys.modules['PIL'] = None\n")
    (tmp_path / "suites" / "suite_bare.py").write_text(
        "import pytest\n"
        "from astria_async.testing import make_tune\n\n\n"
        "def test_models():\n"
        "    assert make_tune().is_ready\n\n\n"
        "@pytest.mark.anyio\n"
        "async def test_fixture(anyio_backend_name, astria):\n"
        "    pass\n"
    )

    ran = run("-m", "pytest", "-q", "suite_bare.py")

    assert "pip install 'astria-async[sandbox]'" in ran.stdout
    assert "1 passed" in ran.stdout
