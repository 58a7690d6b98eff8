"""Whose clicks count: those on the dashboard's own pages."""

from typing import Any

import pytest

from astria_async.sandbox import CallbackFault
from astria_async.sandbox.dashboard import HOME

pytestmark = pytest.mark.anyio
CLEAR = f"{HOME}/faults/clear"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site", "Origin": "http://127.0.0.1:8787"},
    ],
)
async def test_a_form_from_elsewhere_changes_nothing(rig: Any, headers: dict[str, str]) -> None:
    """Another site's form, or one of unknown origin, is refused."""
    rig.sandbox.faults.add(CallbackFault(kind="drop"))
    del rig.browser.headers["Sec-Fetch-Site"]

    response = await rig.browser.post(CLEAR, headers=headers)

    assert response.status_code == 403
    assert len(rig.sandbox.faults.active) == 1


async def test_a_form_of_our_own_is_taken_by_its_origin(rig: Any) -> None:
    """Over plain http to another host browsers send ``Origin`` alone, which is enough."""
    rig.sandbox.faults.add(CallbackFault(kind="drop"))
    del rig.browser.headers["Sec-Fetch-Site"]

    response = await rig.browser.post(CLEAR, headers={"Origin": "http://127.0.0.1:8787"})

    assert response.status_code == 303
    assert rig.sandbox.faults.active == []


async def test_looking_changes_nothing(rig: Any) -> None:
    """No address does anything on GET, so that no link or picture can act."""
    rig.sandbox.faults.add(CallbackFault(kind="drop"))

    response = await rig.browser.get(CLEAR)

    assert response.status_code == 405
    assert len(rig.sandbox.faults.active) == 1
