"""Task groups that raise what went wrong, rather than a group of one."""

from collections.abc import Awaitable, Callable

import anyio
import pytest
from anyio.lowlevel import checkpoint

from astria_async.groups import task_group

pytestmark = pytest.mark.anyio


async def fail(error: Exception) -> None:
    """Raise it, after a moment."""
    await checkpoint()
    raise error


async def fail_deeper(error: Exception) -> None:
    """Raise it in a group of its own."""
    async with anyio.create_task_group() as group:
        group.start_soon(fail, error)


async def test_the_blocks_own_error_comes_out_as_it_is() -> None:
    """The very same object."""
    error = ValueError("mine")

    with pytest.raises(ValueError, match="mine") as caught:
        async with task_group():
            raise error

    assert caught.value is error


async def test_the_blocks_own_group_of_errors_is_not_taken_apart() -> None:
    """It is what the user raised, be it a group of one."""
    error = ExceptionGroup("mine", [ValueError("x")])

    with pytest.raises(ExceptionGroup) as caught:
        async with task_group():
            raise error

    assert caught.value is error


@pytest.mark.parametrize("how", [fail, fail_deeper])
async def test_a_single_failed_task_raises_its_own_error(
    how: Callable[[Exception], Awaitable[None]],
) -> None:
    """However deep it lies."""
    error = ValueError("background")

    with pytest.raises(ValueError, match="background") as caught:
        await beside(anyio.sleep_forever, how, error)

    assert caught.value is error


async def beside(
    block: Callable[[], Awaitable[None]],
    task: Callable[[Exception], Awaitable[None]],
    error: Exception,
) -> None:
    """Run *block* with a *task* in the background that fails."""
    async with task_group() as group:
        group.start_soon(task, error)
        await block()


async def fail_when_cancelled() -> None:
    """Answer cancellation with another error."""
    try:
        await anyio.sleep_forever()
    finally:
        raise KeyError("mine")


async def test_several_errors_stay_together() -> None:
    """None of them is lost."""
    with pytest.raises(ExceptionGroup) as caught:
        await beside(fail_when_cancelled, fail, ValueError("background"))

    assert {type(error) for error in caught.value.exceptions} == {ValueError, KeyError}


async def test_several_failed_tasks_stay_a_group() -> None:
    """The block itself was merely cancelled."""

    async def fail_at_once(error: Exception) -> None:
        raise error

    async def two(error: Exception) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(fail_at_once, error)
            group.start_soon(fail_at_once, KeyError("other"))

    with pytest.raises(ExceptionGroup) as caught:
        await beside(anyio.sleep_forever, two, ValueError("background"))

    assert {type(error) for error in caught.value.exceptions} == {ValueError, KeyError}


async def test_an_error_cancels_the_tasks() -> None:
    """As in any task group."""
    scopes: list[bool] = []

    async def work() -> None:
        try:
            await anyio.sleep_forever()
        finally:
            scopes.append(True)

    async def block() -> None:
        async with task_group() as group:
            group.start_soon(work)
            await checkpoint()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await block()

    assert scopes == [True]


async def test_an_error_counts_more_than_a_cancellation() -> None:
    """What was raised as a block was cancelled is not lost."""

    async def block() -> None:
        async with task_group():
            scope.cancel()
            raise ValueError("mine")

    with anyio.CancelScope() as scope, pytest.raises(ValueError, match="mine"):
        await block()


async def test_a_group_with_a_cancellation_in_it_goes_through() -> None:
    """That part belongs to the scope around it, which takes it out."""

    async def block() -> None:
        async with task_group():
            scope.cancel()
            try:
                await anyio.sleep_forever()
            except BaseException as error:  # noqa: BLE001 - each loop has its own
                raise BaseExceptionGroup("mixed", [error, KeyError("mine")]) from None

    with pytest.raises(BaseExceptionGroup) as caught:
        with anyio.CancelScope() as scope:
            await block()

    assert caught.value.subgroup(KeyError) is not None


async def test_cancellation_goes_through() -> None:
    """It is the outer scope's."""
    with anyio.CancelScope() as scope:
        async with task_group() as group:
            group.start_soon(anyio.sleep_forever)
            scope.cancel()
            await checkpoint()

    assert scope.cancelled_caught


async def test_a_block_without_errors_ends_with_its_tasks() -> None:
    """They are waited for."""
    done: list[int] = []

    async def work() -> None:
        await checkpoint()
        done.append(1)

    async with task_group() as group:
        group.start_soon(work)

    assert done == [1]
