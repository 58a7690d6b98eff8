"""Saying that something is tried again, so that a long pause does not look like a standstill."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from astria_async.cli.terminal import put_warning

WORTH_TELLING = 1.0
"""Seconds of a pause below which nobody wonders."""


class _RetryLog(logging.Handler):
    """Shows what the client's log says of tries."""

    def emit(self, record: logging.LogRecord) -> None:
        fields = getattr(record, "fields", {})
        if getattr(record, "event", "") == "request.retried" and fields["pause"] >= WORTH_TELLING:
            path, pause = fields["path"], fields["pause"]
            put_warning(f"no good answer to {path}; trying again in {pause:.0f} s")


@contextmanager
def told_of_retries(*, silent: bool) -> Iterator[None]:
    """Show on stderr that the client tries again, for the length of the block."""
    if silent or sys.stderr is None:
        yield
        return
    logger = logging.getLogger("astria_async.transport")
    handler, level = _RetryLog(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.setLevel(level)
        logger.removeHandler(handler)
