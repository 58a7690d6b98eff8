"""What a client's creates cost, as the API tells it, and a bound on that."""

from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import attrs

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import BudgetExceeded
from astria_async.protocol.models import Job
from astria_async.waiting.entries import Key, key_of

MILLICENTS = 100_000

Sort = tuple[object, ...]
"""What creates of one price have in common."""


def sort_of(call: Call) -> Sort:
    """What the price of a create depends on, as far as its parameters tell."""
    telling = ("branch", "base_tune_id", "model_type", "preset", "num_images", "video_model")
    if isinstance(call.content, dict):
        (values,) = (it for it in call.content.values() if isinstance(it, dict))
        found = {name: values.get(name) for name in telling}
    else:
        texts = {getattr(p, "name", ""): getattr(p, "value", None) for p in call.parts or ()}
        found = {name: texts.get(f"tune[{name}]", texts.get(f"prompt[{name}]")) for name in telling}
    return (call.path, *(str(found[name]) for name in telling))


@attrs.define(eq=False)
class Costs:
    """
    Adds up ``cost_mc`` of what this client created.

    A price is known only from an answer, so the first create of a sort is let through while
    anything of the budget is left, and later ones are taken to cost as much.

    Args:
        budget: The most that may be spent, in US dollars; ``None`` for no bound.
    """

    budget: Decimal | None = None
    _charged: int = attrs.field(default=0, init=False)
    _reserved: int = attrs.field(default=0, init=False)
    _open: dict[Key, tuple[Sort, int]] = attrs.field(factory=dict, init=False)
    _prices: dict[Sort, int] = attrs.field(factory=dict, init=False)

    @property
    def total(self) -> Decimal:
        """What was charged so far, in US dollars, with what is still running."""
        return Decimal(self._charged) / MILLICENTS

    @property
    def left(self) -> Decimal | None:
        """What is left of the budget, in US dollars."""
        return None if self.budget is None else self.budget - self.total

    @contextmanager
    def reserving(self, sort: Sort) -> Iterator[None]:
        """
        Hold the expected price of one create while it is under way.

        Raises:
            BudgetExceeded: It would pass the budget, or nothing is left of it.
        """
        price = self._prices.get(sort, 0)
        if self.budget is not None:
            bound = int(self.budget * MILLICENTS)
            planned = self._charged + self._reserved + price
            if planned > bound or (price == 0 and self._charged + self._reserved >= bound > 0):
                raise BudgetExceeded(
                    f"this would come to {Decimal(planned) / MILLICENTS} USD of a budget of "
                    f"{self.budget} USD; nothing was sent. Raise budget= to go on"
                )
        self._reserved += price
        try:
            yield
        finally:
            self._reserved -= price

    def created(self, job: Job, sort: Sort) -> None:
        """Take in a new object."""
        expected = self._prices.get(sort, 0)
        cost = expected if job.cost_mc is None else job.cost_mc
        self._charged += cost
        self._open[key_of(job)] = (sort, cost)
        self.seen(job)

    def seen(self, job: Job) -> None:
        """Take in a fresh look at an object; the price may be told only now."""
        known = self._open.get(key_of(job))
        if known is None:
            return
        sort, cost = known
        if job.cost_mc is not None:
            self._charged += job.cost_mc - cost
            if job.cost_mc > 0:
                self._prices[sort] = job.cost_mc
            self._open[key_of(job)] = (sort, job.cost_mc)
        if job.is_settled:
            del self._open[key_of(job)]
