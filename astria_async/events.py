"""
What the package says in the log: events, by name, with fields.

Loggers are named ``astria_async.…``. A record's ``event`` and ``fields`` attributes serve
structured logging; its message reads the same for people. Wait ids and object ids may be in it; a
query string, a signature, a key, a secret or a presigned URL never is.
"""

import logging

from astria_async.telemetry import count_event

EVENTS: dict[str, str] = {
    "callback.kept": "A callback was committed to the store, and answered with 2xx.",
    "callback.made_good": "A callback that never came was put into the store in its place.",
    "callback.not_kept": "The store took no callback: answered with 503, and lost to handlers.",
    "callback.refused": "A request was not a callback of ours: forged, too large, too slow.",
    "callback.refused.more": "How many more were refused in the last minute than were told.",
    "handler.cut_short": "Handlers still ran when the client was closed, and were cancelled.",
    "handler.done": "All handlers of a callback ran.",
    "handler.failed": "A handler raised an error.",
    "handler.lease_lost": "Another process took a callback over before its handlers were done.",
    "handler.object_gone": "What a callback told of is gone, so that no handler runs.",
    "handler.object_unknown": "What a callback told of could not be read now.",
    "handler.postponed": "The handlers of a callback will be tried again.",
    "handler.set_aside": "They failed too often: a person may replay the callback.",
    "look.broken": "A transport raised what it never should; the waits concerned ended with it.",
    "look.failed": "A read on behalf of waits was refused or got no answer; it is tried again.",
    "object.unreadable": "An object of a list could not be read, and was left out.",
    "receiver.unchecked": "Whether callbacks would arrive could not be found out.",
    "receiver.unreachable": "Callbacks will not arrive, and why.",
    "request.retried": "A request is sent again after a pause.",
    "store.not_closed": "The store did not close in time, and was let go.",
    "store.prune_failed": "What is too old could not be deleted; it is tried again in an hour.",
    "store.pruned": "What was too old was deleted.",
    "store.unavailable": "The store did not answer; polling covers, or the work is tried again.",
    "sweep.broken": "Looking after lost callbacks raised what it never should; it goes on.",
    "sweep.failed": "Looking after lost callbacks was refused or got no answer; it goes on.",
}
"""Every event, with what it tells."""


def log_event(
    logger: logging.Logger,
    level: int,
    event: str,
    /,
    *,
    detail: str = "",
    exc_info: bool = False,
    **fields: object,
) -> None:
    """
    Log *event*, and count it. Values are shown by ``repr``, so that none can forge a line.

    Args:
        logger: Of the part that speaks.
        level: As in :mod:`logging`.
        event: Its name, one of :data:`EVENTS`.
        detail: Text of our own for people, such as a traceback, on lines that follow.
        exc_info: Whether to add the error that is being handled.
        fields: What there is to say.
    """
    kind = fields.get("kind")
    count_event(event, kind if isinstance(kind, str) else None)
    if logger.isEnabledFor(level):
        text = "".join(f" {name}={value!r}" for name, value in fields.items())
        more = f"\n{detail.rstrip()}" if detail else ""
        logger.log(
            level,
            "%s%s%s",
            event,
            text,
            more,
            exc_info=exc_info,
            extra={"event": event, "fields": fields},
        )
