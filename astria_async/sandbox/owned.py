"""A task group for those who are entered and left, and whose users want plain exceptions."""

from types import TracebackType
from typing import Self

import anyio
import anyio.abc


class OwnedTasks:
    """
    A task group that ends with its owner.

    Leaving it cancels its tasks. Unlike a bare group it hands the body's own exception on as it is,
    and a single failed task's exception without a group around it.
    """

    def __init__(self) -> None:
        self.group: anyio.abc.TaskGroup = anyio.create_task_group()

    async def __aenter__(self) -> Self:
        await self.group.__aenter__()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.group.cancel_scope.cancel()
        try:
            await self.group.__aexit__(None, None, None)
        except BaseExceptionGroup as group:
            raise _only(group) from None


def _only(group: BaseExceptionGroup[BaseException]) -> BaseException:
    inner: BaseException = group
    while isinstance(inner, BaseExceptionGroup) and len(inner.exceptions) == 1:
        inner = inner.exceptions[0]
    return inner
