"""What every resource stands on, and what a bound object reaches its client through."""

import datetime as dt
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anyio
import attrs

from astria_async.clock import Clock
from astria_async.events import log_event
from astria_async.protocol import calls
from astria_async.protocol.addresses import Address, Kind
from astria_async.protocol.calls import Call
from astria_async.protocol.codec import structure
from astria_async.protocol.errors import ClientClosed, DecodeError, InvalidInput, NotFound
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.protocol.models.base import Downloaded
from astria_async.protocol.options import NOT_GIVEN
from astria_async.protocol.paging import MAX_PAGE, Pager, PageRequest
from astria_async.protocol.params import (
    NewPrompt,
    PromptChanges,
    PromptFilters,
    PromptOverrides,
    TuneFilters,
)
from astria_async.protocol.replies import Reply, read_list, read_object
from astria_async.protocol.retry import NO_RETRY
from astria_async.resources import downloads
from astria_async.resources.costs import Costs
from astria_async.resources.creating import Creator
from astria_async.stores import Store
from astria_async.transport import Download, Sender
from astria_async.waiting import Marks, Reconciler, Waits, wait_ready

logger: logging.Logger = logging.getLogger("astria_async.resources")

J = TypeVar("J", bound=Job)

DOWNLOADS = 32
"""How many downloads of one client are on their way at once: the pool has room for as many."""

MODELS: dict[Kind, type[Job]] = {"tune": Tune, "prompt": Prompt}


class CallbackDesk(Protocol):
    """What the resources need of a receiver."""

    def callback_url(self, address: Address) -> str:
        """The signed URL to register for *address*."""
        ...

    def recognise(self, url: str | None, kind: Kind) -> Address | None:
        """The address in a callback URL of ours."""
        ...


@attrs.define(eq=False)
class Core:
    """
    The parts of one open client.

    Args:
        sender: Sends calls.
        waits: Keeps who waits.
        clock: The client's time.
        desk: The receiver, if there is one.
        idempotent: Whether the account merges equal creates.
        costs: Adds up what is created.
        ledger: The store that notes which callbacks are to come, where anybody needs that.
    """

    sender: Sender
    waits: Waits
    clock: Clock
    desk: CallbackDesk | None
    idempotent: bool
    ledger: Store | None = None
    costs: Costs = attrs.field(factory=Costs)
    downloads: anyio.CapacityLimiter = attrs.field(init=False)
    creator: Creator = attrs.field(init=False)
    is_open: bool = attrs.field(default=True, init=False)

    def __attrs_post_init__(self) -> None:
        """Set up what creates, and bound the downloads."""
        self.downloads = anyio.CapacityLimiter(DOWNLOADS)
        self.creator = Creator(core=self, reconciler=Reconciler(self._candidates))

    def now(self) -> dt.datetime:
        """The client's time."""
        return self.clock.now()

    async def send(self, call: Call, **options: Any) -> Reply:
        """
        Send *call* with the client's retries.

        Raises:
            ClientClosed: The client's block was left.
        """
        self._require_open(f"{call.method} {call.path}")
        return await self.sender.send(call, **options)

    @asynccontextmanager
    async def downloading(self, url: str) -> AsyncIterator[Download]:
        """
        Open *url*, without the key, when there is room for one more download.

        Raises:
            ClientClosed: The client's block was left.
            ConnectionFailed: There was no answer.
            InvalidInput: It is not a URL.
        """
        async with self.downloads:
            self._require_open("a download")
            async with self.sender.transport.download(url) as answer:
                yield answer

    def _require_open(self, what: str) -> None:
        if not self.is_open:
            raise ClientClosed(f"{what}: the client was closed; use it inside its async with")

    def wait_of(self, job: Job) -> str | None:
        """The wait id of an object, where its callback comes to our receiver."""
        address = self.desk.recognise(job.callback, job.kind) if self.desk else None
        return address.wait if address else None

    async def one(self, kind: Kind, object_id: int) -> Job:
        """One object, with one try: for who paces tries by themselves."""
        reply = await self.send(calls.get_one(kind, object_id), policy=NO_RETRY)
        return self.read(MODELS[kind], reply)

    def read(self, cls: type[J], reply: Reply) -> J:
        """The job in an answer; what it costs may be news."""
        job = read_object(cls, reply, binding=self)
        self.costs.seen(job)
        return job

    def read_all(self, cls: type[J], reply: Reply) -> list[J]:
        """The jobs in a list, likewise."""
        jobs = read_list(cls, reply, binding=self)
        for job in jobs:
            self.costs.seen(job)
        return jobs

    async def page(self, kind: Kind, before_id: int) -> Sequence[Job]:
        """A page of objects with ids below *before_id*, likewise, but for those it cannot read."""
        page = PageRequest(limit=MAX_PAGE, before_id=before_id)
        reply = await self.send(_list_call(kind, page), policy=NO_RETRY)
        content = reply.content()
        if not isinstance(content, list):
            raise DecodeError(f"expected a list of {kind}s, got {type(content).__name__}")
        read = (self._readable(kind, item, reply.request_id) for item in content)
        jobs = [job for job in read if job is not None]
        for job in jobs:
            self.costs.seen(job)
        return jobs

    def _readable(self, kind: Kind, item: Any, request_id: str | None) -> Job | None:
        # Somebody else's object with an odd field is not to hide what is waited for.
        try:
            return structure(MODELS[kind], item, binding=self, request_id=request_id)
        except DecodeError as error:
            log_event(logger, logging.WARNING, "object.unreadable", kind=kind, error=str(error))
            return None

    async def refresh(self, obj: J) -> J:
        """Fetch *obj* anew."""
        reply = await self.send(calls.get_one(obj.kind, obj.id))
        return self.read(type(obj), reply)

    def wait_ready(
        self,
        obj: J,
        *,
        timeout: float | None = None,
        deadline: dt.datetime | None = None,
        on_progress: Callable[[J], None] | None = None,
    ) -> Coroutine[Any, Any, J]:
        """Wait until *obj* is ready; see :meth:`astria_async.Tune.wait_ready`."""
        # Handed on rather than awaited: a frame less for each of perhaps a hundred thousand waits.
        return wait_ready(
            self.waits,
            obj,
            wait=self.wait_of(obj),
            timeout=self.seconds(timeout, deadline),
            on_progress=on_progress,
        )

    def seconds(self, timeout: float | None, deadline: dt.datetime | None) -> float | None:
        """
        A timeout or a deadline as seconds from now.

        Raises:
            InvalidInput: Both were given, or a deadline without a time zone.
        """
        if deadline is None:
            return timeout
        if timeout is not None:
            raise InvalidInput("give timeout or deadline, not both", parameter="deadline")
        if deadline.tzinfo is None:
            raise InvalidInput(
                "deadline needs a time zone: datetime.now(timezone.utc) + …", parameter="deadline"
            )
        return max(0.0, (deadline - self.clock.now()).total_seconds())

    async def update(self, obj: J, changes: attrs.AttrsInstance) -> J:
        """Send *changes* to *obj*."""
        if isinstance(changes, PromptChanges):
            call = calls.update_prompt(obj.id, changes)
        else:
            call = calls.update_tune(obj.id, changes)  # type: ignore[arg-type]
        return self.read(type(obj), await self.send(call))

    async def delete(self, obj: Job) -> None:
        """Delete *obj*; one that is gone already counts as deleted."""
        await self.delete_id(obj.kind, obj.id)

    async def delete_id(self, kind: Kind, object_id: int) -> None:
        """Delete one object by its id, likewise."""
        try:
            await self.send(calls.delete_one(kind, object_id))
        except NotFound:
            return

    async def create_prompt(self, tune_id: int, params: NewPrompt) -> Prompt:
        """Create a prompt on a tune."""
        return await self.creator.prompt(tune_id, params)

    def list_prompts(self, tune_id: int | None, filters: PromptFilters) -> Pager[Prompt]:
        """List prompts, all or those of a tune."""

        async def fetch(page: PageRequest) -> Sequence[Prompt]:
            call = calls.list_prompts(filters, page, tune_id=tune_id)
            return self.read_all(Prompt, await self.send(call))

        return Pager(fetch, key=lambda prompt: prompt.id, start=first_page(filters))

    def prompts_of(self, tune_id: int) -> Pager[Prompt]:
        """All prompts of a tune."""
        return self.list_prompts(tune_id, PromptFilters())

    async def like(self, prompt_id: int, *, liked: bool) -> None:
        """Like a prompt, or take that back; where there is no like, there is none to take back."""
        await self.send(calls.like_prompt(prompt_id, liked=liked))

    def list_tunes(self, filters: TuneFilters) -> Pager[Tune]:
        """List tunes."""

        async def fetch(page: PageRequest) -> Sequence[Tune]:
            return self.read_all(Tune, await self.send(calls.list_tunes(filters, page)))

        return Pager(fetch, key=lambda tune: tune.id, start=first_page(filters))

    async def duplicate_prompt(self, prompt_id: int, params: PromptOverrides) -> Prompt:
        """Copy a prompt."""
        return await self.creator.duplicate(prompt_id, params)

    async def download(
        self,
        obj: J,
        urls: Callable[[J], tuple[str, ...]],
        directory: str | os.PathLike[str],
        stem: str,
        *,
        on_progress: Downloaded | None,
    ) -> list[Path]:
        """Fetch the files behind *obj*'s URLs into *directory*."""
        return await downloads.download(self, obj, urls, Path(directory), stem, on_progress)

    def _candidates(self, marks: Marks) -> Pager[Any]:
        # Filters are not documented, so they only shorten the search that goes back for ever.
        title = text = None
        if marks.since is None:
            # Placeholders are filled in by the server, and a URL has room for so much text only.
            title, text = marks.title, first_words(marks.text or "")
        if marks.kind == "tune":
            return self.list_tunes(TuneFilters(title=title or NOT_GIVEN))
        return self.list_prompts(None, PromptFilters(text=text or NOT_GIVEN))


def first_words(text: str) -> str:
    """The beginning of a prompt's text as the server surely keeps it, to search by."""
    line = next(iter(text.strip().splitlines()), "")
    return line.partition("{{")[0][:200].strip()


def first_page(filters: TuneFilters | PromptFilters) -> PageRequest:
    """Where a list begins."""
    return PageRequest(limit=filters.page_size, before_id=filters.before_id, offset=filters.offset)


def _list_call(kind: Kind, page: PageRequest) -> Call:
    if kind == "tune":
        return calls.list_tunes(TuneFilters(), page)
    return calls.list_prompts(PromptFilters(), page)
