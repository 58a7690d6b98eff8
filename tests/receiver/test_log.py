"""What may be in the log."""

import logging

from astria_async.receiver.log import describe, describe_fully, log_event


def test_event_and_fields(caplog) -> None:
    """A record has its event and fields for machines, and one line for people."""
    caplog.set_level(logging.INFO)

    log_event(logging.INFO, "callback.kept", wait="a\nb", bytes=2)

    (record,) = caplog.records
    assert ("callback.kept", {"wait": "a\nb", "bytes": 2}) == (record.event, record.fields)
    assert r"callback.kept wait='a\nb' bytes=2" == record.getMessage()


def test_silent_level(caplog) -> None:
    """What no one listens to is not written."""
    caplog.set_level(logging.ERROR)

    log_event(logging.INFO, "callback.kept")

    assert not caplog.records


def test_no_presigned_url() -> None:
    """The query of a URL in an error's text is left out: it may sign something."""
    try:
        raise ValueError("403 for 'https://s3.example.com/a.jpg?X-Signature=abc&y=1' at last")
    except ValueError as exc:
        short, long = describe(exc), describe_fully(exc)

    assert "ValueError: 403 for 'https://s3.example.com/a.jpg?…' at last" == short
    assert "Traceback" in long
    assert "abc" not in long


def test_bounded() -> None:
    """An error's text is cut at 2000 characters."""
    text = describe(ValueError("x" * 5000))

    assert 2000 == len(text)
    assert text.endswith("…")
