"""The shop's own tables, and who is told when they change."""

import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any

import anyio
import asyncpg
import attrs

SILENCE = 15.0
"""Seconds after which a watcher looks again, whether or not it was told of a change."""

CHANNEL = "headshots"
TABLES = """
SELECT pg_advisory_xact_lock(7205);
CREATE TABLE IF NOT EXISTS orders (
    number text PRIMARY KEY, wanted integer NOT NULL, stage text NOT NULL, reason text
);
CREATE TABLE IF NOT EXISTS pictures (
    prompt bigint PRIMARY KEY, number text NOT NULL, urls text[] NOT NULL, reason text
);
CREATE INDEX IF NOT EXISTS pictures_of_order ON pictures (number);
"""
PLACE = "INSERT INTO orders VALUES ($1, $2, 'training')"
ADVANCE = "UPDATE orders SET stage = 'drawing' WHERE number = $1 AND stage = 'training'"
FAIL = "UPDATE orders SET stage = 'failed', reason = $2 WHERE number = $1"
KEEP = """
INSERT INTO pictures VALUES ($2, $1, $3, $4)
ON CONFLICT (prompt) DO UPDATE SET urls = excluded.urls, reason = excluded.reason
"""
GET = """
SELECT wanted, stage, orders.reason, count(prompt) AS settled,
       array_remove(array_agg(pictures.reason), NULL) AS reasons,
       array(SELECT unnest(urls) FROM pictures AS own WHERE own.number = $1 ORDER BY prompt) AS urls
FROM orders LEFT JOIN pictures USING (number) WHERE number = $1
GROUP BY wanted, stage, orders.reason
"""


@attrs.frozen(kw_only=True)
class Order:
    """
    How far an order is.

    Attributes:
        stage: ``training``, ``drawing``, ``done`` or ``failed``.
        settled: Prompts that ended, of so many *wanted*.
        urls: The pictures so far.
        reasons: Why something failed.
    """

    stage: str
    settled: int
    wanted: int
    urls: tuple[str, ...]
    reasons: tuple[str, ...]

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to come."""
        return self.stage in {"done", "failed"}

    def to_dict(self) -> dict[str, Any]:
        """As the page gets it."""
        return attrs.asdict(self)


class Orders:
    """
    Orders in PostgreSQL, and watchers in every process.

    Args:
        url: Of the database.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._bells: defaultdict[str, list[anyio.Event]] = defaultdict(list)
        self._pool: Any = None

    @contextlib.asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Make the tables where they are missing, and listen for changes."""
        async with asyncpg.create_pool(self._url, min_size=1) as self._pool:
            await self._pool.execute(TABLES)
            async with self._pool.acquire() as ear:
                await ear.add_listener(CHANNEL, self._ring)
                yield
                await ear.remove_listener(CHANNEL, self._ring)

    async def place(self, number: str, *, wanted: int) -> None:
        """Note a new order of so many prompts."""
        await self._change(number, PLACE, wanted)

    async def advance(self, number: str) -> None:
        """Note that training ended well."""
        await self._change(number, ADVANCE)

    async def fail(self, number: str, reason: str) -> None:
        """Note that no picture will come."""
        await self._change(number, FAIL, reason)

    async def keep(self, number: str, prompt: int, urls: Sequence[str], reason: str | None) -> None:
        """Note how a prompt ended; the same again changes nothing."""
        await self._change(number, KEEP, prompt, list(urls), reason)

    async def get(self, number: str) -> Order | None:
        """An order, if there is one."""
        row = await self._pool.fetchrow(GET, number)
        if row is None:
            return None
        # Handlers run in any order: prompts may have ended before their training is known to have.
        over = row["stage"] == "drawing" and row["settled"] >= row["wanted"]
        reasons = [*([row["reason"]] if row["reason"] else []), *row["reasons"]]
        return Order(
            stage="done" if over else row["stage"],
            settled=row["settled"],
            wanted=row["wanted"],
            urls=tuple(row["urls"]),
            reasons=tuple(reasons),
        )

    async def watch(self, number: str) -> AsyncIterator[Order | None]:
        """An order now and at each change until it is over; ``None`` after a silence."""
        seen: Order | None = None
        while True:
            # Before looking, so that a change in between is not missed.
            bell = anyio.Event()
            self._bells[number].append(bell)
            try:
                order = await self.get(number)
                yield order if order != seen else None
                if order is None or order.is_over:
                    return
                seen = order
                with anyio.move_on_after(SILENCE):
                    await bell.wait()
            finally:
                self._forget(number, bell)

    async def _change(self, number: str, statement: str, *values: Any) -> None:
        async with self._pool.acquire() as connection, connection.transaction():
            await connection.execute(statement, number, *values)
            # Sent with the commit, and to the other processes too.
            await connection.execute("SELECT pg_notify($1, $2)", CHANNEL, number)

    def _ring(self, _connection: Any, _pid: int, _channel: str, number: str) -> None:
        for bell in self._bells.get(number, ()):
            bell.set()

    def _forget(self, number: str, bell: anyio.Event) -> None:
        self._bells[number].remove(bell)
        if not self._bells[number]:
            del self._bells[number]
