"""What is waited for, and who waits."""

import copy
import heapq
import itertools
from collections.abc import Callable, Iterator
from typing import Generic, NoReturn, TypeVar

import anyio
import attrs

from astria_async.protocol.addresses import Kind
from astria_async.protocol.errors import (
    AstriaError,
    ClientClosed,
    JobFailed,
    PromptFailed,
    TuneFailed,
    WaitTimeout,
)
from astria_async.protocol.models import Job

T = TypeVar("T")

Key = tuple[Kind, int]

LITTER = 64
"""How many items that no longer stand an agenda may hold, beside as many as do."""


def key_of(job: Job) -> Key:
    """What identifies an object among all kinds."""
    return (job.kind, job.id)


@attrs.define(eq=False)
class Waiter:
    """
    One call that waits for one object.

    Attributes:
        notify: Called once, when it is finished, and at progress if it asked for that.
        entry: The object.
        deadline: When it ends, on the clock's monotonic scale.
        wants_progress: Whether to call it for objects that are not ready.
        progress: The latest such object.
        finished: Whether it ended: with an outcome, or because nobody waits any more.
        last_chance: Whether the deadline has passed and the last look is on its way.
    """

    notify: Callable[["Waiter"], None]
    entry: "Entry"
    deadline: float
    wants_progress: bool = False
    progress: Job | None = None
    finished: bool = False
    last_chance: bool = False
    _outcome: Callable[[], Job] | None = None

    def finish(self, outcome: Callable[[], Job]) -> None:
        """End the wait: *outcome* gives the object, or raises."""
        self.finished = True
        self._outcome = outcome
        self.notify(self)

    def result(self) -> Job:
        """
        The object.

        Raises:
            AstriaError: The wait ended otherwise.
        """
        assert self._outcome is not None
        return self._outcome()


def conclude(job: Job) -> Job:
    """
    *job*, if it ended well.

    Raises:
        JobFailed: It ended badly.
    """
    reason = job.failure
    if reason is None:
        return job
    failed: type[JobFailed] = TuneFailed if job.kind == "tune" else PromptFailed
    raise failed(
        f"{job.kind} {job.id} failed: {reason}. It will not become ready by itself; "
        "mend the input and create it again",
        reason=reason,
        object=job,
    )


def time_out(job: Job, trouble: BaseException | None) -> NoReturn:
    """Raise the error of a deadline that passed; nothing is lost by it."""
    looked = f"; the last look failed: {type(trouble).__name__}" if trouble else ""
    raise WaitTimeout(
        f"{job.kind} {job.id} was not ready by the deadline (last seen: {job.status}{looked}). It "
        f"may still become ready: wait again, or fetch it later with its id",
        object=job,
    ) from trouble


def refuse(error: AstriaError) -> NoReturn:
    """Raise *error* afresh, since one exception can be raised by one waiter only."""
    raise copy.copy(error) from error.__cause__


def shut(job: Job) -> NoReturn:
    """Raise the error of a wait whose client was left."""
    raise ClientClosed(
        f"the client was closed while waiting for {job.kind} {job.id}; "
        "fetch it again later and wait on"
    )


@attrs.define(eq=False)
class Entry:
    """
    One object that is waited for.

    Attributes:
        last: As last seen.
        wait: Its wait id, where its callback comes to our receiver.
        waiters: Who waits.
        due: When to look next, on the clock's monotonic scale.
        urgent: Whether a callback or a deadline asked for a look that has not begun yet.
        looking: Whether a look is on its way.
        again: Whether one more was asked for meanwhile.
        alone: Whether to read it by itself, since its page did not show it.
        failures: Looks in a row that got no answer.
        trouble: Why the last of them did not.
        empty: Whether it was seen to have ended without images; the second time counts.
    """

    last: Job
    wait: str | None = None
    waiters: tuple[()] | tuple[Waiter] | set[Waiter] = ()
    due: float = 0.0
    urgent: bool = False
    looking: bool = False
    again: bool = False
    alone: bool = False
    failures: int = 0
    trouble: AstriaError | None = None
    empty: bool = False

    def join(self, waiter: Waiter) -> None:
        """Add *waiter*; the first needs no set, which would be a tenth of all that a wait needs."""
        if isinstance(self.waiters, set):
            self.waiters.add(waiter)
        else:
            self.waiters = {*self.waiters, waiter} if self.waiters else (waiter,)

    def part(self, waiter: Waiter) -> None:
        """Take *waiter* out, who is in."""
        if isinstance(self.waiters, set):
            self.waiters.remove(waiter)
        else:
            self.waiters = ()


class Doorbell:
    """Rung when there may be something to do; a ring while nobody waits is kept."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def ring(self) -> None:
        """Wake whoever waits, or whoever waits next."""
        self._event.set()

    async def wait(self) -> None:
        """Return at once if it was rung since the last wait, else at the next ring."""
        await self._event.wait()
        # An event never un-happens, so a fresh one stands in for the next ring.
        self._event = anyio.Event()


class Agenda(Generic[T]):
    """
    Things to do at points in time; what was put off or dropped is passed over when its time comes.

    Args:
        is_current: Whether an item still stands for this time.
    """

    def __init__(self, is_current: Callable[[float, T], bool]) -> None:
        self._heap: list[tuple[float, int, T]] = []
        self._numbers = itertools.count()
        self._is_current = is_current
        self._dropped = 0

    def __len__(self) -> int:
        """How many are on it, those that no longer stand included."""
        return len(self._heap)

    def add(self, when: float, item: T) -> bool:
        """Put *item* on at *when*; whether nothing on it comes before that."""
        heapq.heappush(self._heap, (when, next(self._numbers), item))
        return self._heap[0][2] is item

    def drop(self) -> None:
        """Note that one item no longer stands: most waits end long before their time."""
        self._dropped += 1
        if self._dropped > LITTER and 2 * self._dropped > len(self._heap):
            self._heap = [found for found in self._heap if self._is_current(found[0], found[2])]
            heapq.heapify(self._heap)
            self._dropped = 0

    def due(self, now: float) -> Iterator[T]:
        """Take off all whose time has come."""
        while self._heap and self._heap[0][0] <= now:
            when, _, item = heapq.heappop(self._heap)
            if self._is_current(when, item):
                yield item

    def next(self) -> float | None:
        """When the next is due."""
        while self._heap and not self._is_current(self._heap[0][0], self._heap[0][2]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None
