"""Waits with everything around them: a clock that the test moves, and an API that it commands."""

import datetime as dt
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import attrs
from anyio.lowlevel import checkpoint

from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import NotFound
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.protocol.paging import MAX_PAGE
from astria_async.sandbox.clock import VirtualClock
from astria_async.stores import Store
from astria_async.waiting import WaitPolicy, Waits, wait_ready
from astria_async.waiting.entries import Key, key_of
from astria_async.waiting.hints import Hints
from astria_async.waiting.lookout import Lookout

TURNS = 60
"""More than any chain of tasks here needs that wake each other."""

START = dt.datetime(2025, 3, 4, 10, 20, 30, tzinfo=dt.UTC)


@attrs.define(eq=False)
class Api:
    """
    The objects as the server has them, and what was asked of it.

    Attributes:
        requests: Each request: ``("one", kind, id)`` or ``("page", kind, before_id)``.
        errors: Raised by the next requests, in turn, in the place of an answer.
        hidden: Ids that lists leave out.
        paged: Whether pages begin where they are asked to.
        gate: While set, answers are held back until it is opened; they tell what was before.
        most: The most requests that were on their way at once.
    """

    jobs: dict[Key, Job] = attrs.field(factory=dict)
    requests: list[tuple[str, Kind, int]] = attrs.field(factory=list)
    errors: list[Exception] = attrs.field(factory=list)
    hidden: set[int] = attrs.field(factory=set)
    paged: bool = True
    gate: anyio.Event | None = None
    most: int = 0
    _open: int = 0

    def put(self, *jobs: Job) -> None:
        """Make these what the server has."""
        self.jobs.update((key_of(job), job) for job in jobs)

    def end(self, job: Job, **fields: Any) -> Job:
        """End *job*: well, unless *fields* say otherwise."""
        ended: dict[str, Any] = {"trained_at": START}
        if job.kind == "prompt":
            ended["images"] = ("https://files.example.com/a",)
        done = attrs.evolve(job, **(ended | fields))
        self.put(done)
        return done

    async def one(self, kind: Kind, object_id: int) -> Job:
        """One object."""
        job = self.jobs.get((kind, object_id))
        await self._answer("one", kind, object_id)
        if job is None:
            raise NotFound("Not Found", status=404, method="GET", path=f"/{kind}s/{object_id}")
        return job

    async def page(self, kind: Kind, before_id: int) -> Sequence[Job]:
        """The newest below *before_id*."""
        numbers = (number for found, number in self.jobs if found == kind)
        below = [
            it for it in numbers if it not in self.hidden and (it < before_id or not self.paged)
        ]
        page = [self.jobs[kind, number] for number in sorted(below, reverse=True)[:MAX_PAGE]]
        await self._answer("page", kind, before_id)
        return page

    async def _answer(self, what: str, kind: Kind, number: int) -> None:
        self.requests.append((what, kind, number))
        self._open += 1
        self.most = max(self.most, self._open)
        try:
            if self.gate is not None:
                await self.gate.wait()
            await checkpoint()
            if self.errors:
                raise self.errors.pop(0)
        finally:
            self._open -= 1


@attrs.define(eq=False)
class Waiting:
    """One call of ``wait_ready`` in a task of its own."""

    result: Job | None = None
    error: Exception | None = None
    cancelled: bool = False
    scope: anyio.CancelScope = attrs.field(factory=anyio.CancelScope)

    @property
    def done(self) -> bool:
        """Whether it ended, in any way."""
        return self.result is not None or self.error is not None or self.cancelled


@attrs.define(eq=False)
class Bench:
    """
    Waits, their lookout, and the API that it looks at.

    Attributes:
        group: Runs the lookout and the waits.
    """

    clock: VirtualClock
    api: Api
    waits: Waits
    group: anyio.abc.TaskGroup

    def tune(self, number: int = 1, **fields: Any) -> Tune:
        """A fresh tune, at the server too."""
        tune = Tune(id=number, created_at=self.clock.now(), title="Ada", **fields)
        self.api.put(tune)
        return tune

    def prompt(self, number: int = 1, **fields: Any) -> Prompt:
        """A fresh prompt, at the server too."""
        prompt = Prompt(id=number, created_at=self.clock.now(), text="a cat", **fields)
        self.api.put(prompt)
        return prompt

    def wait(
        self,
        job: Job,
        *,
        wait: str | None = None,
        seconds: float | None = None,
        on_progress: Callable[[Job], None] | None = None,
    ) -> Waiting:
        """Begin to wait for *job*."""
        waiting = Waiting()

        async def call() -> None:
            with waiting.scope:
                try:
                    waiting.result = await wait_ready(
                        self.waits, job, wait=wait, timeout=seconds, on_progress=on_progress
                    )
                except Exception as error:  # noqa: BLE001 - looked at by the test
                    waiting.error = error
            waiting.cancelled = waiting.scope.cancelled_caught

        self.group.start_soon(call)
        return waiting

    def follow(self, store: Store, *, trust_body: bool = False) -> None:
        """Take hints from *store*."""
        self.group.start_soon(Hints(self.waits, store, trust_body).run)

    async def settle(self) -> None:
        """Return once every task waits for something; nothing here waits for the machine."""
        for _ in range(TURNS):
            await checkpoint()

    async def advance(self, seconds: float, *, step: float | None = None) -> None:
        """Move the clock, in steps of so many seconds, with every task idle in between."""
        await self.settle()
        left = seconds
        while left > 0:
            now = min(left, step or left)
            self.clock.advance(now)
            await self.settle()
            left -= now

    def callback(self, wait: str, *, body: bytes = b"", kind: Kind = "tune") -> Callback:
        """A callback that comes now."""
        return Callback(kind=kind, wait=wait, body=body, received_at=self.clock.now())


@asynccontextmanager
async def running(
    policy: WaitPolicy | None = None,
    *,
    clock: VirtualClock | None = None,
    api: Api | None = None,
) -> AsyncIterator[Bench]:
    """A bench whose lookout is at work; with the clock and API of another one after its crash."""
    clock = clock or VirtualClock(speed=0, start=START)
    api = api or Api()
    waits = Waits(clock, policy or WaitPolicy(), random.Random(0))
    async with anyio.create_task_group() as group:
        bench = Bench(clock, api, waits, group)
        group.start_soon(Lookout(waits, api).run)
        try:
            yield bench
        finally:
            group.cancel_scope.cancel()
