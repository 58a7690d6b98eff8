"""
Hints on their way to one watcher.

A queue of hints would grow without bound while the watcher is busy, and each wait id is worth
reading once: so they gather into a set, and a set that grows too large into
:data:`~astria_async.stores.base.MISSED`.
"""

from collections.abc import AsyncIterator, Iterable

import anyio
from anyio.lowlevel import checkpoint

from astria_async.stores.base import MISSED

MOST = 4096


class Hints(AsyncIterator[frozenset[str]]):
    """
    What one watcher has yet to read; yields ``MISSED`` first, and never ends.

    Args:
        most: How many wait ids may gather before they become ``MISSED``.
    """

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._waits: set[str] = set()
        self._missed = True
        self._rung = anyio.Event()

    def add(self, waits: Iterable[str]) -> None:
        """Hint at *waits*; nothing to do while ``MISSED`` is unread, which covers them."""
        if not self._missed:
            self._waits.update(waits)
            if len(self._waits) > self._most:
                self.miss()
            elif self._waits:
                self._rung.set()

    def miss(self) -> None:
        """Hints may have been lost: the watcher is to read its records again."""
        self._missed = True
        self._waits.clear()
        self._rung.set()

    async def __anext__(self) -> frozenset[str]:
        await checkpoint()
        while not self._missed and not self._waits:
            # An Event never un-happens, so each wait gets a fresh one.
            self._rung = anyio.Event()
            await self._rung.wait()
        # Taken without an await in between: a cancelled reader loses nothing.
        hints = MISSED if self._missed else frozenset(self._waits)
        self._missed = False
        self._waits.clear()
        return hints
