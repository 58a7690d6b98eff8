"""Task groups that raise what went wrong, rather than a group of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.abc


@asynccontextmanager
async def task_group() -> AsyncIterator[anyio.abc.TaskGroup]:
    """
    A task group out of which a single error comes as it is, however deep it lies.

    The block's own error comes out untouched, be it a group.
    """
    own: BaseException | None = None
    error: BaseException | None = None
    try:
        async with anyio.create_task_group() as group:
            try:
                yield group
            except BaseException as raised:
                own = raised
                raise
    except BaseExceptionGroup as caught:
        error = caught
        while error is not own and isinstance(error, BaseExceptionGroup):
            if len(error.exceptions) != 1:
                raise
            error = error.exceptions[0]
    if error is not None:
        raise error
