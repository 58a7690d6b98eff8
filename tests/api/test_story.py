"""One account over forty days: money, storage and errors as its program sees them."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import attrs
import pytest

from astria_async import Astria, Deleted, NotFound, PaymentRequired, Status, Tune
from astria_async.testing import Sandbox

from .conftest import FLUX, Passing, picture

pytestmark = pytest.mark.anyio
DAY = 24 * 3600
PORTRAIT = {"base_tune_id": FLUX, "model_type": "lora", "preset": "flux-lora-portrait"}
PLAN: tuple[tuple[dict[str, Any], int, int], ...] = (
    # what is trained, on how many pictures, and how many images are made with it
    ({"branch": "sd15", "auto_extend": True}, 4, 4),
    (PORTRAIT | {"auto_extend": True}, 15, 1),
    ({"branch": "sdxl1", "auto_extend": True}, 4, 1),
    ({"branch": "sd15"}, 4, 8),
    (PORTRAIT, 15, 3),
    ({"model_type": "faceid", "base_tune_id": FLUX}, 1, 2),
    ({"branch": "fast"}, 4, 4),
    (PORTRAIT, 12, 2),
    ({"base_tune_id": FLUX, "model_type": "lora"}, 5, 1),
    ({"branch": "sd15"}, 4, 1),
)
EXTENDED, DELETED, EXPIRED = (0, 1, 2), (3, 4), (5, 6, 7, 8, 9)

LEDGER = (
    ("charge", -150_000, 350_000),  # day 0: SD15
    ("charge", -10_000, 340_000),  # four images of it, at 2.5 cents
    ("charge", -202_500, 137_500),  # day 1: Flux portrait, 15 pictures of 27 steps at half a cent
    ("charge", -2_875, 134_625),
    ("top_off", 1_000_000, 1_134_625),  # day 2: SDXL would not fit
    ("charge", -150_000, 984_625),
    ("charge", -2_500, 982_125),
    ("charge", -150_000, 832_125),  # day 3
    ("charge", -20_000, 812_125),
    ("charge", -202_500, 609_625),  # day 4
    ("charge", -8_625, 601_000),
    ("charge", -5_750, 595_250),  # day 5: a FaceID costs nothing, its images do; day 6 is free
    ("charge", -162_000, 433_250),  # day 7: 12 pictures of 27 steps
    ("charge", -5_750, 427_500),
    ("charge", -250_000, 177_500),  # day 8: the high preset takes 100 steps a picture
    ("charge", -2_875, 174_625),
    ("charge", -150_000, 24_625),  # day 9
    ("charge", -2_500, 22_125),
    ("top_off_declined", 0, 22_125),  # day 10: the card is refused, and with it a tune
    ("top_off", 1_000_000, 1_022_125),  # the next day it works again
    ("charge", -150_000, 872_125),
    ("refund", 150_000, 1_022_125),  # that training fails
    ("charge", -50_000, 972_125),  # day 30: the first extension
    ("charge", -50_000, 922_125),
    ("charge", -50_000, 872_125),
)


@attrs.define(eq=False)
class Life:
    """What one program does, day by day."""

    astria: Astria
    sandbox: Sandbox
    passing: Passing
    began: dt.datetime
    tunes: list[Tune] = attrs.field(factory=list)

    async def until(self, day: float) -> None:
        left = self.began + dt.timedelta(days=day) - self.sandbox.clock.now()
        await self.sandbox.advance(left.total_seconds())

    async def train(self, **fields: Any) -> Tune:
        pictures = [picture(size=8, colour=f"#{n:06x}") for n in range(fields.pop("pictures"))]
        tune = await self.astria.tunes.create(name="woman", images=pictures, **fields)
        return await self.passing(tune.wait_ready(), step=30)

    async def ten_days(self) -> None:
        for day, (fields, pictures, images) in enumerate(PLAN):
            await self.until(day)
            tune = await self.train(title=f"day {day}", pictures=pictures, **fields)
            self.tunes.append(tune)
            text = {"lora": tune.lora, "faceid": tune.faceid}.get(tune.model_type or "", str)()
            base = FLUX if text else tune.id
            prompt = await self.astria.prompts.create(
                base, f"{text} ohwx woman".strip(), num_images=images
            )
            await self.passing(prompt.wait_ready())


async def _money_trouble(life: Life) -> PaymentRequired:
    """A card that is declined for a day, then a training that fails."""
    await life.until(10)
    life.sandbox.update_account(card_declines=True)
    with pytest.raises(PaymentRequired) as caught:
        await life.astria.tunes.create(name="cat", images=[picture()], branch="sd15")
    await life.until(11)
    life.sandbox.update_account(card_declines=False)
    tune = await life.astria.tunes.create(name="cat", images=[picture()], branch="sd15")
    life.sandbox.fail_tune(tune.id, "No cat in sight.")
    return caught.value


async def test_forty_days(sandbox: Sandbox, passing: Passing) -> None:
    """Ten tunes, extended, deleted or left to expire: every millicent and every object is right."""
    sandbox.update_account(balance_mc=500_000, top_off_amount=10)
    deposit = len(sandbox.ledger)
    async with sandbox.client() as astria:
        life = Life(astria, sandbox, passing, sandbox.clock.now())
        await life.ten_days()
        refusal = await _money_trouble(life)
        await life.until(12)
        for number in DELETED:
            await life.tunes[number].delete()
        await life.until(39.5)
        seen = [tune.status for tune in life.tunes]
        await life.until(40.5)

        entries = [(it.kind, it.amount_mc, it.balance_mc) for it in sandbox.ledger[deposit:]]
        assert entries == list(LEDGER)
        assert (await astria.users.me()).balance == Decimal("8.72125")
        await _check_objects(life, seen)
        assert "Not enough balance" in str(refusal)
        assert all(delivery.ok for delivery in sandbox.deliveries)


async def _check_objects(life: Life, seen: list[Status]) -> None:
    """What is left is what was paid for, with its prompts and pictures."""
    alive = [tune.id async for tune in life.astria.tunes.list(title="day")]
    prompts = await life.astria.prompts.list().collect()
    kept = [life.tunes[number] for number in EXTENDED]
    assert alive == [tune.id for tune in reversed(kept)]
    assert len(prompts) == len(EXTENDED)
    assert seen == [Status.EXPIRED] * len(PLAN)  # as far as whoever looked last in time can know
    for tune in kept:
        fresh = await tune.refresh()
        assert fresh.expires_at == (tune.expires_at or life.began) + dt.timedelta(days=30)
    for number in (*DELETED, *EXPIRED):
        with pytest.raises(NotFound):
            await life.tunes[number].refresh()


async def test_costs_of_a_program_fit_its_ledger(sandbox: Sandbox, passing: Passing) -> None:
    """What the client added up is what the account was charged for jobs, refunds included."""
    async with sandbox.client() as astria:
        life = Life(astria, sandbox, passing, sandbox.clock.now())
        await life.ten_days()

        charged = -sum(it.amount_mc for it in sandbox.ledger if it.kind == "charge")
        assert astria.cost.total == Decimal(charged) / 100_000 == Decimal("14.77875")


async def test_a_wait_that_outlives_its_tune(
    sandbox: Sandbox, passing: Passing, photo: bytes, picture: Callable[..., bytes]
) -> None:
    """A prompt that is deleted while somebody waits for it ends that wait."""
    async with sandbox.client() as astria:
        prompt = await astria.prompts.create(FLUX, "a garden", input_image=photo)
        await astria.prompts.delete(prompt.id)

        with pytest.raises(Deleted):
            await passing(prompt.wait_ready(), step=30)
