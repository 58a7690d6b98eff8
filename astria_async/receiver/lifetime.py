"""When the receiver's store is open."""

import logging

import anyio
import attrs

from astria_async.receiver.log import log_event
from astria_async.stores import Store

CLOSING = 5.0
"""Seconds that closing the store may take."""


@attrs.define(eq=False)
class StoreUse:
    """
    Opens the store for every ``async with receiver``, or else at the first request.

    A receiver that is mounted and never entered has no moment at which to open its store but the
    first request, and none at which to close it: that use is given up with the last explicit one,
    or by :meth:`aclose`.
    """

    store: Store
    closing: float = CLOSING
    _users: int = 0
    _lazy: bool = False
    _changing: anyio.Lock = attrs.field(factory=anyio.Lock)

    async def enter(self) -> None:
        """Open the store for one more user."""
        async with self._changing:
            await self.store.open()
            self._users += 1

    async def leave(self) -> None:
        """Give up one use. Cancellation does not stop it."""
        self._users -= 1
        await self._close_one()
        if not self._users:
            await self.aclose()

    async def ensure(self) -> None:
        """Open the store if no one did."""
        if not self._is_open():
            async with self._changing:
                if not self._is_open():
                    await self.store.open()
                    self._lazy = True

    async def aclose(self) -> None:
        """Give up the use that the first request began, if one did."""
        if self._lazy:
            self._lazy = False
            await self._close_one()

    def _is_open(self) -> bool:
        return self._lazy or self._users > 0

    async def _close_one(self) -> None:
        with anyio.move_on_after(self.closing, shield=True) as scope:
            await self.store.aclose()
        if scope.cancelled_caught:
            log_event(logging.ERROR, "store.not_closed", seconds=self.closing)
