"""Answers: JSON as Rails writes it, and refusals in the form that the client can read."""

import json
from typing import Any

import attrs
from starlette.requests import Request
from starlette.responses import Response

from astria_async.sandbox.refusals import UNAUTHORIZED_TEXT, Refusal

# A create that was merged into an earlier one answers 200 in place of 201.
MERGED = 200
_JSON = "application/json; charset=utf-8"
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)


@attrs.frozen
class Reply:
    """
    What a handler answers.

    Attributes:
        body: Any JSON value; ``None`` is an empty body.
        status: In place of the endpoint's usual one.
    """

    body: Any = None
    status: int | None = None


def accepted(request: Request) -> list[str]:
    """The media types that the client names, without their weights, in its order."""
    header = request.headers.get("accept", "*/*")
    return [part.partition(";")[0].strip().lower() for part in header.split(",") if part.strip()]


def takes_json(request: Request) -> bool:
    """Whether JSON is among what the client accepts; a client that names nothing takes it."""
    if request.headers.get("accept") == "*/*":
        return True
    kinds = accepted(request)
    return not kinds or any(
        kind in {"*/*", "application/*"} or kind.endswith(("/json", "+json")) for kind in kinds
    )


def json_response(status: int, body: Any, headers: dict[str, str] | None = None) -> Response:
    """A JSON answer; ``None`` gives an empty one."""
    if body is None:
        return Response(status_code=status, headers=headers)
    return Response(_ENCODER.encode(body).encode(), status, headers, _JSON)


def refuse(request: Request, refusal: Refusal, *, plain_unauthorized: bool = False) -> Response:
    """
    A refusal, as JSON for whoever takes JSON.

    The vendor's fixture answers 401 in plain text, while programs in the wild parse JSON there. One
    rule serves both: plain text goes to clients that do not take JSON (or to all, by a setting),
    and the JSON holds the same words.
    """
    if refusal.status == 401 and (plain_unauthorized or not takes_json(request)):  # noqa: PLR2004
        return Response(f"{UNAUTHORIZED_TEXT}\n", 401, refusal.headers, "text/plain")
    if not takes_json(request) and "text/html" in accepted(request):
        title = str(refusal.body.get("error", "Error"))
        page = f"<!DOCTYPE html><html><title>{title}</title><h1>{refusal.status}</h1></html>"
        return Response(page, refusal.status, refusal.headers, "text/html")
    return json_response(refusal.status, refusal.body, refusal.headers)
