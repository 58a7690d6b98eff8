"""What may be in the log."""

import logging

import pytest

from astria_async.receiver.log import describe, describe_fully, log_event


def test_event_and_fields(caplog: pytest.LogCaptureFixture) -> None:
    """A record has its event and fields for machines, and one line for people."""
    caplog.set_level(logging.INFO)

    log_event(logging.INFO, "callback.kept", wait="a\nb", bytes=2)

    (record,) = caplog.records
    assert (record.event, record.fields) == ("callback.kept", {"wait": "a\nb", "bytes": 2})
    assert record.getMessage() == r"callback.kept wait='a\nb' bytes=2"


def test_silent_level(caplog: pytest.LogCaptureFixture) -> None:
    """What no one listens to is not written."""
    caplog.set_level(logging.ERROR)

    log_event(logging.INFO, "callback.kept")

    assert not caplog.records


def test_no_presigned_url() -> None:
    """The query of a URL in an error's text is left out: it may sign something."""
    error = ValueError("403 for 'https://s3.example.com/a.jpg?X-Signature=abc&y=1' at last")

    assert describe(error) == "ValueError: 403 for 'https://s3.example.com/a.jpg?…' at last"
    assert "abc" not in describe_fully(error)


def test_bounded() -> None:
    """An error's text is cut at 2000 characters."""
    text = describe(ValueError("x" * 5000))

    assert len(text) == 2000
    assert text.endswith("…")
