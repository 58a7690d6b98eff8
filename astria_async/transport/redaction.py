"""Logs of the HTTP engine without the queries of URLs: presigned URLs carry their right in them."""

import logging
import re

# A query may have an apostrophe in it, so that one does not end it.
_QUERY = re.compile(r"(https?://[^\s?\"<>]*)\?[^\s\"<>]*", re.IGNORECASE)
_LAYERS = ("", ".connection", ".http11", ".http2", ".proxy", ".socks")


def redact_logs(library: str) -> None:
    """
    Cut queries from what *library* (``httpx`` or ``httpx2``) logs, and the layer below it.

    A filter sees only what its own logger is given, so each of theirs gets it; once.
    """
    below = library.replace("httpx", "httpcore")
    for name in (library, *(f"{below}{layer}" for layer in _LAYERS)):
        logging.getLogger(name).addFilter(_redact)


def _redact(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(
            _cut(str(arg)) if type(arg).__name__ == "URL" else arg for arg in record.args
        )
    if isinstance(record.msg, str):
        record.msg = _cut(record.msg)
    return True


def _cut(text: str) -> str:
    return _QUERY.sub(r"\1?…", text)
