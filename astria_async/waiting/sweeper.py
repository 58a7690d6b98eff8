"""
Callbacks that never came, made good for those who do not wait.

A waiter polls for itself. A handler does not: it runs when a callback comes, and Astria sends each
only once. So what was created is noted in the store, and what stays without a callback for too long
is looked at here; once it has ended, a callback is put into the store in its place.
"""

import datetime as dt
import json
import logging
import random
from collections.abc import Sequence

import attrs

from astria_async.clock import Clock
from astria_async.protocol.callbacks import Callback, Kind
from astria_async.protocol.errors import APIError, ConnectionFailed, NotFound, StoreUnavailable
from astria_async.protocol.models import Job
from astria_async.stores.base import Expectation, Store
from astria_async.waiting.lookout import KINDS, Fetch
from astria_async.waiting.plan import Look, not_shown, plan_looks
from astria_async.waiting.policy import WaitPolicy
from astria_async.waiting.reconcile import Marks, Reconciler

logger = logging.getLogger("astria_async.waiting")

LIMIT = 480
"""Expectations a sweep, four pages of objects: what is left comes first in the next one."""

PROVEN_ABSENT = dt.timedelta(hours=1)
"""After so long, an object that cannot be found was never made."""


@attrs.define(eq=False)
class Sweeper:
    """
    Looks after expected callbacks, for every process that shares the store.

    Args:
        store: Where expectations are noted.
        fetch: Fetches objects.
        reconciler: Finds objects whose create was never answered.
        clock: Measures age.
        policy: How long to leave an object to its callback.
        rng: Draws the jitter, so that processes do not sweep together.
    """

    store: Store
    fetch: Fetch
    reconciler: Reconciler
    clock: Clock
    policy: WaitPolicy
    rng: random.Random

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self.clock.sleep(self.policy.sweep_every * self.rng.uniform(0.8, 1.2))
            try:
                await self.sweep()
            except (APIError, ConnectionFailed, StoreUnavailable) as error:
                logger.warning("astria.sweep_failed", extra={"error": type(error).__name__})

    async def sweep(self) -> int:
        """
        One round: how many callbacks were made good.

        Raises:
            StoreUnavailable: The store does not answer.
            APIError: A look was refused.
            ConnectionFailed: A look got no answer.
        """
        before = self.clock.now() - dt.timedelta(seconds=self.policy.overdue_after)
        overdue = await self.store.overdue(before=before, limit=LIMIT)
        made_good = 0
        for kind in KINDS:
            known = {it.object_id: it for it in overdue if it.kind == kind and it.object_id}
            made_good += await self._look_at(kind, known)
        for expectation in overdue:
            if expectation.object_id is None:
                await self._search(expectation)
        return made_good

    async def _look_at(self, kind: Kind, known: dict[int, Expectation]) -> int:
        made_good = 0
        looks = plan_looks(kind, known.keys(), limit=len(known))
        while looks:
            look = looks.pop(0)
            try:
                seen, left = await self._look(look)
            except NotFound:
                # Deleted or expired: there is no outcome to tell anybody.
                await self.store.forget(known.pop(look.ids[0]).wait)
                continue
            looks += left
            for job in seen:
                if job.id in known:
                    made_good += await self._make_good(known.pop(job.id), job)
        return made_good

    async def _look(self, look: Look) -> tuple[Sequence[Job], list[Look]]:
        """What one look shows, and the looks for what it should have shown but did not."""
        if not look.page:
            return [await self.fetch.one(look.kind, look.ids[0])], []
        seen = await self.fetch.page(look.kind, look.ids[0] + 1)
        beyond, absent = not_shown(look, [job.id for job in seen])
        alone = [Look(kind=look.kind, ids=(found,), page=False) for found in sorted(absent)]
        return seen, plan_looks(look.kind, beyond, limit=len(beyond)) + alone

    async def _make_good(self, expectation: Expectation, job: Job) -> bool:
        if not job.is_settled:
            return False
        logger.info("astria.callback_made_good", extra={"kind": job.kind, "object_id": job.id})
        return await self.store.put(
            Callback(
                kind=expectation.kind,
                wait=expectation.wait,
                metadata=expectation.metadata,
                body=json.dumps({job.kind: job.to_dict()}).encode(),
                received_at=self.clock.now(),
            )
        )

    async def _search(self, expectation: Expectation) -> None:
        marks = Marks(kind=expectation.kind, wait=expectation.wait, since=expectation.since)
        job = await self.reconciler.find(marks)
        if job is not None:
            await self.store.expect(attrs.evolve(expectation, object_id=job.id))
        elif self.clock.now() - expectation.since > PROVEN_ABSENT:
            await self.store.forget(expectation.wait)
