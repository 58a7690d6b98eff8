"""What the receiver says in the log, and how it tells of errors there."""

import logging
import re
import traceback
from typing import Any

from astria_async import events

logger: logging.Logger = logging.getLogger("astria_async.receiver")

_QUERY = re.compile(r"(https?://[^\s?#'\"<>]*)\?[^\s'\"<>]*")
_LONGEST = 2000


def log_event(level: int, event: str, *, detail: str = "", **fields: Any) -> None:
    """Log *event* as the receiver's; see :func:`astria_async.events.log_event`."""
    events.log_event(logger, level, event, detail=detail, **fields)


def without_queries(text: str) -> str:
    """*text*, its URLs without their query strings: a presigned URL's key is there."""
    return _QUERY.sub(r"\1?…", text)


def describe(error: BaseException) -> str:
    """One line about *error*, safe to log and to keep: at most 2000 characters, no URL's query."""
    text = without_queries(f"{type(error).__name__}: {error}")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def describe_fully(error: BaseException) -> str:
    """The traceback of *error*, without any URL's query."""
    return without_queries("".join(traceback.format_exception(error)))
