"""A figure, and how it is taken: in rounds, each beside its peer, so that load hits both alike."""

import gc
import random
import statistics
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, Self

import attrs

Unit = Literal["×", "ms", "MB", "KB"]
Timed = Callable[[], Awaitable[float]]


@attrs.frozen(kw_only=True)
class Result:
    """
    One line of the table.

    Attributes:
        what: What was measured.
        against: Its peer, or the bound's name.
        value: The figure: the median of all rounds.
        unit: ``×`` for a ratio.
        target: The bound on it.
        bound: Whether the target is the most or the least that it may be.
        low: The lower quartile of the rounds.
        high: The upper quartile.
        detail: What else is worth knowing, each with its unit in its name.
        missing: Why there is no figure; empty where there is one.
    """

    what: str
    against: str
    value: float
    unit: Unit = "×"
    target: float
    bound: Literal["most", "least"]
    low: float
    high: float
    detail: Mapping[str, Any] = attrs.field(factory=dict)
    missing: str = ""

    @property
    def holds(self) -> bool:
        """Whether the target is met."""
        if self.missing:
            return False
        return self.value <= self.target if self.bound == "most" else self.value >= self.target

    @classmethod
    def of(cls, figures: Sequence[float], **facts: Any) -> Self:
        """The median and the quartiles of *figures*."""
        low, middle, high = quartiles(figures)
        return cls(value=middle, low=low, high=high, **facts)


def absent(what: str, why: str) -> Result:
    """The line of a benchmark that could not run."""
    return Result(
        what=what, against="–", value=0.0, target=0.0, bound="most", low=0.0, high=0.0, missing=why
    )


def quartiles(figures: Sequence[float]) -> tuple[float, float, float]:
    """The quartiles of any number of figures."""
    if len(figures) == 1:
        return figures[0], figures[0], figures[0]
    low, middle, high = statistics.quantiles(figures, n=4, method="inclusive")
    return low, middle, high


def percentile(figures: Sequence[float], share: float) -> float:
    """The figure below which *share* of them lie."""
    ordered = sorted(figures)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def in_turn(ways: Mapping[str, Timed], *, rounds: int) -> dict[str, list[float]]:
    """
    What each of *ways* took in each round: each begins a round as often as the others.

    The first round warms up and is not counted.
    """
    taken: dict[str, list[float]] = {name: [] for name in ways}
    names = list(ways)
    for number in range(rounds + 1):
        for name in names:
            gc.collect()
            seconds = await ways[name]()
            if number:
                taken[name].append(seconds)
        names = names[1:] + names[:1]
    return taken


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Round by round, the first by the second."""
    return [a / b for a, b in zip(ours, theirs, strict=True)]


async def clocked(work: Callable[[], Awaitable[Any]]) -> float:
    """Seconds that *work* took."""
    began = time.perf_counter()
    await work()
    return time.perf_counter() - began


async def alternating(
    ways: Mapping[str, Callable[[], Awaitable[Any]]], *, times: int, rounds: int
) -> dict[str, list[float]]:
    """
    The median seconds of one call of each of *ways*, in each round.

    They take turns call by call, and the median leaves out the calls that another program of the
    machine interrupted. The first round warms up and is not counted.
    """
    medians: dict[str, list[float]] = {name: [] for name in ways}
    dice = random.Random(1)
    for number in range(rounds + 1):
        taken: dict[str, list[float]] = {name: [] for name in ways}
        names = list(ways)
        for _ in range(times):
            # In an order of their own each time: what went before leaves the caches as it likes.
            dice.shuffle(names)
            for name in names:
                taken[name].append(await clocked(ways[name]))
        for name, figures in taken.items():
            if number:
                medians[name].append(statistics.median(figures))
    return medians
