"""Working on a record while it is ours, and not a moment longer."""

import logging
from collections.abc import Awaitable, Callable

import anyio
import attrs

from astria_async.clock import Clock
from astria_async.protocol.errors import StoreUnavailable
from astria_async.receiver.deadline import within
from astria_async.receiver.log import describe, log_event
from astria_async.stores import Record, Store

_SAFE = 0.9
"""The part of a lease that is used: cancelled work needs a moment to end before others begin."""


@attrs.define(eq=False, kw_only=True)
class Lease:
    """
    One claimed record: renewed while work is done on it, the work cancelled once it is lost.

    Args:
        store: Where it was claimed.
        record: As claimed, just now.
        seconds: How long a claim or renewal holds.
        clock: What that is measured on.
        taken_at: Monotonic time before the claim was sent.
    """

    store: Store
    record: Record
    seconds: float
    clock: Clock
    taken_at: float
    lost: bool = False

    async def hold(self, work: Callable[[], Awaitable[None]]) -> None:
        """
        Run *work*, renewing the lease every third of its time.

        When the lease is lost (another process took over, or nine tenths of it passed while the
        store did not answer) the work is cancelled, and :attr:`lost` is set.
        """
        scope = anyio.CancelScope()
        error: Exception | None = None
        async with anyio.create_task_group() as tg:
            tg.start_soon(self._renew, scope)
            with scope:
                # Kept and raised outside, so that it does not end up in an exception group.
                try:
                    await work()
                except Exception as exc:  # noqa: BLE001 - raised again below
                    error = exc
            tg.cancel_scope.cancel()
        if error is not None:
            raise error

    async def _renew(self, scope: anyio.CancelScope) -> None:
        while not self.lost:
            await self.clock.sleep(min(self.seconds / 3, max(0.0, self._left())))
            await self._renew_once()
        log_event(logging.WARNING, "handler.lease_lost", wait=self.record.callback.wait)
        scope.cancel()

    def _left(self) -> float:
        return self.taken_at + self.seconds * _SAFE - self.clock.monotonic()

    async def _renew_once(self) -> None:
        asked_at = self.clock.monotonic()
        try:
            # No longer than the lease lasts: another process may have the record after that.
            held = await within(self.clock, self._left(), self._ask)
        except (StoreUnavailable, TimeoutError) as exc:
            log_event(logging.WARNING, "store.unavailable", error=describe(exc))
            self.lost = self._left() <= 0
        else:
            self.lost = not held
            self.taken_at = asked_at

    async def _ask(self) -> bool:
        return await self.store.renew(self.record, lease=self.seconds)
