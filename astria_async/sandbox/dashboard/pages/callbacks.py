"""Callbacks: each delivery, how it went, and again if wanted."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.dashboard import states
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.forms import read_form
from astria_async.sandbox.dashboard.listing import path_number, window
from astria_async.sandbox.dashboard.page import Gone, Page
from astria_async.sandbox.dashboard.paths import inside
from astria_async.sandbox.records import Delivery

SHOWN = {"all": {"good", "bad", "idle", "busy"}, "failed": {"bad"}, "pending": {"idle", "busy"}}


async def index(request: Request, desk: Desk) -> Page:
    """Deliveries, the youngest first; ``show`` picks a kind."""
    show = request.query_params.get("show", "all")
    if show not in SHOWN:
        show = "all"
    matching = (
        delivery
        for delivery in desk.world.deliveries.newest()
        if states.of_delivery(delivery).tone in SHOWN[show]
    )
    return Page(
        template="callbacks",
        title="Callbacks",
        section="callbacks",
        parts=("callbacks",),
        context={
            "found": window(matching, request, lambda delivery: delivery.id),
            "show": show,
            "kinds": tuple(SHOWN),
        },
    )


async def show(request: Request, desk: Desk) -> Page:
    """One delivery."""
    delivery = _find(request, desk)
    return Page(
        template="callback",
        title=f"Callback {delivery.id}",
        section="callbacks",
        parts=("callback",),
        context={
            "delivery": delivery,
            "replays": [each for each in desk.world.deliveries if each.replay_of == delivery.id],
        },
    )


async def replay(request: Request, desk: Desk) -> Gone:
    """Send a delivery again."""
    delivery = _find(request, desk)
    form = await read_form(request)
    done = await desk.send_again(delivery)
    return Gone(inside(form.get("back", "")), "replayed" if done else "replaying")


def _find(request: Request, desk: Desk) -> Delivery:
    delivery = desk.world.deliveries.get(path_number(request))
    if delivery is None:
        raise HTTPException(404)
    return delivery
