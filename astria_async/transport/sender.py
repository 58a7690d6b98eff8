"""The gate and the retries in front of a transport."""

import logging
import random

import anyio
import attrs

from astria_async.clock import Clock
from astria_async.events import log_event
from astria_async.protocol.calls import Call
from astria_async.protocol.errors import APIError, AstriaError, ConnectionFailed, RateLimited
from astria_async.protocol.replies import Reply, read_error
from astria_async.protocol.retry import RetryPolicy, next_pause
from astria_async.transport.base import Transport

RESOLUTION = 0.001
"""Seconds that are not worth another sleep."""

logger: logging.Logger = logging.getLogger("astria_async.transport")


@attrs.define
class Sender:
    """
    Sends calls through one transport: at most so many at once, again where that is allowed.

    Args:
        transport: Sends one try.
        clock: Measures the pauses.
        policy: The bounds of retrying, unless a call brings its own.
        gate: Bounds how many tries are on their way at once.
        rng: Draws the jitter.
    """

    transport: Transport
    clock: Clock
    policy: RetryPolicy
    gate: anyio.CapacityLimiter
    rng: random.Random = attrs.field(factory=random.Random)
    _quiet_until: float = attrs.field(default=0.0, init=False)

    async def send(self, call: Call, *, policy: RetryPolicy | None = None) -> Reply:
        """
        The answer to *call*, with a 2xx status.

        Raises:
            APIError: An error status, after the retries that its kind allows.
            ConnectionFailed: No answer, likewise.
            InvalidInput: A file of the request cannot be read.
        """
        policy = policy or self.policy
        attempt = 1
        while True:
            try:
                return await self._try(call)
            except (APIError, ConnectionFailed) as error:
                pause = self._pause(policy, call, error, attempt)
                if pause is None:
                    raise
                log_event(
                    logger,
                    logging.INFO,
                    "request.retried",
                    method=call.method,
                    path=call.path,
                    attempt=attempt,
                    pause=round(pause, 3),
                    error=type(error).__name__,
                )
            await self.clock.sleep(pause)
            attempt += 1

    def _pause(
        self, policy: RetryPolicy, call: Call, error: AstriaError, attempt: int
    ) -> float | None:
        pause = None
        if call.replayable:
            pause = next_pause(policy, call, error, attempt=attempt, rng=self.rng)
        if isinstance(error, RateLimited):
            # One client, one allowance: whoever sends next would only be refused too.
            asked = error.retry_after if error.retry_after is not None else pause or policy.base
            until = self.clock.monotonic() + min(asked, policy.maximum)
            self._quiet_until = max(self._quiet_until, until)
        return pause

    async def _try(self, call: Call) -> Reply:
        reply: Reply | None = None
        while reply is None:
            if self._quiet_left():
                await self.clock.sleep(self._quiet_left())
            await self._pass_gate()
            try:
                # Whoever was at the gate when a 429 came has to wait as well.
                reply = None if self._quiet_left() else await self.transport.send(call)
            finally:
                self.gate.release()
        if not reply.ok:
            raise read_error(call, reply, now=self.clock.now())
        return reply

    async def _pass_gate(self) -> None:
        if self.gate.available_tokens > 0:
            # Without the round of the loop that acquire() takes even where it need not wait.
            self.gate.acquire_nowait()
        else:
            await self.gate.acquire()

    def _quiet_left(self) -> float:
        left = self._quiet_until - self.clock.monotonic()
        return left if left > RESOLUTION else 0.0
