"""The sandbox's own addresses."""

import datetime as dt
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
HOOK = "https://hooks.example.com/astria"
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


async def post(rig: Any, path: str, **body: Any) -> Any:
    return await rig.http.post(f"/_sandbox/{path}", json=body)


async def test_time_is_moved_over_http(rig: Any) -> None:
    """An advance answers once all that was due is done, callbacks included."""
    await rig.tune(callback=HOOK)
    before = await rig.get("/_sandbox/status")

    after = (await post(rig, "advance", seconds=1300)).json()

    took = dt.datetime.fromisoformat(after["now"]) - dt.datetime.fromisoformat(before["now"])
    assert took == dt.timedelta(seconds=1300)
    assert len(rig.received) == after["counts"]["deliveries"] == 1
    assert after["revision"] > before["revision"]


async def test_speed_is_set_over_http(rig: Any) -> None:
    """The clock's speed can be read and changed; nothing changes nothing."""
    set_to = await rig.http.patch("/_sandbox/clock", json={"speed": 5})
    left = await rig.http.patch("/_sandbox/clock", json={})

    assert (set_to.json()["speed"], left.json()["speed"]) == (5, 5)
    assert rig.sandbox.clock.speed == 5


async def test_faults_are_switched_over_http(rig: Any) -> None:
    """Faults can be added, seen at work, and removed, one or all."""
    fault = {"on": "request", "kind": "server_error", "path": "/tunes", "times": 1}
    added = await post(rig, "faults", fault=fault)
    await post(rig, "faults", fault={"on": "callback", "kind": "drop"})
    status = await rig.status("/tunes")
    listed = await rig.get("/_sandbox/faults")
    left = await rig.http.delete(f"/_sandbox/faults/{added.json()['id']}")

    cleared = await rig.http.delete("/_sandbox/faults")

    assert (added.status_code, status) == (201, 500)
    assert [(f["on"], f["kind"], f["played"]) for f in listed] == [
        ("request", "server_error", 1),
        ("callback", "drop", 0),
    ]
    assert [f["on"] for f in left.json()] == ["callback"]
    assert cleared.json() == []


@pytest.mark.parametrize(
    "fault",
    [
        {"on": "moon"},
        {"on": "request", "colour": "red"},
        {"on": "job", "kind": "tune", "times": -1},
        "x",
    ],
)
async def test_impossible_faults_are_refused(rig: Any, fault: Any) -> None:
    """A fault that there is not is a 422."""
    response = await post(rig, "faults", fault=fault)

    assert response.status_code == 422
    assert response.json()["fault"][0]


async def test_deliveries_are_listed_and_replayed(rig: Any) -> None:
    """Callbacks can be looked at and sent again."""
    await rig.trained(callback=HOOK)
    (delivery,) = await rig.get("/_sandbox/deliveries")

    again = (await post(rig, f"deliveries/{delivery['id']}/replay")).json()

    assert (again["replay_of"], again["status"]) == (delivery["id"], 204)
    assert [d["id"] for d in await rig.get("/_sandbox/deliveries")] == [again["id"], delivery["id"]]
    assert (await post(rig, "deliveries/99/replay")).status_code == 404


async def test_requests_are_listed_without_secrets(rig: Any) -> None:
    """Requests show method, path, status and a body without secrets."""
    await rig.tune(
        callback=f"{HOOK}?sig=hush&user=7", image_urls=["https://x.example.com/?token=hush"]
    )

    _, request = await rig.get("/_sandbox/requests")

    assert (request["method"], request["path"], request["status"]) == ("POST", "/tunes", 201)
    assert "user=7" in request["summary"]
    assert "hush" not in str(request)


async def test_money_is_handled_over_http(rig: Any) -> None:
    """Balance and settings can be changed; the ledger tells it; the key is not shown."""
    changes = {"balance_mc": 5, "top_off_amount": 20, "card_declines": "true", "idempotent": True}
    response = await rig.http.patch("/_sandbox/account", json=changes)

    account = response.json()

    assert (account["balance_mc"], account["card_declines"], "key" in account) == (5, True, False)
    assert (await rig.get("/_sandbox/ledger"))[0]["kind"] == "deposit"


async def test_jobs_are_failed_over_http(rig: Any) -> None:
    """Tunes and prompts can be failed, with a reason, once."""
    tune, prompt = await rig.tune(), await rig.prompt()

    failed = (await post(rig, f"tunes/{tune['id']}/fail", reason="No face")).json()
    refused = (await post(rig, f"prompts/{prompt['id']}/fail")).json()
    again = await post(rig, f"tunes/{tune['id']}/fail")

    assert failed["user_error"] == "No face"
    assert refused["user_error"]
    assert again.status_code == 422
    assert (await post(rig, "prompts/9/fail")).status_code == 404


async def test_snapshots_over_http(rig: Any) -> None:
    """A snapshot can be taken, everything reset, and the snapshot put back."""
    tune = await rig.tune()
    snapshot = await rig.get("/_sandbox/snapshot")
    reset = (await post(rig, "reset")).json()

    restored = await post(rig, "snapshot", snapshot=snapshot)

    assert reset["counts"]["tunes"] + 1 == restored.json()["counts"]["tunes"]
    assert await rig.status(f"/tunes/{tune['id']}") == 200
    assert (await post(rig, "snapshot", snapshot={"version": 7})).status_code == 422
    assert (await post(rig, "snapshot", snapshot=[])).status_code == 422


async def test_own_addresses_need_the_key(rig: Any) -> None:
    """Nobody moves the clock without the key."""
    response = await rig.http.post(
        "/_sandbox/advance", json={"seconds": 1}, headers={"Authorization": ""}
    )

    assert response.status_code == 401
