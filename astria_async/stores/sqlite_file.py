"""
One SQLite connection, worked in threads.

Each piece of work is one plain function that runs whole in one thread, so a transaction is never
half done when its caller is cancelled. A thread that a hung disk holds is left behind at the
deadline; it keeps the connection's lock, so that nobody else touches what it may still write.
"""

import sqlite3
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import anyio
import attrs
from anyio import to_thread

from astria_async.protocol.errors import AstriaError, ConfigurationError, StoreUnavailable

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

_OURS = (
    sqlite3.ProgrammingError,
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.NotSupportedError,
)
_BUSY = ("SQLITE_BUSY", "SQLITE_LOCKED")
OLDEST = (3, 35, 0)
"""The first SQLite that knows RETURNING."""


def unavailable(exc: Exception) -> StoreUnavailable:
    """What an error of SQLite's means to who called us."""
    if _name(exc).startswith(_BUSY):
        return StoreUnavailable("the SQLite store is locked by another program: try again")
    return StoreUnavailable(f"the SQLite store failed: {exc} ({_name(exc)})")


def _name(exc: Exception) -> str:
    return str(getattr(exc, "sqlite_errorname", None) or type(exc).__name__)


class SQLiteFile:
    """
    A connection to the file, one piece of work at a time.

    Args:
        opened: What :func:`connect` gave.
        bound: Seconds that work may take, waiting for its turn and for locks included.
    """

    def __init__(self, opened: "Opened", *, bound: float) -> None:
        self.bound = bound
        self._opened = opened
        self._closed = False
        self._lock = threading.Lock()
        self._turn = anyio.Lock()
        self._limiter = anyio.CapacityLimiter(1)

    @classmethod
    async def open(
        cls, path: Path, *, bound: float, prepare: Callable[[sqlite3.Connection], None]
    ) -> "SQLiteFile":
        """
        Connect, and let *prepare* look at the tables in a transaction.

        Raises:
            ConfigurationError: No such folder, not a database, read-only, or *prepare* refused.
            StoreUnavailable: Another program held it for longer than *bound*.
        """
        # Not abandoned when cancelled: the connection would be left open.
        return cls(await to_thread.run_sync(connect, path, bound, prepare), bound=bound)

    async def read(self, work: Work[T]) -> T:
        """
        What *work* returns; it only reads.

        Raises:
            StoreUnavailable: SQLite failed, or the deadline came first.
        """
        return await self._within(lambda: self._read(work))

    async def write(self, work: Work[T]) -> T:
        """
        What *work* returns, once its transaction is committed.

        Raises:
            StoreUnavailable: SQLite failed, or the deadline came first: then whether *work* was
                committed is not known.
        """
        return await self._within(lambda: self._write(work))

    async def close(self) -> None:
        """Close the connection, unless a thread still hangs in it."""
        # Not our limiter: on trio a thread that was left behind still counts there.
        await to_thread.run_sync(self._close, limiter=anyio.CapacityLimiter(1))

    async def _within(self, work: Callable[[], T]) -> T:
        try:
            with anyio.fail_after(self.bound):
                async with self._turn:
                    return await to_thread.run_sync(
                        work, abandon_on_cancel=True, limiter=self._limiter
                    )
        except TimeoutError as exc:
            raise StoreUnavailable(
                f"the SQLite store did not answer within {self.bound:g} s"
            ) from exc

    def _read(self, work: Work[T]) -> T:
        with _Held(self._lock, self.bound):
            self._require_open()
            try:
                return work(self._opened.db)
            except _OURS:
                raise
            except sqlite3.Error as exc:
                raise unavailable(exc) from exc

    def _write(self, work: Work[T]) -> T:
        with _Held(self._lock, self.bound):
            self._require_open()
            try:
                self._still_there()
                return transact(self._opened.db, work)
            except _OURS:
                raise
            except (sqlite3.Error, OSError) as exc:
                raise unavailable(exc) from exc

    def _close(self) -> None:
        with _Held(self._lock, self.bound):
            self._closed = True
            self._opened.db.close()

    def _require_open(self) -> None:
        if self._closed:
            raise StoreUnavailable("the SQLite store was closed while this call was under way")

    def _still_there(self) -> None:
        # SQLite goes on writing to a file that was deleted or replaced; nobody would read it.
        path = self._opened.path
        try:
            same = _identify(path) == self._opened.identity
        except FileNotFoundError:
            same = False
        if not same:
            raise StoreUnavailable(
                f"the SQLite store {path} was moved, deleted or replaced: restart the program"
            )


@attrs.define
class _Held:
    """The connection's lock, if its holder lets go in time."""

    lock: threading.Lock
    bound: float

    def __enter__(self) -> None:
        if not self.lock.acquire(timeout=self.bound):
            raise StoreUnavailable("the SQLite store hangs in an earlier write: check its disk")

    def __exit__(self, *_: object) -> None:
        self.lock.release()


def transact(db: sqlite3.Connection, work: Work[T]) -> T:
    """What *work* returns, done and committed whole, or not at all."""
    db.execute("BEGIN IMMEDIATE")
    try:
        result = work(db)
        db.execute("COMMIT")
    except BaseException:
        # A full disk makes SQLite roll back by itself.
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise
    return result


@attrs.frozen
class Opened:
    """
    A connection that is set up.

    Attributes:
        db: The connection.
        path: Where its file is.
        identity: Device and inode, which tell the file from one that takes its place.
    """

    db: sqlite3.Connection
    path: Path
    identity: tuple[int, int]


def connect(path: Path, bound: float, prepare: Callable[[sqlite3.Connection], None]) -> Opened:
    """
    Connect for durable commits, and *prepare* the tables; blocks up to *bound* seconds.

    Raises:
        ConfigurationError: The file cannot be used.
        StoreUnavailable: It was locked for too long.
    """
    if sqlite3.sqlite_version_info < OLDEST:
        raise ConfigurationError(
            f"Python's SQLite is {sqlite3.sqlite_version}; the store needs 3.35 or later"
        )
    try:
        db = sqlite3.connect(path, timeout=bound, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as exc:
        raise _unusable(path, exc) from exc
    try:
        _configure(db, path, time.monotonic() + bound)
        transact(db, prepare)
        return Opened(db, path, _identify(path))
    except (AstriaError, OSError):
        db.close()
        raise
    except sqlite3.Error as exc:
        db.close()
        raise _unusable(path, exc) from exc


def _identify(path: Path) -> tuple[int, int]:
    at = path.stat()
    return at.st_dev, at.st_ino


def _configure(db: sqlite3.Connection, path: Path, deadline: float) -> None:
    # FULL: a commit is on the disk before it is acknowledged, even if the power fails.
    db.execute("PRAGMA synchronous = FULL")
    db.execute("PRAGMA fullfsync = ON")
    mode = _write_ahead(db, deadline)
    if mode != "wal":
        raise ConfigurationError(
            f"SQLite cannot keep a write-ahead log for {path} (it offers {mode!r}): put the file "
            "on a local disk, or use 'memory:' if nothing need outlive the process"
        )


def _write_ahead(db: sqlite3.Connection, deadline: float) -> str:
    while True:
        try:
            return str(db.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as exc:
            # Two programs that switch a new file to WAL at once: SQLite does not wait here.
            if not _name(exc).startswith(_BUSY) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _unusable(path: Path, exc: sqlite3.Error) -> AstriaError:
    if _name(exc).startswith(_BUSY):
        return unavailable(exc)
    advice = {
        "SQLITE_CANTOPEN": "does its folder exist, and may you write there?",
        "SQLITE_READONLY": "may you write to the file and its folder?",
        "SQLITE_NOTADB": "it is not a SQLite database",
        "SQLITE_CORRUPT": "the file is damaged; restore it, or use another",
        "SQLITE_FULL": "the disk is full",
    }
    known = [text for name, text in advice.items() if _name(exc).startswith(name)]
    return ConfigurationError(
        f"the SQLite store {path} cannot be used: {'; '.join([str(exc), *known])}"
    )
