"""One run of a pack, awaited as a whole."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs

from astria_async.protocol.errors import (
    AstriaError,
    NotFound,
    PackFailed,
    ServerError,
    ValidationError,
    WaitTimeout,
)
from astria_async.protocol.models import Prompt, Tune
from astria_async.protocol.params import PromptFilters
from astria_async.resources.core import Core
from astria_async.resources.costs import MILLICENTS
from astria_async.waiting import wait_all

SHORTEST, LONGEST = 2.0, 30.0
"""Seconds between looks for prompts that a fresh run does not list yet."""


@attrs.frozen(eq=False, kw_only=True)
class PackRun:
    """
    What running a pack started.

    Attributes:
        tune: The tune that is trained; ``None`` where the run uses tunes that exist.
        tune_ids: The tunes whose prompts it makes.
        order: What the API says of the order, where it does.
        prompt_ids: Ids of the new prompts, where the API tells them.
        message: What the API said beside it.
    """

    tune: Tune | None = None
    tune_ids: tuple[int, ...] = ()
    order: Mapping[str, Any] | None = None
    prompt_ids: tuple[int, ...] = ()
    message: str | None = None
    _core: Core = attrs.field(repr=False, alias="core")
    _before: int = attrs.field(default=0, repr=False, alias="before")
    _wait: str | None = attrs.field(default=None, repr=False, alias="wait")

    @property
    def cost(self) -> Decimal | None:
        """Price of the whole run in US dollars, where the API tells it at once."""
        total = self._paid
        return None if total is None else Decimal(total) / MILLICENTS

    @property
    def _paid(self) -> int | None:
        total = (self.order or {}).get("total_cost_mc")
        return total if isinstance(total, int) else None

    async def prompts(self) -> list[Prompt]:
        """Its prompts as they are now, oldest first; empty while the API lists none."""
        found = await (self._named() if self.prompt_ids else self._new())
        for prompt in found:
            paid = prompt.cost_mc if self._paid is not None else None
            self._core.costs.created(prompt, None, paid=paid)
        return found

    async def _named(self) -> list[Prompt]:
        """The prompts whose ids are known: they lie close together, so that a page shows many."""
        wanted = set(self.prompt_ids)
        found: dict[int, Prompt] = {}
        filters = PromptFilters(before_id=max(wanted) + 1)
        async for prompt in self._core.list_prompts(None, filters):
            if prompt.id in wanted:
                found[prompt.id] = prompt
            if prompt.id <= min(wanted):
                break
        for prompt_id in wanted - found.keys():
            # Of another workspace, perhaps, or gone.
            one = await self._prompt(prompt_id)
            if one is not None:
                found[prompt_id] = one
        return [found[prompt_id] for prompt_id in sorted(found)]

    async def _new(self) -> list[Prompt]:
        """The prompts that the tunes did not have before."""
        found: dict[int, Prompt] = {}
        for tune_id in self.tune_ids:
            async for prompt in self._core.prompts_of(tune_id):
                if prompt.id <= self._before:
                    break
                found[prompt.id] = prompt
        return [found[prompt_id] for prompt_id in sorted(found)]

    async def wait_ready(
        self,
        *,
        timeout: float | None = None,  # noqa: ASYNC109 - WaitTimeout carries what was last seen
        deadline: dt.datetime | None = None,
    ) -> list[Prompt]:
        """
        Its prompts once all are ready, oldest first.

        Args:
            timeout: Seconds from now. Default: that of a tune and of a prompt together.
            deadline: The same as an aware point in time.

        Raises:
            TuneFailed: Training failed.
            PackFailed: Prompts failed; ``.object`` holds all, the good ones too.
            WaitTimeout: The deadline came first; ``.object`` is the run.
        """
        core = self._core
        policy = core.waits.policy
        default = policy.tune_timeout + policy.prompt_timeout
        seconds = core.seconds(timeout, deadline)
        ends = core.clock.monotonic() + (default if seconds is None else seconds)
        if self.tune is not None:
            await self.tune.wait_ready(timeout=ends - core.clock.monotonic())
        fresh = await self._appear(ends)
        with core.waits.listening(self._wait, [prompt.id for prompt in fresh]):
            return await self._finish(fresh, ends)

    async def _appear(self, ends: float) -> list[Prompt]:
        """The prompts, once two looks in a row list the same ones."""
        clock = self._core.clock
        seen: set[int] = set()
        pause = SHORTEST
        while True:
            found = await self._listed()
            ids = {prompt.id for prompt in found}
            if found and (ids == seen or self.prompt_ids):
                return found
            seen = ids
            if clock.monotonic() + pause > ends:
                raise WaitTimeout(
                    "the pack run's prompts were not listed by the deadline; look again later "
                    f"among the prompts of {self.tune_ids}",
                    object=self,
                )
            await clock.sleep(pause)
            pause = min(LONGEST, pause * 1.5)

    async def _listed(self) -> list[Prompt]:
        try:
            return await self.prompts()
        except (NotFound, ValidationError, ServerError):
            # A fresh run answers like this for a moment.
            return []

    async def _finish(self, fresh: Sequence[Prompt], ends: float) -> list[Prompt]:
        left = ends - self._core.clock.monotonic()
        pairs = [(prompt, self._core.wait_of(prompt)) for prompt in fresh]
        ready: dict[int, Prompt] = {}
        failures: list[AstriaError] = []
        async for item in wait_all(self._core.waits, pairs, timeout=left, return_exceptions=True):
            if isinstance(item, AstriaError):
                failures.append(item)
            seen = getattr(item, "object", item)
            if isinstance(seen, Prompt):
                ready[seen.id] = seen
        everything = [ready[prompt_id] for prompt_id in sorted(ready)]
        late = next((error for error in failures if isinstance(error, WaitTimeout)), None)
        if late is not None:
            raise WaitTimeout(
                f"{len(failures)} of {len(fresh)} prompts of the pack run were not ready by the "
                "deadline; wait again",
                object=self,
            )
        if failures:
            raise PackFailed(
                f"{len(failures)} of {len(fresh)} prompts of the pack run failed: {failures[0]}",
                reason=str(failures[0]),
                object=everything,
            )
        return everything

    async def _prompt(self, prompt_id: int) -> Prompt | None:
        try:
            found = await self._core.one("prompt", prompt_id)
        except NotFound:
            return None
        assert isinstance(found, Prompt)
        return found
