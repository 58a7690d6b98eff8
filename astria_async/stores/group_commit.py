"""
Writes that arrive together share one commit.

A commit waits for the disk, and costs as much for one write as for a hundred. So the first writer
commits for all who came by then; who comes meanwhile waits, and the first of those commits for the
rest. Nobody needs a task in the background, and each writer's call ends after its own commit.
"""

import copy
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar, cast

import anyio
import attrs

from astria_async.protocol.errors import StoreUnavailable
from astria_async.stores.sqlite_file import SQLiteFile, Work

T = TypeVar("T")
MOST = 256
"""Writes in one commit, so that one transaction stays short."""


@attrs.define(eq=False)
class _Write(Generic[T]):
    """One caller's write, and what came of it."""

    work: Work[T]
    settled: bool = False
    result: T | None = None
    error: Exception | None = attrs.field(
        factory=lambda: StoreUnavailable("the write was interrupted before its commit")
    )

    def fail(self, exc: Exception) -> None:
        # A new error for each: one that is raised in two tasks mixes up their tracebacks.
        self.error = copy.copy(exc)
        self.error.__cause__ = exc.__cause__

    def outcome(self) -> T:
        if self.error is not None:
            raise self.error
        return cast("T", self.result)


class GroupCommit:
    """
    Runs writes on one file, those that come together in one transaction.

    Args:
        file: Where to.
        check: What to look at first in each transaction.
        committed: Called after each commit.
    """

    def __init__(
        self,
        file: SQLiteFile,
        *,
        check: Callable[[sqlite3.Connection], None],
        committed: Callable[[], None],
    ) -> None:
        self._file = file
        self._check = check
        self._committed = committed
        self._queue: dict[_Write[Any], None] = {}
        self._turn = anyio.Lock()

    async def write(self, work: Work[T]) -> T:
        """
        What *work* returned, once it is committed.

        It runs in a thread and may run twice, in two transactions of which one is rolled back.

        Raises:
            StoreUnavailable: It was not committed, or not within the bound.
        """
        write = _Write(work)
        self._queue[write] = None
        try:
            with anyio.fail_after(self._file.bound):
                # First come, first served: once here, ours is the oldest write in the queue.
                async with self._turn:
                    if not write.settled:
                        await self._lead()
        except TimeoutError as exc:
            if not write.settled:
                raise StoreUnavailable(
                    f"the SQLite store did not answer within {self._file.bound:g} s"
                ) from exc
        finally:
            self._queue.pop(write, None)
        return write.outcome()

    async def _lead(self) -> None:
        group = list(self._queue)[:MOST]
        for write in group:
            del self._queue[write]
        await self._settle(group)

    async def _settle(self, group: Sequence[_Write[Any]]) -> None:
        try:
            await self._commit(group)
        except StoreUnavailable as exc:
            for write in group:
                write.fail(exc)
        except Exception as exc:  # noqa: BLE001 - goes to the one whose work raised it
            if len(group) == 1:
                group[0].fail(exc)
            else:
                # One write's own fault must not cost the others theirs.
                for write in group:
                    await self._settle([write])
        finally:
            for write in group:
                write.settled = True

    async def _commit(self, group: Sequence[_Write[Any]]) -> None:
        def run(db: sqlite3.Connection) -> None:
            self._check(db)
            for write in group:
                write.result = write.work(db)

        await self._file.write(run)
        for write in group:
            write.error = None
        self._committed()
