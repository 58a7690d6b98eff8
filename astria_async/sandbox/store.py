"""The world in an SQLite file, so that it outlives the process."""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread

from astria_async.sandbox.state import VERSION, StateError, encode
from astria_async.sandbox.world import World

_TABLES = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (
    shelf TEXT NOT NULL, id TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (shelf, id)
) WITHOUT ROWID;
"""
_PUT = "INSERT OR REPLACE INTO records (shelf, id, body) VALUES (?, ?, ?)"
_DROP = "DELETE FROM records WHERE shelf = ? AND id = ?"
_META = "INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)"
Row = tuple[str, str, str | None]


class Store:
    """
    One sandbox's file. A second sandbox on the same file is refused.

    Args:
        path: Created if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = anyio.Lock()
        self._file: sqlite3.Connection | None = None

    async def open(self) -> dict[str, Any] | None:
        """
        Open the file, and keep it from others.

        Returns:
            The document for ``state.load``; ``None`` from a new file.

        Raises:
            StateError: If the file cannot be used.
        """
        try:
            return await anyio.to_thread.run_sync(self._open)
        except sqlite3.Error as error:
            reason = "another sandbox uses it" if "locked" in str(error) else str(error)
            raise StateError(f"cannot use {self._path} for the state: {reason}") from error

    async def save(self, world: World, *, everything: bool = False, anyway: bool = False) -> None:
        """
        Write what changed since the last time; whoever awaits it finds their changes on the disk.

        Args:
            world: Whose journal is emptied.
            everything: Writes all records anew.
            anyway: Writes the time even if nothing else changed.

        Raises:
            StateError: If the disk does not take it; the changes stay noted for the next time.
        """
        async with self._lock:
            journal, shelves = world.journal, {shelf.name: shelf for shelf in world.shelves}
            if not everything and not anyway and not journal.dirty:
                return
            dirty, journal.dirty = journal.dirty, {}
            keys: Iterable[tuple[str, int | str]] = dirty
            if everything:
                keys = [(shelf.name, record.id) for shelf in world.shelves for record in shelf]
            rows: list[Row] = []
            for name, key in keys:
                record = shelves[name].get(key)
                rows.append((name, str(key), None if record is None else encode(record)))
            meta = {f"last_id:{name}": str(shelf.last_id) for name, shelf in shelves.items()}
            meta |= {"version": str(VERSION), "now": world.clock.now().isoformat()}
            try:
                await anyio.to_thread.run_sync(self._write, rows, meta, everything)
            except sqlite3.Error as error:
                journal.dirty = dirty | journal.dirty
                raise StateError(f"cannot write the state to {self._path}: {error}") from error

    async def close(self) -> None:
        """Let others have the file."""
        with anyio.move_on_after(5, shield=True):
            async with self._lock:
                await anyio.to_thread.run_sync(self._close)

    def _open(self) -> dict[str, Any] | None:
        self._file = sqlite3.connect(
            self._path, timeout=1, isolation_level=None, check_same_thread=False
        )
        try:
            self._file.execute("PRAGMA locking_mode = EXCLUSIVE")
            self._file.execute("PRAGMA journal_mode = WAL")
            self._file.execute("PRAGMA synchronous = NORMAL")
            self._file.executescript(_TABLES)
            return self._read(self._file)
        except BaseException:
            self._close()
            raise

    def _read(self, file: sqlite3.Connection) -> dict[str, Any] | None:
        with closing(file.execute("SELECT name, value FROM meta")) as found:
            meta = dict(found.fetchall())
        if not meta:
            return None
        records: dict[str, list[Any]] = {}
        with closing(file.execute("SELECT shelf, body FROM records")) as found:
            for shelf, body in found:
                records.setdefault(shelf, []).append(json.loads(body))
        for rows in records.values():
            # Ids are kept as text, and shelves are in order of age.
            rows.sort(key=lambda row: (isinstance(row["id"], str), row["id"]))
        return {
            "version": int(meta["version"]),
            "now": meta["now"],
            "last_ids": {
                name.partition(":")[2]: number
                for name, number in meta.items()
                if name.startswith("last_id:")
            },
            "records": records,
        }

    def _write(self, rows: list[Row], meta: dict[str, str], everything: bool) -> None:
        assert self._file is not None
        with self._file as file:
            file.execute("BEGIN IMMEDIATE")
            if everything:
                file.execute("DELETE FROM records")
            file.executemany(_PUT, [row for row in rows if row[2] is not None])
            file.executemany(_DROP, [row[:2] for row in rows if row[2] is None])
            file.executemany(_META, list(meta.items()))

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
