"""The clock: its speed, and the leaps it can be told to take."""

import datetime as dt

from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.clock import LAST
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.forms import Answers, read_form
from astria_async.sandbox.dashboard.page import Gone, Page
from astria_async.sandbox.dashboard.paths import inside

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
LONGEST = dt.timedelta(days=400)
MAX_SPEED = 1_000_000


async def advance(request: Request, desk: Desk) -> Page | Gone:
    """Move time ahead by what a button says, or by an amount and a unit."""
    form = await read_form(request)
    answers = Answers(form)
    unit = UNITS[answers.choice("unit", UNITS, "seconds")]
    amount = answers.number("amount", 0, LONGEST.total_seconds())
    if answers.errors or amount * unit > LONGEST.total_seconds():
        raise HTTPException(400, f"Time moves ahead by at most {LONGEST.days} days at once.")
    if amount * unit > (LAST - desk.world.now()).total_seconds():
        raise HTTPException(400, "This is as far as the calendar goes.")
    done = await desk.advance(amount * unit)
    return Gone(inside(form.get("back", "")), "advanced" if done else "advancing")


async def set_speed(request: Request, desk: Desk) -> Gone:
    """Let time run faster or slower from now on."""
    form = await read_form(request)
    answers = Answers(form)
    speed = answers.number("speed", 0, MAX_SPEED, default=desk.world.clock.speed)
    if answers.errors:
        raise HTTPException(400, f"The speed is a number from 0 to {MAX_SPEED:,}.")
    desk.world.clock.speed = speed
    return Gone(inside(form.get("back", "")), "speed")
