"""What the pages do to callbacks and jobs."""

from typing import Any

import pytest

from astria_async.sandbox.dashboard import HOME

pytestmark = pytest.mark.anyio


async def test_a_callback_can_be_sent_again(rig: Any) -> None:
    """Replaying sends the same body once more and keeps a record of it."""
    await rig.tune()
    await rig.sandbox.advance(3600)
    first = rig.sandbox.deliveries[0]

    said = await rig.said(f"/callbacks/{first.id}/replay", back=f"{HOME}/callbacks")

    again = rig.sandbox.deliveries[-1]
    assert "sent again" in said
    assert (again.replay_of, again.body, again.ok) == (first.id, first.body, True)
    assert len(rig.received) == 2


async def test_a_replay_shows_where_it_came_from(rig: Any) -> None:
    """Original and replay name each other."""
    await rig.tune()
    await rig.sandbox.advance(3600)
    first = rig.sandbox.deliveries[0]
    await rig.said(f"/callbacks/{first.id}/replay")
    again = rig.sandbox.deliveries[-1]

    assert f'id="again-{again.id}"' in await rig.page(f"/callbacks/{first.id}")
    assert f"callback {first.id}</a>" in await rig.page(f"/callbacks/{again.id}")


async def test_a_replay_that_fails_is_no_error(rig: Any) -> None:
    """A receiver that refuses is a fact about the receiver."""
    await rig.tune()
    await rig.sandbox.advance(3600)
    rig.answer = 401

    await rig.said(f"/callbacks/{rig.sandbox.deliveries[0].id}/replay")

    assert rig.sandbox.deliveries[-1].status == 401
    assert ">401<" in await rig.page("/callbacks", show="failed")


async def test_a_tune_can_be_made_to_fail(rig: Any) -> None:
    """With a reason, which the API shows too."""
    tune = await rig.tune()

    said = await rig.said(f"/tunes/{tune['id']}/fail", reason="bad light")

    assert "made to fail" in said
    assert (await rig.api.get(f"/tunes/{tune['id']}")).json()["user_error"] == "bad light"


async def test_a_prompt_can_be_made_to_fail(rig: Any) -> None:
    """Without a reason it says that it was by hand."""
    prompt = await rig.prompt()

    await rig.said(f"/prompts/{prompt['id']}/fail", reason=" ")

    shown = (await rig.api.get(f"/prompts/{prompt['id']}")).json()
    assert shown["user_error"] == "Failed by hand."


async def test_what_is_over_cannot_fail(rig: Any) -> None:
    """A page that is behind the times changes nothing."""
    prompt = await rig.prompt()
    tune = await rig.tune(branch="fast")
    await rig.sandbox.advance(3600)

    assert "over already" in await rig.said(f"/prompts/{prompt['id']}/fail")
    assert "over already" in await rig.said(f"/tunes/{tune['id']}/fail")
    assert (await rig.api.get(f"/prompts/{prompt['id']}")).json()["user_error"] is None
