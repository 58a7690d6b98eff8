"""Forgetting callbacks that are too old to matter: a durable store does not grow for ever."""

import datetime as dt
import logging
import random

import attrs

from astria_async.clock import Clock
from astria_async.events import log_event
from astria_async.protocol.errors import StoreUnavailable
from astria_async.stores.base import Store

logger: logging.Logger = logging.getLogger("astria_async.stores")

FIRST = 60.0
"""Seconds before the first round: a process may not live as long as from one to the next."""

EVERY = 3600.0
"""Seconds from one round to the next, so that each has little to delete."""


@attrs.frozen(kw_only=True)
class Pruner:
    """
    Deletes records that are older than *retention*, in whichever processes share the store.

    Args:
        store: What to prune; open for as long as this runs.
        retention: Seconds that a record is kept. One that was set aside stays until it is replayed.
        clock: Measures age.
        rng: Draws the jitter, so that processes do not prune together.
    """

    store: Store
    retention: float
    clock: Clock
    rng: random.Random

    async def run(self) -> None:
        """Prune until cancelled."""
        pause = FIRST
        while True:
            await self.clock.sleep(pause * self.rng.uniform(0.8, 1.2))
            pause = EVERY
            before = self.clock.now() - dt.timedelta(seconds=self.retention)
            try:
                deleted = await self.store.prune(before=before)
            except StoreUnavailable as error:
                log_event(logger, logging.WARNING, "store.prune_failed", error=type(error).__name__)
                continue
            log_event(logger, logging.DEBUG, "store.pruned", deleted=deleted)
