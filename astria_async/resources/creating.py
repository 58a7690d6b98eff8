"""
Creating, once.

A create is sent again only when it surely was not processed: it never arrived, the server refused
it with 429, or it was looked for and is not there. Where the account merges equal creates
(docs.astria.ai/docs/api/overview, "Idempotency"), it may be sent again after the documented pause.
"""

import random
import uuid
from typing import TYPE_CHECKING, TypeVar, cast

import attrs

from astria_async.protocol import calls
from astria_async.protocol.callbacks import Address, Kind, derive_wait_id, mint_wait_id
from astria_async.protocol.calls import Call
from astria_async.protocol.errors import (
    APIError,
    AstriaError,
    ConfigurationError,
    ConnectionFailed,
    InvalidInput,
    OutcomeUnknown,
)
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.protocol.options import NOT_GIVEN
from astria_async.protocol.params import NewPrompt, NewTune, PromptOptions, PromptOverrides
from astria_async.protocol.replies import read_object
from astria_async.protocol.retry import may_have_happened
from astria_async.resources.costs import sort_of
from astria_async.resources.ledger import Ledger
from astria_async.waiting import Marks, Reconciler

if TYPE_CHECKING:
    from astria_async.resources.core import Core

J = TypeVar("J", bound=Job)

TITLES = uuid.UUID("9a3a5a52-7f2e-4b59-9f30-6a1f6f0f6c11")
"""Namespace of titles that stand for an idempotency key."""

LOOKS = (0.1, 0.4, 1.0)
"""When to look for the object of a lost answer, as shares of the time that a create may go on."""


@attrs.frozen(eq=False)
class Creator:
    """
    Creates tunes and prompts.

    Args:
        core: The client's parts.
        reconciler: Looks for what a lost answer may have made.
        rng: Draws the jitter of pauses.
    """

    core: "Core"
    reconciler: Reconciler
    rng: random.Random

    async def tune(self, params: NewTune) -> Tune:
        """Create a tune."""
        call, marks, nested = self.tune_call(params)
        look_first = params.idempotency_key is not None
        return await self._create(Tune, call, marks, nested, look_first=look_first)

    def tune_call(self, params: NewTune) -> tuple[Call, Marks, list[Marks]]:
        """The request for a tune, and by what it and its nested prompts are known."""
        title, unique = _title(params)
        key = params.idempotency_key
        wait, callback = self._register("tune", params, key)
        nested: list[Marks] = []
        values = []
        for prompt in params.nested_prompts():
            its_wait, its_callback = self._register("prompt", prompt, None)
            nested.append(Marks(kind="prompt", wait=its_wait, metadata=prompt.metadata))
            values.append(calls.prompt_values(prompt, callback=its_callback))
        call = calls.create_tune(params, title=title, callback=callback, prompts=values)
        marks = Marks(kind="tune", wait=wait, title=title, unique=unique, metadata=params.metadata)
        return call, marks, nested

    async def prompt(self, tune_id: int, params: NewPrompt) -> Prompt:
        """Create a prompt on a tune."""
        call, marks = self.prompt_call(tune_id, params)
        look_first = params.idempotency_key is not None
        return await self._create(Prompt, call, marks, [], look_first=look_first)

    def prompt_call(self, tune_id: int, params: NewPrompt) -> tuple[Call, Marks]:
        """The request for a prompt, and by what it is known."""
        key = params.idempotency_key
        wait, callback = self._register("prompt", params, key)
        if key is not None and wait is None and not self.core.idempotent:
            raise ConfigurationError(
                "idempotency_key on a prompt needs a receiver (its callback URL carries the key), "
                "or idempotent=True if the account merges equal creates"
            )
        call = calls.create_prompt(tune_id, params, callback=callback)
        text = params.text if isinstance(params.text, str) else None
        marks = Marks(
            kind="prompt", wait=wait, text=text, tune_id=tune_id, metadata=params.metadata
        )
        return call, marks

    async def duplicate(self, prompt_id: int, params: PromptOverrides) -> Prompt:
        """Create a copy of a prompt."""
        wait, callback = self._register("prompt", params, None)
        call = calls.duplicate_prompt(prompt_id, params, callback=callback)
        text = params.text if isinstance(params.text, str) else None
        marks = Marks(kind="prompt", wait=wait, text=text, metadata=params.metadata)
        return await self._create(Prompt, call, marks, [], look_first=False)

    def _register(
        self, kind: Kind, params: NewTune | PromptOptions, key: str | None
    ) -> tuple[str | None, str | None]:
        """The wait id and the signed callback URL of one logical create, if it gets them."""
        if self.core.desk is None or params.callback is not NOT_GIVEN:
            if params.metadata and self.core.desk is None:
                raise ConfigurationError(
                    "metadata travels in the callback URL, and this client has no receiver: "
                    "use Astria(receiver=Receiver(…)), or put it into your own callback="
                )
            return None, None
        wait = mint_wait_id() if key is None else derive_wait_id(kind, key)
        address = Address(kind=kind, wait=wait, metadata=params.metadata)
        return wait, self.core.desk.callback_url(address)

    async def _create(
        self, cls: type[J], call: Call, marks: Marks, nested: list[Marks], *, look_first: bool
    ) -> J:
        ledger = Ledger(self.core.ledger)
        if look_first:
            known = await self._known(marks, ledger)
            if known is not None:
                return cast("J", known)
        sent_at = self.core.now()
        marks, *inner = (attrs.evolve(it, since=sent_at) for it in (marks, *nested))
        sort = sort_of(call)
        with self.core.costs.reserving(sort):
            created = await self._noted(cls, call, ledger, [marks, *inner])
            self.core.costs.created(created, sort)
        return created

    async def _noted(self, cls: type[J], call: Call, ledger: Ledger, all_marks: list[Marks]) -> J:
        marks = all_marks[0]
        await ledger.expect(all_marks)
        try:
            created = await self._send(cls, call, marks)
        except (APIError, ConnectionFailed, InvalidInput):
            # What is not certain goes out as OutcomeUnknown: this surely did not happen.
            await ledger.forget(all_marks)
            raise
        await ledger.created(marks, created.id)
        return created

    async def _known(self, marks: Marks, ledger: Ledger) -> Job | None:
        """The object that an earlier create with the same idempotency key made."""
        found = await self.reconciler.find(marks)
        began = None if found else await ledger.began(marks)
        if began is None:
            return found
        # Somebody sent it, and was perhaps killed before the server was through with it.
        passed = (self.core.now() - began).total_seconds()
        if passed < self.core.sender.policy.settle:
            await self.core.clock.sleep(self.core.sender.policy.settle - passed)
        return await self.reconciler.find(marks)

    async def _send(self, cls: type[J], call: Call, marks: Marks) -> J:
        policy = self.core.sender.policy
        attempt = 1
        while True:
            try:
                reply = await self.core.send(call)
            except (APIError, ConnectionFailed) as error:
                if not may_have_happened(error):
                    raise
                found = await self._settle(error, marks)
                if found is not None:
                    return cast("J", found)
                if attempt == policy.attempts or not call.replayable:
                    raise
                attempt += 1
            else:
                return read_object(cls, reply, binding=self.core)

    async def _settle(self, error: APIError | ConnectionFailed, marks: Marks) -> Job | None:
        """The object that a lost answer made, or ``None`` once it is known that there is none."""
        policy = self.core.sender.policy
        internal = isinstance(error, APIError) and error.status == 500  # noqa: PLR2004
        settle = policy.server_error_base if internal else policy.settle
        if self.core.idempotent:
            await self.core.clock.sleep(settle)
            return None
        if not marks.findable:
            raise _unknown(marks, error, None) from error
        passed = 0.0
        for share in (1.0,) if internal else LOOKS:
            await self.core.clock.sleep(share * settle - passed)
            passed = share * settle
            try:
                found = await self.reconciler.find(marks)
            except (APIError, ConnectionFailed) as exc:
                raise _unknown(marks, error, exc) from error
            if found is not None:
                return found
        return None


def _title(params: NewTune) -> tuple[str, bool]:
    """The title to send, and whether it is this create's alone."""
    if params.title is not NOT_GIVEN:
        return params.title, False
    if params.idempotency_key is not None:
        return str(uuid.uuid5(TITLES, params.idempotency_key)), True
    return str(uuid.uuid4()), True


def _unknown(marks: Marks, error: AstriaError, looking: AstriaError | None) -> OutcomeUnknown:
    sent = marks.describe()
    why = "nothing tells it from others" if looking is None else f"looking for it failed: {looking}"
    what = ", ".join(f"{name} {value!r}" for name, value in sent.items()) or "the newest ones"
    return OutcomeUnknown(
        f"the answer to creating a {marks.kind} was lost ({type(error).__name__}), and {why}. "
        f"Before creating it again, list your {marks.kind}s and look for {what}. With a receiver "
        "each create can be told from all others",
        kind=marks.kind,
        sent=sent,
    )
