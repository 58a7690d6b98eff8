"""Prompts that are asked for together: those nested in a tune, a pack's run, a theme's."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

from astria_async.sandbox.asker import Asker
from astria_async.sandbox.prompts import Prompts
from astria_async.sandbox.records import Order, Prompt
from astria_async.sandbox.refusals import Refusal
from astria_async.sandbox.world import World

# Prompts of a fresh run are not listed at once, as integrators met it.
FILL_AFTER = 1.5
Draft = tuple[int, dict[str, Any]]


class Runs:
    """
    Makes the prompts of runs, at once or a moment later.

    Args:
        world: Where orders are.
        prompts: Who makes prompts.
    """

    def __init__(self, world: World, prompts: Prompts) -> None:
        self._world = world
        self._prompts = prompts

    def now(
        self,
        asker: Asker,
        tune_ids: Sequence[int],
        drafts: Sequence[Draft],
        *,
        callback: str | None = None,
        pack_id: int | None = None,
    ) -> Order:
        """
        Make all prompts of a run; ask ``Billing.require`` for the whole price before.

        Args:
            asker: Who owns and pays.
            tune_ids: The tunes that it is about.
            drafts: Its prompts, as (tune id, parameters).
            callback: Called once when all of them are done.
            pack_id: The pack that is run.
        """
        order = self._order(asker, tune_ids, drafts, callback, pack_id)
        return self.fill(order.id, self._world.now())

    def later(
        self,
        asker: Asker,
        tune_ids: Sequence[int],
        drafts: Sequence[Draft],
        *,
        callback: str | None = None,
        pack_id: int | None = None,
    ) -> Order:
        """Let a run's prompts appear a moment after the answer; arguments as in ``now``."""
        order = self._order(asker, tune_ids, drafts, callback, pack_id)
        wait = dt.timedelta(seconds=FILL_AFTER / self._world.settings.pace)
        self._world.schedule("order.fill", order.id, self._world.cut(self._world.now() + wait))
        return order

    def fill(self, order_id: int, at: dt.datetime) -> Order:
        """Make the prompts of which an order holds drafts; those nobody can pay are left out."""
        world, order = self._world, self._world.orders[order_id]
        asker = Asker(
            account=world.accounts[order.account_id],
            payer=world.accounts[order.payer_id],
            workspace_id=order.workspace_id,
            origin=order.origin,
        )
        made: list[Prompt] = []
        for tune_id, draft in order.drafts:
            tune = world.tunes.get(tune_id)
            values = {key: value for key, value in draft.items() if key != "stored_inputs"}
            inputs = draft.get("stored_inputs", {})
            if tune is None:
                continue
            try:
                made.append(
                    self._prompts.create(asker, tune, values, inputs, order_id=order.id, at=at)
                )
            except Refusal:
                break
        order = world.orders.change(
            order.id,
            drafts=(),
            prompt_ids=tuple(prompt.id for prompt in made),
            total_cost_mc=order.total_cost_mc + sum(prompt.cost_mc for prompt in made),
        )
        world.schedule("order.check", order.id, at)
        return order

    def check(self, order_id: int, at: dt.datetime) -> dt.datetime | None:
        """
        When a run is to be called back: its prompts are all done, and it was not called before.

        Whoever gets a time has to call; the next one gets ``None``.
        """
        order = self._world.orders.get(order_id)
        if order is None or order.called_back or order.drafts or not order.prompts_callback:
            return None
        prompts = [self._world.prompts.get(prompt_id) for prompt_id in order.prompt_ids]
        if not all(prompt is None or prompt.settled for prompt in prompts):
            return None
        self._world.orders.change(order_id, called_back=True)
        return at

    def _order(
        self,
        asker: Asker,
        tune_ids: Sequence[int],
        drafts: Sequence[Draft],
        callback: str | None,
        pack_id: int | None,
    ) -> Order:
        return self._world.orders.put(
            Order(
                id=self._world.next_id(self._world.orders),
                account_id=asker.account.id,
                payer_id=asker.payer.id,
                workspace_id=asker.workspace_id,
                origin=asker.origin,
                tune_ids=tuple(tune_ids),
                pack_id=pack_id,
                prompts_callback=callback,
                drafts=tuple(drafts),
            )
        )
