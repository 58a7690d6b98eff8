"""What is to be looked at, put in order once for many looks."""

from collections.abc import Callable

import attrs

from astria_async.protocol.addresses import Kind
from astria_async.waiting.entries import Entry, Key, key_of
from astria_async.waiting.plan import Look, plan_looks

KINDS: tuple[Kind, ...] = ("tune", "prompt")


@attrs.define(eq=False)
class Pile:
    """
    Entries whose time has come, taken off a request's worth at a time.

    Planning costs as much as there are entries, so a plan is worked off before the next one is
    made: a hundred thousand entries are planned once, and not once for each of their pages. What
    comes meanwhile waits for the next plan, behind those that were due before it.
    """

    _waiting: dict[Key, Entry] = attrs.field(factory=dict, init=False)
    _planned: dict[Key, Entry] = attrs.field(factory=dict, init=False)
    _looks: list[Look] = attrs.field(factory=list, init=False)

    def __bool__(self) -> bool:
        """Whether there is anything on it, if only what no longer stands."""
        return bool(self._waiting or self._looks)

    def add(self, entry: Entry) -> None:
        """Put *entry* on."""
        self._waiting[key_of(entry.last)] = entry

    def take(self, stands: Callable[[Entry], bool]) -> tuple[Look, list[Entry]] | None:
        """
        The next request and what it is hoped to show, those due longest first.

        Args:
            stands: Whether an entry is still to be looked at; others are dropped.
        """
        while self:
            if not self._looks:
                self._plan(stands)
                continue
            look = self._looks.pop()
            found = [self._planned.pop((look.kind, number)) for number in look.ids]
            left = [entry for entry in found if stands(entry)]
            if left:
                ids = tuple(entry.last.id for entry in left)
                return attrs.evolve(look, ids=ids, page=len(ids) > 1), left
        return None

    def _plan(self, stands: Callable[[Entry], bool]) -> None:
        self._planned = {key: entry for key, entry in self._waiting.items() if stands(entry)}
        self._waiting = {}
        for kind in KINDS:
            mine = {key[1]: entry for key, entry in self._planned.items() if key[0] == kind}
            alone = [number for number, entry in mine.items() if entry.alone]
            self._looks += [Look(kind=kind, ids=(number,), page=False) for number in alone]
            self._looks += plan_looks(kind, mine.keys() - set(alone))
        self._looks.sort(key=self._due)
        self._looks.reverse()  # the next is taken off the end

    def _due(self, look: Look) -> float:
        return min(self._planned[look.kind, number].due for number in look.ids)
