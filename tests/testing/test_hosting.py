"""Contexts that one task opens and another closes."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import anyio
import pytest

from astria_async import ConfigurationError
from astria_async.testing import Hosted

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Only asyncio has frameworks that need it."""
    return "asyncio"


@contextlib.asynccontextmanager
async def grouped(seen: list[str]) -> AsyncIterator[anyio.abc.TaskGroup]:
    async with anyio.create_task_group() as group:
        seen.append("opened")
        try:
            yield group
        finally:
            seen.append("closed")
            group.cancel_scope.cancel()


def test_one_run_opens_and_another_closes() -> None:
    """A task group is left by the task that entered it, whoever asks for that."""
    seen: list[str] = []
    with asyncio.Runner() as runner:
        hosted = Hosted(grouped(seen))
        group = runner.run(hosted.__aenter__())
        assert isinstance(group, anyio.abc.TaskGroup)
        runner.run(hosted.__aexit__(None, None, None))

    assert seen == ["opened", "closed"]


async def test_what_opening_raises_is_raised() -> None:
    """As if there were nothing in between."""

    @contextlib.asynccontextmanager
    async def broken() -> AsyncIterator[None]:
        raise LookupError("no such thing")
        yield

    with pytest.raises(LookupError, match="no such thing"):
        async with Hosted(broken()):
            raise AssertionError("it does not come to this")


async def test_what_ends_it_early_is_raised_on_closing() -> None:
    """A background task that failed is not forgotten."""

    async def fail() -> None:
        raise LookupError("in the background")

    seen: list[str] = []
    with pytest.raises(BaseExceptionGroup) as caught:
        async with Hosted(grouped(seen)) as group:
            group.start_soon(fail)

    assert caught.group_contains(LookupError, match="in the background")
    assert seen == ["opened", "closed"]


async def test_cancelling_while_it_opens_closes_it() -> None:
    """Nothing of it goes on then."""
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        try:
            await anyio.sleep_forever()
            yield
        finally:
            seen.append("gone")

    with anyio.move_on_after(0):
        async with Hosted(slow()):
            raise AssertionError("it does not come to this")

    assert seen in ([], ["gone"])
    assert not [it for it in asyncio.all_tasks() if it.get_name().startswith("host of")]


async def test_cancelling_once_it_began_to_open_closes_it() -> None:
    """The context itself is unwound before the cancellation goes on."""
    seen: list[str] = []
    begun = anyio.Event()

    @contextlib.asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        begun.set()
        try:
            await anyio.sleep_forever()
            yield
        finally:
            seen.append("gone")

    async def enter() -> None:
        async with Hosted(slow()):
            raise AssertionError("it does not come to this")

    async with anyio.create_task_group() as group:
        group.start_soon(enter)
        await begun.wait()
        group.cancel_scope.cancel()

    assert seen == ["gone"]


async def test_what_opens_in_spite_of_a_cancellation_is_closed() -> None:
    """Where it cannot be interrupted, it is waited for."""
    seen: list[str] = []

    @contextlib.asynccontextmanager
    async def stubborn() -> AsyncIterator[None]:
        with anyio.CancelScope(shield=True):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.get_running_loop().create_future()
        seen.append("opened")
        yield
        seen.append("closed")

    async with anyio.create_task_group() as group:
        group.start_soon(Hosted(stubborn()).__aenter__)
        await anyio.wait_all_tasks_blocked()
        group.cancel_scope.cancel()

    assert seen == ["opened", "closed"]


def test_trio_needs_it_not() -> None:
    """There it says what to do instead."""

    async def enter() -> None:
        async with Hosted(grouped([])):
            raise AssertionError("it does not come to this")

    with pytest.raises(ConfigurationError, match="in one task"):
        anyio.run(enter, backend="trio")
