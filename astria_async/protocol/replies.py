"""An answer of the API as a model, a list of models, or an error."""

import datetime as dt
import email.utils
import json
import re
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from astria_async.protocol.calls import Call
from astria_async.protocol.codec import structure
from astria_async.protocol.errors import (
    APIError,
    AuthenticationError,
    BadRequest,
    DecodeError,
    GatewayTimeout,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    RateLimited,
    ServerError,
    ValidationError,
)
from astria_async.protocol.models.base import Binding, Resource

R = TypeVar("R", bound=Resource)

MAX_MESSAGE = 300
MAX_READ = 20_000
MAX_DEPTH = 8
_QUERY = re.compile(r"(https?://[^\s?\"<>]*)\?[^\s\"<>]*", re.IGNORECASE)
_TAG = re.compile(r"<(script|style)\b.*?(?:</\1>|\Z)|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_GENERAL = frozenset({"error", "errors", "base", "message", "status"})

_BY_STATUS: Mapping[int, type[APIError]] = {
    400: BadRequest,
    401: AuthenticationError,
    402: PaymentRequired,
    403: PermissionDenied,
    404: NotFound,
    422: ValidationError,
    429: RateLimited,
    504: GatewayTimeout,
}


@attrs.frozen(kw_only=True)
class Reply:
    """
    What came back.

    Attributes:
        status: HTTP status code.
        headers: Names in lower case.
        body: The whole body.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(factory=dict, repr=False)
    body: bytes = attrs.field(default=b"", repr=False)

    @property
    def request_id(self) -> str | None:
        """The server's id of this request."""
        return self.headers.get("x-request-id")

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status < 300  # noqa: PLR2004

    def content(self) -> Any:
        """
        The decoded JSON body; ``None`` for an empty one.

        Raises:
            DecodeError: It is not JSON.
        """
        if not self.body.strip():
            return None
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as exc:
            raise DecodeError(
                f"the answer with status {self.status} is not JSON: {excerpt(self.body)!r}"
            ) from exc


def excerpt(body: bytes | str) -> str:
    """The beginning of a body as one line of plain text, without tags and queries of URLs."""
    text = body if isinstance(body, str) else body[:MAX_READ].decode("utf-8", "replace")
    plain = " ".join(_TAG.sub(" ", text[:MAX_READ]).split())
    short = plain if len(plain) <= MAX_MESSAGE else f"{plain[:MAX_MESSAGE]}…"
    # A query may hold a signature: that of a callback URL, or a presigned one.
    return _QUERY.sub(r"\1?…", short)


def read_object(
    cls: type[R], reply: Reply, *, binding: Binding | None = None, missing: str = ""
) -> R:
    """
    The one object in an answer; an array of one is unwrapped, as the vendor's own client does.

    Raises:
        DecodeError: There is none, or it is not as documented.
    """
    content = reply.content()
    if isinstance(content, list) and content:
        content = content[0]
    if content is None or content == []:
        raise DecodeError(f"the answer with status {reply.status} holds no {cls.kind}{missing}")
    return structure(cls, content, binding=binding, request_id=reply.request_id)


def read_list(cls: type[R], reply: Reply, *, binding: Binding | None = None) -> list[R]:
    """
    The objects in a list answer.

    Raises:
        DecodeError: It is not an array of them.
    """
    content = reply.content()
    if not isinstance(content, list):
        raise DecodeError(f"expected a list of {cls.kind}s, got {type(content).__name__}")
    return [structure(cls, item, binding=binding, request_id=reply.request_id) for item in content]


def raise_for_status(call: Call, reply: Reply, *, now: dt.datetime) -> None:
    """
    Turn an error status into its error.

    Args:
        call: What was asked.
        reply: What came back.
        now: The time, to read a ``Retry-After`` that is a date.

    Raises:
        APIError: The status is not 2xx; the subclass tells which.
    """
    if not reply.ok:
        raise read_error(call, reply, now=now)


def read_error(call: Call, reply: Reply, *, now: dt.datetime) -> APIError:
    """The error for an answer whose status is not 2xx."""
    body = _lenient(reply.body)
    errors = _field_errors(body)
    message = _message(errors) or excerpt(reply.body) or "no message"
    default = ServerError if reply.status >= 500 else APIError  # noqa: PLR2004
    cls = _BY_STATUS.get(reply.status, default)
    if "not enough balance" in message.lower():
        cls = PaymentRequired
    details: dict[str, Any] = {}
    if issubclass(cls, ValidationError):
        details["errors"] = errors or {"base": [message]}
    return cls(
        message,
        status=reply.status,
        body=body,
        method=call.method,
        path=call.path,
        request_id=reply.request_id,
        headers={k: v for k, v in reply.headers.items() if k != "set-cookie"},
        retry_after=read_retry_after(reply.headers.get("retry-after"), now=now),
        **details,
    )


def read_retry_after(value: str | None, *, now: dt.datetime) -> float | None:
    """Seconds to wait, from a ``Retry-After`` of seconds or of a date; never negative."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        try:
            moment = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        seconds = (moment - now).total_seconds()
    return max(0.0, seconds) if seconds == seconds and seconds != float("inf") else None  # noqa: PLR0124


def _lenient(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


def _texts(value: Any, depth: int = 0) -> list[str]:
    if isinstance(value, str):
        return [excerpt(value)]
    if depth == MAX_DEPTH:
        return []
    if isinstance(value, list):
        return [text for item in value for text in _texts(item, depth + 1)]
    if isinstance(value, dict):
        return [
            f"{excerpt(key)} {text}"
            for key, item in value.items()
            for text in _texts(item, depth + 1)
        ]
    return []


def _field_errors(body: Any) -> dict[str, list[str]]:
    if not isinstance(body, dict):
        return {}
    errors: dict[str, list[str]] = {}
    for key, value in body.items():
        if key == "errors" and isinstance(value, dict):
            for field, texts in value.items():
                errors.setdefault("base" if field in _GENERAL else field, []).extend(_texts(texts))
        elif _texts(value):
            errors.setdefault("base" if key in _GENERAL else key, []).extend(_texts(value))
    return errors


def _message(errors: Mapping[str, list[str]]) -> str:
    return "; ".join(
        text if field == "base" else f"{excerpt(field)} {text}"
        for field, texts in errors.items()
        for text in texts
        if text
    )
