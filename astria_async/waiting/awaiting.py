"""Waiting itself: for one object, or for many as they finish."""

import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from functools import partial
from typing import Literal, TypeVar, cast, overload

import attrs
from anyio.lowlevel import checkpoint

from astria_async.loops import new_pause
from astria_async.protocol.errors import AstriaError
from astria_async.protocol.models import Job
from astria_async.telemetry import is_apart, span
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
    pause = new_pause()
    waiter = waits.enter(
        job,
        wait=wait,
        timeout=timeout,
        notify=pause.end,
        wants_progress=on_progress is not None,
    )
    with span("astria wait", "internal", metadata=_origin(job), kind=job.kind):
        try:
            while True:
                await pause
                if waiter.finished:
                    return cast("J", waiter.result())
                pause.begin_again()
                # Nobody else is woken before the end.
                cast("Callable[[J], None]", on_progress)(cast("J", waiter.progress))
        finally:
            waits.leave(waiter)


def _origin(job: Job) -> dict[str, str] | None:
    # A program that waits after a restart goes on in the trace of the create.
    return job.metadata if is_apart() else None


@attrs.define(eq=False)
class _Round:
    """What :class:`Outcomes` waits for; the waiters hold this, and nobody but a loop the other."""

    waits: Waits
    waiters: set[Waiter] = attrs.field(factory=set)
    done: deque[Callable[[], Job]] = attrs.field(factory=deque)
    bell: Doorbell = attrs.field(factory=Doorbell)
    left: int = 0
    thread: int = attrs.field(factory=threading.get_ident)

    def enter(self, job: Job, wait: str | None, seconds: float | None) -> None:
        self.left += 1
        if is_final(job, None):
            self.done.append(partial(conclude, job))
        else:
            self.waiters.add(
                self.waits.enter(job, wait=wait, timeout=seconds, notify=self.finished)
            )

    def finished(self, waiter: Waiter) -> None:
        self.waiters.discard(waiter)
        self.done.append(waiter.result)
        self.bell.ring()

    async def next(self) -> Callable[[], Job] | None:
        """The next outcome, or ``None`` after the last."""
        await checkpoint()
        while self.left and not self.done:
            await self.bell.wait()
        if not self.left:
            return None
        self.left -= 1
        return self.done.popleft()

    def leave(self) -> None:
        self.left = 0
        while self.waiters:
            self.waits.leave(self.waiters.pop())


class Outcomes(AsyncIterator[J | AstriaError]):
    """
    The objects as they become ready. A loop that is left early ends the other waits.

    Args:
        waits: Who waits in this client.
        jobs: Each with its wait id.
        seconds: Timeout of each; ``None`` is the policy's default.
        return_exceptions: Whether to yield errors in the place of objects; otherwise the first one
            is raised and ends the iteration.
    """

    # An iterator rather than a generator: one that is dropped has nothing left to run.
    def __init__(
        self,
        waits: Waits,
        jobs: Iterable[tuple[J, str | None]],
        *,
        seconds: float | None,
        return_exceptions: bool,
    ) -> None:
        self._round = _Round(waits)
        self._jobs: Iterator[tuple[J, str | None]] | None = iter(jobs)
        self._seconds = seconds
        self._return_exceptions = return_exceptions

    async def __anext__(self) -> J | AstriaError:
        """The next outcome."""
        try:
            await self._begin()
            outcome = await self._round.next()
        except BaseException:
            self._round.leave()
            raise
        if outcome is None:
            raise StopAsyncIteration
        try:
            return cast("J", outcome())
        except AstriaError as error:
            if self._return_exceptions:
                return error
            self._round.leave()
            raise

    async def _begin(self) -> None:
        """Enter every wait, once."""
        jobs, self._jobs = self._jobs, None
        for number, (job, wait) in enumerate(jobs or (), start=1):
            self._round.enter(job, wait, self._seconds)
            if number % AT_ONCE == 0:
                await checkpoint()

    async def aclose(self) -> None:
        """End the waits that are left."""
        await checkpoint()
        self._round.leave()

    def __del__(self) -> None:
        """End them at once; only a garbage collection in another thread leaves them be."""
        if threading.get_ident() == self._round.thread:
            self._round.leave()


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


def wait_all(
    waits: Waits,
    jobs: Iterable[tuple[J, str | None]],
    *,
    timeout: float | None,
    return_exceptions: bool,
) -> AsyncIterator[J | AstriaError]:
    """The objects as they become ready; see :class:`Outcomes`."""
    return Outcomes(waits, jobs, seconds=timeout, return_exceptions=return_exceptions)
