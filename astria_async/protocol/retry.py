"""
May it be sent again, and when: the rules, as plain functions.

The loop that obeys them is in the transport. It is ours rather than a retry library's because each
decision depends on what the failed try may have done, and because waiting must obey the client's
clock.

* A request that surely did not reach the server may always be sent again.
* 429 was not processed: again after ``Retry-After``, or with growing pauses.
* 500 waits from 30 s (docs.astria.ai/docs/api/overview); 502, 503 and 504 on a read are gateways.
* 409 and 425 on a read may pass.
* What creates is never sent again after anything else: first somebody must look.
* Every other 4xx is final.
"""

import random

import attrs

from astria_async.protocol.calls import Call, Effect
from astria_async.protocol.errors import (
    APIError,
    AstriaError,
    ConnectionFailed,
    RateLimited,
    ServerError,
)

INTERNAL_ERROR = 500
PASSING = frozenset({409, 425})
MAX_DOUBLINGS = 32


@attrs.frozen(kw_only=True)
class RetryPolicy:
    """
    How often and how long to try.

    Attributes:
        attempts: Tries in all, the first included; 1 never tries again.
        base: Seconds before the second try; doubles with each.
        server_error_base: The same after a status 500.
        maximum: The longest pause before jitter, in seconds. A longer ``Retry-After`` ends the
            tries.
        settle: Seconds after a lost answer in which a create may still be going on at the server.
        jitter: Share of a pause, up to 1, by which it is lengthened at random, so that clients do
            not march in step.
    """

    attempts: int = attrs.field(default=5, validator=attrs.validators.ge(1))
    base: float = attrs.field(default=0.5, validator=attrs.validators.gt(0))
    server_error_base: float = attrs.field(default=30.0, validator=attrs.validators.gt(0))
    maximum: float = attrs.field(default=120.0, validator=attrs.validators.gt(0))
    settle: float = attrs.field(default=60.0, validator=attrs.validators.ge(0))
    jitter: float = attrs.field(
        default=0.25, validator=[attrs.validators.ge(0), attrs.validators.le(1)]
    )


NO_RETRY = RetryPolicy(attempts=1)


def may_have_happened(error: AstriaError) -> bool:
    """Whether a create that ended with *error* may have made its object all the same."""
    if isinstance(error, ConnectionFailed):
        return error.sent
    return isinstance(error, ServerError)


def next_pause(
    policy: RetryPolicy, call: Call, error: AstriaError, *, attempt: int, rng: random.Random
) -> float | None:
    """
    Seconds to wait before *call* is sent again, or ``None`` when it must not be.

    Args:
        policy: The bounds.
        call: What failed.
        error: How.
        attempt: Which try that was, from 1.
        rng: Draws the jitter.
    """
    if attempt >= policy.attempts:
        return None
    if call.effect is Effect.CREATES and may_have_happened(error):
        return None
    if not isinstance(error, ConnectionFailed) and not _may_pass(call, error):
        return None
    internal = isinstance(error, APIError) and error.status == INTERNAL_ERROR
    base = policy.server_error_base if internal else policy.base
    asked = error.retry_after if isinstance(error, APIError) else None
    if asked is not None:
        pause = max(asked, base) if internal else asked
        return pause if pause <= policy.maximum else None
    pause = min(policy.maximum, base * 2.0 ** min(attempt - 1, MAX_DOUBLINGS))
    # Only ever longer: "from 30 s" is a minimum.
    return pause * (1 + policy.jitter * rng.random())


def _may_pass(call: Call, error: AstriaError) -> bool:
    if isinstance(error, APIError) and error.status in PASSING:
        return call.effect is Effect.NONE
    return isinstance(error, (RateLimited, ServerError))
