"""The switches that may be turned while the sandbox runs."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio


async def test_idempotency_is_a_switch(rig: Any) -> None:
    """Once on, the same title gives back the tune that is there."""
    first = await rig.tune(title="same")

    await rig.said("/settings/account", idempotent="1")

    assert (await rig.tune(title="same"))["id"] == first["id"]
    assert 'name="idempotent" type="checkbox" value="1" checked' in await rig.page("/settings")


async def test_switches_go_off_again(rig: Any) -> None:
    """A box that is not ticked is off."""
    rig.sandbox.update_account(idempotent=True, merge_text_seed=True)

    await rig.said("/settings/account")

    assert not rig.sandbox.account.idempotent
    assert not rig.sandbox.account.merge_text_seed


async def test_the_shape_of_callbacks_can_be_chosen(rig: Any) -> None:
    """From the next callback on, bodies have the chosen shape."""
    await rig.tune()

    await rig.said("/settings", callback_shape="array")
    await rig.sandbox.advance(3600)

    assert rig.sandbox.deliveries[0].body.startswith("[{")


async def test_every_switch_of_the_sandbox_is_kept(rig: Any) -> None:
    """What was filled in is what holds, for the sandbox and its API."""
    await rig.said(
        "/settings",
        callback_shape="bare",
        pace="50",
        rate_limit="3",
        image_url_lifetime="60",
        failure_callbacks="1",
        faceid_callbacks="1",
        plain_unauthorized="1",
    )

    settings = rig.sandbox.settings
    assert settings is rig.sandbox.world.settings
    assert (settings.pace, settings.rate_limit, settings.image_url_lifetime) == (50, 3, 60)
    assert settings.failure_callbacks
    assert settings.faceid_callbacks
    assert settings.plain_unauthorized
    assert not settings.retry_after
    assert 'value="50"' in await rig.page("/settings")


async def test_blank_limits_are_none(rig: Any) -> None:
    """No rate limit, no expiry of image URLs, and the pace stays."""
    await rig.said("/settings", rate_limit="", image_url_lifetime="", pace="")

    settings = rig.sandbox.settings
    assert (settings.rate_limit, settings.image_url_lifetime, settings.pace) == (None, None, 1)


@pytest.mark.parametrize(
    "form",
    [
        {"pace": "0"},
        {"pace": "x"},
        {"rate_limit": "-1"},
        {"callback_shape": "round"},
        {"image_url_lifetime": "x"},
    ],
)
async def test_nonsense_changes_nothing(rig: Any, form: dict[str, str]) -> None:
    """The form comes back with a complaint."""
    before = rig.sandbox.settings

    response = await rig.post("/settings", **form)

    assert response.status_code == 422
    assert "-error" in response.text
    assert rig.sandbox.settings is before
