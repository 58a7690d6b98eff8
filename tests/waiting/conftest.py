"""What the tests of waiting share."""

from collections.abc import AsyncIterator

import pytest

from .bench import Bench, running


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    """Waits with a lookout, on a clock that stands still until the test moves it."""
    async with running() as bench:
        yield bench
