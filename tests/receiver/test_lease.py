"""Working on a record for as long as it is ours."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from astria_async.protocol.addresses import Address
from astria_async.protocol.callbacks import Callback
from astria_async.receiver.lease import Lease
from astria_async.sandbox.clock import VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
async def lease(store: Any, clock: VirtualClock, address: Callable[..., Address]) -> Any:
    """A lease of 60 seconds on the one record of an open store."""
    await store.open()
    sent = address()
    await store.put(Callback(kind="tune", wait=sent.wait, received_at=clock.now()))
    (record,) = await store.claim("me", kinds=["tune"], limit=1, lease=60)
    yield Lease(store=store, record=record, seconds=60, clock=clock, taken_at=clock.monotonic())
    await store.aclose()


async def test_error_of_the_work(lease: Any) -> None:
    """What the work raises comes out as it is, and the renewing ends."""

    async def work() -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        await lease.hold(work)

    assert not lease.lost


async def test_work_that_ends(lease: Any, store: Any) -> None:
    """Work that ends in a third of the time needs no renewal."""

    async def work() -> None:
        await anyio.lowlevel.checkpoint()

    await lease.hold(work)

    assert "renew" not in store.calls


async def test_store_that_hangs(lease: Any, store: Any, advance: Callable[[float], Any]) -> None:
    """A renewal that is not answered does not outlast the lease."""
    store.hanging.add("renew")

    async with anyio.create_task_group() as tg:
        tg.start_soon(lease.hold, anyio.sleep_forever)
        await advance(20)
        await advance(33)
        assert not lease.lost
        await advance(1.1)

    assert lease.lost


async def test_one_missed_renewal(lease: Any, store: Any, advance: Callable[[float], Any]) -> None:
    """One renewal that fails is made up for by the next."""
    store.broken.add("renew")

    async with anyio.create_task_group() as tg:
        tg.start_soon(lease.hold, anyio.sleep_forever)
        await advance(20.1)
        store.broken.clear()
        for _ in range(10):
            await advance(20.1)
        assert not lease.lost
        tg.cancel_scope.cancel()
