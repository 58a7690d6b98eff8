"""Registering handlers, and how long the pauses between attempts are."""

import functools
from typing import Any

import attrs
import pytest

from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import ConfigurationError
from astria_async.receiver import HandlerLimits, Receiver
from astria_async.receiver.handlers import Handlers, unsettled_pause


async def _handle(tune: Any, callback: Callback) -> None:
    """Do nothing."""


class Called:
    """An object that is called."""

    async def __call__(self, tune: Any, callback: Callback) -> None:
        """Do nothing."""


def test_decorator_gives_the_function_back(receiver: Receiver) -> None:
    """What is decorated stays what it was."""
    for register in (receiver.on_tune, receiver.on_prompt, receiver.on_pack):
        assert register(_handle) is _handle


def test_handled_kinds(receiver: Receiver) -> None:
    """A kind is handled once it has a handler."""
    before = receiver.handled_kinds
    receiver.on_prompt(_handle)
    receiver.on_prompt(_handle)

    assert (frozenset(), frozenset({"prompt"})) == (before, receiver.handled_kinds)


@pytest.mark.parametrize(
    "handler", [_handle, functools.partial(_handle), Called(), Called().__call__]
)
def test_async_in_any_form(handler: Any) -> None:
    """Async functions, methods, partials and objects will do."""
    handlers = Handlers()
    handlers.add("tune", handler)

    assert (handler,) == handlers.of("tune")


@pytest.mark.parametrize("handler", [print, lambda tune, callback: None, object(), None, Called])
def test_not_async(receiver: Receiver, handler: Any) -> None:
    """Anything else is refused when it is registered, not when a callback comes."""
    with pytest.raises(ConfigurationError, match="async def"):
        receiver.on_tune(handler)


def test_growing_pauses() -> None:
    """Pauses grow with each failure up to the last, with a fifth of jitter."""
    limits = HandlerLimits(pauses=(5, 30, 120))

    for attempts, pause in [(1, 5), (2, 30), (3, 120), (4, 120), (100, 120)]:
        assert pause <= limits.pause(attempts) <= pause * 1.2


def test_default_pauses() -> None:
    """The defaults go from seconds to an hour."""
    assert HandlerLimits().pauses == (5, 30, 120, 600, 1800, 3600)


@pytest.mark.parametrize(
    "wrong",
    [
        {"concurrency": 0},
        {"max_attempts": 0},
        {"pauses": ()},
        {"lease": 0},
        {"timeout": 0},
        {"shutdown_grace": -1},
    ],
)
def test_impossible_limits(wrong: Any) -> None:
    """Limits under which nothing could run are refused."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        HandlerLimits(**wrong)


@pytest.mark.parametrize(("age", "pause"), [(-5, 5), (0, 5), (60, 30), (1200, 600), (86400, 600)])
def test_unsettled(age: Any, pause: Any) -> None:
    """A callback whose object is not ready is looked at ever more seldom."""
    assert pause <= unsettled_pause(age) <= pause * 1.2


def test_limits_are_facts() -> None:
    """Limits cannot be changed under a running worker."""
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        HandlerLimits().concurrency = 3
