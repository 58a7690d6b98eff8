"""How many there are of what, counted again only after something changed."""

from collections import Counter
from collections.abc import Mapping

import attrs

from astria_async.sandbox.dashboard import states
from astria_async.sandbox.records import Prompt, Tune
from astria_async.sandbox.world import World


@attrs.frozen(kw_only=True)
class Counts:
    """
    Numbers for the overview.

    Attributes:
        tunes: By state; public models of the gallery do not count.
        prompts: By state, likewise.
        callbacks: ``delivered``, ``pending`` and ``failed``.
    """

    tunes: Mapping[str, int]
    prompts: Mapping[str, int]
    callbacks: Mapping[str, int]


@attrs.define(eq=False)
class Census:
    """
    Counts a world.

    Args:
        world: Whose records.
    """

    world: World
    _revision: int = -1
    _counts: Counts | None = None

    def take(self) -> Counts:
        """The numbers as of now."""
        revision = self.world.journal.revision
        if self._counts is None or self._revision != revision:
            self._counts, self._revision = _count(self.world), revision
        return self._counts


def is_own(world: World, record: Tune | Prompt) -> bool:
    """Whether a tune or prompt is a person's, and not one of the gallery."""
    account = world.accounts.get(record.account_id)
    return account is not None and not account.gallery


def _count(world: World) -> Counts:
    return Counts(
        tunes=Counter(states.of_tune(tune).word for tune in world.tunes if is_own(world, tune)),
        prompts=Counter(
            states.of_prompt(each).word for each in world.prompts if is_own(world, each)
        ),
        callbacks=Counter(_outcome(states.of_delivery(each)) for each in world.deliveries),
    )


def _outcome(state: states.State) -> str:
    return {"good": "delivered", "bad": "failed"}.get(state.tone, "pending")
