"""The batch: a table of texts to folders of pictures."""

import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest

from astria_async.sandbox import JobFault, Sandbox

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("uncounted")]

BATCH = Path(__file__).parents[2] / "examples" / "batch.py"
TABLE = """name,text,num_images
boat,a red boat on a lake,2
cat,a cat on a sofa,1
tower,a tower of glass,
"""

Start = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture(autouse=True)
def table(here: Path, secret: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A table of three lines, and the secret that all runs share."""
    monkeypatch.setenv("ASTRIA_CALLBACK_SECRET", secret)
    path = here / "texts.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture
def batch(start: Start) -> Callable[..., Any]:
    """Runs it to its end: its exit code, and what it printed."""

    async def run(*words: str) -> tuple[int, list[str]]:
        async with start(BATCH, "texts.csv", "--port", "0", *words) as script:
            lines = [line async for line in script.lines]
            return await script.process.wait(), lines

    return run


def _files(name: str) -> list[Path]:
    return list(Path("pictures", name).iterdir())


async def test_makes_every_line(
    batch: Callable[..., Any], sandbox: Sandbox, is_picture: Callable[[Path], bool]
) -> None:
    """Each line has a folder with as many pictures as it asks for, and there is a sheet of all."""
    code, said = await batch()
    await sandbox.settle()

    names = ("boat", "cat", "tower")
    assert code == 0
    assert [len(_files(name)) for name in names] == [2, 1, 2]
    assert all(is_picture(path) for name in names for path in _files(name))
    assert said[-1] == "pictures/contact-sheet.jpg"
    assert is_picture(Path(said[-1]))
    assert [it.status for it in sandbox.deliveries] == [204] * 3


async def test_a_second_run_creates_nothing(batch: Callable[..., Any], sandbox: Sandbox) -> None:
    """It finds the prompts of the first."""
    await batch()
    before = [it.id for it in sandbox.world.prompts]

    code, _ = await batch()

    assert code == 0
    assert [it.id for it in sandbox.world.prompts] == before


async def test_goes_on_after_ctrl_c(
    batch: Callable[..., Any], start: Start, sandbox: Sandbox
) -> None:
    """Interrupted between create and picture, and run again, it has made each line once."""
    before = len(sandbox.world.prompts)
    sandbox.faults.add(JobFault(kind="prompt", match="tower", reason="", times=1))
    with anyio.fail_after(60):
        async with start(BATCH, "texts.csv", "--port", "0") as script:
            # The tower hangs, so that it is surely still waited for.
            await script.line("boat: ")
            while len(sandbox.world.prompts) < before + 3:
                await sandbox.changed()
            os.kill(script.process.pid, signal.SIGINT)
            code = await script.process.wait()
        tower = next(it for it in sandbox.world.prompts if "tower of glass" in it.text)
        sandbox.fail_prompt(tower.id, "The provider refused this text.")
        again, _ = await batch()

    assert code == 130
    assert again == 1
    assert len(sandbox.world.prompts) == before + 3
    assert len(_files("boat")) == 2


async def test_a_line_that_fails_holds_up_no_other(
    batch: Callable[..., Any], sandbox: Sandbox, table: Path
) -> None:
    """The others are made, and the exit code tells."""
    wrong = TABLE.replace("cat,a cat on a sofa,1", "cat,a cat on a sofa,99")
    await anyio.Path(table).write_text(wrong)

    code, said = await batch()

    assert code == 1
    assert any(line.startswith("2 of 3 lines") for line in said)


async def test_keeps_to_its_budget(batch: Callable[..., Any], sandbox: Sandbox) -> None:
    """Once the money is spent nothing more is created, and that is a failure."""
    before = sandbox.account.balance_mc

    code, said = await batch("--budget", "0.01", "--at-once", "1")

    assert code == 1
    (told,) = (line for line in said if line.startswith("1 of 3 lines"))
    assert told.endswith(" USD of a budget of 0.01 USD")
    assert 0 < before - sandbox.account.balance_mc < 20_000
