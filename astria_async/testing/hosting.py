"""Contexts that one task opens and another closes, as test frameworks do with what they set up."""

import asyncio
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Generic, TypeVar

import anyio

from astria_async.protocol.errors import ConfigurationError

T = TypeVar("T")

CLOSING = 5.0
"""Seconds that closing may take where opening was cancelled."""


class Hosted(AbstractAsyncContextManager[T, None], Generic[T]):
    """
    An asynchronous context manager that lives in a task of its own, on asyncio.

    A sandbox and a client own task groups, which are to be left by the task that entered them.
    unittest and pytest-asyncio set up in one task, test in another and tear down in a third; with
    this in between they may::

        from unittest import IsolatedAsyncioTestCase

        from astria_async.testing import Hosted, Sandbox

        class MyCase(IsolatedAsyncioTestCase):
            async def asyncSetUp(self):
                self.sandbox = await self.enterAsyncContext(Hosted(Sandbox(speed=0)))

    Args:
        manager: What is entered, and left, by that task.

    Raises:
        ConfigurationError: The loop is not asyncio's. anyio's own pytest plugin needs no such
            help: it sets up and tears down in one task, on trio too.
    """

    def __init__(self, manager: AbstractAsyncContextManager[T]) -> None:
        self._manager = manager
        self._leave = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> T:
        """Open it; what opening raises is raised here."""
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError as error:
            raise ConfigurationError(
                "Hosted needs asyncio: under trio, enter the sandbox and leave it in one task"
            ) from error
        opened: asyncio.Future[T] = loop.create_future()
        # No task group can hold it: the framework has none that spans set-up and tear-down.
        self._task = loop.create_task(self._live(opened), name=f"host of {self._manager!r}")
        try:
            return await opened
        except asyncio.CancelledError:
            self._task.cancel()
            with anyio.move_on_after(CLOSING, shield=True):
                await asyncio.wait([self._task])
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it; what ended it before its time is raised here too."""
        assert self._task is not None
        self._leave.set()
        await self._task

    async def _live(self, opened: asyncio.Future[T]) -> None:
        try:
            async with self._manager as value:
                if not opened.cancelled():
                    opened.set_result(value)
                    await self._leave.wait()
        except BaseException as error:
            if opened.done():
                raise
            opened.set_exception(error)
