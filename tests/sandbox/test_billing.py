"""Money: prices, charges, refunds, top-off, and a story over forty days."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any

import pytest

from astria_async.sandbox.prices import Prices

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
DAY = 86_400


@pytest.mark.parametrize(
    ("args", "price"),
    [
        (("fast", None, None, None, 10), 0),
        (("flux1", "faceid", None, None, 1), 0),
        (("sd15", None, None, None, 10), 150_000),
        (("flux1", "lora", "flux-lora-portrait", None, 5), 150_000),
        (("flux1", "lora", "flux-lora-portrait", None, 15), 202_500),
        (("flux1", "lora", None, None, 4), 200_000),
        (("flux1", "lora", None, 1000, 4), 500_000),
    ],
)
def test_tune_prices(args: Any, price: int) -> None:
    """Training costs by step on Flux, a fixed sum elsewhere, and nothing for mocks and FaceID."""
    assert Prices().tune(*args) == price


@pytest.mark.parametrize(
    ("branch", "params", "video", "price"),
    [
        ("fast", {"num_images": 4}, False, 0),
        ("flux1", {"num_images": 4}, False, 11_500),
        ("sd15", {"num_images": 4}, False, 10_000),
        ("sd15", {"num_images": 4, "inpaint_faces": True}, False, 14_000),
        ("flux1", {"video_model": "kling"}, True, 70_000),
        ("flux1", {"video_model": "new", "video_duration": 10}, True, 100_000),
    ],
)
def test_prompt_prices(branch: str, params: Any, video: bool, price: int) -> None:
    """A prompt costs by image, a video by model and length."""
    assert Prices().prompt(branch, params, is_video=video) == price


async def test_prices_of_2022(rigged: Rigged) -> None:
    """The old profile charges 1.50 USD a tune and 0.10 USD a prompt, whatever they are."""
    async with rigged(profile="2022") as rig:
        before = await rig.balance()
        await rig.tune(base_tune_id=1504944, model_type="lora")
        await rig.prompt(num_images=8)
        await rig.prompt(num_images=4, inpaint_faces=True)
        await rig.tune(branch="fast")

        assert before - await rig.balance() == 150_000 + 2 * 10_000


async def test_creates_are_charged(rig: Any) -> None:
    """A tune and its prompts are charged at creation, and say what they cost."""
    before = await rig.balance()
    tune = await rig.tune(prompts_attributes=[{"text": "x"}])
    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")

    assert before - await rig.balance() == tune["cost_mc"] + prompt["cost_mc"] == 160_000


async def test_failed_jobs_are_paid_back(rig: Any) -> None:
    """A job that fails costs nothing in the end."""
    before = await rig.balance()
    tune = await rig.tune(prompts_attributes=[{"text": "x"}])
    rig.sandbox.fail_tune(tune["id"], "No face")

    assert await rig.balance() == before
    assert (await rig.get(f"/tunes/{tune['id']}"))["cost_mc"] == 0
    assert [entry.kind for entry in rig.sandbox.ledger] == ["charge", "charge", "refund", "refund"]


async def test_empty_account_is_402(rigged: Rigged) -> None:
    """A create that the balance does not cover is a 402, and makes nothing, not even in part."""
    async with rigged(balance=Decimal("1.55")) as rig:
        body = {"title": "a", "name": "b", "image_urls": ["https://x.example.com/1.jpg"]}
        body["prompts_attributes"] = [{"text": "x"}]  # type: ignore[assignment]

        response = await rig.http.post("/tunes", json={"tune": body})

        assert response.status_code == 402
        assert "not enough balance" in response.json()["error"].lower()
        assert (await rig.get("/tunes"), await rig.balance()) == ([], 155_000)
        assert [f for f in rig.sandbox.world.files if str(f.id) not in _gallery(rig)] == []


def _gallery(rig: Any) -> set[str]:
    return {key for prompt in rig.sandbox.world.prompts for key in prompt.images}


async def test_402_for_a_prompt_gives_its_files_back(rigged: Rigged) -> None:
    """A prompt that nobody can pay leaves no input behind."""
    async with rigged(balance=0) as rig:
        before = len(rig.sandbox.world.files)
        body = {"text": "x", "input_image": "https://x.example.com/1.jpg"}

        response = await rig.http.post("/tunes/690204/prompts", json={"prompt": body})

        assert (response.status_code, len(rig.sandbox.world.files)) == (402, before)


async def test_top_off_refills(rigged: Rigged) -> None:
    """With top-off on, a short balance is refilled by its amount before the charge."""
    async with rigged(balance=1) as rig:
        rig.sandbox.update_account(top_off_amount=20)
        await rig.tune()

        assert await rig.balance() == 100_000 + 2_000_000 - 150_000
        assert [entry.kind for entry in rig.sandbox.ledger] == ["top_off", "charge"]


async def test_top_off_at_zero(rigged: Rigged) -> None:
    """A balance that reaches zero is refilled at once."""
    async with rigged(balance=Decimal("1.5")) as rig:
        rig.sandbox.update_account(top_off_amount=20)
        await rig.tune()

        assert await rig.balance() == 2_000_000


async def test_top_off_may_be_declined(rigged: Rigged) -> None:
    """A declined card leaves the balance and a line in the ledger; the create is a 402."""
    async with rigged(balance=0) as rig:
        rig.sandbox.update_account(top_off_amount=20, card_declines=True)
        response = await rig.http.post("/tunes/690204/prompts", json={"prompt": {"text": "x"}})

        assert response.status_code == 402
        assert [entry.kind for entry in rig.sandbox.ledger] == ["top_off_declined"]


async def test_top_off_is_rate_limited(rigged: Rigged) -> None:
    """Three top-offs a day are all; a day later there is another."""
    async with rigged(balance=0) as rig:
        rig.sandbox.update_account(top_off_amount=1)
        for _ in range(30):
            await rig.prompt(690204)
        refused = await rig.http.post("/tunes/690204/prompts", json={"prompt": {"text": "x"}})
        await rig.sandbox.advance(DAY + 1)

        assert refused.status_code == 402
        assert "top_off_limited" in [entry.kind for entry in rig.sandbox.ledger]
        await rig.prompt(690204)


async def test_story_of_forty_days(rigged: Rigged) -> None:
    """Ten tunes, extended, deleted and expired; the ledger is right to the last millicent."""
    async with rigged(balance=5) as rig:
        rig.sandbox.update_account(top_off_amount=10)
        tunes = []
        for day in range(10):
            tunes.append(await rig.tune(auto_extend=day < 3, title=f"day {day}"))
            await rig.prompt(tunes[-1]["id"], text="once")
            await rig.sandbox.advance(DAY)
        for tune in tunes[3:5]:
            await rig.http.delete(f"/tunes/{tune['id']}")

        await rig.sandbox.advance(30 * DAY)

        alive = [tune["title"] for tune in await rig.get("/tunes")]
        assert alive == ["day 2", "day 1", "day 0"]
        assert len(await rig.get("/prompts")) == 3
        paid = dict.fromkeys(("charge", "top_off"), 0)
        for entry in rig.sandbox.ledger:
            paid[entry.kind] += entry.amount_mc
        assert paid["charge"] == -(10 * 150_000 + 10 * 10_000 + 3 * 50_000)
        assert paid["top_off"] == 2 * 1_000_000
        assert await rig.balance() == 500_000 + paid["charge"] + paid["top_off"]
        assert rig.sandbox.ledger[-1].balance_mc == await rig.balance()


async def test_extension_that_nobody_pays_is_none(rigged: Rigged) -> None:
    """A tune to be extended expires when the account cannot pay for it."""
    async with rigged(balance=Decimal("1.5")) as rig:
        tune = await rig.tune(auto_extend=True)
        await rig.sandbox.advance(31 * DAY)

        assert await rig.status(f"/tunes/{tune['id']}") == 404


async def test_account_may_extend_all(rig: Any) -> None:
    """The account's setting extends tunes by thirty days, again and again."""
    rig.sandbox.update_account(auto_extend_tunes=True)
    tune = await rig.trained()
    await rig.sandbox.advance(65 * DAY)

    later = await rig.get(f"/tunes/{tune['id']}")

    assert later["expires_at"] > tune["expires_at"]
    assert (await rig.get("/users"))["auto_extend_tunes"] is True


async def test_money_by_hand_is_in_the_ledger(rig: Any) -> None:
    """A balance that is set by hand leaves the difference in the ledger."""
    rig.sandbox.update_account(balance_mc=7)

    (entry,) = rig.sandbox.ledger

    assert (entry.kind, entry.balance_mc, rig.sandbox.account.balance_mc) == ("deposit", 7, 7)
