"""
Sending a create, once.

A create is sent again only when it surely was not processed: it never arrived, the server refused
it with 429, or it was looked for and is not there. Where the account merges equal creates
(docs.astria.ai/docs/api/overview, "Idempotency"), it may be sent again after the documented pause.
"""

from typing import TYPE_CHECKING, TypeVar, cast

import attrs

from astria_async.protocol.addresses import Kind
from astria_async.protocol.calls import Call
from astria_async.protocol.errors import (
    APIError,
    AstriaError,
    ConnectionFailed,
    DecodeError,
    OutcomeUnknown,
)
from astria_async.protocol.models import Job
from astria_async.protocol.replies import Reply, read_object
from astria_async.protocol.retry import INTERNAL_ERROR, MAX_DOUBLINGS, may_have_happened
from astria_async.resources.ledger import Ledger
from astria_async.waiting import Marks, Reconciler
from astria_async.waiting.entries import Key, key_of

if TYPE_CHECKING:
    from astria_async.resources.core import Core

J = TypeVar("J", bound=Job)

LOOKS = (0.1, 0.4, 1.0)
"""When to look for the object of a lost answer, as shares of the time that a create may go on."""

REMEMBERED = 4096
"""How many objects that a client created are remembered, so that none is taken for another."""


@attrs.define(eq=False)
class Settler:
    """
    Sends creates, and settles what became of those whose answer was lost.

    Args:
        core: The client's parts.
        reconciler: Looks for what a lost answer may have made.
    """

    core: "Core"
    reconciler: Reconciler
    _made: dict[Key, None] = attrs.field(factory=dict, init=False)
    _newest: dict[Kind, int] = attrs.field(factory=dict, init=False)

    async def earlier(self, marks: Marks, ledger: Ledger) -> Job | None:
        """
        The object of an idempotency key, or ``None`` once it is ours alone to make.

        Args:
            marks: What it is known by.
            ledger: Notes who began to make it; without a store only this process is told apart.
        """
        while True:
            found = await self.reconciler.find(marks)
            if found is not None:
                return found
            began = await ledger.claim(attrs.evolve(marks, since=self.core.now()))
            if began is None:
                return None
            # Somebody sent it, and was perhaps killed before the server was through with it.
            passed = (self.core.now() - began).total_seconds()
            await self.core.clock.sleep(max(0.0, self.core.sender.policy.settle - passed))
            found = await self.reconciler.find(marks)
            if found is not None:
                return found
            await ledger.drop(marks, began=began)

    async def send(self, cls: type[J], call: Call, marks: Marks, *, keyed: bool) -> J:
        """
        The object that *call* creates.

        Args:
            cls: Its model.
            call: What is sent.
            marks: By what the object is known.
            keyed: Whether an object that this client made before may be it.

        Raises:
            APIError: It was refused, and surely made nothing.
            ConnectionFailed: It got no answer, and surely made nothing.
            OutcomeUnknown: It may have made something.
        """
        policy = self.core.sender.policy
        attempt = 1
        while True:
            try:
                reply = await self.core.send(call)
            except (APIError, ConnectionFailed) as error:
                if not may_have_happened(error):
                    raise
                again = attempt < policy.attempts and call.replayable
                if again and self.core.idempotent:
                    await self.core.clock.sleep(self._settling(error, attempt))
                else:
                    found = await self._look_for(error, marks, attempt, keyed=keyed)
                    if found is not None:
                        return self._mine(cast("J", found))
                    if not again:
                        raise
                attempt += 1
            else:
                return self._mine(await self._read(cls, reply, marks, keyed=keyed))

    def newest(self, kind: Kind) -> int | None:
        """The highest id of what this client created: ids go up, so that what comes is above it."""
        return self._newest.get(kind)

    def _mine(self, job: J) -> J:
        self._made[key_of(job)] = None
        self._newest[job.kind] = max(job.id, self._newest.get(job.kind, 0))
        if len(self._made) > REMEMBERED:
            del self._made[next(iter(self._made))]
        return job

    async def _read(self, cls: type[J], reply: Reply, marks: Marks, *, keyed: bool) -> J:
        try:
            return read_object(cls, reply, binding=self.core)
        except DecodeError as error:
            # It was made; only the answer is of no use.
            found = await self._look_for(error, marks, 1, keyed=keyed)
            if found is None:
                raise _unknown(marks, error, "nothing like it was found") from error
            return cast("J", found)

    def _settling(self, error: AstriaError, attempt: int) -> float:
        """Seconds in which the server may still be at it."""
        policy = self.core.sender.policy
        if not _is_internal(error):
            return policy.settle
        base = policy.server_error_base
        return max(base, min(policy.maximum, base * 2.0 ** min(attempt - 1, MAX_DOUBLINGS)))

    async def _look_for(
        self, error: AstriaError, marks: Marks, attempt: int, *, keyed: bool
    ) -> Job | None:
        """The object that a lost answer made, or ``None`` once it is known that there is none."""
        if not marks.findable:
            raise _unknown(marks, error, "nothing tells it from others") from error
        settling = self._settling(error, attempt)
        passed = 0.0
        for share in (1.0,) if _is_internal(error) else LOOKS:
            await self.core.clock.sleep(share * settling - passed)
            passed = share * settling
            others = () if keyed else {number for kind, number in self._made if kind == marks.kind}
            try:
                found = await self.reconciler.find(marks, others=others)
            except OutcomeUnknown:
                raise
            except AstriaError as exc:
                raise _unknown(marks, error, f"looking for it failed too: {exc}") from error
            if found is not None:
                return found
        return None


def _is_internal(error: AstriaError) -> bool:
    return isinstance(error, APIError) and error.status == INTERNAL_ERROR


def _unknown(marks: Marks, error: AstriaError, why: str) -> OutcomeUnknown:
    sent = marks.describe()
    what = ", ".join(f"{name} {value!r}" for name, value in sent.items()) or "the newest ones"
    return OutcomeUnknown(
        f"the answer to creating a {marks.kind} was lost ({type(error).__name__}), and {why}. "
        f"Before creating it again, list your {marks.kind}s and look for {what}. With a receiver "
        "each create can be told from all others",
        kind=marks.kind,
        sent=sent,
    )
