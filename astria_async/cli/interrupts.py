"""Ctrl-C, for commands that serve until they are told to stop."""

import signal

import anyio


async def interrupted() -> None:
    """
    Return at Ctrl-C (SIGINT) or SIGTERM.

    A second one, while what was served is being closed, ends the process as usual. Where the event
    loop knows no signals (Windows), this sleeps, and Ctrl-C raises ``KeyboardInterrupt``.
    """
    try:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for _ in signals:
                return
    except NotImplementedError:
        await anyio.sleep_forever()
