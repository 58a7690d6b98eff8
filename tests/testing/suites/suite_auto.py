"""A user's suite under pytest-asyncio in its auto mode: what is async runs."""

import pytest
from portraits import Studio

from astria_async import Astria
from astria_async.testing import Sandbox


@pytest.fixture
async def studio(astria: Astria) -> Studio:
    return Studio(astria)


async def test_portrait(studio: Studio, astria_sandbox: Sandbox) -> None:
    """A portrait is one training and one picture, and each calls back."""
    prompt = await studio.portrait("Ada")
    await astria_sandbox.settle()

    assert prompt.is_ready
    assert [it.status for it in astria_sandbox.deliveries] == [204, 204]


@pytest.mark.astria(receiver=None)
class TestPolling:
    async def test_portrait(self, studio: Studio, astria_sandbox: Sandbox) -> None:
        """Without a receiver the portrait comes by polling."""
        await studio.portrait("Ada")

        assert astria_sandbox.deliveries == []
