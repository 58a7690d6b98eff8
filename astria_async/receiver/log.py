"""
What the receiver says in the log, as events with fields.

Logger ``astria_async.receiver``; each record's ``event`` and ``fields`` attributes serve structured
logging, and its message reads the same for people. Wait ids and object ids may be in it; a query
string, a signature, a secret or a presigned URL never is.
"""

import logging
import re
import traceback

logger: logging.Logger = logging.getLogger("astria_async.receiver")

_QUERY = re.compile(r"(https?://[^\s?#'\"<>]*)\?[^\s'\"<>]*")
_LONGEST = 2000


def log_event(level: int, event: str, *, detail: str = "", **fields: object) -> None:
    """
    Log *event*. Values are shown by ``repr``, so that none can forge a line of its own.

    Args:
        level: As in :mod:`logging`.
        event: Its name, such as ``callback.kept``.
        detail: Text of our own for people, such as a traceback, on lines that follow.
        fields: What there is to say.
    """
    if logger.isEnabledFor(level):
        text = "".join(f" {name}={value!r}" for name, value in fields.items())
        more = f"\n{detail.rstrip()}" if detail else ""
        logger.log(level, "%s%s%s", event, text, more, extra={"event": event, "fields": fields})


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
