"""Who waits for what in one client, and what is known of it."""

import contextlib
import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial

import attrs

from astria_async.clock import Clock
from astria_async.protocol.errors import AstriaError, ClientClosed
from astria_async.protocol.models import Job
from astria_async.telemetry import change_waits
from astria_async.waiting.entries import (
    Agenda,
    Doorbell,
    Entry,
    Key,
    Waiter,
    conclude,
    key_of,
    refuse,
    shut,
    time_out,
)
from astria_async.waiting.policy import WaitPolicy, meeting

EMPTY_RECHECK = 2.0
"""Seconds until a prompt that ended without images is looked at once more before it failed."""

PHASES = 64.0
"""Seconds over which the clients of one machine spread the times at which they look."""


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
    at, and when, is on :attr:`looks` and :attr:`deadlines`, which the lookout works off. Nothing
    here waits, so each call is atomic; :mod:`astria_async.waiting.awaiting` does the waiting.

    Args:
        clock: Measures deadlines and pauses.
        policy: Their defaults.
        rng: Draws what keeps clients from looking together.
    """

    clock: Clock
    policy: WaitPolicy
    rng: random.Random = attrs.field(factory=random.Random)
    entries: dict[Key, Entry] = attrs.field(factory=dict, init=False)
    by_wait: dict[str, Entry] = attrs.field(factory=dict, init=False)
    groups: dict[str, list[list[Key]]] = attrs.field(factory=dict, init=False)
    looks: Agenda[Entry] = attrs.field(init=False)
    deadlines: Agenda[Waiter] = attrs.field(init=False)
    bell: Doorbell = attrs.field(factory=Doorbell, init=False)
    newcomers: set[str] = attrs.field(factory=set, init=False)
    newcomer_bell: Doorbell = attrs.field(factory=Doorbell, init=False)
    closed: bool = attrs.field(default=False, init=False)
    _phase: float = attrs.field(init=False)
    _pace: float = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Set up the two agendas."""
        self.looks = Agenda(lambda when, it: it.due == when and not it.looking and bool(it.waiters))
        self.deadlines = Agenda(lambda when, it: it.deadline == when and not it.finished)
        # Drawn for the client and not for each object, whose looks would never meet again.
        self._phase = self.rng.uniform(0.0, PHASES)
        self._pace = self.rng.uniform(0.9, 1.2)

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

        Args:
            job: As the caller knows it.
            wait: Its wait id, if its callback comes to our receiver.
            timeout: Seconds; ``None`` is the policy's default.
            notify: Called once, when the wait is finished, and at progress.
            wants_progress: Whether to call it for objects that are not ready.

        Raises:
            ClientClosed: The client was left, or never entered.
        """
        if self.closed:
            raise ClientClosed(f"the client was closed: cannot wait for {job.kind} {job.id}")
        entry = self.entries.get(key_of(job))
        known = entry is not None
        if entry is None:
            entry = self.entries[key_of(job)] = Entry(job)
        if wait is not None and entry.wait is None and wait not in self.by_wait:
            self._expect(entry, wait)
        seconds = self.policy.timeout_for(job) if timeout is None else max(0.0, timeout)
        waiter = Waiter(notify, entry, self.clock.monotonic() + seconds, wants_progress)
        entry.join(waiter)
        change_waits(job.kind, 1)
        # Who works these off sleeps until the first of them: only a new first need wake it.
        if self.deadlines.add(waiter.deadline, waiter):
            self.bell.ring()
        if not known:
            self.put_off(entry, self._first_pause(entry))
        return waiter

    def _expect(self, entry: Entry, wait: str) -> None:
        entry.wait = wait
        self.by_wait[wait] = entry
        self.newcomers.add(wait)
        self.newcomer_bell.ring()

    def _first_pause(self, entry: Entry) -> float | None:
        job = entry.last
        age = (self.clock.now() - job.created_at).total_seconds() if job.created_at else 0.0
        shortest, _ = self.policy.tune_poll if job.kind == "tune" else self.policy.prompt_poll
        # What is not freshly created was perhaps fetched long ago: nobody knows how it stands.
        return 0.0 if age > shortest else None

    def leave(self, waiter: Waiter) -> None:
        """End a wait, whatever became of it."""
        waiter.finished = True
        entry = waiter.entry
        if waiter in entry.waiters:
            entry.part(waiter)
            change_waits(entry.last.kind, -1)
            self.deadlines.drop()
            if not entry.waiters:
                self._forget(entry)

    def _forget(self, entry: Entry) -> None:
        del self.entries[key_of(entry.last)]
        if entry.wait is not None:
            del self.by_wait[entry.wait]
            self.newcomers.discard(entry.wait)
        self.looks.drop()

    def _finish(self, entry: Entry, outcome: Callable[[], Job]) -> None:
        """End every wait for *entry*, with one outcome: what is learnt later is another matter."""
        for waiter in list(entry.waiters):
            waiter.finish(outcome)
            self.leave(waiter)

    def hint(self, waits: Iterable[str]) -> None:
        """Look at the objects of these wait ids now: something happened to them."""
        for wait in waits:
            keys = [key for group in self.groups.get(wait, ()) for key in group]
            members = (self.entries.get(key) for key in keys)
            for entry in (self.by_wait.get(wait), *members):
                if entry is not None:
                    self.ask(entry)

    @contextlib.contextmanager
    def listening(self, wait: str | None, prompt_ids: Iterable[int]) -> Iterator[None]:
        """For the length of the block, take a hint of *wait* as one for each of these prompts."""
        if wait is None:
            yield
            return
        group: list[Key] = [("prompt", prompt_id) for prompt_id in prompt_ids]
        self.groups.setdefault(wait, []).append(group)
        self.newcomers.add(wait)
        self.newcomer_bell.ring()
        try:
            yield
        finally:
            groups = self.groups[wait]
            groups.remove(group)
            if not groups:
                del self.groups[wait]
                self.newcomers.discard(wait)

    def ask(self, entry: Entry) -> None:
        """Look at *entry* now; once more, if a look is already on its way."""
        entry.urgent = True
        entry.again = entry.looking
        self.put_off(entry, 0.0)

    def put_off(self, entry: Entry, seconds: float | None = None) -> None:
        """Look at *entry* in so many seconds; ``None`` is the policy's pause."""
        now = self.clock.monotonic()
        if seconds is None:
            called_back = entry.wait is not None
            pause = self.policy.pause(entry.last, now=self.clock.now(), called_back=called_back)
            pause *= self._pace
            entry.due = meeting(now + pause - self._phase, pause) + self._phase
        else:
            entry.due = now + seconds
        if not entry.looking:  # else the lookout puts it on again afterwards
            self.looks.drop()
            if self.looks.add(entry.due, entry):
                self.bell.ring()

    def learn(self, job: Job) -> None:
        """Take in an object as fetched: ends its waits, or sets the time of the next look."""
        entry = self.entries.get(key_of(job))
        if entry is None:
            return
        entry.failures, entry.alone, entry.trouble = 0, False, None
        if is_final(job, entry):
            self._finish(entry, partial(conclude, job))
            return
        if job != entry.last:  # the one that the caller holds costs nothing
            entry.last = job
        entry.empty = bool(getattr(job, "ended_empty", False))
        for waiter in entry.waiters:
            if waiter.wants_progress:
                waiter.progress = job
                waiter.notify(waiter)
        if not entry.urgent:
            # Else this was seen before whatever asked for a look, and that look is still to come.
            self.put_off(entry, EMPTY_RECHECK if entry.empty else None)

    def missed(self, entry: Entry, error: AstriaError, *, pause: float) -> None:
        """Take in that a look at *entry* got no answer."""
        entry.failures += 1
        entry.trouble = error
        if not entry.urgent:
            self.put_off(entry, pause)

    def fail(self, entry: Entry, error: AstriaError) -> None:
        """End the waits for *entry* with an error that no further look would change."""
        self._finish(entry, partial(refuse, error))

    def time_out(self, waiter: Waiter) -> None:
        """End one wait: its deadline passed."""
        entry = waiter.entry
        waiter.finish(partial(time_out, entry.last, entry.trouble))
        self.leave(waiter)

    def end_last_chances(self, entry: Entry) -> None:
        """End the waits whose deadline passed before the look that was just made."""
        for waiter in list(entry.waiters):
            if waiter.last_chance:
                self.time_out(waiter)

    def close(self) -> None:
        """End every wait: the client is being left."""
        self.closed = True
        for entry in list(self.entries.values()):
            self._finish(entry, partial(shut, entry.last))
