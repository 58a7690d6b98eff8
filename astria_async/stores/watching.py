"""The task beside a ``watch()`` block."""

import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

import anyio


@contextlib.asynccontextmanager
async def background(task: Callable[[], Coroutine[Any, Any, Any]]) -> AsyncIterator[None]:
    """
    Run *task* beside the block, and cancel it at the end.

    What the block raises comes out as it is, not in the group that a task group makes of it.
    """
    failure: BaseException | None = None
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(task)
        try:
            yield
        except anyio.get_cancelled_exc_class():
            raise
        except BaseException as exc:  # noqa: BLE001 - raised again below, whatever it is
            failure = exc
        finally:
            tasks.cancel_scope.cancel()
    if failure is not None:
        raise failure
