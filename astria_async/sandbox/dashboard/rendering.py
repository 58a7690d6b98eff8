"""
Turns pages into HTML, whole or in the parts that changed.

An open page asks for itself every two seconds and says which version of each part it shows
(``X-Seen: name=version,…``). It gets back those that differ, for htmx to put in place, or 204 if
none does. So a page that nothing happens on costs one small request, and its focus, selection and
scroll position stay.
"""

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from astria_async.sandbox.dashboard import formats, masking, notices, states
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.guard import COOKIE
from astria_async.sandbox.dashboard.page import Page
from astria_async.sandbox.dashboard.paths import path

FOLDER = Path(__file__).parent
SHELL_PARTS = ("status",)
SHEETS = ("base.css", "shell.css", "pieces.css", "pictures.css", "forms.css", "touch.css")
_PULSE = "pulse"
_VERSION_LENGTH = 12
_FILTERS = {
    "clock_time": formats.clock_time,
    "date": formats.date,
    "iso": formats.iso,
    "usd": formats.usd,
    "change": formats.change,
    "span": formats.span,
    "size": formats.size,
    "times": formats.times,
    "pretty": formats.pretty,
    "masked": masking.masked,
    "readable": masking.readable,
    "state_of_tune": states.of_tune,
    "state_of_prompt": states.of_prompt,
    "state_of_delivery": states.of_delivery,
    "state_of_status": states.of_status,
}


@cache
def environment() -> Environment:
    """The templates, read and compiled once."""
    env = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    env.filters.update(_FILTERS)
    env.globals.update(path=path, between=formats.between, asset=asset, sheets=SHEETS)
    for name in env.list_templates():
        env.get_template(name)
    return env


@cache
def asset(name: str) -> str:
    """The address of a static file, which changes with its content."""
    content = (FOLDER / "static" / name).read_bytes()
    return path("static", name, v=hashlib.sha256(content).hexdigest()[:_VERSION_LENGTH])


def render(request: Request, page: Page, desk: Desk) -> Response:
    """The answer to a request for a page."""
    context = _context(request, page, desk)
    if request.headers.get("hx-trigger") == _PULSE:
        return _changes(request, page, context)

    def part(name: str) -> Markup:
        return _wrap(name, _part(name, context))

    text = environment().get_template(f"{page.template}.html").render(context, part=part)
    return _html(text, page.status)


def render_bare(title: str, status: int, template: str = "bare", **context: Any) -> Response:
    """A page that shows nothing of the sandbox, for those who may not see it."""
    text = environment().get_template(f"{template}.html").render(context, title=title)
    return _html(text, status)


def _html(text: str, status: int = 200) -> Response:
    # Titles may hold half of a surrogate pair, which JSON can carry and UTF-8 cannot.
    return HTMLResponse(text.encode(errors="replace"), status)


def _context(request: Request, page: Page, desk: Desk) -> dict[str, Any]:
    account = desk.account()
    return {
        "title": page.title,
        "section": page.section,
        "here": _here(request),
        "said": notices.notice(request.query_params.get("said", "")),
        "signed_in": COOKIE in request.cookies,
        "clock": desk.world.clock,
        "now": desk.world.now(),
        "jumping": desk.jumping,
        "balance_mc": account.balance_mc if account else 0,
        "active_faults": len(desk.control.faults.active),
        **page.context,
    }


def _here(request: Request) -> str:
    url = request.url.remove_query_params("said")
    return f"{url.path}?{url.query}" if url.query else url.path


def _changes(request: Request, page: Page, context: Mapping[str, Any]) -> Response:
    pairs = (pair.partition("=") for pair in request.headers.get("x-seen", "").split(","))
    seen = {name: version for name, _, version in pairs}
    parts = {name: _part(name, context) for name in (*SHELL_PARTS, *page.parts)}
    changed = [
        _wrap(name, text, out_of_band=True)
        for name, text in parts.items()
        if seen.get(name) != _version(text)
    ]
    if not changed:
        return Response(status_code=204)
    return _html("\n".join(changed))


def _part(name: str, context: Mapping[str, Any]) -> str:
    return environment().get_template(f"parts/{name}.html").render(context)


def _version(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:_VERSION_LENGTH]


def _wrap(name: str, text: str, *, out_of_band: bool = False) -> Markup:
    opening = Markup('<div id="part-{0}" class="part" data-part="{0}" data-seen="{1}"{2}>')
    oob = Markup(' hx-swap-oob="true"') if out_of_band else ""
    # The text is a template's own output, escaped there.
    inner = Markup(text)  # noqa: S704
    return opening.format(name, _version(text), oob) + inner + Markup("</div>")
