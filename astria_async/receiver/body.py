"""Reading a request's body without trusting its sender."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from astria_async.protocol.errors import InvalidCallback

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
_DIGITS = 20
Headers = Iterable[tuple[bytes, bytes]]


async def read_body(receive: Receive, headers: Headers, *, limit: int) -> bytes:
    """
    The whole body, of at most *limit* bytes.

    Raises:
        InvalidCallback: It is declared to be larger (nothing is read then), turns out to be larger
            (what is over is not kept), or ends before it is whole.
    """
    if declared_length(headers) > limit:
        raise InvalidCallback("the body is too large", status=413)
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise InvalidCallback("the sender hung up before the end of the body", status=400)
        chunk = message.get("body", b"")
        if len(body) + len(chunk) > limit:
            raise InvalidCallback("the body is too large", status=413)
        body += chunk
        if not message.get("more_body", False):
            return bytes(body)


def declared_length(headers: Headers) -> int:
    """
    The largest ``Content-Length``, or 0 if there is none.

    Raises:
        InvalidCallback: One is not a number.
    """
    lengths = [value for name, value in headers if name.lower() == b"content-length"]
    if not all(value.isdigit() and len(value) <= _DIGITS for value in lengths):
        raise InvalidCallback("the Content-Length is not a number", status=400)
    return max(map(int, lengths), default=0)
