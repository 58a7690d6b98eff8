"""What a client's creates cost, as the API tells it, and a bound on that."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import anyio
import attrs

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import BudgetExceeded
from astria_async.protocol.models import Job, Tune
from astria_async.waiting.entries import Key, key_of

MILLICENTS = 100_000
FREE = "fast"
"""The branch that is a free mock, with the prompts on it (docs.astria.ai/docs/api/tune/create)."""

REMEMBERED = 4096
"""How many objects are remembered as counted: merged creates give the same one again."""

Sort = tuple[str, ...]
"""What creates of one price have in common: their path, then what tells the price."""

_TELLING = ("branch", "base_tune_id", "model_type", "preset", "num_images", "video_model")


def sort_of(call: Call) -> Sort:
    """What the price of a create depends on, as far as its parameters tell."""
    if isinstance(call.content, dict):
        values = next((it for it in call.content.values() if isinstance(it, dict)), {})
        found = {name: values.get(name) for name in _TELLING}
    else:
        texts = {getattr(p, "name", ""): getattr(p, "value", None) for p in call.parts or ()}
        found = {
            name: texts.get(f"tune[{name}]", texts.get(f"prompt[{name}]")) for name in _TELLING
        }
    return (call.path, *(str(found[name]) for name in _TELLING))


@attrs.define(eq=False)
class Costs:
    """
    Adds up ``cost_mc`` of what this client created; an object that failed is refunded.

    A price is known only from an answer. So with a budget, creates of a sort that had none yet go
    one at a time, each while anything of the budget is left; later ones are taken to cost as much
    as the last. What no answer prices is not counted: prompts nested in a tune, those of a theme,
    and those of a pack run until its ``prompts()`` or ``wait_ready()`` has seen them.

    Args:
        budget: The most that may be spent, in US dollars; ``None`` for no bound. With 0 only what
            is free goes through: mock tunes and the prompts on them.
    """

    budget: Decimal | None = None
    _charged: int = attrs.field(default=0, init=False, repr=False)
    _reserved: int = attrs.field(default=0, init=False, repr=False)
    _open: dict[Key, tuple[Sort | None, int]] = attrs.field(factory=dict, init=False, repr=False)
    _counted: dict[Key, None] = attrs.field(factory=dict, init=False, repr=False)
    _prices: dict[Sort, int] = attrs.field(factory=dict, init=False, repr=False)
    _free: set[str] = attrs.field(factory=set, init=False, repr=False)
    _turn: anyio.Lock = attrs.field(factory=anyio.Lock, init=False, repr=False)

    def __str__(self) -> str:
        """The total, and the budget if there is one."""
        bound = "" if self.budget is None else f" of a budget of {self.budget} USD"
        return f"{self.total} USD{bound}"

    @property
    def total(self) -> Decimal:
        """What was charged so far, in US dollars, with what is still running."""
        return Decimal(self._charged) / MILLICENTS

    @property
    def left(self) -> Decimal | None:
        """What is left of the budget, in US dollars; negative where a first price passed it."""
        return None if self.budget is None else self.budget - self.total

    @asynccontextmanager
    async def reserving(self, sort: Sort, estimate: int | None = None) -> AsyncIterator[None]:
        """
        Hold the expected price of one create while it is under way.

        Args:
            sort: What its price depends on.
            estimate: Its price in millicents, where something but an earlier create tells it.

        Raises:
            BudgetExceeded: It would pass the budget, or nothing is left of it.
        """
        price, alone = self._price(sort, estimate), False
        if price is None and self.budget is not None:
            await self._turn.acquire()
            price = self._price(sort, estimate)  # told meanwhile, perhaps
            alone = price is None
            if not alone:
                self._turn.release()
        try:
            self._admit(price)
            self._reserved += price or 0
            try:
                yield
            finally:
                self._reserved -= price or 0
        finally:
            if alone:
                self._turn.release()

    def _price(self, sort: Sort, estimate: int | None) -> int | None:
        if sort[1] == FREE or sort[0] in self._free:
            return 0
        return self._prices.get(sort, estimate)

    def _admit(self, price: int | None) -> None:
        if self.budget is None or price == 0:
            return
        spent = self._charged + self._reserved
        bound = int(self.budget * MILLICENTS)
        if spent + (price or 0) > bound or (price is None and spent >= bound):
            what = "it" if price is None else f"{Decimal(price) / MILLICENTS} USD more"
            raise BudgetExceeded(
                f"{Decimal(spent) / MILLICENTS} USD of a budget of {self.budget} USD are spent, "
                f"which leaves too little for {what}; nothing was sent. Raise budget= to go on"
            )

    def created(self, job: Job, sort: Sort | None, *, paid: int | None = None) -> None:
        """
        Take in a new object, once.

        Args:
            job: As the answer gave it.
            sort: By what its price was expected; ``None`` for one that came with others.
            paid: What :meth:`pay` has counted for it already, in millicents.
        """
        key = key_of(job)
        if key in self._counted:
            return
        self._counted[key] = None
        if len(self._counted) > REMEMBERED:
            del self._counted[next(iter(self._counted))]
        if isinstance(job, Tune) and job.branch == FREE:
            self._free.add(f"/tunes/{job.id}/prompts")
        expected = (self._prices.get(sort, 0) if sort else 0) if paid is None else paid
        if paid is None:
            self._charged += expected
        self._open[key] = (sort, expected)
        self.seen(job)

    def pay(self, amount: int, sort: Sort) -> None:
        """Count what an answer charges for many objects at once, in millicents."""
        self._charged += amount
        self._prices[sort] = amount

    def seen(self, job: Job) -> None:
        """Take in a fresh look at an object; the price may be told only now."""
        known = self._open.get(key_of(job))
        if known is None:
            return
        sort, cost = known
        if job.cost_mc is not None:
            self._charged += job.cost_mc - cost
            # Nothing so far may mean that the price is told later; what ended so was free.
            if sort is not None and job.failure is None and (job.cost_mc > 0 or job.is_settled):
                self._prices[sort] = job.cost_mc
            self._open[key_of(job)] = (sort, job.cost_mc)
        if job.is_settled:
            del self._open[key_of(job)]
