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
from astria_async.events import log_event
from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import AstriaError, DecodeError, NotFound, PermissionDenied
from astria_async.protocol.models import Job
from astria_async.stores.base import Expectation, Store
from astria_async.waiting.lookout import Fetch
from astria_async.waiting.piles import KINDS
from astria_async.waiting.plan import Look, not_shown, plan_looks
from astria_async.waiting.policy import WaitPolicy
from astria_async.waiting.reconcile import Reconciler

logger: logging.Logger = logging.getLogger("astria_async.waiting")

LIMIT = 480
"""Expectations that are looked at in one sweep: four pages of objects."""

NOTED = 10 * LIMIT
"""Expectations that are read in one sweep; those looked at lately are passed over."""

LONGEST_PAUSE = 3600.0
"""Seconds between looks at an object that never seems to end."""

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
    _next: dict[str, float] = attrs.field(factory=dict, init=False)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self.clock.sleep(self.policy.sweep_every * self.rng.uniform(0.8, 1.2))
            try:
                await self.sweep()
            except AstriaError as error:
                log_event(logger, logging.WARNING, "sweep.failed", error=type(error).__name__)
            except Exception:  # noqa: BLE001 - logged
                # Of a transport or store of the user's own, perhaps; it is not to end the client.
                log_event(logger, logging.ERROR, "sweep.broken", exc_info=True)

    async def sweep(self) -> int:
        """
        One round: how many callbacks were made good.

        Raises:
            StoreUnavailable: The store does not answer.
            APIError: A look was refused.
            ConnectionFailed: A look got no answer.
        """
        overdue = await self._overdue()
        made_good = 0
        for kind in KINDS:
            mine = [it for it in overdue if it.kind == kind]
            made_good += await self._search(kind, [it for it in mine if it.object_id is None])
            known = {it.object_id: it for it in mine if it.object_id is not None}
            made_good += await self._look_at(kind, known)
        self._put_off(overdue)
        return made_good

    def _put_off(self, seen: Sequence[Expectation]) -> None:
        """Leave them alone for a while: the older, the longer."""
        now, moment = self.clock.now(), self.clock.monotonic()
        for it in seen:
            age = (now - it.since).total_seconds()
            self._next[it.wait] = moment + min(LONGEST_PAUSE, age / 10)

    async def _overdue(self) -> list[Expectation]:
        """What is overdue and was not looked at lately."""
        before = self.clock.now() - dt.timedelta(seconds=self.policy.overdue_after)
        noted = await self.store.overdue(before=before, limit=NOTED)
        moment = self.clock.monotonic()
        self._next = {it.wait: self._next.get(it.wait, moment) for it in noted}
        return [it for it in noted if self._next[it.wait] <= moment][:LIMIT]

    async def _look_at(self, kind: Kind, known: dict[int, Expectation]) -> int:
        made_good = 0
        looks = plan_looks(kind, known.keys())
        while looks:
            look = looks.pop(0)
            try:
                seen, left = await self._look(look)
            except NotFound:
                if look.page:
                    raise
                # Deleted or expired: there is no outcome to tell anybody.
                await self.store.forget(known.pop(look.ids[0]).wait)
                continue
            except (DecodeError, PermissionDenied) as error:
                # One that cannot be seen is not to keep the others from being seen.
                named = type(error).__name__
                log_event(
                    logger, logging.WARNING, "object.unreadable",
                    kind=kind, object_id=look.ids[0], error=named,
                )  # fmt: skip
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
        return seen, plan_looks(look.kind, beyond) + alone

    async def _make_good(self, expectation: Expectation, job: Job) -> bool:
        if not job.is_settled:
            return False
        log_event(logger, logging.INFO, "callback.made_good", kind=job.kind, object_id=job.id)
        return await self.store.put(
            Callback(
                kind=expectation.kind,
                wait=expectation.wait,
                metadata=expectation.metadata,
                body=json.dumps({job.kind: job.to_dict()}).encode(),
                received_at=self.clock.now(),
            )
        )

    async def _search(self, kind: Kind, lost: Sequence[Expectation]) -> int:
        """Find the objects of creates whose answer nobody saw; forget those that never were."""
        found = await self.reconciler.find_all(kind, {it.wait: it.since for it in lost})
        made_good = 0
        for expectation in lost:
            job = found.get(expectation.wait)
            if job is not None:
                known = attrs.evolve(expectation, object_id=job.id)
                await self.store.expect(known)
                made_good += await self._make_good(known, job)
            elif self.clock.now() - expectation.since > PROVEN_ABSENT:
                await self.store.forget(expectation.wait)
        return made_good
