"""Hints on their way to a watcher."""

import anyio
import pytest
from anyio.lowlevel import checkpoint

from astria_async.stores import MISSED
from astria_async.stores.hints import Hints

pytestmark = pytest.mark.anyio


async def test_first_is_missed() -> None:
    """What came before anyone watched was missed, whatever was hinted at meanwhile."""
    hints = Hints()
    hints.add(["a"])

    assert await anext(hints) == MISSED


async def test_unread_hints_are_one_set() -> None:
    """Hints gather while nobody reads, each once."""
    hints = Hints()
    await anext(hints)
    hints.add(["a"])
    hints.add(["b", "a"])

    assert await anext(hints) == {"a", "b"}


async def test_too_many_become_missed() -> None:
    """More hints than the bound are not kept; the watcher is told to read everything."""
    hints = Hints(most=2)
    await anext(hints)
    hints.add(["a", "b"])
    hints.add(["c"])
    hints.add(["d"])

    assert await anext(hints) == MISSED
    hints.add(["e"])
    assert await anext(hints) == {"e"}


async def test_nothing_is_no_hint() -> None:
    """An empty set would read as MISSED, so hinting at nothing wakes nobody."""
    hints = Hints()
    await anext(hints)
    hints.add([])

    with anyio.move_on_after(0) as scope:
        await anext(hints)

    assert scope.cancelled_caught


async def test_sleeping_reader_wakes() -> None:
    """A reader that waits gets the hint that comes then."""
    hints = Hints()
    await anext(hints)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(checkpoint)
        tasks.start_soon(_add_later, hints)

        with anyio.fail_after(5):
            assert await anext(hints) == {"a"}


async def _add_later(hints: Hints) -> None:
    for _ in range(3):
        await checkpoint()
    hints.add(["a"])


async def test_cancelled_reader_loses_nothing() -> None:
    """A hint that a cancelled reader did not get is there for the next read."""
    hints = Hints()
    with anyio.CancelScope() as scope:
        scope.cancel()
        await anext(hints)

    assert await anext(hints) == MISSED
