"""The futures of one client: who waits for what, and what is known of it."""

import contextlib
import copy
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from typing import Literal, TypeVar, cast, overload

import attrs
from anyio.lowlevel import checkpoint

from astria_async.clock import Clock
from astria_async.protocol.errors import AstriaError, ClientClosed
from astria_async.protocol.models import Job
from astria_async.waiting.entries import (
    Agenda,
    Doorbell,
    Entry,
    Key,
    Waiter,
    conclude,
    key_of,
    timed_out,
)
from astria_async.waiting.policy import WaitPolicy

J = TypeVar("J", bound=Job)

EMPTY_RECHECK = 2.0
"""Seconds until a prompt that ended without images is looked at once more before it failed."""


def is_final(job: Job, entry: Entry | None) -> bool:
    """Whether *job* ended, and is known to have: images may lag behind the end."""
    if getattr(job, "ended_empty", False):
        return entry is not None and entry.empty
    return job.is_settled


@attrs.define(eq=False)
class Waits:
    """
    Every wait of one client.

    Callbacks arrive as :meth:`hint`, fetched objects as :meth:`learn`; both end waits. What to look
    at, and when, is on :attr:`looks` and :attr:`deadlines`, which the lookout works off.

    Args:
        clock: Measures deadlines and pauses.
        policy: Their defaults.
        rng: Draws the jitter of pauses.
    """

    clock: Clock
    policy: WaitPolicy
    rng: random.Random = attrs.field(factory=random.Random)
    entries: dict[Key, Entry] = attrs.field(factory=dict, init=False)
    by_wait: dict[str, Entry] = attrs.field(factory=dict, init=False)
    groups: dict[str, list[Key]] = attrs.field(factory=dict, init=False)
    looks: Agenda[Entry] = attrs.field(init=False)
    deadlines: Agenda[Waiter] = attrs.field(init=False)
    bell: Doorbell = attrs.field(factory=Doorbell, init=False)
    newcomers: set[str] = attrs.field(factory=set, init=False)
    newcomer_bell: Doorbell = attrs.field(factory=Doorbell, init=False)
    closed: bool = attrs.field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        """Set up the two agendas."""
        self.looks = Agenda(lambda when, it: it.due == when and not it.looking and bool(it.waiters))
        self.deadlines = Agenda(lambda when, it: it.deadline == when and not it.finished)

    async def wait_ready(
        self,
        job: J,
        *,
        wait: str | None,
        timeout: float | None,  # noqa: ASYNC109 - WaitTimeout carries the last object seen
        on_progress: Callable[[J], None] | None = None,
    ) -> J:
        """
        *job* once it is ready.

        Args:
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
        waiter = self.enter(
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
            self.leave(waiter)

    @overload
    def wait_all(
        self,
        jobs: Iterable[tuple[J, str | None]],
        *,
        timeout: float | None,
        return_exceptions: Literal[False],
    ) -> AsyncIterator[J]: ...

    @overload
    def wait_all(
        self,
        jobs: Iterable[tuple[J, str | None]],
        *,
        timeout: float | None,
        return_exceptions: bool,
    ) -> AsyncIterator[J | AstriaError]: ...

    async def wait_all(
        self,
        jobs: Iterable[tuple[J, str | None]],
        *,
        timeout: float | None,  # noqa: ASYNC109 - WaitTimeout carries the last object seen
        return_exceptions: bool,
    ) -> AsyncIterator[J | AstriaError]:
        """
        The objects as they become ready.

        Args:
            jobs: Each with its wait id.
            timeout: Seconds for each; ``None`` is the policy's default.
            return_exceptions: Whether to yield errors in the place of objects; otherwise the first
                one is raised and ends the iteration.
        """
        done: deque[Job | Waiter] = deque()
        bell = Doorbell()

        def finished(waiter: Waiter) -> None:
            done.append(waiter)
            bell.ring()

        waiters: list[Waiter] = []
        try:
            for job, wait in jobs:
                if is_final(job, None):
                    done.append(job)
                    bell.ring()
                else:
                    waiters.append(self.enter(job, wait=wait, timeout=timeout, notify=finished))
            left = len(done) + len(waiters)
            while left:
                await bell.wait()
                while done:
                    left -= 1
                    item = done.popleft()
                    try:
                        ready = item.result() if isinstance(item, Waiter) else conclude(item)
                    except AstriaError as error:
                        if not return_exceptions:
                            raise
                        yield error
                    else:
                        yield cast("J", ready)
        finally:
            for waiter in waiters:
                self.leave(waiter)

    def enter(
        self,
        job: Job,
        *,
        wait: str | None,
        timeout: float | None,
        notify: Callable[[Waiter], None],
        wants_progress: bool = False,
    ) -> Waiter:
        """
        Begin a wait; :meth:`leave` must follow.

        Raises:
            ClientClosed: The client was left, or never entered.
        """
        if self.closed:
            raise ClientClosed(f"the client was closed: cannot wait for {job.kind} {job.id}")
        now = self.clock.monotonic()
        entry = self.entries.get(key_of(job)) or self._first(job, wait, now)
        seconds = self.policy.timeout_for(job) if timeout is None else max(0.0, timeout)
        waiter = Waiter(notify, entry, now + seconds, wants_progress)
        entry.waiters.add(waiter)
        self.looks.add(entry.due, entry)
        self.deadlines.add(waiter.deadline, waiter)
        self.bell.ring()
        return waiter

    def _first(self, job: Job, wait: str | None, now: float) -> Entry:
        entry = Entry(last=job, wait=wait)
        self.entries[key_of(job)] = entry
        if wait is not None:
            self.by_wait[wait] = entry
            self.newcomers.add(wait)
            self.newcomer_bell.ring()
        age = (self.clock.now() - job.created_at).total_seconds() if job.created_at else 0.0
        shortest = self.policy.tune_poll if job.kind == "tune" else self.policy.prompt_poll
        # What is not freshly created was perhaps fetched long ago: nobody knows how it stands.
        entry.due = now if age > shortest[0] else now + self._pause(entry)
        return entry

    def _pause(self, entry: Entry) -> float:
        return self.policy.pause(
            entry.last,
            now=self.clock.now(),
            called_back=entry.wait is not None,
            rng=self.rng,
        )

    def leave(self, waiter: Waiter) -> None:
        """End a wait, whatever became of it."""
        entry = waiter.entry
        waiter.finished = True
        entry.waiters.discard(waiter)
        if not entry.waiters and self.entries.get(key_of(entry.last)) is entry:
            del self.entries[key_of(entry.last)]
            if entry.wait is not None:
                self.by_wait.pop(entry.wait, None)

    def hint(self, waits: Iterable[str]) -> None:
        """Look at the objects of these wait ids now: something happened to them."""
        for wait in waits:
            entry = self.by_wait.get(wait)
            if entry is not None:
                self.ask(entry)
            for key in self.groups.get(wait, ()):
                member = self.entries.get(key)
                if member is not None:
                    self.ask(member)

    @contextlib.contextmanager
    def listening(self, wait: str | None, prompt_ids: Iterable[int]) -> Iterator[None]:
        """For the length of the block, take a hint of *wait* as one for each of these prompts."""
        if wait is None:
            yield
            return
        self.groups[wait] = [("prompt", prompt_id) for prompt_id in prompt_ids]
        self.newcomers.add(wait)
        self.newcomer_bell.ring()
        try:
            yield
        finally:
            del self.groups[wait]

    def ask(self, entry: Entry) -> None:
        """Look at *entry* now; once more, if a look is already on its way."""
        entry.urgent = True
        entry.again = entry.looking
        self.put_off(entry, 0.0)

    def put_off(self, entry: Entry, seconds: float) -> None:
        """Look at *entry* in so many seconds."""
        entry.due = self.clock.monotonic() + seconds
        self.looks.add(entry.due, entry)
        self.bell.ring()

    def learn(self, job: Job) -> None:
        """Take in an object as fetched: ends its waits, or sets the time of the next look."""
        entry = self.entries.get(key_of(job))
        if entry is None:
            return
        entry.last, entry.failures, entry.alone = job, 0, False
        if is_final(job, entry):
            entry.finish()
            return
        entry.empty = bool(getattr(job, "ended_empty", False))
        self._tell(entry)
        self.put_off(entry, EMPTY_RECHECK if entry.empty else self._pause(entry))

    def missed(self, entry: Entry, *, pause: float) -> None:
        """Take in that a look at *entry* got no answer."""
        entry.failures += 1
        self._end_last_chances(entry)
        self.put_off(entry, pause)

    def fail(self, entry: Entry, error: AstriaError) -> None:
        """End the waits for *entry* with an error that no further look would change."""
        entry.finish(lambda: copy.copy(error))

    def close(self) -> None:
        """End every wait: the client is being left."""
        self.closed = True
        for entry in list(self.entries.values()):
            job = entry.last
            entry.finish(
                lambda job=job: ClientClosed(  # type: ignore[misc]
                    f"the client was closed while waiting for {job.kind} {job.id}; "
                    "fetch it again later and wait on"
                )
            )

    def _tell(self, entry: Entry) -> None:
        self._end_last_chances(entry)
        for waiter in entry.waiters:
            if waiter.wants_progress and not waiter.finished:
                waiter.progress = entry.last
                waiter.notify(waiter)

    def _end_last_chances(self, entry: Entry) -> None:
        for waiter in list(entry.waiters):
            if waiter.last_chance:
                waiter.finish(lambda: timed_out(entry.last))
