"""The door: who comes from another machine shows the API key once."""

import attrs
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from astria_async.sandbox.dashboard.forms import read_form
from astria_async.sandbox.dashboard.guard import COOKIE, Guard
from astria_async.sandbox.dashboard.paths import HOME, inside
from astria_async.sandbox.dashboard.rendering import render_bare


@attrs.define(eq=False)
class SignIn:
    """
    The page that asks for the key.

    Args:
        guard: Who knows keys and sessions.
    """

    guard: Guard

    async def show(self, request: Request) -> Response:
        """Ask for the key, or go on if there is nothing to ask for."""
        back = inside(request.query_params.get("back", ""))
        if self.guard.admits(request):
            return RedirectResponse(back, 303)
        return render_bare("Sign in", 200, "sign_in", back=back, wrong=False)

    async def enter(self, request: Request) -> Response:
        """Take the key; a cookie that scripts cannot read stands for it from then on."""
        form = await read_form(request)
        back = inside(form.get("back", ""))
        token = self.guard.sign_in(form.get("key", "").strip())
        if token is None:
            return render_bare("Sign in", 403, "sign_in", back=back, wrong=True)
        response = RedirectResponse(back, 303)
        response.set_cookie(
            COOKIE,
            token,
            path=HOME,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return response

    async def leave(self, request: Request) -> Response:
        """End the session."""
        self.guard.sign_out(request)
        response = RedirectResponse(f"{HOME}/?said=signed-out", 303)
        response.delete_cookie(COOKIE, path=HOME)
        return response
