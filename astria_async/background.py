"""What runs beside a client's calls, for as long as it is open."""

import logging
import random
from functools import partial

import anyio.abc
import attrs

from astria_async.clock import Clock
from astria_async.events import log_event
from astria_async.receiver import Receiver
from astria_async.resources import Core
from astria_async.resources.loading import Loader, outcome
from astria_async.stores import Store
from astria_async.stores.pruning import Pruner
from astria_async.waiting import WaitPolicy
from astria_async.waiting.hints import Hints
from astria_async.waiting.lookout import Lookout
from astria_async.waiting.sweeper import Sweeper

logger: logging.Logger = logging.getLogger("astria_async.client")

GRACE = 10.0
"""Seconds from opening until the receiver is expected to answer."""


@attrs.frozen(kw_only=True, eq=False)
class Background:
    """
    The tasks of one open client.

    Args:
        core: Its parts.
        receiver: Where its callbacks come to, if they do.
        policy: How it waits.
        clock: What all of them go by.
        rng: Draws their jitter.
        public: Whether the API is the real one, which reaches the receiver over the internet only.
    """

    core: Core
    receiver: Receiver | None
    policy: WaitPolicy
    clock: Clock
    rng: random.Random
    public: bool

    async def start(self, group: anyio.abc.TaskGroup) -> None:
        """
        Start all that this client needs; returns once its handlers are watching.

        Raises:
            AstriaError: The handlers cannot be run.
        """
        group.start_soon(Lookout(self.core.waits, self.core).run)
        receiver = self.receiver
        if receiver is None:
            return
        group.start_soon(Hints(self.core.waits, receiver.store, receiver.trust_body).run)
        if self.core.ledger is not None:
            group.start_soon(self._sweeper(self.core.ledger).run)
        if receiver.store.durable:
            group.start_soon(self._pruner(receiver).run)
        if self.public:
            # Not for a sandbox, which may well be in this process, or on this machine.
            group.start_soon(self._warn_if_unreachable, receiver)
        if receiver.handled_kinds:
            load = Loader(self.core).load
            await group.start(partial(receiver.run_handlers, load, outcome=outcome))

    def _sweeper(self, store: Store) -> Sweeper:
        return Sweeper(
            store=store,
            fetch=self.core,
            reconciler=self.core.creator.reconciler,
            clock=self.clock,
            policy=self.policy,
            rng=self.rng,
        )

    def _pruner(self, receiver: Receiver) -> Pruner:
        return Pruner(
            store=receiver.store, retention=receiver.retention, clock=self.clock, rng=self.rng
        )

    async def _warn_if_unreachable(self, receiver: Receiver) -> None:
        """Say once, in words, why callbacks will not come: the most common cause of lost time."""
        # A web application opens its client before it takes requests.
        await self.clock.sleep(GRACE)
        try:
            found = await receiver.check()
        except Exception as error:  # noqa: BLE001 - logged; a diagnosis is not to end the client
            log_event(logger, logging.WARNING, "receiver.unchecked", error=type(error).__name__)
            return
        if not found.ok:
            log_event(
                logger,
                logging.WARNING,
                "receiver.unreachable",
                fault=str(found.fault),
                detail=f"Callbacks will not arrive: {found.reason}. {found.advice} "
                "Polling covers meanwhile.",
            )
