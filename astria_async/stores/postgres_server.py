"""One PostgreSQL server as the store sees it: statements within a bound, errors in our words."""

import contextlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

import anyio
import asyncpg

from astria_async.protocol.errors import ConfigurationError, StoreUnavailable
from astria_async.stores import postgres_tables as tables
from astria_async.stores.bounded import persist
from astria_async.stores.lifetime import CLOSING

T = TypeVar("T")
Connection = Any
"""An asyncpg connection, or the pool's stand-in for one: the driver's stubs know neither well."""

LOST = (
    OSError,  # TimeoutError is one: connecting took too long
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that is cut in an awkward moment
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.InvalidCachedStatementError,
)
_SETTINGS = {"application_name": "astria-async"}
REFUSALS = (
    asyncpg.InvalidAuthorizationSpecificationError,  # a wrong password is one
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.UndefinedTableError,
    asyncpg.UndefinedColumnError,
)


def describe(url: str) -> str:
    """Host, port and database of *url*, without what must not be shown."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"postgresql://{parts.hostname or ''}{port}{parts.path}"


async def connect(url: str, *, bound: float) -> Connection:
    """
    A connection outside of any pool.

    Raises:
        ConfigurationError: The URL, user, password or database is wrong.
    """
    options: dict[str, Any] = {"timeout": bound, "server_settings": _SETTINGS}
    with _explained():
        return await asyncpg.connect(url, **options)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except asyncpg.ClientConfigurationError:
        raise _unreadable() from None
    except REFUSALS as exc:
        raise ConfigurationError(
            f"the PostgreSQL server refuses the store: {exc}; check user, password and database "
            "in its URL, and that the user may use or create the schema 'astria_async'"
        ) from exc


def _unreadable() -> ConfigurationError:
    # In our words, because the driver's would quote the URL.
    return ConfigurationError(
        "the PostgreSQL store's URL cannot be read: it is "
        "postgresql://user:password@host:port/database, with options that asyncpg knows"
    )


class PostgresServer:
    """
    Runs the store's statements.

    Args:
        url: Where the server is.
        bound: Seconds that a statement may take, with all attempts.
        connections: How many connections there may be.
    """

    def __init__(self, url: str, *, bound: float, connections: int) -> None:
        self._url = url
        self._bound = bound
        self._connections = connections
        self._pool: Any = None
        self._closed = False

    async def open(self) -> None:
        """
        Connect, and create or check the schema.

        Raises:
            ConfigurationError: The URL, user, password, database or a right is wrong, or the
                schema is of another version.
            StoreUnavailable: No answer within the bound.
        """
        with _explained():
            self._pool = await asyncpg.create_pool(
                self._url,
                min_size=0,
                max_size=self._connections,
                timeout=self._bound,
                server_settings=_SETTINGS,
            )
            try:
                await self._persist(lambda db, _: _prepare(db))
            except BaseException:
                with anyio.move_on_after(CLOSING, shield=True):
                    await self.close()
                raise

    async def close(self) -> None:
        """Close every connection; those still in use are cut off after a second."""
        self._closed = True
        with anyio.move_on_after(1):
            await self._pool.close()
            return
        self._pool.terminate()

    async def fetch(self, statement: str, *args: Any) -> list[Mapping[str, Any]]:
        """
        The rows that *statement* gives; it is run again when its answer may have been lost.

        Raises:
            StoreUnavailable: No answer within the bound, or an error as an answer.
        """
        return await self.run(lambda db, _: db.fetch(statement, *args))

    async def run(self, work: Callable[[Connection, bool], Awaitable[T]]) -> T:
        """
        What *work* returns; it is told whether an earlier attempt may have been carried out.

        Raises:
            StoreUnavailable: No answer within the bound, or an error as an answer.
        """
        try:
            return await self._persist(work)
        except asyncpg.DataError:
            raise
        except asyncpg.PostgresError as exc:
            raise StoreUnavailable(f"the PostgreSQL server failed: {exc}") from exc

    async def _persist(self, work: Callable[[Connection, bool], Awaitable[T]]) -> T:
        async def attempt(again: bool) -> T:
            if self._closed:
                raise StoreUnavailable("the PostgreSQL store was closed during this call")
            try:
                async with self._pool.acquire() as db:
                    return await work(db, again)
            except asyncpg.ClientConfigurationError:
                raise _unreadable() from None
            except asyncpg.ReadOnlySQLTransactionError:
                # A replica: another connection may reach what is the primary now.
                await self._pool.expire_connections()
                raise

        return await persist(attempt, bound=self._bound, lost=LOST, server="the PostgreSQL store")


async def _prepare(db: Connection) -> None:
    if not await db.fetchval(tables.HAS_META):
        await db.execute(tables.CREATE)
    version = await db.fetchval(tables.GET_VERSION)
    if version != tables.VERSION:
        raise ConfigurationError(
            f"the PostgreSQL store's schema has version {version}, and this astria-async knows "
            f"{tables.VERSION}: run the same version everywhere, or use another database"
        )
