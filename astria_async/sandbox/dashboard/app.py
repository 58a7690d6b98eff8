"""The dashboard's routes, and what holds for all of them."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from astria_async.sandbox.dashboard import pictures
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.guard import Guard, is_same_origin
from astria_async.sandbox.dashboard.hardening import Hardened
from astria_async.sandbox.dashboard.page import Gone, Page
from astria_async.sandbox.dashboard.pages import (
    billing,
    callbacks,
    clock,
    faults,
    overview,
    prompts,
    requests,
    settings,
    tunes,
)
from astria_async.sandbox.dashboard.pages.sign_in import SignIn
from astria_async.sandbox.dashboard.paths import HOME, path
from astria_async.sandbox.dashboard.rendering import FOLDER, environment, render, render_bare

Handler = Callable[[Request, Desk], Awaitable[Page | Gone | Response]]
View = Callable[[Request], Awaitable[Response]]
_REASONS = {
    HTTPStatus.NOT_FOUND: "There is nothing here, or not any more.",
    HTTPStatus.METHOD_NOT_ALLOWED: "This address is for a form.",
}

PAGES: Mapping[str, Handler] = {
    "/": overview.show,
    "/tunes": tunes.index,
    "/tunes/{number}": tunes.show,
    "/prompts": prompts.index,
    "/prompts/{number}": prompts.show,
    "/requests": requests.index,
    "/requests/{request_id}": requests.show,
    "/callbacks": callbacks.index,
    "/callbacks/{number}": callbacks.show,
    "/billing": billing.show,
    "/faults": faults.show,
    "/settings": settings.show,
    "/files/{key}": pictures.whole,
}
POSTS: Mapping[str, Handler] = {
    "/clock/advance": clock.advance,
    "/clock/speed": clock.set_speed,
    "/tunes/{number}/fail": tunes.fail,
    "/prompts/{number}/fail": prompts.fail,
    "/callbacks/{number}/replay": callbacks.replay,
    "/billing/top-up": billing.top_up,
    "/billing/settings": billing.save,
    "/faults/add/{sort}": faults.add,
    "/faults/presets/{name}": faults.add_preset,
    "/faults/{number}/remove": faults.remove,
    "/faults/clear": faults.clear,
    "/settings": settings.save,
    "/settings/account": settings.save_account,
}


def build_pages(desk: Desk) -> ASGIApp:
    """An ASGI app with all pages; reads templates from the disk, so call it in a thread."""
    environment()
    guard = Guard(desk)
    sign_in = SignIn(guard)
    get: dict[str, Handler] = {**PAGES, "/thumbs/{key}": pictures.Thumbnails().small}
    routes: list[BaseRoute] = [
        Mount(f"{HOME}/static", StaticFiles(directory=FOLDER / "static")),
        Route(f"{HOME}/sign-in", sign_in.show, methods=["GET"]),
        Route(f"{HOME}/sign-in", _checked(sign_in.enter), methods=["POST"]),
        Route(f"{HOME}/sign-out", _checked(sign_in.leave), methods=["POST"]),
        *(
            Route(f"{HOME}{at}", _view(handler, desk, guard), methods=["GET"])
            for at, handler in get.items()
        ),
        *(
            Route(f"{HOME}{at}", _checked(_view(handler, desk, guard)), methods=["POST"])
            for at, handler in POSTS.items()
        ),
        *(Route(at, _go_home, methods=["GET"]) for at in ("/", "/_sandbox", "/_sandbox/", HOME)),
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _explain})
    app.router.redirect_slashes = False
    return Hardened(app)


def _view(handler: Handler, desk: Desk, guard: Guard) -> View:
    async def respond(request: Request) -> Response:
        if not guard.admits(request):
            return _to_sign_in(request)
        result = await handler(request, desk)
        if isinstance(result, Page):
            return render(request, result, desk)
        if isinstance(result, Gone):
            mark = "&" if "?" in result.address else "?"
            return RedirectResponse(f"{result.address}{mark}said={result.said}", 303)
        return result

    return respond


def _checked(view: View) -> View:
    async def respond(request: Request) -> Response:
        if not is_same_origin(request):
            raise HTTPException(403, "This form was not sent by a page of the dashboard.")
        try:
            return await view(request)
        except ClientDisconnect:
            # Nobody is left to read it.
            return Response(status_code=400)

    return respond


def _to_sign_in(request: Request) -> Response:
    if "hx-request" in request.headers:
        # The page that asks is out of date as a whole: let the browser load it again.
        return Response(status_code=401, headers={"HX-Refresh": "true"})
    back = request.url.path if request.method == "GET" else path()
    return RedirectResponse(path("sign-in", back=back), 303)


async def _go_home(_request: Request) -> Response:
    return RedirectResponse(path(), 302, headers={"Vary": "Accept"})


async def _explain(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = HTTPStatus(error.status_code)
    said = error.detail if error.detail != known.phrase else _REASONS.get(known, "")
    response = render_bare(known.phrase, error.status_code, message=said)
    response.headers.update(error.headers or {})
    return response
