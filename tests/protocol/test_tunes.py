"""Tunes: status, failure and weights, from fields that Astria documents for something else."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest

from astria_async.protocol.codec import structure
from astria_async.protocol.models import Status, Tune

NOW = dt.datetime(2025, 3, 10, tzinfo=dt.UTC)
EARLY = NOW - dt.timedelta(hours=2)
LATE = NOW - dt.timedelta(hours=1)
AHEAD = NOW + dt.timedelta(days=30)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, Status.QUEUED),
        ({"eta": LATE}, Status.QUEUED),
        ({"started_training_at": EARLY}, Status.RUNNING),
        ({"started_training_at": EARLY, "trained_at": LATE}, Status.READY),
        ({"trained_at": EARLY, "started_training_at": LATE}, Status.READY),
        ({"trained_at": LATE, "expires_at": AHEAD}, Status.READY),
        ({"trained_at": EARLY, "expires_at": LATE}, Status.EXPIRED),
        ({"trained_at": EARLY, "expires_at": NOW}, Status.EXPIRED),
        ({"failed_at": LATE}, Status.FAILED),
        ({"trained_at": LATE, "failed_at": EARLY}, Status.READY),
        ({"trained_at": EARLY, "failed_at": LATE}, Status.FAILED),
        ({"user_error": "no face found"}, Status.FAILED),
        ({"extra": {"error": "out of memory"}}, Status.FAILED),
        ({"extra": {"status": "failed"}}, Status.FAILED),
        ({"extra": {"status": "error"}}, Status.FAILED),
        ({"extra": {"status": "training"}}, Status.QUEUED),
        ({"extra": {"status": {"odd": 1}}}, Status.QUEUED),
    ],
)
def test_status_follows_from_times_and_errors(fields: dict[str, Any], status: Status) -> None:
    """A tune has no status field: times and the signs of failure give it."""
    assert Tune(id=1, **fields).status_at(NOW) is status


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"failed_at": LATE, "user_error": "no face found"}, "no face found"),
        ({"failed_at": LATE}, "training failed, and Astria gave no reason"),
        ({"extra": {"error": {"code": 7}}}, "{'code': 7}"),
        ({"extra": {"status": "failed"}}, "Astria gives its status as 'failed'"),
        ({"trained_at": LATE, "failed_at": LATE, "user_error": "first try"}, None),
        ({"started_training_at": LATE}, None),
    ],
)
def test_failure_is_told_in_the_servers_words(fields: dict[str, Any], reason: str | None) -> None:
    """The reason is what the server gave, and a later success takes it back."""
    assert Tune(id=1, **fields).failure == reason


def test_a_faceid_tune_is_ready_before_it_was_created(tune_json: dict[str, Any]) -> None:
    """A FaceID tune is trained half a second before its creation: no order of times is assumed."""
    tune_json |= {
        "model_type": "faceid",
        "trained_at": "2025-03-04T10:20:29.900Z",
        "started_training_at": "2025-03-04T10:20:29.900Z",
        "ckpt_url": None,
    }

    tune = structure(Tune, tune_json)

    assert (tune.is_ready, tune.is_settled, tune.status_at(NOW)) == (True, True, Status.READY)
    assert tune.checkpoint_urls == ()


@pytest.mark.parametrize(
    ("fields", "urls"),
    [
        ({"ckpt_url": "https://x/1"}, ("https://x/1",)),
        (
            {"ckpt_url": "https://x/1", "ckpt_urls": ("https://x/1", "https://x/2")},
            ("https://x/1", "https://x/2"),
        ),
        ({}, ()),
    ],
)
def test_weights_may_be_several_files(fields: dict[str, Any], urls: tuple[str, ...]) -> None:
    """ckpt_urls has them all where it is filled."""
    assert Tune(id=1, **fields).checkpoint_urls == urls


@pytest.mark.parametrize(
    ("millicents", "dollars"),
    [(150_000, Decimal("1.5")), (11_500, Decimal("0.115")), (0, Decimal(0)), (None, None)],
)
def test_cost_is_exact_dollars(millicents: int | None, dollars: Decimal | None) -> None:
    """100,000 millicents are one dollar, to the last digit; unknown is not nothing."""
    assert Tune(id=1, cost_mc=millicents).cost == dollars


def test_a_tune_of_2022_is_read_too() -> None:
    """The old page calls the training images images, and has few of today's fields."""
    tune = structure(Tune, {"id": 1, "images": ["https://x/1"], "trained_at": None})

    assert (tune.orig_images, tune.title, tune.extra) == (("https://x/1",), None, {})
    assert tune.to_dict() == {"id": 1, "images": ["https://x/1"], "trained_at": None}


def test_todays_images_are_not_the_old_ones() -> None:
    """Where both keys are there, orig_images are the training images and images are kept."""
    tune = structure(Tune, {"id": 1, "images": ["a"], "orig_images": ["b"]})

    assert (tune.orig_images, tune.extra) == (("b",), {"images": ["a"]})


def test_status_without_a_client_goes_by_the_machines_clock() -> None:
    """An object made by hand can still tell its status."""
    assert Tune(id=1, expires_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC)).status is Status.EXPIRED


def test_a_tune_writes_its_own_references() -> None:
    """The tokens for prompt texts are spelt as the API reads them."""
    tune = Tune(id=7)

    assert (tune.lora(), tune.lora(0.85), tune.faceid()) == (
        "<lora:7:1>",
        "<lora:7:0.85>",
        "<faceid:7:1>",
    )
