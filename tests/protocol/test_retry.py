"""May it be sent again, and when: the table, and the promise that nothing is created twice."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.protocol.calls import Call, Effect
from astria_async.protocol.errors import (
    APIError,
    AstriaError,
    ConnectionFailed,
    DecodeError,
    InvalidInput,
    ServerError,
    ValidationError,
)
from astria_async.protocol.replies import _BY_STATUS
from astria_async.protocol.retry import NO_RETRY, RetryPolicy, may_have_happened, next_pause

READ = Call(method="GET", path="/tunes/7")
CREATE = Call(method="POST", path="/tunes", effect=Effect.CREATES)
STEADY = RetryPolicy(jitter=0)
LOST = ConnectionFailed("reset", method="POST", path="/tunes", sent=True)
REFUSED = ConnectionFailed("refused", method="POST", path="/tunes", sent=False)


def status(code: int, retry_after: float | None = None) -> APIError:
    """The error of a status."""
    cls = _BY_STATUS.get(code, ServerError if code >= 500 else APIError)
    return cls("no", status=code, retry_after=retry_after)


def pause(call: Call, error: AstriaError, attempt: int = 1, **policy: Any) -> float | None:
    """The pause before the next try, without jitter."""
    bounds = RetryPolicy(**{"jitter": 0, **policy})
    return next_pause(bounds, call, error, attempt=attempt, rng=random.Random(1))


@pytest.mark.parametrize(
    ("error", "read", "create"),
    [
        (REFUSED, 0.5, 0.5),
        (LOST, 0.5, None),
        (status(429), 0.5, 0.5),
        (status(500), 30.0, None),
        (status(502), 0.5, None),
        (status(503), 0.5, None),
        (status(504), 0.5, None),
        (status(409), 0.5, None),
        (status(425), 0.5, None),
        (status(302), None, None),
        (status(400), None, None),
        (status(401), None, None),
        (status(402), None, None),
        (status(403), None, None),
        (status(404), None, None),
        (status(413), None, None),
        (status(422), None, None),
        (DecodeError("odd"), None, None),
        (InvalidInput("odd"), None, None),
    ],
)
def test_who_may_try_again_and_when(
    error: AstriaError, read: float | None, create: float | None
) -> None:
    """The rules, for what reads and for what creates."""
    assert pause(READ, error) == read
    assert pause(CREATE, error) == create


@pytest.mark.parametrize(
    ("error", "happened"),
    [
        (LOST, True),
        (REFUSED, False),
        (status(500), True),
        (status(502), True),
        (status(504), True),
        (status(429), False),
        (status(422), False),
        (status(409), False),
    ],
)
def test_what_may_have_happened(error: AstriaError, happened: bool) -> None:
    """A lost answer and a failing server leave a create in doubt; a refusal does not."""
    assert may_have_happened(error) is happened


errors = st.builds(
    status, st.integers(300, 599), st.none() | st.floats(0, 500, allow_nan=False)
) | st.builds(
    lambda sent: ConnectionFailed("lost", method="POST", path="/", sent=sent), st.booleans()
)


@given(errors, st.integers(1, 10), st.booleans())
def test_nothing_is_created_twice(error: AstriaError, attempt: int, patient: bool) -> None:
    """A create is never sent again after anything by which it may have happened."""
    found = pause(CREATE, error, attempt, attempts=99, maximum=1e6 if patient else 120)

    assert found is None or not may_have_happened(error)


@given(errors, st.integers(1, 2000), st.integers(1, 10))
def test_tries_are_bounded(error: AstriaError, attempt: int, attempts: int) -> None:
    """After the last try there is no other, and no pause is negative."""
    found = pause(READ, error, attempt, attempts=attempts)

    assert found is None or (found >= 0 and attempt < attempts)


@given(st.integers(1, 2000), st.floats(0, 1), st.integers())
def test_jitter_only_lengthens(attempt: int, jitter: float, seed: int) -> None:
    """ "From 30 s" is a minimum, which chance does not undercut."""
    policy = RetryPolicy(attempts=5000, jitter=jitter)

    found = next_pause(policy, READ, status(500), attempt=attempt, rng=random.Random(seed))

    assert found is not None
    assert 30 <= found <= 120 * (1 + jitter)


def test_pauses_double_up_to_their_bound() -> None:
    """Each pause is twice the last one, until the longest."""
    pauses = [pause(READ, status(503), n, attempts=99, maximum=5) for n in range(1, 7)]

    assert pauses == [0.5, 1, 2, 4, 5, 5]


@pytest.mark.parametrize("code", [429, 500, 503])
def test_the_server_may_ask_for_a_pause(code: int) -> None:
    """Retry-After is obeyed, whatever the number of the try."""
    assert pause(READ, status(code, 70.0), 3) == 70


def test_a_500_waits_thirty_seconds_whatever_it_asks() -> None:
    """A shorter Retry-After does not undercut the documented minimum."""
    assert pause(READ, status(500, 1.0)) == 30
    assert pause(READ, status(503, 1.0)) == 1


@pytest.mark.parametrize("code", [429, 503])
def test_a_pause_beyond_patience_ends_the_tries(code: int) -> None:
    """Rather than come too early, we do not come again."""
    assert pause(READ, status(code, 121.0)) is None
    assert pause(READ, status(code, 121.0), maximum=121) == 121


def test_a_422_is_final_even_with_retry_after() -> None:
    """Nothing is sent again after 422."""
    assert pause(READ, ValidationError("no", status=422, retry_after=1)) is None


def test_no_retry_tries_once() -> None:
    """The policy of who paces tries by themselves."""
    assert next_pause(NO_RETRY, READ, REFUSED, attempt=1, rng=random.Random()) is None


@pytest.mark.parametrize(
    "bounds",
    [
        {"attempts": 0},
        {"base": 0},
        {"server_error_base": -1},
        {"maximum": 0},
        {"settle": -1},
        {"jitter": -0.1},
        {"jitter": 1.1},
    ],
)
def test_impossible_bounds_are_refused(bounds: dict[str, Any]) -> None:
    """A policy that could not be obeyed is a ValueError when it is made."""
    with pytest.raises(ValueError, match="must be"):
        RetryPolicy(**bounds)
