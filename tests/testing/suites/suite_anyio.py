"""A user's suite under anyio's own plugin, on asyncio and on trio."""

from decimal import Decimal

import anyio
import pytest
from portraits import PHOTO, NoPortraitError, Studio

from astria_async import Astria, BudgetExceeded
from astria_async.testing import CallbackFault, JobFault, Sandbox, make_callback, make_prompt

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    backend: str = request.param
    return backend


@pytest.fixture
async def studio(astria: Astria) -> Studio:
    return Studio(astria)


async def test_portrait(studio: Studio, astria_sandbox: Sandbox) -> None:
    """A portrait is one training and one picture, and each calls back."""
    prompt = await studio.portrait("Ada")
    await astria_sandbox.settle()

    assert prompt.is_ready
    assert [tune.name for tune in astria_sandbox.tunes] == ["woman"]
    assert [it.text for it in astria_sandbox.prompts] == ["portrait of ohwx woman"]
    assert len(astria_sandbox.sent("POST", "/tunes")) == 1
    assert [it.status for it in astria_sandbox.deliveries] == [204, 204]


async def test_failed_training(studio: Studio, astria_sandbox: Sandbox) -> None:
    """A training that fails ends in our own error, and nobody is listed."""
    astria_sandbox.faults.add(JobFault(kind="tune", reason="No face."))

    with pytest.raises(NoPortraitError, match="No face"):
        await studio.portrait("Ada")
    assert studio.customers == []


async def test_lost_callback(studio: Studio, astria_sandbox: Sandbox) -> None:
    """A portrait is made where no callback arrives."""
    astria_sandbox.faults.add(CallbackFault(kind="drop"))

    await studio.portrait("Ada")
    await astria_sandbox.settle()

    assert [it.fault for it in astria_sandbox.deliveries] == ["drop", "drop"]


@pytest.mark.astria_sandbox(speed=0)
async def test_clock_stands_still_until_it_is_moved(
    studio: Studio, astria_sandbox: Sandbox
) -> None:
    """Nothing is trained in ten seconds."""
    async with anyio.create_task_group() as group:
        group.start_soon(studio.portrait, "Ada")
        while not astria_sandbox.tunes:
            await anyio.lowlevel.checkpoint()
        await astria_sandbox.advance(10)
        assert studio.customers == []
        while not studio.customers:
            await astria_sandbox.advance(60)


@pytest.mark.astria(budget=Decimal("0.01"), receiver=None)
async def test_options_of_the_client(astria: Astria, astria_sandbox: Sandbox) -> None:
    """A mark sets a budget, and takes the receiver away."""
    await astria.tunes.create(name="cat", images=[PHOTO])

    with pytest.raises(BudgetExceeded):
        await astria.tunes.create(name="cat", images=[PHOTO])
    assert len(astria_sandbox.tunes) == 1


def test_models_without_a_sandbox() -> None:
    """Objects for a handler are made by hand."""
    prompt, callback = make_prompt("failed"), make_callback(metadata={"customer": "Ada"})

    assert prompt.failure
    assert callback.metadata["customer"] == "Ada"
