"""
What the receiver answers, word for word: nothing that a stranger sent comes back to them.

The diagnosis of ``Receiver.check()`` knows our receiver by these words, too.
"""

import attrs

from astria_async.receiver.body import Scope, Send

JSON = (b"content-type", b"application/json")
TEXT = (b"content-type", b"text/plain; charset=utf-8")

HEALTHY = b'{"status": "ok"}\n'
UNHEALTHY = b'{"status": "unavailable"}\n'
REFUSED = b"refused\n"
PROOF_HEADER = "astria-async-proof"
RETRY_AFTER = 10
"""Seconds after which a sender may try a store that did not answer again."""


@attrs.frozen
class Answer:
    """
    One HTTP answer.

    Attributes:
        status: HTTP status.
        body: The body, fixed.
        headers: Besides its length.
        unread: Whether the request's body may be unread: the connection is then closed, or the
            server would have to read on, for ever if the sender is endless.
    """

    status: int
    body: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    unread: bool = False


ACCEPTED = Answer(204)
NOT_ALLOWED = Answer(405, b"method not allowed\n", (TEXT, (b"allow", b"GET, HEAD, POST")), True)
STORE_DOWN = Answer(503, UNHEALTHY, (JSON, (b"retry-after", b"%d" % RETRY_AFTER)))
_REFUSALS = {
    400: b"bad request\n",
    403: REFUSED,
    408: b"too slow\n",
    413: b"too large\n",
    414: b"query too long\n",
    431: b"headers too large\n",
}


def refusal(status: int) -> Answer:
    """The one answer to every request that is refused with *status*."""
    return Answer(status, _REFUSALS.get(status, REFUSED), (TEXT,), True)


def health(*, healthy: bool) -> Answer:
    """The answer to GET: 200 or 503."""
    body, status = (HEALTHY, 200) if healthy else (UNHEALTHY, 503)
    return Answer(status, body, (JSON, (b"cache-control", b"no-store")))


async def respond(answer: Answer, scope: Scope, send: Send) -> None:
    """Send *answer* to the request of *scope*; without its body if that is a HEAD."""
    headers = list(answer.headers)
    if answer.status != 204:  # noqa: PLR2004 - which must not have a length
        headers.append((b"content-length", b"%d" % len(answer.body)))
    # A header of HTTP/1; HTTP/2 forbids it, and resets the stream by itself.
    if answer.unread and scope.get("http_version", "1.1").startswith("1"):
        headers.append((b"connection", b"close"))
    body = b"" if scope["method"] == "HEAD" else answer.body
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
