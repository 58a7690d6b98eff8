"""The page that shows and moves money."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from astria_async.sandbox.dashboard import HOME
from astria_async.sandbox.records import Account

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]


async def test_every_movement_is_in_the_ledger(rigged: Rigged) -> None:
    """A charge shows with what it was for, and what was left."""
    async with rigged(balance=10) as rig:
        prompt = await rig.prompt(num_images=2)

        page = await rig.page("/billing")

        assert "\N{MINUS SIGN}$0.0575" in page
        assert "$9.9425" in page
        assert f"{HOME}/prompts/{prompt['id']}" in page


@pytest.mark.parametrize(
    ("amount", "balance_mc"),
    [("25", 3_500_000), ("-4.5", 550_000), ("0.00001", 1_000_001), ("1e1", 2_000_000)],
)
async def test_money_is_added_exactly(rigged: Rigged, amount: str, balance_mc: int) -> None:
    """To the millicent, and taken where the amount is negative."""
    async with rigged(balance=10) as rig:
        await rig.said("/billing/top-up", amount=amount, note="gift")

        assert rig.sandbox.account.balance_mc == balance_mc
        assert "gift" in await rig.page("/billing")


@pytest.mark.parametrize("amount", ["", "much", "1,5", "nan", "1e9"])
async def test_what_is_no_amount_is_said_so(rig: Any, amount: str) -> None:
    """The form comes back with what was typed and what is wrong with it."""
    response = await rig.post("/billing/top-up", amount=amount, note="kept")

    assert response.status_code == 422
    assert 'aria-invalid="true" aria-describedby="amount-error"' in response.text
    assert 'value="kept"' in response.text
    assert rig.sandbox.ledger == []


async def test_automatic_top_off_is_set_here(rig: Any) -> None:
    """With its amount, the card that is declined, and extension."""
    await rig.said(
        "/billing/settings", top_off_amount="25", card_declines="1", auto_extend_tunes="1"
    )

    account = rig.sandbox.account
    assert (account.top_off_amount, account.card_declines, account.auto_extend_tunes) == (
        25,
        True,
        True,
    )
    assert 'value="25"' in await rig.page("/billing")


async def test_blank_switches_it_off(rig: Any) -> None:
    """Boxes that are not ticked and a field that is empty are off."""
    rig.sandbox.update_account(top_off_amount=25, card_declines=True)

    await rig.said("/billing/settings", top_off_amount="")

    assert rig.sandbox.account.top_off_amount is None
    assert not rig.sandbox.account.card_declines


async def test_half_a_dollar_is_no_top_off(rig: Any) -> None:
    """The amount is in whole dollars."""
    response = await rig.post("/billing/settings", top_off_amount="2.5")

    assert response.status_code == 422
    assert "A whole number." in response.text


async def test_accounts_have_ledgers_of_their_own(rig: Any) -> None:
    """With more than one account, each can be looked at; the gallery's is none of them."""
    rig.sandbox.world.accounts.put(
        Account(id=78, key="sd_b", name="Second", email="b@x.example", balance_mc=500_000)
    )

    page = await rig.page("/billing", account=78)

    assert "$5.00" in page
    assert ">Second</a>" in page
    assert ">Astria</a>" not in page
    for unknown in ("1", "79", "x", "-1"):
        await rig.page("/billing", status=404, account=unknown)
