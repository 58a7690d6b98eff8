"""What every object of the API has in common, and how it reaches the client that fetched it."""

import abc
import copy
import datetime as dt
import enum
import os
import re
from collections.abc import Callable, Coroutine, Mapping
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar
from urllib.parse import parse_qsl, urlsplit

import attrs

from astria_async.protocol.addresses import RESERVED, Kind
from astria_async.protocol.errors import ClientClosed

if TYPE_CHECKING:
    from astria_async.protocol.models.prompt import Prompt
    from astria_async.protocol.paging import Pager
    from astria_async.protocol.params import NewPrompt, PromptFilters, PromptOverrides

J = TypeVar("J", bound="Job")

Downloaded = Callable[[int, int | None], None]
"""
Told of a download as it goes on: how many bytes came, and of how many; ``None`` until every file's
server has said how long it is.
"""

_REFERENCE = re.compile(r"<(?:lora|faceid):(\d+)(?::[^<>]*)?>")


class Status(enum.StrEnum):
    """Where a job stands; ours, since the API has no such field."""

    QUEUED = "queued"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    EXPIRED = "expired"


class Binding(Protocol):
    """What a bound object asks of its client; the client's resources provide it."""

    def now(self) -> dt.datetime:
        """The client's time."""
        ...

    async def refresh(self, obj: J) -> J:
        """Fetch the object anew."""
        ...

    def wait_ready(
        self,
        obj: J,
        *,
        timeout: float | None,
        deadline: dt.datetime | None,
        on_progress: Callable[[J], None] | None,
    ) -> Coroutine[Any, Any, J]:
        """Wait until it is ready."""
        ...

    async def update(self, obj: J, changes: attrs.AttrsInstance) -> J:
        """Send changes."""
        ...

    async def delete(self, obj: "Job") -> None:
        """Delete it."""
        ...

    async def create_prompt(self, tune_id: int, params: "NewPrompt") -> "Prompt":
        """Create a prompt on a tune."""
        ...

    async def duplicate_prompt(self, prompt_id: int, params: "PromptOverrides") -> "Prompt":
        """Copy a prompt."""
        ...

    async def like(self, prompt_id: int, *, liked: bool) -> None:
        """Like a prompt, or take that back."""
        ...

    def list_prompts(self, tune_id: int, filters: "PromptFilters") -> "Pager[Prompt]":
        """List the prompts of a tune."""
        ...

    async def download(
        self,
        obj: J,
        urls: Callable[[J], tuple[str, ...]],
        directory: str | os.PathLike[str],
        stem: str,
        *,
        on_progress: Downloaded | None,
    ) -> list[Path]:
        """Fetch the files behind an object's URLs."""
        ...


@attrs.frozen(kw_only=True, getstate_setstate=False)
class Resource:
    """
    An object as the API returned it, bound to the client that fetched it.

    Attributes:
        id: Its id; grows with time.
        extra: Keys that this version does not know, as received.
        request_id: The ``X-Request-Id`` of the answer that it came with.
    """

    kind: ClassVar[str]

    id: int
    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=False, hash=False)
    request_id: str | None = attrs.field(default=None, eq=False, repr=False)
    _raw: Mapping[str, Any] = attrs.field(factory=dict, eq=False, repr=False, alias="raw")
    _binding: Binding | None = attrs.field(default=None, eq=False, repr=False, alias="binding")

    def to_dict(self) -> dict[str, Any]:
        """The JSON object exactly as it came; changing it changes nothing here."""
        return copy.deepcopy(dict(self._raw))

    @property
    def bound(self) -> Binding:
        """
        The client's side of this object.

        Raises:
            ClientClosed: It came from a pickle, or was made by hand.
        """
        if self._binding is None:
            raise ClientClosed(
                f"{self.kind} {self.id} is not bound to a client (it was unpickled or made by "
                f"hand): fetch it with astria.{self.kind}s.get({self.id})"
            )
        return self._binding

    def __getstate__(self) -> dict[str, Any]:
        """Everything but the binding: a pickle reaches no client."""
        names = (field.name for field in attrs.fields(type(self)))
        return {name: getattr(self, name) for name in names if name != "_binding"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore an unbound object."""
        for name, value in {"_binding": None, **state}.items():
            object.__setattr__(self, name, value)


@attrs.frozen(kw_only=True, getstate_setstate=False)
class Job(Resource, abc.ABC):
    """
    A resource that is not ready at once: what tunes and prompts share.

    Attributes:
        callback: The callback URL as registered. It holds a signature: keep it out of logs.
        created_at: When the API accepted it, UTC.
        updated_at: Last change of any field, UTC; moves after completion too.
        started_training_at: When work began, UTC. ``None`` while queued.
        trained_at: When work ended, well or badly, UTC.
        failed_at: When a try failed, UTC; a later success leaves it set.
        user_error: Why it failed, in words for the end user.
        cost_mc: Price in millicents (100,000 are one US dollar).
    """

    callback: str | None = attrs.field(default=None, repr=False)
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = attrs.field(default=None, repr=False)
    started_training_at: dt.datetime | None = attrs.field(default=None, repr=False)
    trained_at: dt.datetime | None = None
    failed_at: dt.datetime | None = attrs.field(default=None, repr=False)
    user_error: str | None = None
    cost_mc: int | None = attrs.field(default=None, repr=False)

    kind: ClassVar[Kind]

    async def refresh(self) -> Self:
        """
        Fetch the object anew.

        Raises:
            NotFound: It was deleted, or has expired.
        """
        return await self.bound.refresh(self)

    @property
    def cost(self) -> Decimal | None:
        """Price in US dollars, where the API tells it."""
        return None if self.cost_mc is None else Decimal(self.cost_mc) / 100_000

    @property
    def metadata(self) -> dict[str, str]:
        """
        The ``metadata=`` of its create, read from its callback URL.

        Parameters that the receiver's public URL has itself, or that were in a ``callback=`` of
        your own, are among them.
        """
        try:
            query = urlsplit(self.callback or "").query
        except ValueError:
            return {}
        return {k: v for k, v in parse_qsl(query, keep_blank_values=True) if k not in RESERVED}

    @property
    def is_ready(self) -> bool:
        """Whether it ended well."""
        return self._has_result and self.failure is None

    @property
    def is_settled(self) -> bool:
        """Whether it ended, well or badly."""
        return self._has_result or self.failure is not None

    @property
    def status(self) -> Status:
        """Where it stands, by the client's clock as far as expiry goes."""
        now = self._binding.now() if self._binding else dt.datetime.now(dt.UTC)
        return self.status_at(now)

    def status_at(self, now: dt.datetime) -> Status:
        """Where it stands at the time *now*."""
        expiry = self._expiry
        if expiry is not None and expiry <= now:
            return Status.EXPIRED
        if self.failure is not None:
            return Status.FAILED
        if self._has_result:
            return Status.READY
        return Status.QUEUED if self.started_training_at is None else Status.RUNNING

    async def wait_ready(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - WaitTimeout carries the last object seen
        deadline: dt.datetime | None = None,
        on_progress: Callable[[Self], None] | None = None,
    ) -> Self:
        """
        The object once it is ready: after its callback, or after polling if none comes.

        Args:
            timeout: Seconds from now. Default: three hours for a tune, 30 minutes for a prompt.
            deadline: The same as an aware point in time, which a restart does not move.
            on_progress: Called with the object each time it was looked at and is not ready.

        Raises:
            TuneFailed: Training failed.
            PromptFailed: Generation failed.
            Deleted: It was deleted, or expired, meanwhile.
            WaitTimeout: The deadline came first; carries the object as last seen.
        """
        return await self.bound.wait_ready(
            self, timeout=timeout, deadline=deadline, on_progress=on_progress
        )

    async def delete(self) -> None:
        """
        Delete it at Astria; one that is gone already counts as deleted.

        Deleting a tune takes its training images along, and its prompts only if it is a checkpoint.
        """
        await self.bound.delete(self)

    @property
    @abc.abstractmethod
    def failure(self) -> str | None:
        """Why it failed for good, or ``None`` while it has not."""

    @property
    @abc.abstractmethod
    def _expiry(self) -> dt.datetime | None:
        """When Astria deletes it."""

    @property
    @abc.abstractmethod
    def _has_result(self) -> bool:
        """Whether what was asked for is there."""


def reported_failure(job: Job) -> str | None:
    """What any of the fields that may tell of a failure says; Astria documents none of them."""
    if job.user_error:
        return job.user_error
    error = job.extra.get("error")
    if error:
        return str(error)
    status = job.extra.get("status")
    if isinstance(status, str) and status in {"failed", "error"}:
        return f"Astria gives its status as {status!r}"
    return None


def referenced_tunes(text: str | None) -> tuple[int, ...]:
    """Ids in the ``<lora:ID:weight>`` and ``<faceid:ID:weight>`` tokens of a text, in order."""
    return tuple(dict.fromkeys(int(found) for found in _REFERENCE.findall(text or "")))
