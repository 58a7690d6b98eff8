"""Waiting itself: for one object, or for many as they finish."""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Literal, TypeVar, cast, overload

from anyio.lowlevel import checkpoint

from astria_async.protocol.errors import AstriaError
from astria_async.protocol.models import Job
from astria_async.waiting.entries import Doorbell, Waiter, conclude
from astria_async.waiting.waits import Waits, is_final

J = TypeVar("J", bound=Job)

AT_ONCE = 200
"""How many waits may begin before other tasks get their turn."""


async def wait_ready(
    waits: Waits,
    job: J,
    *,
    wait: str | None,
    timeout: float | None,  # noqa: ASYNC109 - WaitTimeout carries the last object seen
    on_progress: Callable[[J], None] | None = None,
) -> J:
    """
    *job* once it is ready.

    Args:
        waits: Who waits in this client.
        job: As the caller knows it.
        wait: Its wait id, if its callback comes to our receiver.
        timeout: Seconds; ``None`` is the policy's default.
        on_progress: Called with each look that shows it is not ready.

    Raises:
        JobFailed: It ended badly.
        Deleted: It is gone.
        WaitTimeout: The deadline came first.
        ClientClosed: The client was left meanwhile.
    """
    if is_final(job, None):
        await checkpoint()
        return cast("J", conclude(job))
    bell = Doorbell()
    waiter = waits.enter(
        job,
        wait=wait,
        timeout=timeout,
        notify=lambda _: bell.ring(),
        wants_progress=on_progress is not None,
    )
    try:
        while True:
            await bell.wait()
            seen, waiter.progress = waiter.progress, None
            if waiter.finished:
                return cast("J", waiter.result())
            if on_progress is not None and seen is not None:
                on_progress(cast("J", seen))
    finally:
        waits.leave(waiter)


@overload
def wait_all(
    waits: Waits,
    jobs: Iterable[tuple[J, str | None]],
    *,
    timeout: float | None,
    return_exceptions: Literal[False],
) -> AsyncIterator[J]: ...


@overload
def wait_all(
    waits: Waits,
    jobs: Iterable[tuple[J, str | None]],
    *,
    timeout: float | None,
    return_exceptions: bool,
) -> AsyncIterator[J | AstriaError]: ...


async def wait_all(
    waits: Waits,
    jobs: Iterable[tuple[J, str | None]],
    *,
    timeout: float | None,  # noqa: ASYNC109 - WaitTimeout carries the last object seen
    return_exceptions: bool,
) -> AsyncIterator[J | AstriaError]:
    """
    The objects as they become ready.

    Args:
        waits: Who waits in this client.
        jobs: Each with its wait id.
        timeout: Seconds for each; ``None`` is the policy's default.
        return_exceptions: Whether to yield errors in the place of objects; otherwise the first one
            is raised and ends the iteration.
    """
    done: deque[Callable[[], Job]] = deque()
    bell = Doorbell()
    waiters: set[Waiter] = set()
    left = 0

    def finished(waiter: Waiter) -> None:
        waiters.discard(waiter)
        done.append(waiter.result)
        bell.ring()

    try:
        for job, wait in jobs:
            left += 1
            if is_final(job, None):
                done.append(lambda job=job: conclude(job))  # type: ignore[misc]
                bell.ring()
            else:
                waiters.add(waits.enter(job, wait=wait, timeout=timeout, notify=finished))
            if left % AT_ONCE == 0:
                await checkpoint()
        while left:
            await bell.wait()
            while done:
                left -= 1
                yield cast("J", _outcome(done.popleft(), return_exceptions=return_exceptions))
    finally:
        for waiter in waiters:
            waits.leave(waiter)


def _outcome(result: Callable[[], Job], *, return_exceptions: bool) -> Job | AstriaError:
    try:
        return result()
    except AstriaError as error:
        if return_exceptions:
            return error
        raise
