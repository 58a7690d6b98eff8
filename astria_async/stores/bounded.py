"""How long a store with a server tries before it says that there is none."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from astria_async.protocol.errors import ConfigurationError, StoreUnavailable

T = TypeVar("T")
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 1.0


class Pauses:
    """Growing pauses between attempts to reach a server, in seconds."""

    def __init__(self) -> None:
        self._next = FIRST_PAUSE

    async def rest(self) -> None:
        """Wait, and longer the next time."""
        await anyio.sleep(self._next)
        self._next = min(2 * self._next, LONGEST_PAUSE)


async def persist(
    attempt: Callable[[bool], Awaitable[T]],
    *,
    bound: float,
    lost: tuple[type[Exception], ...],
    server: str,
) -> T:
    """
    What *attempt* returns, tried again while the server cannot be reached, as when it restarts.

    Args:
        attempt: Told whether an earlier attempt may have been carried out, its answer lost.
        bound: Seconds for all attempts together.
        lost: Errors that say that the server was not reached, or did not answer.
        server: Its name for the message.

    Raises:
        StoreUnavailable: The bound came first.
    """
    failure: Exception | None = None
    pauses = Pauses()
    try:
        with anyio.fail_after(bound):
            while True:
                try:
                    return await attempt(failure is not None)
                except lost as exc:
                    failure = exc
                await pauses.rest()
    except TimeoutError as exc:
        why = f": {failure}" if failure is not None and str(failure) else ""
        raise StoreUnavailable(f"{server} did not answer within {bound:g} s{why}") from (
            failure or exc
        )


def require_asyncio(store: str) -> None:
    """
    Refuse trio, where the store's driver cannot work.

    Raises:
        ConfigurationError: The running loop is not asyncio's.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError as exc:
        raise ConfigurationError(
            f"{store}'s driver works on asyncio only: run on asyncio, or use SQLite"
        ) from exc
