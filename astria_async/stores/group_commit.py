"""
Writes that arrive together share one commit.

A commit waits for the disk, and costs as much for one write as for a hundred. So the first writer
commits for all who came by then; who comes meanwhile waits, and the first of those commits for the
rest. Nobody needs a task in the background, and each writer's call ends after its own commit.
"""

import copy
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar, cast

import anyio
import attrs

from astria_async.protocol.errors import StoreUnavailable

W = TypeVar("W")
R = TypeVar("R")
MOST = 256
"""Writes in one commit, so that one transaction stays short."""


@attrs.define(eq=False)
class _Entry(Generic[W, R]):
    """One caller's write, and what came of it."""

    write: W
    settled: bool = False
    result: R | None = None
    error: Exception | None = attrs.field(
        factory=lambda: StoreUnavailable("the write was interrupted before its commit")
    )

    def succeed(self, result: R) -> None:
        self.result, self.error = result, None

    def fail(self, exc: Exception) -> None:
        # A new error for each: one that is raised in two tasks mixes up their tracebacks.
        self.error = copy.copy(exc)
        self.error.__cause__ = exc.__cause__

    def outcome(self) -> R:
        if self.error is not None:
            raise self.error
        return cast("R", self.result)


class GroupCommit(Generic[W, R]):
    """
    Commits writes, those that come together in one transaction.

    Args:
        commit: Commits some writes, all or none, and gives the result of each in their order. It is
            not cancelled, so it must be bounded by itself.
        bound: Seconds that a writer waits for its turn.
        server: What to call the store in an error.
    """

    def __init__(
        self,
        commit: Callable[[Sequence[W]], Awaitable[Sequence[R]]],
        *,
        bound: float,
        server: str,
    ) -> None:
        self._commit = commit
        self._bound = bound
        self._server = server
        self._queue: dict[_Entry[W, R], None] = {}
        self._turn = anyio.Lock()

    async def write(self, write: W) -> R:
        """
        The result of *write*, once it is committed.

        It may be tried twice, in two transactions of which the first was rolled back.

        Raises:
            StoreUnavailable: It was not committed, or not within the bound.
        """
        entry = _Entry[W, R](write)
        self._queue[entry] = None
        try:
            with anyio.fail_after(self._bound):
                # First come, first served: once here, ours is the oldest write in the queue.
                async with self._turn:
                    if not entry.settled:
                        await self._lead()
        except TimeoutError as exc:
            if not entry.settled:
                raise StoreUnavailable(
                    f"{self._server} did not answer within {self._bound:g} s"
                ) from exc
        finally:
            self._queue.pop(entry, None)
        return entry.outcome()

    async def _lead(self) -> None:
        group = list(self._queue)[:MOST]
        for entry in group:
            del self._queue[entry]
        # Others depend on it, so it goes on when the one who leads is cancelled.
        with anyio.CancelScope(shield=True):
            await self._settle(group)

    async def _settle(self, group: Sequence[_Entry[W, R]]) -> None:
        try:
            results = await self._commit([entry.write for entry in group])
            for entry, result in zip(group, results, strict=True):
                entry.succeed(result)
        except StoreUnavailable as exc:
            for entry in group:
                entry.fail(exc)
        except Exception as exc:  # noqa: BLE001 - goes to the one whose write raised it
            if len(group) == 1:
                group[0].fail(exc)
            else:
                # One write's own fault must not cost the others theirs.
                for entry in group:
                    await self._settle([entry])
        finally:
            for entry in group:
                entry.settled = True
