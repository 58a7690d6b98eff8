"""Faults: what is switched on, and what can be."""

from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.dashboard import fault_forms, fault_words
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.forms import Answers, read_form
from astria_async.sandbox.dashboard.listing import path_number
from astria_async.sandbox.dashboard.page import Gone, Page
from astria_async.sandbox.dashboard.paths import path
from astria_async.sandbox.dashboard.presets import PRESETS


async def show(_request: Request, desk: Desk) -> Page:
    """What is switched on, with how often it was asked and played."""
    return _page(desk)


async def add(request: Request, desk: Desk) -> Page | Gone:
    """Switch on a rule of one's own."""
    sort = request.path_params["sort"]
    read = fault_forms.READERS.get(sort)
    if read is None:
        raise HTTPException(404)
    form = await read_form(request)
    answers = Answers(form)
    fault = read(answers)
    if fault is None:
        return _page(desk, sort, form, answers.errors)
    desk.control.faults.add(fault)
    return Gone(path("faults"), "fault-added")


async def add_preset(request: Request, desk: Desk) -> Gone:
    """Switch on the faults of a preset."""
    preset = PRESETS.get(request.path_params["name"])
    if preset is None:
        raise HTTPException(404)
    for fault in preset.faults:
        desk.control.faults.add(fault)
    return Gone(path("faults"), "preset-added")


async def remove(request: Request, desk: Desk) -> Gone:
    """Switch one off; one that is off already is no error."""
    desk.control.faults.remove(path_number(request))
    return Gone(path("faults"), "fault-removed")


async def clear(_request: Request, desk: Desk) -> Gone:
    """Switch all off."""
    desk.control.faults.clear()
    return Gone(path("faults"), "faults-cleared")


def _page(
    desk: Desk,
    sort: str = "",
    form: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Page:
    return Page(
        template="faults",
        title="Faults",
        section="faults",
        parts=("active_faults",),
        status=422 if errors else 200,
        context={
            "active": [
                {
                    "id": active.id,
                    "title": fault_words.title(active.fault),
                    "scope": fault_words.scope(active.fault),
                    "manner": fault_words.manner(active.fault),
                    "seen": active.seen,
                    "played": active.played,
                }
                for active in desk.control.faults.active
            ],
            "presets": PRESETS,
            "words": fault_words,
            "methods": fault_forms.METHODS,
            "outcomes": fault_forms.OUTCOMES,
            "sort": sort,
            "form": form or {},
            "errors": errors or {},
        },
    )
