"""How long a store is open: from its first user to its last."""

import anyio

from astria_async.protocol.errors import ConfigurationError

CLOSING = 5.0
"""Seconds that closing may take, however the caller was cancelled."""


class Lifetime:
    """
    Counts the users of a store, so that a client and a receiver can share one.

    A store derives from this and says in ``_start`` and ``_stop`` what opening and closing mean.
    A ``_start`` that fails or is cancelled leaves nothing open.
    """

    def __init__(self) -> None:
        self._uses = 0
        self._started = False
        self._changing = anyio.Lock()

    async def open(self) -> None:
        """Connect for the first user; add one user otherwise."""
        async with self._changing:
            if self._uses == 0:
                await self._start()
                self._started = True
            self._uses += 1

    async def aclose(self) -> None:
        """Give up one use; the last one closes everything. Cancellation does not stop it."""
        with anyio.move_on_after(CLOSING, shield=True):
            async with self._changing:
                # Counted first: who calls while it closes is told that it is not open.
                self._uses -= self._uses > 0
                if self._uses == 0 and self._started:
                    self._started = False
                    await self._stop()

    def _require_open(self) -> None:
        if self._uses == 0:
            raise ConfigurationError(
                f"this {type(self).__name__} is not open: use it inside the client's or receiver's "
                "'async with' block, or await its open() first"
            )

    async def _start(self) -> None:
        """Connect; nothing to do for a store without a server."""

    async def _stop(self) -> None:
        """Undo ``_start``."""
