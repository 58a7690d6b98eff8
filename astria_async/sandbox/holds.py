"""Requests that are answered now and carried out later, as behind a gateway that gave up."""

import datetime as dt

import anyio
import attrs

from astria_async.sandbox.world import World


@attrs.define(eq=False)
class Holds:
    """
    Lets a request wait for a virtual time, and whoever moves time wait for the request.

    Args:
        world: On whose agenda the waiting stands.
    """

    world: World
    _waiting: dict[int, anyio.Event] = attrs.field(factory=dict)
    _released: int = 0
    _idle: anyio.Event = attrs.field(factory=anyio.Event)

    @property
    def busy(self) -> bool:
        """Whether a released request is still being carried out."""
        return self._released > 0

    async def wait(self, seconds: float) -> None:
        """Return *seconds* later; then the caller counts as busy until ``done``."""
        at = self.world.now() + dt.timedelta(seconds=seconds)
        due = self.world.schedule("request.resume", 0, at)
        event = self._waiting[due.id] = anyio.Event()
        await event.wait()

    def release(self, due_id: int) -> None:
        """Let the one go on that waits for this."""
        event = self._waiting.pop(due_id, None)
        if event is not None:
            self._released += 1
            event.set()

    def done(self) -> None:
        """Say that a released request was carried out."""
        self._released -= 1
        if not self._released:
            self._idle.set()
            self._idle = anyio.Event()

    async def settle(self) -> None:
        """Return once no released request is still being carried out."""
        while self._released:
            await self._idle.wait()
