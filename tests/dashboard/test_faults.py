"""The page that lets things go wrong."""

from typing import Any

import pytest

from astria_async.sandbox import CallbackFault, JobFault, RequestFault
from astria_async.sandbox.dashboard.fault_words import (
    CALLBACK_KINDS,
    REQUEST_KINDS,
    manner,
    scope,
    title,
)
from astria_async.sandbox.dashboard.presets import PRESETS
from astria_async.sandbox.faults import Fault

pytestmark = pytest.mark.anyio


def switched_on(rig: Any) -> list[Fault]:
    return [active.fault for active in rig.sandbox.faults.active]


@pytest.mark.parametrize("kind", REQUEST_KINDS)
async def test_every_fault_on_requests_can_be_switched_on(rig: Any, kind: str) -> None:
    """With blank fields it is played on every request, always."""
    await rig.said("/faults/add/request", kind=kind, path="", percent="", times="", skip="")

    assert switched_on(rig) == [RequestFault(kind=kind)]
    assert title(RequestFault(kind=kind)) in await rig.page("/faults")


@pytest.mark.parametrize("kind", CALLBACK_KINDS)
async def test_every_fault_on_callbacks_can_be_switched_on(rig: Any, kind: str) -> None:
    """With blank fields it is played on every callback, always."""
    await rig.said("/faults/add/callback", kind=kind)

    assert switched_on(rig) == [CallbackFault(kind=kind)]


async def test_a_rule_on_requests_takes_every_field(rig: Any) -> None:
    """What was filled in is what is played."""
    await rig.said(
        "/faults/add/request",
        kind="gateway_timeout",
        method="POST",
        path="/tunes/*",
        processed="1",
        seconds="2.5",
        retry_after="7",
        status="503",
        message="no",
        percent="12.5",
        times="3",
        skip="2",
    )

    assert switched_on(rig) == [
        RequestFault(
            kind="gateway_timeout",
            method="POST",
            path="/tunes/*",
            processed=True,
            seconds=2.5,
            retry_after=7,
            status=503,
            message="no",
            probability=0.125,
            times=3,
            skip=2,
        )
    ]


async def test_a_rule_on_callbacks_takes_every_field(rig: Any) -> None:
    """Which callbacks, how late, how often."""
    await rig.said(
        "/faults/add/callback",
        kind="delay",
        subject="prompt",
        match="id=7",
        seconds="30",
        times="1",
    )

    assert switched_on(rig) == [
        CallbackFault(kind="delay", subject="prompt", match="id=7", seconds=30, times=1)
    ]


@pytest.mark.parametrize(
    ("outcome", "reason", "kept"), [("fails", "dark", "dark"), ("hangs", "dark", "")]
)
async def test_a_rule_on_jobs_fails_or_hangs(
    rig: Any, outcome: str, reason: str, kept: str
) -> None:
    """A job that never ends has no reason."""
    await rig.said("/faults/add/job", kind="prompt", outcome=outcome, match="sea", reason=reason)

    assert switched_on(rig) == [JobFault(kind="prompt", match="sea", reason=kept)]


@pytest.mark.parametrize(
    ("sort", "form", "field"),
    [
        ("request", {"kind": "explode"}, "kind"),
        ("request", {"method": "FETCH"}, "method"),
        ("request", {"seconds": "-1"}, "seconds"),
        ("request", {"status": "200"}, "status"),
        ("request", {"percent": "101"}, "percent"),
        ("request", {"times": "1.5"}, "times"),
        ("request", {"path": "x" * 501}, "path"),
        ("callback", {"subject": "pack"}, "subject"),
        ("callback", {"skip": "x"}, "skip"),
        ("job", {"outcome": "wins"}, "outcome"),
    ],
)
async def test_a_wrong_field_is_pointed_at(
    rig: Any, sort: str, form: dict[str, str], field: str
) -> None:
    """The form comes back open, with the complaint at its field, and nothing is switched on."""
    response = await rig.post(f"/faults/add/{sort}", **form)

    assert response.status_code == 422
    assert "-error" in response.text
    assert 'aria-invalid="true"' in response.text
    assert switched_on(rig) == []


@pytest.mark.parametrize("name", PRESETS)
async def test_a_preset_is_one_click(rig: Any, name: str) -> None:
    """Its faults are switched on, and described in words."""
    await rig.said(f"/faults/presets/{name}")

    assert switched_on(rig) == list(PRESETS[name].faults)
    page = await rig.page("/faults")
    for fault in PRESETS[name].faults:
        assert title(fault) in page


async def test_a_fault_counts_how_often_it_was_played(rig: Any) -> None:
    """Seen and played show beside the rule."""
    rig.sandbox.faults.add(RequestFault(kind="server_error", times=1, path="/users"))
    await rig.api.get("/users")
    await rig.api.get("/users")

    page = await rig.page("/faults")

    assert 'data-label="Seen">2<' in page
    assert 'data-label="Played">1<' in page


async def test_faults_can_be_switched_off(rig: Any) -> None:
    """One by one, or all."""
    first, *_ = [rig.sandbox.faults.add(CallbackFault(kind="drop")) for _ in range(3)]

    await rig.said(f"/faults/{first}/remove")
    assert len(switched_on(rig)) == 2
    assert "switched off" in await rig.said(f"/faults/{first}/remove")
    await rig.said("/faults/clear")
    assert switched_on(rig) == []


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (RequestFault(kind="html", status=503), ["An HTML error page (503)", "any method *"]),
        (RequestFault(kind="slow", seconds=3), ["A slow answer", "any method *", "after 3.0 s"]),
        (
            RequestFault(kind="server_error", processed=True, seconds=60, skip=1),
            [
                "500, server error",
                "any method *",
                "carried out all the same 1 min later",
                "not the first",
            ],
        ),
        (
            CallbackFault(kind="delay", subject="tune", match="x", seconds=60),
            ["Callback: sent late", "tunes, address with “x”", "by 1 min"],
        ),
        (CallbackFault(kind="drop", subject="prompts"), ["Callback: never sent", "whole runs"]),
        (JobFault(kind="tune", reason=""), ["A training never ends", "any"]),
        (
            JobFault(kind="prompt", match="a", reason="r", times=2, skip=3, probability=0.5),
            [
                "A generation fails",
                "text with “a”",
                "“r”",
                "50% of the time",
                "not the first 3",
                "2 times at most",
            ],
        ),
        (Fault(), ["Fault", ""]),
    ],
)
def test_a_fault_reads_as_a_sentence(fault: Any, words: list[str]) -> None:
    """What happens, to what, and how."""
    assert [title(fault), scope(fault), *manner(fault)] == words
