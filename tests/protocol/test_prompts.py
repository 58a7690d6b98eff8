"""Prompts: settled by images, by an error or by their end, as the vendor's own clients read it."""

import datetime as dt
from typing import Any

import pytest

from astria_async.protocol.codec import structure
from astria_async.protocol.models import Prompt, Status

NOW = dt.datetime(2025, 3, 10, tzinfo=dt.UTC)
EARLY = NOW - dt.timedelta(hours=2)
LATE = NOW - dt.timedelta(hours=1)
ONE = ("https://x/1",)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({}, Status.QUEUED),
        ({"started_training_at": EARLY}, Status.RUNNING),
        ({"trained_at": LATE, "images": ONE}, Status.READY),
        ({"images": ONE}, Status.READY),
        ({"trained_at": LATE}, Status.FAILED),
        ({"user_error": "refused"}, Status.FAILED),
        ({"user_error": "partly", "images": ONE, "trained_at": LATE}, Status.FAILED),
        ({"user_error": ""}, Status.QUEUED),
        ({"extra": {"status": "failed"}}, Status.FAILED),
        ({"trained_at": NOW - dt.timedelta(days=30), "images": ONE}, Status.EXPIRED),
        ({"trained_at": NOW - dt.timedelta(days=29), "images": ONE}, Status.READY),
    ],
)
def test_status_is_the_union_of_the_vendors_rules(fields: dict[str, Any], status: Status) -> None:
    """Images, an error, or an end settle a prompt; an end without images is a failure."""
    assert Prompt(id=1, **fields).status_at(NOW) is status


@pytest.mark.parametrize(
    ("fields", "ready", "settled"),
    [
        ({}, False, False),
        ({"images": ONE}, True, True),
        ({"user_error": "refused"}, False, True),
        ({"trained_at": LATE}, False, True),
    ],
)
def test_what_is_settled_need_not_be_ready(
    fields: dict[str, Any], ready: bool, settled: bool
) -> None:
    """Settled is the end of waiting, ready is a good end."""
    prompt = Prompt(id=1, **fields)

    assert (prompt.is_ready, prompt.is_settled) == (ready, settled)


def test_partial_images_are_kept_beside_the_error() -> None:
    """A prompt that failed after one image has failed, and still has the image."""
    prompt = Prompt(id=1, user_error="the second was refused", images=ONE)

    assert (prompt.failure, prompt.images) == ("the second was refused", ONE)


@pytest.mark.parametrize(
    ("fields", "empty"),
    [
        ({"trained_at": LATE}, True),
        ({"trained_at": LATE, "user_error": "refused"}, False),
        ({"trained_at": LATE, "images": ONE}, False),
        ({}, False),
    ],
)
def test_an_end_without_image_or_reason_is_worth_another_look(
    fields: dict[str, Any], empty: bool
) -> None:
    """Images may lag behind the end by a read."""
    assert Prompt(id=1, **fields).ended_empty is empty


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("<lora:1:1> ohwx woman", (1,)),
        ("<lora:2900417:1.0><faceid:12:1> a <lora:1:0.5>", (2900417, 12, 1)),
        ("<lora:7:1> and again <lora:7:0.3>", (7,)),
        ("<lora:7>", (7,)),
        ("<lora:tune:1> <lora::1> <lora:7:1 lora:8", ()),
        ("no reference", ()),
        (None, ()),
    ],
)
def test_referenced_tunes_are_read_from_the_text(text: str | None, ids: tuple[int, ...]) -> None:
    """Both spellings of a weight are read, in order, each tune once."""
    assert Prompt(id=1, text=text).referenced_tune_ids == ids


def test_images_vanish_thirty_days_after_the_end() -> None:
    """The documented storage time counts from the end of the job, and starts with it."""
    assert Prompt(id=1, trained_at=EARLY).expires_at == EARLY + dt.timedelta(days=30)
    assert Prompt(id=1).expires_at is None


def test_images_may_be_missing_or_objects(prompt_json: dict[str, Any]) -> None:
    """Doc samples leave images out; objects with a URL are tolerated."""
    missing = structure(Prompt, {"id": 1})
    objects = structure(Prompt, prompt_json | {"images": [{"url": "https://x/1"}, "https://x/2"]})

    assert missing.images == ()
    assert objects.images == ("https://x/1", "https://x/2")


def test_numbers_written_as_text_are_numbers(prompt_json: dict[str, Any]) -> None:
    """cfg_scale comes as a decimal string and is a number here."""
    prompt_json |= {"denoising_strength": "0.8", "cfg_scale": "3.0", "num_images": "2"}

    prompt = structure(Prompt, prompt_json)

    assert (prompt.cfg_scale, prompt.denoising_strength, prompt.num_images) == (3.0, 0.8, 2)
