"""The functions that a user registers to run on callbacks, and how hard they are tried."""

import contextlib
import functools
import inspect
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeVar

import attrs

from astria_async.protocol.addresses import KINDS, Kind
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import ConfigurationError

Handler = Callable[[Any, Callback], Awaitable[object]]
"""Takes the fresh object and the callback that told of it."""
H = TypeVar("H", bound=Handler)

UNSETTLED_SHORTEST = 5.0
UNSETTLED_LONGEST = 600.0


@attrs.frozen(kw_only=True)
class HandlerLimits:
    """
    How handlers are run.

    Attributes:
        concurrency: How many callbacks are worked on at once in this process.
        pauses: Seconds before the second attempt, the third, …; the last holds for all later ones.
        max_attempts: After so many failures a callback is set aside for a person.
        lease: Seconds for which this process has a callback to itself; renewed while handlers run,
            so it bounds how long a killed process delays its callbacks.
        timeout: Seconds that the handlers of one callback may take; ``math.inf`` for no bound.
        shutdown_grace: Seconds that running handlers get to finish when the client is closed.
    """

    concurrency: int = attrs.field(default=8, validator=attrs.validators.ge(1))
    pauses: tuple[float, ...] = attrs.field(
        default=(5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0), validator=attrs.validators.min_len(1)
    )
    max_attempts: int = attrs.field(default=10, validator=attrs.validators.ge(1))
    lease: float = attrs.field(default=60.0, validator=attrs.validators.gt(0))
    timeout: float = attrs.field(default=900.0, validator=attrs.validators.gt(0))
    shutdown_grace: float = attrs.field(default=10.0, validator=attrs.validators.ge(0))

    def pause(self, attempts: int) -> float:
        """Seconds to wait after the *attempts*-th failure, with up to a fifth of jitter."""
        return spread(self.pauses[min(attempts, len(self.pauses)) - 1])


def spread(seconds: float) -> float:
    """*seconds*, plus up to a fifth: many that failed together are not to return together."""
    return seconds * random.uniform(1.0, 1.2)  # noqa: S311 - no secret


def unsettled_pause(age: float) -> float:
    """
    Seconds until a callback *age* seconds old is looked at again, its object not being ready.

    Half its age, so it grows without a count: from 5 s to 10 min.
    """
    return spread(min(max(age / 2, UNSETTLED_SHORTEST), UNSETTLED_LONGEST))


class Handlers:
    """What is registered, by kind, in order of registration."""

    def __init__(self) -> None:
        self._by_kind: dict[Kind, list[Handler]] = {kind: [] for kind in KINDS}
        self._clients = 0

    def __repr__(self) -> str:
        """How many there are of each kind."""
        counts = ", ".join(f"{len(them)} on_{kind}" for kind, them in self._by_kind.items())
        return f"<{type(self).__name__}: {counts}>"

    def add(self, kind: Kind, handler: H) -> H:
        """
        Register *handler*, and give it back.

        Raises:
            ConfigurationError: It is not an async function, or a client has begun without it.
        """
        name = getattr(handler, "__qualname__", repr(handler))
        if self._clients:
            raise ConfigurationError(
                f"@on_{kind} on {name} comes too late: a client is open that would not run it. "
                "Register handlers before 'async with Astria(receiver=…)'"
            )
        if not _is_async(handler):
            raise ConfigurationError(
                f"@on_{kind} needs an async function, and {name} is not one: write 'async def', "
                "and call blocking code through anyio.to_thread.run_sync"
            )
        self._by_kind[kind].append(handler)
        return handler

    @contextlib.contextmanager
    def settled(self) -> Iterator[None]:
        """While a client is open, none can be added."""
        self._clients += 1
        try:
            yield
        finally:
            self._clients -= 1

    def of(self, kind: Kind) -> tuple[Handler, ...]:
        """The handlers of *kind*."""
        return tuple(self._by_kind[kind])

    @property
    def kinds(self) -> frozenset[Kind]:
        """The kinds that have a handler."""
        return frozenset(kind for kind, them in self._by_kind.items() if them)


def _is_async(handler: object) -> bool:
    while isinstance(handler, functools.partial):
        handler = handler.func
    if inspect.isclass(handler):
        return False
    call = getattr(handler, "__call__", None)  # noqa: B004 - its function is looked at
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(call)
