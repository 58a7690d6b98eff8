"""Workers under faults at random: every callback is handled, and never by two at a time."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import anyio
import pytest

from astria_async.protocol.addresses import Address
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import ConnectionFailed
from astria_async.receiver.attempt import Attempt
from astria_async.receiver.handlers import HandlerLimits, Handlers
from astria_async.receiver.worker import HandlerWorker
from astria_async.sandbox.clock import VirtualClock
from astria_async.stores import State

pytestmark = pytest.mark.anyio

VERBS = ("claim", "renew", "finish", "release")


class Chaos:
    """Two workers, one store, and dice."""

    def __init__(self, seed: int, store: Any, clock: VirtualClock) -> None:
        self.dice = random.Random(seed)
        self.store, self.clock = store, clock
        self.runs: Counter[str] = Counter()
        self.busy: set[str] = set()
        self.overlaps = 0
        self.calm = False
        self.handlers = Handlers()
        self.handlers.add("tune", self.handle)
        self.sent: list[Address] = []

    def chance(self, share: float) -> bool:
        return not self.calm and self.dice.random() < share

    async def load(self, callback: Callback) -> str | None:
        if self.chance(0.2):
            raise ConnectionFailed("no", method="GET", path="/", sent=False)
        return None if self.chance(0.2) else callback.wait

    async def handle(self, found: str, callback: Callback) -> None:
        self.overlaps += callback.wait in self.busy
        self.busy.add(callback.wait)
        try:
            await self.clock.sleep(self.dice.choice([0, 1, 30, 200]))
            if self.chance(0.3):
                raise ValueError("at random")
            self.runs[callback.wait] += 1
        finally:
            self.busy.discard(callback.wait)

    async def work(self) -> None:
        """One worker, killed and started again until things are calm."""
        limits = HandlerLimits(
            concurrency=3, max_attempts=1000, pauses=(5, 30, 60), shutdown_grace=0
        )
        attempt = Attempt(
            handlers=self.handlers, load=self.load, outcome=str, limits=limits, clock=self.clock
        )
        while not self.calm:
            with anyio.CancelScope() as self.life:
                await HandlerWorker(store=self.store, attempt=attempt, clock=self.clock).run()
        await HandlerWorker(store=self.store, attempt=attempt, clock=self.clock).run()

    async def put(self, address: Address) -> None:
        self.sent.append(address)
        for body in self.dice.sample([b"1", b"2", b"3"], self.dice.randint(1, 3)):
            callback = Callback(
                kind="tune", wait=address.wait, body=body, received_at=self.clock.now()
            )
            await self.store.put(callback)

    def shake(self) -> None:
        """Break or mend the store, kill a worker, move the clock."""
        if self.chance(0.1):
            self.store.broken = {verb for verb in VERBS if self.chance(0.5)}
        if self.chance(0.02):
            self.life.cancel()
        self.clock.advance(self.dice.choice([1, 3, 5]))

    async def is_done(self) -> bool:
        records = [await self.store.record(it.wait) for it in self.sent]
        return all(it.state is State.DONE for it in records)


@pytest.mark.parametrize("seed", range(8))
async def test_every_callback_is_handled(
    seed: int,
    store: Any,
    clock: VirtualClock,
    address: Callable[..., Address],
    settle: Callable[[], Any],
) -> None:
    """With outages, failures, duplicates and killed workers, each is handled, one at a time."""
    chaos = Chaos(seed, store, clock)
    await store.open()

    async with anyio.create_task_group() as tg:
        tg.start_soon(chaos.work)
        tg.start_soon(chaos.work)
        for step in range(300):
            await settle()
            if step % 10 == 0:
                await chaos.put(address())
            chaos.shake()
        chaos.calm, store.broken = True, set()
        chaos.life.cancel()
        for _ in range(400):
            await settle()
            if await chaos.is_done():
                break
            clock.advance(5)
        tg.cancel_scope.cancel()
    await store.aclose()

    assert set(chaos.runs) == {it.wait for it in chaos.sent}
    assert (chaos.overlaps, chaos.busy) == (0, set())
