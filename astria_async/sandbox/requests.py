"""The latest requests, for assertions and for whoever watches."""

import collections
import datetime as dt
import uuid
from collections.abc import Iterator
from typing import Any

import attrs

from astria_async.sandbox.hiding import hide_in_form, hide_in_query, hide_in_text

MAX_REQUESTS = 2000
_SUMMARY = 2048


@attrs.define(eq=False, kw_only=True)
class RequestRecord:
    """
    One request that came in.

    Attributes:
        path: As sent, without the query.
        query: The query string as sent, but for secrets.
        status: The answer's; ``None`` while there is none, or if the connection was cut.
        received_at: Virtual time.
        answered_at: Virtual time.
        body_size: Bytes received.
        summary: The beginning of the body as text, but for secrets and files.
        fault: The fault that was played on it, if any.
        request_id: As in the answer's ``X-Request-Id``.
    """

    method: str
    path: str
    query: str
    received_at: dt.datetime
    request_id: str
    content_type: str = ""
    answered_at: dt.datetime | None = None
    status: int | None = None
    body_size: int = 0
    fault: str | None = None
    _head: bytes = b""

    def see_body(self, chunk: bytes) -> None:
        """Take note of a piece of the body."""
        self.body_size += len(chunk)
        if len(self._head) < _SUMMARY:
            self._head += chunk[: _SUMMARY - len(self._head)]

    @property
    def summary(self) -> str:
        """The beginning of the body as text, without secrets and without binary parts."""
        hide = hide_in_form if "urlencoded" in self.content_type.lower() else hide_in_text
        text = hide(self._head.decode(errors="replace"))
        return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)


class RequestLog:
    """The latest requests, the oldest first; older ones give way."""

    def __init__(self) -> None:
        self._records: collections.deque[RequestRecord] = collections.deque(maxlen=MAX_REQUESTS)

    def __iter__(self) -> Iterator[RequestRecord]:
        return iter(list(self._records))

    def __len__(self) -> int:
        return len(self._records)

    def begin(self, scope: Any, now: dt.datetime) -> RequestRecord:
        """Record that a request came."""
        headers = dict(scope["headers"])
        record = RequestRecord(
            method=scope["method"],
            path=scope["path"],
            query=hide_in_query(scope["query_string"].decode("latin-1")),
            received_at=now,
            request_id=str(uuid.uuid4()),
            content_type=headers.get(b"content-type", b"").decode("latin-1"),
        )
        self._records.append(record)
        return record

    def end(self, record: RequestRecord, now: dt.datetime) -> None:
        """Record that it was answered."""
        record.answered_at = now

    def clear(self) -> None:
        """Forget them all."""
        self._records.clear()
