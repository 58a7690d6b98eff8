"""
How the API says no.

Bodies follow astria-api.md section 4: a field hash at 422, otherwise an object with ``error``;
404 repeats its status. Programs in the wild read ``error`` at 401 too, while the vendor's fixture
shows plain text there: the words are the same, and what the client accepts decides
(see ``replies.py``).
"""

import math
from collections.abc import Mapping
from typing import Any


class Refusal(Exception):
    """Ends a request with this status and JSON body."""

    def __init__(
        self, status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers: dict[str, str] = dict(headers or {})


UNAUTHORIZED_TEXT = "HTTP Token: Access denied."


def bad_request(message: str) -> Refusal:
    """400: the request cannot be understood."""
    return Refusal(400, {"status": 400, "error": message})


def unauthorized() -> Refusal:
    """401: no key, or not one of ours."""
    return Refusal(
        401,
        {"error": UNAUTHORIZED_TEXT},
        {"WWW-Authenticate": 'Token realm="Application"'},
    )


def payment_required(needed_mc: int, balance_mc: int) -> Refusal:
    """402: the account cannot pay."""
    return Refusal(
        402,
        {
            "error": (
                f"Not enough balance: this costs {needed_mc / 100_000:.3f} USD "
                f"and {balance_mc / 100_000:.3f} USD are left"
            )
        },
    )


def forbidden() -> Refusal:
    """403: somebody else's."""
    return Refusal(403, {"status": 403, "error": "Forbidden"})


def not_found() -> Refusal:
    """404: never was, or is no more."""
    return Refusal(404, {"status": 404, "error": "Not Found"})


def not_allowed(methods: str) -> Refusal:
    """405: the path is right and the method is not."""
    return Refusal(405, {"status": 405, "error": "Method Not Allowed"}, {"Allow": methods})


def not_acceptable() -> Refusal:
    """406: the client takes no JSON."""
    return Refusal(406, {"status": 406, "error": "Not Acceptable"})


def too_large(limit: int) -> Refusal:
    """413: more bytes than the gateway takes."""
    return Refusal(413, {"status": 413, "error": f"Payload Too Large: the limit is {limit} bytes"})


def too_many(retry_after: float | None) -> Refusal:
    """429: slow down; *retry_after* in seconds becomes a header, if given."""
    headers = {} if retry_after is None else {"Retry-After": f"{math.ceil(retry_after)}"}
    return Refusal(429, {"status": 429, "error": "Too Many Requests"}, headers)


def invalid(errors: Mapping[str, list[str]]) -> Refusal:
    """422: the named fields are wrong."""
    return Refusal(422, errors)
