"""Everything that the sandbox knows, and what it has set itself to do."""

import datetime as dt
import hashlib
import heapq
import random
import zlib
from collections.abc import Iterator
from typing import Any

from astria_async.sandbox import records
from astria_async.sandbox.clock import VirtualClock
from astria_async.sandbox.prices import Prices
from astria_async.sandbox.settings import Settings
from astria_async.sandbox.shelf import Journal, Shelf
from astria_async.sandbox.twins import Twins

MAX_DELIVERIES = 10_000
_KEY_LENGTH = 28
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class World:
    """
    The state, as shelves of records, with the clock that dates them.

    It changes only between awaits: no method here waits, so each call is atomic.

    Args:
        settings: The switches.
        clock: What time it is.
    """

    def __init__(self, settings: Settings, clock: VirtualClock) -> None:
        self.settings = settings
        self.clock = clock
        self.journal: Journal = Journal()
        self.accounts: Shelf[records.Account] = Shelf("accounts", records.Account, self.journal)
        self.workspaces: Shelf[records.Workspace] = Shelf(
            "workspaces", records.Workspace, self.journal
        )
        self.tunes: Shelf[records.Tune] = Shelf("tunes", records.Tune, self.journal)
        self.prompts: Shelf[records.Prompt] = Shelf("prompts", records.Prompt, self.journal)
        self.packs: Shelf[records.Pack] = Shelf("packs", records.Pack, self.journal)
        self.orders: Shelf[records.Order] = Shelf("orders", records.Order, self.journal)
        self.files: Shelf[records.File] = Shelf("files", records.File, self.journal)
        self.dues: Shelf[records.Due] = Shelf("dues", records.Due, self.journal)
        self.ledger: Shelf[records.Entry] = Shelf("ledger", records.Entry, self.journal)
        self.deliveries: Shelf[records.Delivery] = Shelf(
            "deliveries", records.Delivery, self.journal, limit=MAX_DELIVERIES
        )
        self.prices: Prices = Prices(old=settings.profile == "2022")
        self.trash: list[str] = []
        self._by_tune: dict[int, dict[int, None]] = {}
        self._agenda: list[tuple[dt.datetime, int]] = []
        self.twins: Twins = Twins()

    @property
    def shelves(self) -> tuple[Shelf[Any], ...]:
        """All shelves, for whoever keeps or clears them."""
        return (
            self.accounts, self.workspaces, self.tunes, self.prompts, self.packs, self.orders,
            self.files, self.dues, self.ledger, self.deliveries,
        )  # fmt: skip

    def now(self) -> dt.datetime:
        """The time, cut to milliseconds, which is what answers show."""
        return self.cut(self.clock.now())

    @staticmethod
    def cut(moment: dt.datetime) -> dt.datetime:
        """A time without its microseconds."""
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)

    def chance(self, label: str) -> random.Random:
        """Random numbers that depend on the seed and *label* alone."""
        return random.Random(f"{self.settings.seed}:{label}")  # noqa: S311 - has to repeat

    def key(self, label: str) -> str:
        """An opaque file key of 28 characters, the same for the same seed and *label*."""
        digest = hashlib.sha256(f"{self.settings.seed}:{label}".encode()).digest()
        number = int.from_bytes(digest)
        digits = []
        for _ in range(_KEY_LENGTH):
            number, digit = divmod(number, len(_DIGITS))
            digits.append(_DIGITS[digit])
        return "".join(digits)

    def next_id(self, shelf: Shelf[Any]) -> int:
        """A new id; ids grow with gaps, because Astria numbers all its customers' objects."""
        mixed = zlib.crc32(f"{self.settings.seed}:{shelf.name}:{shelf.last_id}".encode())
        return shelf.next_id(1 + mixed % 9)

    # What is to be done

    def schedule(self, kind: str, subject: int, at: dt.datetime) -> records.Due:
        """Set *kind* to happen to *subject* at a time."""
        due = records.Due(id=self.dues.next_id(), at=at, kind=kind, subject=subject)
        heapq.heappush(self._agenda, (due.at, due.id))
        return self.dues.put(due)

    def next_due(self) -> records.Due | None:
        """What comes first, by time and then by the order of scheduling."""
        while self._agenda:
            due = self.dues.get(self._agenda[0][1])
            if due is not None:
                return due
            heapq.heappop(self._agenda)
        return None

    # Prompts by tune

    def index(self, prompt: records.Prompt) -> None:
        """Note under which tunes the prompt is listed: its own and those its text names."""
        for tune_id in {prompt.tune_id, *prompt.references}:
            self._by_tune.setdefault(tune_id, {})[prompt.id] = None
        self.twins.add_prompt(prompt)

    def unindex(self, prompt: records.Prompt) -> None:
        """Forget a removed prompt."""
        for tune_id in {prompt.tune_id, *prompt.references}:
            listed = self._by_tune.get(tune_id, {})
            listed.pop(prompt.id, None)
            if not listed:
                self._by_tune.pop(tune_id, None)
        self.twins.remove_prompt(prompt)

    def prompts_of(self, tune_id: int) -> Iterator[records.Prompt]:
        """The prompts listed under a tune, the youngest first."""
        for prompt_id in reversed(list(self._by_tune.get(tune_id, {}))):
            yield self.prompts[prompt_id]

    def rebuild(self) -> None:
        """Make the indexes anew from the shelves."""
        self._by_tune = {}
        self.twins = Twins()
        for tune in self.tunes:
            self.twins.add_tune(tune)
        for prompt in self.prompts:
            self.index(prompt)
        self._agenda = [(due.at, due.id) for due in self.dues]
        heapq.heapify(self._agenda)
