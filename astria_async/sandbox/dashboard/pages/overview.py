"""The first page: how much there is of everything, and what happened last."""

from itertools import islice

from starlette.requests import Request

from astria_async.sandbox.dashboard import states
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.page import Page

_LATEST = 8


async def show(_request: Request, desk: Desk) -> Page:
    """Counts, the latest requests and the latest callbacks."""
    counts = desk.counts()
    return Page(
        template="overview",
        title="Overview",
        section="overview",
        parts=("counts", "latest"),
        context={
            "tunes": [(state, counts.tunes.get(state.word, 0)) for state in states.TUNE_STATES],
            "prompts": [
                (state, counts.prompts.get(state.word, 0)) for state in states.PROMPT_STATES
            ],
            "callbacks": [
                (states.State("delivered", "good"), counts.callbacks.get("delivered", 0)),
                (states.State("pending", "idle"), counts.callbacks.get("pending", 0)),
                (states.State("failed", "bad"), counts.callbacks.get("failed", 0)),
            ],
            "requests": desk.latest_requests()[:_LATEST],
            "deliveries": list(islice(desk.world.deliveries.newest(), _LATEST)),
            "base_url": desk.services.base_url(),
        },
    )
