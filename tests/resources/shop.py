"""The client's parts over a scripted API."""

from typing import Any

import anyio
import attrs
from scripted import START, Scripted, SwiftClock

from astria_async.protocol.models import Prompt, Tune
from astria_async.protocol.retry import RetryPolicy
from astria_async.receiver import Receiver
from astria_async.resources import Core, Prompts, Tunes
from astria_async.stores import MemoryStore
from astria_async.transport import Sender
from astria_async.waiting import WaitPolicy, Waits

SECRET = "a secret of the tests, 32 bytes."
POLICY = RetryPolicy(jitter=0.0)


@attrs.define(eq=False)
class Shop:
    """One client over an API, which it may share with others."""

    api: Scripted
    core: Core
    clock: SwiftClock

    @property
    def tunes(self) -> Tunes:
        """``astria.tunes``."""
        return Tunes(self.core)

    @property
    def prompts(self) -> Prompts:
        """``astria.prompts``."""
        return Prompts(self.core)

    async def tune(self, **options: Any) -> Tune:
        """Create a tune of one picture."""
        settings = {"name": "cat", "image_urls": ["https://example.com/1.jpg"]} | options
        return await self.tunes.create(**settings)

    async def prompt(self, text: str | None = "a cat", **options: Any) -> Prompt:
        """Create a prompt on tune 5."""
        return await self.prompts.create(5, text, **options)

    def passed(self) -> float:
        """Seconds since the beginning."""
        return (self.clock.now() - START).total_seconds()


def new_receiver(
    clock: SwiftClock, store: MemoryStore | None = None, secret: str = SECRET
) -> Receiver:
    """A receiver over *store*."""
    store = store or MemoryStore(clock=clock)
    return Receiver("https://hooks.example.com/", secret=secret, store=store, clock=clock)


def open_shop(
    api: Scripted | None = None,
    *,
    receiver: Receiver | None = None,
    store: MemoryStore | None = None,
    policy: RetryPolicy = POLICY,
    idempotent: bool = False,
) -> Shop:
    """A client: with callbacks if it has a *receiver*, noting them if it has a *store*."""
    api = api or Scripted(SwiftClock())
    clock = api.clock
    assert isinstance(clock, SwiftClock)
    gate = anyio.CapacityLimiter(10)
    sender = Sender(api, clock, policy, gate)
    waits = Waits(clock, WaitPolicy())
    core = Core(sender, waits, clock, receiver, idempotent, ledger=store)
    return Shop(api, core, clock)
