"""
How a process notices what another one wrote to the same SQLite file.

SQLite has no notification. ``PRAGMA data_version`` tells within 4 µs, from shared memory, whether
any other connection committed: a thread asks for it at a short interval, and looks further only
when it changed. Commits of its own process ring its bell, so that those are heard of at once.
"""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from astria_async.protocol.errors import AstriaError
from astria_async.stores import sqlite_tables as tables
from astria_async.stores.hints import MOST
from astria_async.stores.sqlite_file import connect

PAUSE = 0.25
"""Seconds between attempts to reach a file that failed."""


@attrs.define(eq=False)
class Lookout:
    """
    Watches a file from a thread of its own: :meth:`run` is the thread.

    Attributes:
        path: The file.
        interval: Seconds between two looks.
        timeout: Seconds to wait for another program's lock.
        add: Told of wait ids that changed.
        miss: Told that changes may have gone unseen: after each attempt to connect.
    """

    path: Path
    interval: float
    timeout: float
    add: Callable[[frozenset[str]], Any]
    miss: Callable[[], Any]
    _bell: threading.Event = attrs.field(factory=threading.Event)
    _stopped: bool = False
    _seq: int | None = None

    def ring(self) -> None:
        """Look now: this process committed something."""
        self._bell.set()

    def stop(self) -> None:
        """Let the thread end."""
        self._stopped = True
        self._bell.set()

    def run(self) -> None:
        """Watch until :meth:`stop`; a file that fails is opened again, with hints missed."""
        while not self._stopped:
            try:
                db = connect(self.path, self.timeout, tables.prepare).db
            except (AstriaError, OSError):
                self.miss()
                self._rest(PAUSE)
                continue
            try:
                self._watch(db)
            except sqlite3.Error:
                self._rest(PAUSE)
            finally:
                db.close()

    def _watch(self, db: sqlite3.Connection) -> None:
        # The file may be another one now, whose numbers start anew.
        self._seq = tables.last_seq(db)
        self.miss()
        seen = None
        while not self._stopped:
            (version,) = db.execute("PRAGMA data_version").fetchone()
            if version != seen:
                seen = version
                self._read(db)
            self._rest(self.interval)

    def _read(self, db: sqlite3.Connection) -> None:
        changes = tables.changed(db, self._seq or 0, MOST + 1)
        if changes:
            self._seq = changes[-1][1]
            self.add(frozenset(wait for wait, _ in changes))

    def _rest(self, seconds: float) -> None:
        if self._bell.wait(seconds):
            self._bell.clear()
