"""Writes that arrive together share one commit."""

from collections.abc import Sequence

import anyio
import pytest

from astria_async.protocol.errors import StoreUnavailable
from astria_async.stores.group_commit import MOST, GroupCommit

pytestmark = pytest.mark.anyio


class Disk:
    """Commits numbers, each doubled, when its gate lets it; negative numbers cannot be written."""

    def __init__(self) -> None:
        self.gate = anyio.Event()
        self.commits: list[list[int]] = []
        self.full = False

    async def commit(self, writes: Sequence[int]) -> list[int]:
        self.commits.append(list(writes))
        await self.gate.wait()
        if self.full:
            raise StoreUnavailable("the disk is full")
        if min(writes) < 0:
            raise ValueError(f"{min(writes)} is negative")
        return [2 * number for number in writes]


def group_commit(disk: Disk, bound: float = 5) -> GroupCommit[int, int]:
    return GroupCommit(disk.commit, bound=bound, server="the disk")


async def write_all(
    group: GroupCommit[int, int], numbers: Sequence[int], disk: Disk
) -> list[object]:
    """What came of each; the first begins a commit, and the gate opens once all wait."""
    outcomes: dict[int, object] = {}

    async def write(number: int) -> None:
        try:
            outcomes[number] = await group.write(number)
        except (StoreUnavailable, ValueError) as exc:
            outcomes[number] = exc

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(write, numbers[0])
        await anyio.wait_all_tasks_blocked()
        for number in numbers[1:]:
            tasks.start_soon(write, number)
        await anyio.wait_all_tasks_blocked()
        disk.gate.set()
    return [outcomes[number] for number in numbers]


async def test_who_waits_shares_the_next_commit() -> None:
    """The first commits alone; all who came meanwhile commit together, each with its result."""
    disk = Disk()

    results = await write_all(group_commit(disk), [1, 2, 3, 4], disk)

    assert results == [2, 4, 6, 8]
    assert [len(commit) for commit in disk.commits] == [1, 3]


async def test_a_commit_is_bounded() -> None:
    """A crowd is committed in parts, so that no transaction grows too long."""
    disk = Disk()

    await write_all(group_commit(disk), range(2 * MOST + 2), disk)

    assert [len(commit) for commit in disk.commits] == [1, MOST, MOST, 1]


async def test_failed_commit_fails_each() -> None:
    """When a commit fails, each writer in it gets an error of its own; the next may succeed."""
    disk = Disk()
    disk.full = True
    group = group_commit(disk)

    errors = await write_all(group, [1, 2, 3], disk)
    disk.full = False

    assert [str(error) for error in errors] == 3 * ["the disk is full"]
    assert len({id(error) for error in errors}) == 3
    assert await group.write(4) == 8


async def test_one_bad_write_fails_alone() -> None:
    """A write that cannot be carried out does not take those beside it along."""
    disk = Disk()

    results = await write_all(group_commit(disk), [1, 2, -3, 4], disk)

    assert [results[0], results[1], results[3]] == [2, 4, 8]
    assert isinstance(results[2], ValueError)


async def test_cancelled_writer_leaves_the_queue() -> None:
    """A writer that is cancelled before its commit began is not committed."""
    disk = Disk()
    group = group_commit(disk)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(group.write, 1)
        await anyio.wait_all_tasks_blocked()
        with anyio.CancelScope() as scope:
            tasks.start_soon(_cancel_when_blocked, scope)
            await group.write(2)
        disk.gate.set()

    assert disk.commits == [[1]]


async def _cancel_when_blocked(scope: anyio.CancelScope) -> None:
    await anyio.wait_all_tasks_blocked()
    scope.cancel()


async def test_cancelled_leader_finishes_for_the_others() -> None:
    """The writer that commits for others goes on to the end when it is cancelled."""
    disk = Disk()
    group = group_commit(disk)
    results: list[int] = []

    async def lead(scope: anyio.CancelScope) -> None:
        with scope:
            results.append(await group.write(1))

    async with anyio.create_task_group() as tasks:
        scope = anyio.CancelScope()
        tasks.start_soon(lead, scope)
        await anyio.wait_all_tasks_blocked()
        scope.cancel()
        await anyio.wait_all_tasks_blocked()
        disk.gate.set()

    assert results == [2]


async def test_waiting_for_a_turn_is_bounded() -> None:
    """A writer does not wait for ever behind a commit that hangs."""
    disk = Disk()
    group = group_commit(disk, bound=0.05)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(group.write, 1)
        await anyio.wait_all_tasks_blocked()

        with pytest.raises(StoreUnavailable, match=r"the disk did not answer within 0\.05 s"):
            await group.write(2)
        disk.gate.set()

    assert disk.commits == [[1]]
