"""Callback bodies: every shape that was seen or documented, and all the others."""

import datetime as dt
import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.protocol.addresses import derive_wait_id
from astria_async.protocol.callbacks import Callback, read_body

TUNE = {"id": 7, "title": "Ada", "name": "woman", "trained_at": None, "expires_at": None}
PROMPT = {"id": 8, "tune_id": 7, "text": "a cat", "images": ["https://x/1"]}
OTHER = {"id": 9, "tune_id": 7, "text": "a dog", "images": []}
WAIT = derive_wait_id("tune", "x")


@pytest.mark.parametrize(
    ("body", "found"),
    [
        ({"tune": TUNE}, [("tune", TUNE)]),
        ({"prompt": PROMPT}, [("prompt", PROMPT)]),
        (TUNE, [("tune", TUNE)]),
        (PROMPT, [("prompt", PROMPT)]),
        ({"id": 7, "orig_images": []}, [("tune", {"id": 7, "orig_images": []})]),
        ({"id": 7, "name": "cat"}, [("tune", {"id": 7, "name": "cat"})]),
        ([PROMPT, OTHER], [("prompt", PROMPT), ("prompt", OTHER)]),
        ([{"prompt": PROMPT}, {"prompt": OTHER}], [("prompt", PROMPT), ("prompt", OTHER)]),
        ({"prompts": [PROMPT, OTHER]}, [("prompt", PROMPT), ("prompt", OTHER)]),
        ({"prompts": [{"prompt": PROMPT}]}, [("prompt", PROMPT)]),
        ({**TUNE, "prompts": [PROMPT]}, [("tune", {**TUNE, "prompts": [PROMPT]})]),
        ([PROMPT, 7, None, "x", [PROMPT]], [("prompt", PROMPT)]),
        ({"prompts": []}, []),
        ([], []),
        ({}, []),
        ({"id": 7}, []),
        ({"id": "7", "text": "a"}, []),
        ({"id": True, "text": "a"}, []),
        ({"tune": None}, []),
        ({"tune": [TUNE]}, []),
        ({"event": "ping", "object": "tune"}, []),
        (None, []),
        ("tune", []),
        (7, []),
    ],
)
def test_every_known_shape_is_read(body: Any, found: list[tuple[str, dict[str, Any]]]) -> None:
    """Wrapped, bare, arrays of either and prompts in an envelope; the rest holds nothing."""
    assert read_body(json.dumps(body).encode()) == found


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b'{"tune": {"id": 7',
        b"\xff\xfe",
        b"<html></html>",
        b"[" * 100_000,
        b'{"prompts": [' * 450 + b"]}" * 450,
        b'{"id": ' + b"9" * 10_000 + b"}",
    ],
)
def test_an_unreadable_body_holds_nothing(body: bytes) -> None:
    """A body that cannot be read, or is made to break a reader, is empty and no error."""
    assert read_body(body) == []


@given(st.binary(max_size=200))
def test_no_body_breaks_the_reader(body: bytes) -> None:
    """Whatever a stranger posts, reading it gives a list."""
    assert isinstance(read_body(body), list)


def test_a_callback_gives_its_objects() -> None:
    """Handlers see the JSON objects of the body, without their wrapping."""
    body = json.dumps({"prompts": [PROMPT, OTHER]}).encode()

    assert callback(body).objects == [PROMPT, OTHER]


def test_a_digest_tells_news_from_repetition() -> None:
    """Two callbacks say the same when their bodies are the same bytes."""
    assert callback(b"a").digest == callback(b"a").digest == hashlib.sha256(b"a").hexdigest()
    assert callback(b"a").digest != callback(b"b").digest


def test_a_callback_shows_no_body() -> None:
    """The repr of a callback goes to logs: its body does not."""
    assert "s3cret" not in repr(callback(b"s3cret"))


def test_the_number_of_a_run_is_no_part_of_a_callback() -> None:
    """The same callback, handled again, is the same callback."""
    assert callback(b"a", attempt=1) == callback(b"a", attempt=2)


def callback(body: bytes, **fields: Any) -> Callback:
    """A callback as the receiver commits it."""
    moment = dt.datetime(2025, 3, 4, tzinfo=dt.UTC)
    return Callback(kind="tune", wait=WAIT, body=body, received_at=moment, **fields)
