"""Requests: what programs sent, when, and what they got."""

from collections.abc import Callable, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.listing import window_after
from astria_async.sandbox.dashboard.page import Page
from astria_async.sandbox.requests import RequestRecord

PAGE_SIZE = 50
_FIRST_ERROR = 400
SHOWN: Mapping[str, Callable[[RequestRecord], bool]] = {
    "all": lambda _: True,
    "changes": lambda record: record.method not in {"GET", "HEAD"},
    "errors": lambda record: record.status is None or record.status >= _FIRST_ERROR,
    "faults": lambda record: record.fault is not None,
}


async def index(request: Request, desk: Desk) -> Page:
    """Requests, the youngest first; ``show`` picks a kind, ``q`` is a part of the path."""
    show = request.query_params.get("show", "all")
    picks = SHOWN.get(show, SHOWN["all"])
    words = request.query_params.get("q", "").strip()
    matching = (
        record
        for record in desk.latest_requests()
        if picks(record) and words.lower() in record.path.lower()
    )
    return Page(
        template="requests",
        title="Requests",
        section="requests",
        parts=("requests",),
        context={
            "found": window_after(matching, request, lambda record: record.request_id, PAGE_SIZE),
            "show": show if show in SHOWN else "all",
            "kinds": tuple(SHOWN),
            "q": words,
        },
    )


async def show(request: Request, desk: Desk) -> Page:
    """One request."""
    wanted = request.path_params["request_id"]
    for record in desk.latest_requests():
        if record.request_id == wanted:
            return Page(
                template="request",
                title=f"{record.method} {record.path}",
                section="requests",
                parts=("request",),
                context={"record": record},
            )
    raise HTTPException(404)
