"""Callbacks, as the store tells of them, turned into looks."""

import logging
from collections.abc import AsyncIterator, Iterable

import anyio
import attrs

from astria_async.events import log_event
from astria_async.protocol.callbacks import Callback, read_body
from astria_async.protocol.codec import merged
from astria_async.protocol.errors import DecodeError, StoreUnavailable
from astria_async.protocol.models import Job
from astria_async.stores.base import Store
from astria_async.waiting.waits import Waits, is_final

logger: logging.Logger = logging.getLogger("astria_async.waiting")

BATCH = 500
STORE_PAUSE = 5.0
"""Seconds until a store that failed is asked again."""


@attrs.define(eq=False)
class Hints:
    """
    Follows a store on behalf of *waits*.

    A wake-up is a hint and the store's record the truth, so whoever begins to wait is looked up
    once, and everybody is looked up again when wake-ups may have been lost.

    Args:
        waits: Who waits.
        store: Where callbacks are committed, by this process or another.
        trust_body: Whether a callback's body may end a wait without a fetch.
    """

    waits: Waits
    store: Store
    trust_body: bool = False

    async def run(self) -> None:
        """Follow until cancelled."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._find)
            await self._watch()

    async def _watch(self) -> None:
        while True:
            try:
                async with self.store.watch() as hints:
                    await self._follow(hints)
            except Exception as error:  # noqa: BLE001 - logged; a store may be of the user's own
                self._complain(error)
            await self.waits.clock.sleep(STORE_PAUSE)

    async def _follow(self, hints: AsyncIterator[frozenset[str]]) -> None:
        async for woken in hints:
            if not woken:
                self._look_up(self._awaited())
            elif self.trust_body:
                known = woken & self.waits.by_wait.keys()
                self._look_up(known)
                self.waits.hint(woken - known)
            else:
                self.waits.hint(woken)

    def _awaited(self) -> set[str]:
        return self.waits.by_wait.keys() | self.waits.groups.keys()

    def _look_up(self, waits: Iterable[str]) -> None:
        self.waits.newcomers.update(waits)
        self.waits.newcomer_bell.ring()

    async def _find(self) -> None:
        while True:
            await self.waits.newcomer_bell.wait()
            while self.waits.newcomers:
                batch = [self.waits.newcomers.pop() for _ in range(self._batch_size())]
                try:
                    found = await self.store.find(batch)
                except Exception as error:  # noqa: BLE001 - logged; a store may be of the user's own
                    self._complain(error)
                    self.waits.newcomers.update(self._awaited().intersection(batch))
                    await self.waits.clock.sleep(STORE_PAUSE)
                else:
                    for callback in found:
                        self._take(callback)

    def _batch_size(self) -> int:
        return min(BATCH, len(self.waits.newcomers))

    @staticmethod
    def _complain(error: Exception) -> None:
        """Log that the store failed: polling covers meanwhile, so that no wait ends for it."""
        expected = isinstance(error, StoreUnavailable)
        log_event(
            logger,
            logging.WARNING,
            "store.unavailable",
            error=type(error).__name__,
            exc_info=not expected,
        )

    def _take(self, callback: Callback) -> None:
        entry = self.waits.by_wait.get(callback.wait)
        if entry is None:
            self.waits.hint([callback.wait])
            return
        job = trusted(entry.last, callback) if self.trust_body else None
        if job is not None and is_final(job, None):
            self.waits.learn(job)
        else:
            self.waits.ask(entry)


def trusted(job: Job, callback: Callback) -> Job | None:
    """*job* with the fields of a callback's body, or ``None`` if that is not about it."""
    for kind, fields in read_body(callback.body):
        if kind == job.kind and fields.get("id") == job.id:
            try:
                return merged(job, fields)
            except DecodeError:
                return None
    return None
