"""Whether a program is told that its receiver cannot be reached."""

import logging

import anyio
import pytest

from astria_async import Astria, Receiver
from astria_async.sandbox import VirtualClock

pytestmark = pytest.mark.anyio

SECRET = "a secret that is long enough"


async def test_an_unreachable_receiver_is_warned_of_once(caplog: pytest.LogCaptureFixture) -> None:
    """A program that calls the real API learns in words why callbacks will not arrive."""
    caplog.set_level(logging.WARNING, "astria_async")
    clock = VirtualClock(speed=0)
    receiver = Receiver("https://localhost:9/astria", secret=SECRET, clock=clock)

    async with Astria("sd_test", receiver=receiver, clock=clock):
        await anyio.wait_all_tasks_blocked()
        early = list(caplog.records)
        clock.advance(11)
        with anyio.fail_after(10):
            while not caplog.records:  # noqa: ASYNC110 - a log has no event
                await anyio.sleep(0.01)

    assert early == []
    (record,) = caplog.records
    assert "localhost is an address of this machine" in record.getMessage()
    assert record.__dict__["fields"] == {"fault": "private"}


async def test_a_receiver_beside_a_sandbox_is_not_checked(caplog: pytest.LogCaptureFixture) -> None:
    """A sandbox calls addresses of this machine, so there is nothing to warn of."""
    clock = VirtualClock(speed=0)
    receiver = Receiver("http://127.0.0.1:9/astria", secret=SECRET, clock=clock)

    async with Astria("sd_test", base_url="http://127.0.0.1:9", receiver=receiver, clock=clock):
        clock.advance(11)
        await anyio.wait_all_tasks_blocked()

    assert caplog.records == []
