"""What the tests of the resources share."""

from collections.abc import AsyncIterator

import pytest
from scripted import Scripted, SwiftClock

from astria_async.stores import MemoryStore

from .shop import Shop, new_receiver, open_shop
from .studio import Studio, opened


@pytest.fixture
def shop() -> Shop:
    """A client without a receiver."""
    return open_shop()


@pytest.fixture
async def store() -> AsyncIterator[MemoryStore]:
    """An open store on the clock of ``called``."""
    store = MemoryStore(clock=SwiftClock())
    await store.open()
    yield store
    await store.aclose()


@pytest.fixture
def called(store: MemoryStore) -> Shop:
    """A client with a receiver, which notes what callbacks are to come."""
    clock = store._clock
    assert isinstance(clock, SwiftClock)
    receiver = new_receiver(clock, store)
    return open_shop(Scripted(clock), receiver=receiver, store=store)


@pytest.fixture
async def studio() -> AsyncIterator[Studio]:
    """A client of a sandbox in this process."""
    async with opened() as studio:
        yield studio
