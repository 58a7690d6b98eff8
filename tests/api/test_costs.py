"""``astria.cost`` and ``budget``: what was spent, and a bound that holds."""

from decimal import Decimal

import anyio
import pytest

from astria_async import Astria, BudgetExceeded, PromptFailed, ValidationError
from astria_async.groups import task_group
from astria_async.testing import Sandbox

from .conftest import FLUX, Passing

pytestmark = pytest.mark.anyio
IMAGE = Decimal("0.02875")
"""What the sandbox takes for one image of Flux, in US dollars."""


async def spent(sandbox: Sandbox) -> Decimal:
    return Decimal(100_000) - Decimal(sandbox.account.balance_mc) / 100_000


async def test_the_sum_is_that_of_the_ledger(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """Tunes, prompts and copies, to the tenth of a cent."""
    tune = await astria.tunes.create(
        name="woman", images=[photo] * 15, base_tune_id=FLUX, preset="flux-lora-portrait",
        model_type="lora",
    )  # fmt: skip
    await passing(tune.wait_ready())
    prompt = await astria.prompts.create(FLUX, f"{tune.lora()} a garden", num_images=3)
    await prompt.duplicate(num_images=1)

    assert tune.cost == Decimal("2.025")
    assert astria.cost.total == Decimal("2.025") + 4 * IMAGE == await spent(sandbox)
    assert astria.cost.left is None


async def test_what_fails_is_refunded(astria: Astria, sandbox: Sandbox, passing: Passing) -> None:
    """The price of a failed job goes back to the account, and off the sum."""
    prompt = await astria.prompts.create(FLUX, "a garden")
    sandbox.fail_prompt(prompt.id, "Refused.")

    with pytest.raises(PromptFailed):
        await passing(prompt.wait_ready())

    assert astria.cost.total == await spent(sandbox) == 0


async def test_only_its_own_creates_count(astria: Astria, sandbox: Sandbox) -> None:
    """What another client spends is not this one's; looking at it changes nothing."""
    async with sandbox.client() as other:
        prompt = await other.prompts.create(FLUX, "a garden")

    await (await astria.prompts.get(prompt.id)).refresh()

    assert astria.cost.total == 0


async def test_a_merged_create_is_paid_once(sandbox: Sandbox, photo: bytes) -> None:
    """An idempotent account gives the tune that is there, and charges nothing more."""
    sandbox.update_account(idempotent=True)
    async with sandbox.client(idempotent=True) as astria:
        first = await astria.tunes.create(title="Ada", name="woman", images=[photo])
        again = await astria.tunes.create(title="Ada", name="woman", images=[photo])

        assert first.id == again.id
        assert astria.cost.total == Decimal("1.5") == await spent(sandbox)


async def test_a_create_that_would_pass_the_budget_is_not_sent(sandbox: Sandbox) -> None:
    """Once the price is known, what does not fit is refused here."""
    async with sandbox.client(budget=3 * IMAGE) as astria:
        await astria.prompts.create(FLUX, "one", num_images=2)
        before = len(sandbox.requests)

        with pytest.raises(BudgetExceeded, match="nothing was sent"):
            await astria.prompts.create(FLUX, "two", num_images=2)

        assert len(sandbox.requests) == before
        assert astria.cost.left == IMAGE
        await astria.prompts.create(FLUX, "three", num_images=1)
        with pytest.raises(BudgetExceeded, match="leaves too little for it"):
            await astria.prompts.create(FLUX, "four", num_images=8)


async def test_a_budget_can_be_raised(sandbox: Sandbox) -> None:
    """Whoever refused too early can be told otherwise."""
    async with sandbox.client(budget=2 * IMAGE) as astria:
        await astria.prompts.create(FLUX, "one", num_images=2)
        astria.cost.budget = 4 * IMAGE

        await astria.prompts.create(FLUX, "two", num_images=2)

        assert astria.cost.left == 0


async def test_concurrent_creates_do_not_overshoot(sandbox: Sandbox) -> None:
    """However many begin at once, even before any price is known."""
    refused = 0

    async def create(number: int) -> None:
        nonlocal refused
        try:
            await astria.prompts.create(FLUX, f"scene {number}", num_images=1)
        except BudgetExceeded:
            refused += 1

    async with sandbox.client(budget=7 * IMAGE) as astria:
        async with task_group() as tasks:
            for number in range(20):
                tasks.start_soon(create, number)

        assert refused == 13
        assert astria.cost.total == 7 * IMAGE == await spent(sandbox)


async def test_a_refused_create_gives_its_share_back(sandbox: Sandbox) -> None:
    """What the server refuses costs nothing, and others may spend it."""
    async with sandbox.client(budget=2 * IMAGE) as astria:
        await astria.prompts.create(FLUX, "one", num_images=1)
        with pytest.raises(ValidationError):
            await astria.prompts.create(FLUX, "two", num_images=1, controlnet="pose")

        await astria.prompts.create(FLUX, "three", num_images=1)

        assert astria.cost.left == 0


async def test_a_cancelled_create_does_not_block_others(sandbox: Sandbox) -> None:
    """Whoever waits for a first price, or is asked for it, may be cancelled."""
    async with sandbox.client(budget=Decimal(1)) as astria:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await astria.prompts.create(FLUX, "one", num_images=1)

        with anyio.fail_after(10):
            await astria.prompts.create(FLUX, "two", num_images=1)

        assert scope.cancelled_caught
        assert astria.cost.total == IMAGE


async def test_nothing_to_spend_leaves_what_is_free(sandbox: Sandbox, photo: bytes) -> None:
    """Mock tunes and the prompts on them pass a budget of nothing; the rest does not."""
    async with sandbox.client(budget=Decimal(0)) as astria:
        tune = await astria.tunes.create(name="cat", images=[photo], branch="fast")
        prompt = await tune.prompts.create("a cat")
        before = len(sandbox.requests)

        with pytest.raises(BudgetExceeded):
            await astria.prompts.create(FLUX, "a garden")
        with pytest.raises(BudgetExceeded):
            await astria.tunes.create(name="cat", images=[photo])

        assert (tune.cost, prompt.cost, astria.cost.total) == (0, 0, 0)
        assert len(sandbox.requests) == before


async def test_prompts_of_a_run_count_once(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """Training and prompts of a pack run add up, however often they are looked at."""
    run = await astria.packs.run("studio-portraits", name="woman", images=[photo])

    await passing(run.wait_ready())
    await run.prompts()

    assert astria.cost.total == await spent(sandbox) > 0


async def test_an_order_counts_at_once(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """Its price is told with the answer; a prompt of it that fails is refunded later."""
    pair = [
        await astria.tunes.create(name=name, images=[photo], model_type="faceid")
        for name in ("woman", "man")
    ]
    pack = await astria.packs.create(title="Duo")
    text = f"{pair[0].faceid()} woman and {pair[1].faceid()} man"
    for scene in ("at sea", "at home"):
        await astria.prompts.create(FLUX, f"{text} {scene}", pack_id=pack.id, num_images=1)
    before = astria.cost.total

    run = await astria.packs.run(pack.id, tune_ids=[tune.id for tune in pair])

    assert run.cost == astria.cost.total - before == 2 * IMAGE
    await run.prompts()
    sandbox.fail_prompt(run.prompt_ids[0], "Refused.")
    await passing(_settle(run.prompt_ids, astria))
    assert astria.cost.total == before + IMAGE


async def _settle(prompt_ids: tuple[int, ...], astria: Astria) -> None:
    prompts = [await astria.prompts.get(prompt_id) for prompt_id in prompt_ids]
    async for _ in astria.wait_all(prompts, return_exceptions=True):
        pass
