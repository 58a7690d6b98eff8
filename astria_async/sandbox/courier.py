"""Carries callbacks out: each once, never again, with a record of how it went."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import anyio
import anyio.abc

from astria_async.sandbox import callbacks
from astria_async.sandbox.records import Delivery, Prompt, Tune
from astria_async.sandbox.transport import Network
from astria_async.sandbox.world import World

MAX_AT_ONCE = 64
HEADERS = {"Content-Type": "application/json", "Accept": "*/*", "User-Agent": "Ruby"}
Deliver = Callable[[str, bytes, dict[str, str]], Awaitable[int]]
View = Callable[[Tune | Prompt], dict[str, Any]]


class Courier:
    """
    Sends deliveries concurrently, but the prompts of a tune after the tune's own.

    Args:
        world: Where deliveries are recorded.
        network: How they are sent.
        view: Shows a record as the API would.
        keep: Keeps what came of a delivery.
        deliver: Sends in the network's place, if given.
    """

    def __init__(
        self,
        world: World,
        network: Network,
        view: View,
        keep: Callable[[], Awaitable[None]],
        deliver: Deliver | None = None,
    ) -> None:
        self._world = world
        self._network = network
        self._view = view
        self._keep = keep
        self._deliver = deliver
        self._outbox: list[tuple[Delivery, ...]] = []
        self._limit = anyio.CapacityLimiter(MAX_AT_ONCE)
        self._in_flight = 0
        self._settled: anyio.Event | None = None
        self._tune_calls: dict[int, anyio.Event] = {}

    @property
    def busy(self) -> bool:
        """Whether a delivery is in flight."""
        return self._in_flight > 0

    def compose(self, kind: str, subject: int) -> tuple[str, Any] | None:
        """The URL and body of a callback; ``None`` if there is nothing left to tell, or no URL."""
        world, shape = self._world, self._world.settings.callback_shape
        if kind == "prompts":
            order = world.orders.get(subject)
            if order is None or not order.prompts_callback:
                return None
            prompts = [p for i in order.prompt_ids if (p := world.prompts.get(i))]
            return order.prompts_callback, callbacks.run_body([self._view(p) for p in prompts])
        record: Tune | Prompt | None
        record = world.tunes.get(subject) if kind == "tune" else world.prompts.get(subject)
        if record is None or not record.callback:
            return None
        return record.callback, callbacks.body(kind, self._view(record), shape)

    def post(self, *deliveries: Delivery) -> None:
        """Lay deliveries out, one to follow the other; ``send`` takes them along."""
        self._outbox.append(tuple(self._world.deliveries.put(each) for each in deliveries))

    def send(self, tasks: anyio.abc.TaskGroup) -> None:
        """Begin to send what was laid out, each in a task of its own."""
        outbox, self._outbox = self._outbox, []
        for deliveries in outbox:
            self._in_flight += 1
            first, gate = deliveries[0], None
            if first.kind == "tune":
                gate = self._tune_calls[first.object_id] = anyio.Event()
            tasks.start_soon(self._run, deliveries, gate)

    async def settle(self) -> None:
        """Return once no delivery is in flight."""
        while self._in_flight:
            if self._settled is None:
                self._settled = anyio.Event()
            await self._settled.wait()

    async def _run(self, deliveries: Sequence[Delivery], gate: anyio.Event | None) -> None:
        first = deliveries[0]
        try:
            if gate is None:
                await self._after_tune(first)
            for delivery in deliveries:
                await self.deliver(delivery)
        finally:
            if gate is not None:
                gate.set()
                if self._tune_calls.get(first.object_id) is gate:
                    del self._tune_calls[first.object_id]
            self._in_flight -= 1
            if not self._in_flight and self._settled is not None:
                self._settled.set()
                self._settled = None

    async def _after_tune(self, delivery: Delivery) -> None:
        prompt = self._world.prompts.get(delivery.object_id)
        if delivery.kind != "prompt" or prompt is None:
            return
        for tune_id in (prompt.tune_id, *prompt.references):
            call = self._tune_calls.get(tune_id)
            if call is not None:
                await call.wait()

    async def deliver(self, delivery: Delivery) -> Delivery:
        """Send one delivery and record how it went; a receiver's failure is not ours."""
        change = self._world.deliveries.change
        async with self._limit:
            if delivery.id not in self._world.deliveries:
                return delivery
            change(delivery.id, sent_at=self._world.now())
            status, response, error = await self._attempt(delivery)
            if delivery.id not in self._world.deliveries:
                return delivery
            done = change(
                delivery.id,
                answered_at=self._world.now(),
                status=status,
                response=response,
                error=error,
            )
        await self._keep()
        return done

    async def _attempt(self, delivery: Delivery) -> tuple[int | None, str | None, str | None]:
        content = delivery.body.encode()
        try:
            if self._deliver is not None:
                return await self._deliver(delivery.url, content, dict(HEADERS)), None, None
            status, response = await self._network.post(delivery.url, content, HEADERS)
        except OSError as error:
            return None, None, str(error)
        return status, response, None
