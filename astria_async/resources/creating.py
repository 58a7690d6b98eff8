"""
Creating: what is sent for each kind of object, and by what the object is known again.

The callback URL carries a wait id that was minted before, so that an object whose create was never
answered can be told from all others, and a create with an idempotency key can be found again.
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar, cast
from weakref import WeakValueDictionary

import anyio
import attrs

from astria_async.protocol import calls
from astria_async.protocol.addresses import Address, Kind, derive_wait_id, mint_wait_id
from astria_async.protocol.calls import Call
from astria_async.protocol.errors import (
    APIError,
    ConfigurationError,
    ConnectionFailed,
    InvalidInput,
)
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.protocol.options import NOT_GIVEN
from astria_async.protocol.params import NewPrompt, NewTune, PromptOptions, PromptOverrides
from astria_async.resources.costs import sort_of
from astria_async.resources.ledger import Ledger
from astria_async.resources.settling import Settler
from astria_async.telemetry import span, traceparent
from astria_async.waiting import Marks, Reconciler

if TYPE_CHECKING:
    from astria_async.resources.core import Core

J = TypeVar("J", bound=Job)

TITLES = uuid.UUID("9a3a5a52-7f2e-4b59-9f30-6a1f6f0f6c11")
"""Namespace of titles that stand for an idempotency key."""


@attrs.frozen(eq=False)
class Creator:
    """
    Creates tunes and prompts.

    Args:
        core: The client's parts.
        reconciler: Looks for what a lost answer may have made.
    """

    core: "Core"
    reconciler: Reconciler
    _settler: Settler = attrs.field(
        init=False,
        default=attrs.Factory(lambda it: Settler(it.core, it.reconciler), takes_self=True),
    )
    _turns: WeakValueDictionary[str, anyio.Lock] = attrs.field(
        factory=WeakValueDictionary, init=False
    )

    async def tune(self, params: NewTune) -> Tune:
        """Create a tune."""
        with span("astria create tune", "client", kind="tune"):
            call, marks, nested = self.tune_call(params)
            return await self._create(Tune, call, [marks, *nested], key=params.idempotency_key)

    def tune_call(self, params: NewTune) -> tuple[Call, Marks, list[Marks]]:
        """The request for a tune, and by what it and its nested prompts are known."""
        title, unique = _title(params)
        wait, callback = self._register("tune", params, params.idempotency_key)
        if not unique:
            self._check_key(params.idempotency_key, wait, "tune with a title of its own")
        nested: list[Marks] = []
        values = []
        for prompt in params.nested_prompts():
            its_wait, its_callback = self._register("prompt", prompt, None)
            nested.append(Marks(kind="prompt", wait=its_wait, metadata=prompt.metadata))
            values.append(calls.prompt_values(prompt, callback=its_callback))
        call = calls.create_tune(params, title=title, callback=callback, prompts=values)
        marks = Marks(
            kind="tune",
            wait=wait,
            callback=_own_callback(params),
            title=title,
            unique=unique,
            metadata=params.metadata,
        )
        return call, marks, nested

    async def prompt(self, tune_id: int, params: NewPrompt) -> Prompt:
        """Create a prompt on a tune."""
        with span("astria create prompt", "client", kind="prompt"):
            call, marks = self.prompt_call(tune_id, params)
            return await self._create(Prompt, call, [marks], key=params.idempotency_key)

    def prompt_call(self, tune_id: int, params: NewPrompt) -> tuple[Call, Marks]:
        """The request for a prompt, and by what it is known."""
        key = params.idempotency_key
        wait, callback = self._register("prompt", params, key)
        self._check_key(key, wait, "prompt")
        call = calls.create_prompt(tune_id, params, callback=callback)
        return call, _prompt_marks(params, wait, tune_id)

    async def duplicate(self, prompt_id: int, params: PromptOverrides) -> Prompt:
        """Create a copy of a prompt."""
        with span("astria create prompt", "client", kind="prompt"):
            wait, callback = self._register("prompt", params, None)
            call = calls.duplicate_prompt(prompt_id, params, callback=callback)
            return await self._create(Prompt, call, [_prompt_marks(params, wait, None)], key=None)

    def _check_key(self, key: str | None, wait: str | None, what: str) -> None:
        if key is not None and wait is None and not self.core.idempotent:
            raise ConfigurationError(
                f"idempotency_key on a {what} needs a receiver (its callback URL carries the key), "
                "or idempotent=True if the account merges equal creates"
            )

    def _register(
        self, kind: Kind, params: NewTune | PromptOptions, key: str | None
    ) -> tuple[str | None, str | None]:
        own = _own_callback(params)
        return self.register(kind, own=own, metadata=params.metadata, key=key)

    def register(
        self, kind: Kind, *, own: str | None, metadata: Mapping[str, str], key: str | None = None
    ) -> tuple[str | None, str | None]:
        """
        The wait id and the signed callback URL of one logical create, if it gets them.

        Args:
            kind: What the callback will tell of.
            own: The callback URL that the user gave in place of the receiver's.
            metadata: What the URL is to carry.
            key: The user's idempotency key.

        Raises:
            ConfigurationError: There is metadata, and no URL to carry it.
        """
        if self.core.desk is None or own is not None:
            if metadata:
                raise ConfigurationError(
                    "metadata travels in the receiver's callback URL, and this has none: use "
                    "Astria(receiver=Receiver(…)), or put it into the callback= of your own"
                )
            return None, None
        wait = mint_wait_id() if key is None else derive_wait_id(kind, key)
        # An equal create is to be sent the same from every process, whatever it is a part of.
        traced = traceparent() if key is None else {}
        address = Address(kind=kind, wait=wait, metadata={**traced, **metadata})
        return wait, self.core.desk.callback_url(address)

    async def _create(
        self, cls: type[J], call: Call, all_marks: list[Marks], *, key: str | None
    ) -> J:
        if key is None:
            return await self.send(cls, call, all_marks)
        ledger = Ledger(self.core.ledger)
        marks = all_marks[0]
        # One at a time, or two would both look and find nothing.
        async with self._turns.setdefault(f"{marks.kind} {key}", anyio.Lock()):
            known = await self._settler.earlier(marks, ledger)
            if known is not None:
                return cast("J", known)
            return await self.send(cls, call, all_marks, keyed=True)

    async def send(
        self,
        cls: type[J],
        call: Call,
        all_marks: Sequence[Marks],
        *,
        keyed: bool = False,
        estimate: int | None = None,
    ) -> J:
        """
        Send a create within the budget, and settle what became of it.

        Args:
            cls: The model of what it makes.
            call: The request.
            all_marks: By what that is known, and then what is made along with it.
            keyed: Whether an object that this client made before may be it.
            estimate: Its price in millicents, where anything tells it beforehand.
        """
        sort = sort_of(call)
        async with self.core.costs.reserving(sort, estimate):
            sent_at = self.core.now()
            all_marks = [self._dated(marks, sent_at, keyed=keyed) for marks in all_marks]
            ledger = Ledger(self.core.ledger)
            created = await self._noted(cls, call, ledger, all_marks, keyed=keyed)
            self.core.costs.created(created, sort)
        return created

    def _dated(self, marks: Marks, sent_at: dt.datetime, *, keyed: bool) -> Marks:
        # With a key another process may have made it, and this one others after it.
        above = None if keyed else self._settler.newest(marks.kind)
        return attrs.evolve(marks, since=sent_at, above=above)

    async def _noted(
        self, cls: type[J], call: Call, ledger: Ledger, all_marks: list[Marks], *, keyed: bool
    ) -> J:
        marks = all_marks[0]
        await ledger.expect(all_marks)
        try:
            created = await self._settler.send(cls, call, marks, keyed=keyed)
        except (APIError, ConnectionFailed, InvalidInput):
            # What is not certain goes out as OutcomeUnknown: this surely did not happen.
            await ledger.forget(all_marks)
            raise
        await ledger.created(marks, created.id)
        return created


def _prompt_marks(params: PromptOptions, wait: str | None, tune_id: int | None) -> Marks:
    text = params.extra.get("text", params.text)
    return Marks(
        kind="prompt",
        wait=wait,
        callback=_own_callback(params),
        text=text if isinstance(text, str) else None,
        tune_id=tune_id,
        metadata=params.metadata,
    )


def _title(params: NewTune) -> tuple[str, bool]:
    """The title to send, and whether it is this create's alone."""
    given = params.extra.get("title", params.title)
    if given is not NOT_GIVEN:
        return str(given), False
    if params.idempotency_key is not None:
        return str(uuid.uuid5(TITLES, params.idempotency_key)), True
    return str(uuid.uuid4()), True


def _own_callback(params: NewTune | PromptOptions) -> str | None:
    """The callback URL that the user gave in place of the receiver's; empty for none at all."""
    given = params.extra.get("callback", params.callback)
    return None if given is NOT_GIVEN else str(given or "")
