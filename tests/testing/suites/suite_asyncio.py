"""A user's suite under pytest-asyncio in its strict mode: what is async says so."""

import asyncio

import pytest
import pytest_asyncio
from portraits import NoPortraitError, Studio

from astria_async import Astria
from astria_async.testing import JobFault, Sandbox


@pytest_asyncio.fixture
async def studio(astria: Astria) -> Studio:
    return Studio(astria)


@pytest.mark.asyncio
async def test_portrait(studio: Studio, astria_sandbox: Sandbox) -> None:
    """A portrait is one training and one picture, and each calls back."""
    prompt = await studio.portrait("Ada")
    await astria_sandbox.settle()

    assert prompt.is_ready
    assert len(astria_sandbox.sent("POST", "/tunes/*/prompts")) == 1
    assert [it.status for it in astria_sandbox.deliveries] == [204, 204]


@pytest.mark.asyncio
async def test_failed_training(studio: Studio, astria_sandbox: Sandbox) -> None:
    """A training that fails ends in our own error."""
    astria_sandbox.faults.add(JobFault(kind="tune", reason="No face."))

    with pytest.raises(NoPortraitError, match="No face"):
        await studio.portrait("Ada")


@pytest.mark.asyncio
@pytest.mark.astria_sandbox(speed=0)
async def test_clock(studio: Studio, astria_sandbox: Sandbox) -> None:
    """The time of a stopped clock is moved by the test."""
    async with asyncio.TaskGroup() as group:
        group.create_task(studio.portrait("Ada"))
        while not studio.customers:
            await astria_sandbox.advance(60)


@pytest.mark.asyncio(loop_scope="module")
async def test_in_the_loop_of_the_module(astria: Astria, astria_sandbox: Sandbox) -> None:
    """A test in another loop has its sandbox there."""
    await Studio(astria).portrait("Ada")

    assert len(astria_sandbox.prompts) == 1
