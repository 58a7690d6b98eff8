"""Ctrl-C, for commands that serve until they are told to stop."""

import signal
from collections.abc import Callable

import anyio


async def interrupted(ready: Callable[[], None]) -> None:
    """
    Return at Ctrl-C (SIGINT) or SIGTERM.

    Args:
        ready: Called once they are listened for; whoever it tells of that may send one at once.

    A second one, while what was served is being closed, ends the process as usual. Where the event
    loop knows no signals (Windows), this sleeps, and Ctrl-C raises ``KeyboardInterrupt``.
    """
    try:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            ready()
            async for _ in signals:
                return
    except NotImplementedError:
        ready()
        await anyio.sleep_forever()
