"""Task groups that raise what went wrong, rather than a group of one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import anyio.abc


@asynccontextmanager
async def task_group() -> AsyncIterator[anyio.abc.TaskGroup]:
    """
    A task group out of which a single error comes as it is, however deep it lies.

    The block's own error comes out untouched, be it a group. It cancels the tasks, as in any group.
    """
    own: BaseException | None = None
    others: BaseException | None = None
    try:
        async with anyio.create_task_group() as group:
            try:
                yield group
            except BaseException as raised:
                if _tells_of_cancellation(raised):
                    raise
                # Kept and raised outside: trio would take a group apart, and make another of it.
                own = raised
                group.cancel_scope.cancel()
    except BaseException as caught:
        if _is_only_cancelled(caught) and own is None:
            raise
        others = None if _is_only_cancelled(caught) else _only(caught)
    if own is not None and others is not None:
        raise BaseExceptionGroup("errors in a block and in its background", [own, others])
    error = others if own is None else own
    if error is not None:
        raise error


def _only(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _tells_of_cancellation(error: BaseException) -> bool:
    cancelled = anyio.get_cancelled_exc_class()
    if isinstance(error, BaseExceptionGroup):
        return error.subgroup(cancelled) is not None
    return isinstance(error, cancelled)


def _is_only_cancelled(error: BaseException) -> bool:
    return isinstance(error, anyio.get_cancelled_exc_class())
