"""
Waiting for one thing in one task, as cheaply as the loop that runs allows.

An event of anyio's is made for any number of tasks, and on asyncio weighs as much as all else that
a wait needs: so there a bare future stands in for it.
"""

import asyncio
from collections.abc import Generator
from typing import Any, Protocol

import anyio


def on_asyncio() -> bool:
    """Whether a task of asyncio's runs this, with no other loop inside it."""
    try:
        return asyncio.current_task() is not None
    except RuntimeError:
        return False


class Pause(Protocol):
    """Awaited by one task, ended by anyone in its thread; then it may be begun again."""

    def __await__(self) -> Generator[Any, Any, Any]:
        """Return once it was ended; at once if it was ended before."""
        ...

    def end(self, _: object = None) -> None:
        """Wake the task, or whichever comes next."""
        ...

    def begin_again(self) -> None:
        """Make it one that nobody ended yet."""
        ...


def new_pause() -> Pause:
    """A pause for the task that runs this."""
    return _FuturePause() if on_asyncio() else _EventPause()


class _FuturePause:
    __slots__ = ("_future",)

    def __init__(self) -> None:
        self.begin_again()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._future.__await__()

    def end(self, _: object = None) -> None:
        if not self._future.done():
            self._future.set_result(None)

    def begin_again(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()


class _EventPause:
    __slots__ = ("_event",)

    def __init__(self) -> None:
        self.begin_again()

    def __await__(self) -> Generator[Any, Any, None]:
        return self._event.wait().__await__()

    def end(self, _: object = None) -> None:
        self._event.set()

    def begin_again(self) -> None:
        self._event = anyio.Event()
