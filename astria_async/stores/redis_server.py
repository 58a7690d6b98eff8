"""One Redis server as the store sees it: scripts within a bound, errors in our words."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import anyio
import redis.asyncio as driver
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    AuthorizationError,
    NoPermissionError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as ConnectionLost
from redis.exceptions import TimeoutError as TooSlow

from astria_async.protocol.errors import ConfigurationError, StoreUnavailable
from astria_async.stores import redis_scripts as scripts
from astria_async.stores.bounded import persist

Value = str | int | bytes
LOST = (ConnectionLost, TooSlow, OSError)
_REFUSALS = (
    AuthenticationError,
    AuthenticationWrongNumberOfArgsError,
    AuthorizationError,
    NoPermissionError,
)
# What else a server says when it does not want us. Scripts bury the code in a sentence.
_REFUSED_WORDS = ("NOAUTH", "WRONGPASS", "NOPERM", "invalid password", "DB index is out of range")


class Refused(StoreUnavailable):
    """The server was reached and does not want us: at the start, a matter of set-up."""


class _Replica(ConnectionLost):
    """We reached a replica, perhaps because roles changed: a new connection may mend it."""


def describe(url: str) -> str:
    """Scheme, host, port and database of *url*, without what must not be shown."""
    parts = urlsplit(url)
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"


def connect(url: str, *, bound: float, connections: int, patience: float = 0.0) -> driver.Redis:
    """
    A client that has not connected yet, and does not try again by itself.

    Args:
        url: Where the server is.
        bound: Seconds for connecting and for an answer.
        connections: How many connections it may open.
        patience: Seconds that an answer may take beyond *bound*.

    Raises:
        ConfigurationError: The URL has a part that the driver does not understand.
    """
    database = urlsplit(url).path.strip("/")
    if database and not database.isdecimal():
        raise _unreadable()  # the driver would take database 0 instead
    try:
        pool = driver.ConnectionPool.from_url(
            url,
            max_connections=connections,
            socket_timeout=bound + patience,
            socket_connect_timeout=bound,
            socket_keepalive=True,
            retry=Retry(NoBackoff(), 0),
            protocol=2,
        )
    except (ValueError, TypeError):
        # The driver's words would quote the URL.
        raise _unreadable() from None
    return driver.Redis.from_pool(pool)


def _unreadable() -> ConfigurationError:
    return ConfigurationError(
        "the Redis store's URL cannot be read: it is redis://user:password@host:port/database, "
        "with options that redis-py knows"
    )


class RedisServer:
    """
    Runs the store's scripts.

    Args:
        url: Where the server is.
        prefix: What every key begins with.
        bound: Seconds that a script may take, with all attempts.
        connections: How many connections there may be.
    """

    def __init__(self, url: str, *, prefix: str, bound: float, connections: int) -> None:
        self._prefix = prefix
        self._bound = bound
        # More than the slots, so that a connection about to be dropped is in nobody's way.
        self._client = connect(url, bound=bound, connections=2 * connections)
        self._slots = anyio.Semaphore(connections)
        self._scripts: dict[str, Any] = {}
        self._closed = False

    async def open(self) -> None:
        """
        Connect, and lay claim to the prefix.

        Raises:
            ConfigurationError: Wrong password or database, or another layout under this prefix.
            StoreUnavailable: No answer within the bound, or it takes no writes.
        """
        try:
            await self.run(scripts.PREPARE)
        except Refused as exc:
            raise ConfigurationError(*exc.args) from exc
        except TypeError:
            # An option of the URL's that a connection does not know shows only here.
            raise _unreadable() from None

    async def close(self) -> None:
        """Close every connection; calls that are still under way make no new ones."""
        self._closed = True
        await self._client.aclose()
        await self._client.connection_pool.disconnect()

    async def run(self, script: str, *args: Value) -> Any:
        """
        What *script* answers; it is run again when its answer may have been lost.

        Raises:
            StoreUnavailable: No answer within the bound, or an error as an answer.
        """
        return await self.rerun(script, lambda _: args)

    async def rerun(self, script: str, args: Callable[[bool], tuple[Value, ...]]) -> Any:
        """As :meth:`run`; *args* is told whether an earlier attempt may have been carried out."""
        call = self._scripts.get(script)
        if call is None:
            call = self._scripts[script] = self._client.register_script(script)

        async def attempt(again: bool) -> Any:
            async with self._slots:
                if self._closed:
                    raise StoreUnavailable("the Redis store was closed during this call")
                try:
                    return await call(keys=[self._prefix], args=args(again))
                except _REFUSALS as exc:
                    raise _refused(exc) from exc
                except ResponseError as exc:
                    if "READONLY" not in str(exc):
                        raise
                    await self._client.connection_pool.disconnect(inuse_connections=False)
                    raise _Replica("it is a read-only replica") from exc

        try:
            return await persist(attempt, bound=self._bound, lost=LOST, server="the Redis store")
        except RedisError as exc:
            raise _translate(exc) from exc

    async def info(self) -> dict[str, Any]:
        """
        What the server says of itself.

        Raises:
            StoreUnavailable: No answer within the bound, or it may not be asked.
        """

        async def attempt(_: bool) -> dict[str, Any]:
            async with self._slots:
                found: dict[str, Any] = await self._client.info("all")
                return found

        try:
            return await persist(attempt, bound=self._bound, lost=LOST, server="the Redis store")
        except RedisError as exc:
            raise _translate(exc) from exc


def _refused(exc: RedisError) -> Refused:
    return Refused(
        f"the Redis server refuses the store: {exc}; check user, password and database in its URL"
    )


def _translate(exc: RedisError) -> StoreUnavailable:
    text = str(exc)
    if "ASTRIAVERSION" in text:
        found = text.partition("ASTRIAVERSION")[2].split()[0]
        return Refused(
            f"the Redis store's keys have version {found}, and this astria-async knows "
            f"{scripts.VERSION}: run the same version everywhere, or use another prefix"
        )
    if any(word in text for word in _REFUSED_WORDS):
        return _refused(exc)
    if "OOM" in text:
        return StoreUnavailable(
            "the Redis server is out of memory and takes no writes: raise its maxmemory, or prune"
        )
    return StoreUnavailable(f"the Redis server failed: {exc}")
