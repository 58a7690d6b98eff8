"""What the dashboard sees of the sandbox, and may do with it."""

import secrets
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import anyio
import attrs

from astria_async.sandbox.control import Control
from astria_async.sandbox.dashboard.counts import Census, Counts
from astria_async.sandbox.gallery import DEFAULT_ACCOUNT
from astria_async.sandbox.records import Account, Delivery
from astria_async.sandbox.requests import RequestRecord
from astria_async.sandbox.services import Services
from astria_async.sandbox.world import World

PATIENCE = 2.0
T = TypeVar("T")


@attrs.define(eq=False)
class Desk:
    """
    The sandbox's parts, as the dashboard needs them.

    Attributes:
        services: The parts that also answer the API.
        later: Runs a function in a task of the sandbox's own.
        patience: Real seconds that a click waits for what it set off.
        boot: Differs from one start to the next, so that no browser shows yesterday's pictures.
    """

    services: Services
    later: Callable[..., None]
    patience: float = PATIENCE
    boot: str = attrs.field(factory=lambda: secrets.token_hex(8))
    _jumps: int = 0
    _census: Census | None = None

    @property
    def world(self) -> World:
        """The state."""
        return self.services.world

    @property
    def control(self) -> Control:
        """The sandbox, for what its own addresses do too."""
        return self.services.control

    @property
    def jumping(self) -> bool:
        """Whether the clock is being moved, and what is due on the way is still happening."""
        return self._jumps > 0

    def counts(self) -> Counts:
        """How many there are of what."""
        if self._census is None:
            self._census = Census(self.world)
        return self._census.take()

    def latest_requests(self) -> list[RequestRecord]:
        """What came in, the youngest first."""
        return list(self.control.requests)[::-1]

    def accounts(self) -> Iterable[Account]:
        """The accounts that a person may hold."""
        return (account for account in self.world.accounts if not account.gallery)

    def account(self, number: int | None = None) -> Account | None:
        """The account of a number, or the one that the sandbox's key opens."""
        account = self.world.accounts.get(DEFAULT_ACCOUNT if number is None else number)
        return None if account is None or account.gallery else account

    async def advance(self, seconds: float) -> bool:
        """
        Move the clock, with everything that is due on the way.

        Returns:
            Whether it was done within a moment; otherwise it goes on, because a receiver that does
            not answer holds it up.
        """
        return await self._begin(self._jump, seconds)

    async def send_again(self, delivery: Delivery) -> bool:
        """Replay a callback; returns as ``advance`` does."""
        return await self._begin(self.control.replay, delivery)

    async def _jump(self, seconds: float) -> None:
        self._jumps += 1
        try:
            await self.control.advance(seconds)
        finally:
            self._jumps -= 1

    async def _begin(self, act: Callable[[T], Awaitable[Any]], value: T) -> bool:
        done = anyio.Event()
        self.later(_finish, act, value, done)
        with anyio.move_on_after(self.patience):
            await done.wait()
        return done.is_set()


async def _finish(act: Callable[[T], Awaitable[Any]], value: T, done: anyio.Event) -> None:
    try:
        await act(value)
    finally:
        done.set()
