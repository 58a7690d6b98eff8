"""The gate and the retries in front of a transport."""

import logging
import random

import anyio
import attrs

from astria_async.clock import Clock
from astria_async.protocol.calls import Call
from astria_async.protocol.errors import APIError, AstriaError, ConnectionFailed, RateLimited
from astria_async.protocol.replies import Reply, read_error
from astria_async.protocol.retry import RetryPolicy, next_pause
from astria_async.transport.base import Transport

logger = logging.getLogger("astria_async.transport")


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
                logger.info(
                    "astria.retry",
                    extra={"path": call.path, "attempt": attempt, "pause": round(pause, 3)},
                )
            await self.clock.sleep(pause)
            attempt += 1

    def _pause(
        self, policy: RetryPolicy, call: Call, error: AstriaError, attempt: int
    ) -> float | None:
        if isinstance(error, RateLimited) and error.retry_after is not None:
            # One client, one allowance: whoever sends next would only be refused too.
            quiet = min(error.retry_after, policy.maximum)
            self._quiet_until = max(self._quiet_until, self.clock.monotonic() + quiet)
        if not call.replayable:
            return None
        return next_pause(policy, call, error, attempt=attempt, rng=self.rng)

    async def _try(self, call: Call) -> Reply:
        wait = self._quiet_until - self.clock.monotonic()
        if wait > 0:
            await self.clock.sleep(wait)
        async with self.gate:
            reply = await self.transport.send(call)
        if not reply.ok:
            raise read_error(call, reply, now=self.clock.now())
        return reply
