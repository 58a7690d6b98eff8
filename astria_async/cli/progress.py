"""How far a command is: bars at a terminal, lines in a pipe, nothing for programs."""

import datetime as dt
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import attrs
from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
)

from astria_async.cli.terminal import is_lively, put_line, span
from astria_async.clock import Clock, SystemClock

ALMOST = 0.97
"""How full a bar is at its expected end: it is full when the thing is done."""

SOON = dt.timedelta(seconds=0.5)
"""Less than that is not counted down any more."""

BAR = 24
MEGABYTE = 1_000_000


class Step(Protocol):
    """One thing that takes time."""

    def advance(self, amount: float) -> None:
        """So much more of its total is done. May be called from any thread."""
        ...

    def reach(self, done: int, total: int | None) -> None:
        """So many bytes of *total* have come, if that is known."""
        ...

    def expect(self, begun: dt.datetime, end: dt.datetime) -> None:
        """It will take from *begun* to about *end*: the bar follows the time."""
        ...

    def tell(self, detail: str) -> None:
        """Say how it stands, or in the end how it went."""
        ...


class Reporter(Protocol):
    """Shows steps."""

    def step(
        self, label: str, *, total: float | None = None, in_bytes: bool = False
    ) -> AbstractContextManager[Step]:
        """
        A step for the length of the block; done unless the block raises.

        Args:
            label: What is done.
            total: How much there is to do, if that is known.
            in_bytes: Whether that is bytes that are sent, after which an answer is waited for.
        """
        ...


class _Quiet:
    """Says nothing."""

    def advance(self, amount: float) -> None:
        pass

    def reach(self, done: int, total: int | None) -> None:
        pass

    def expect(self, begun: dt.datetime, end: dt.datetime) -> None:
        pass

    def tell(self, detail: str) -> None:
        pass

    @contextmanager
    def step(
        self, label: str, *, total: float | None = None, in_bytes: bool = False
    ) -> Iterator[Step]:
        del label, total, in_bytes
        yield self


@attrs.define
class _Lines:
    """A line when a step begins to matter, and one when it is done."""

    screen: Console
    clock: Clock
    detail: str = ""

    def advance(self, amount: float) -> None:
        pass

    def reach(self, done: int, total: int | None) -> None:
        pass

    def expect(self, begun: dt.datetime, end: dt.datetime) -> None:
        pass

    def tell(self, detail: str) -> None:
        self.detail = detail

    @contextmanager
    def step(
        self, label: str, *, total: float | None = None, in_bytes: bool = False
    ) -> Iterator[Step]:
        del total, in_bytes
        line = _Lines(self.screen, self.clock)
        began = self.clock.monotonic()
        yield line
        put_line(_done(label, line.detail, self.clock.monotonic() - began), self.screen.file)


@attrs.define
class _Bar:
    """One step of bars that are being shown."""

    bars: "_Bars"
    task: TaskID
    in_bytes: bool = False

    def advance(self, amount: float) -> None:
        self.bars.advance(self.task, amount)
        if self.in_bytes:
            self.tell(_sent(self.bars.tasks[0]))

    def reach(self, done: int, total: int | None) -> None:
        of = "" if total is None else f" of {total / MEGABYTE:.1f}"
        self.bars.update(self.task, completed=done, total=total)
        self.tell(f"{done / MEGABYTE:.1f}{of} MB")

    def expect(self, begun: dt.datetime, end: dt.datetime) -> None:
        self.bars.update(self.task, total=1.0, begun=begun, end=end)

    def tell(self, detail: str) -> None:
        self.bars.update(self.task, detail=detail)


class _Bars(Progress):
    """rich's bars, where a task may also follow the time."""

    def __init__(self, *columns: ProgressColumn, screen: Console, clock: Clock) -> None:
        self.clock = clock
        super().__init__(*columns, console=screen, transient=True)

    def get_renderables(self) -> Iterator[RenderableType]:
        """Move the tasks that follow the time, then show all."""
        now = self.clock.now()
        for task in self.tasks:
            if task.fields.get("end") is not None and not task.finished:
                self.update(task.id, completed=_share(task, now), left=_left(task, now))
        yield from super().get_renderables()


def _sent(task: Task) -> str:
    """How many of the bytes are on their way; the answer may take as long as they did."""
    if task.total is None or task.completed >= task.total:
        return "sent, waiting for the answer"
    return f"{task.completed / MEGABYTE:.1f} of {task.total / MEGABYTE:.1f} MB"


def _left(task: Task, now: dt.datetime) -> str:
    left: dt.timedelta = task.fields["end"] - now
    return f"expected in {span(left)}" if left > SOON else "expected any moment"


def _share(task: Task, now: dt.datetime) -> float:
    begun: dt.datetime = task.fields["begun"]
    end: dt.datetime = task.fields["end"]
    whole = max(0.001, (end - begun).total_seconds())
    return min(ALMOST, max(0.0, (now - begun).total_seconds() / whole))


@attrs.define
class _Live:
    """Bars at a terminal; what is done stays above them as a line."""

    screen: Console
    clock: Clock

    @contextmanager
    def step(
        self, label: str, *, total: float | None = None, in_bytes: bool = False
    ) -> Iterator[Step]:
        bars = _Bars(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=BAR, complete_style="cyan", finished_style="green"),
            TextColumn("{task.fields[left]}{task.fields[detail]}", style="dim"),
            screen=self.screen,
            clock=self.clock,
        )
        began = self.clock.monotonic()
        with bars:
            task = bars.add_task(label, total=total, detail="", left="", begun=None, end=None)
            yield _Bar(bars, task, in_bytes)
            detail = bars.tasks[0].fields["detail"]
        said = _done(label, detail, self.clock.monotonic() - began)
        self.screen.print(f"[green]✓[/] {said}", soft_wrap=True)


def _done(label: str, detail: str, seconds: float) -> str:
    return f"{label}: {detail} ({seconds:.1f} s)" if detail else f"{label} ({seconds:.1f} s)"


def reporter(screen: Console, *, silent: bool, clock: Clock | None = None) -> Reporter:
    """
    What suits the place that the output goes to.

    Args:
        screen: Where to.
        silent: Whether nothing is to be shown at all.
        clock: What the time is; the machine's own if none is given.
    """
    if silent:
        return _Quiet()
    clock = clock or SystemClock()
    return _Live(screen, clock) if is_lively(screen) else _Lines(screen, clock)
