"""The sandbox as an ASGI app."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from astria_async.sandbox.refusals import Refusal, not_allowed, not_found
from astria_async.sandbox.services import Services
from astria_async.sandbox.tables.endpoints import ENDPOINTS, Endpoint
from astria_async.sandbox.web import account, prompts, tunes
from astria_async.sandbox.web.dispatch import Handler, answer
from astria_async.sandbox.web.files import serve_file
from astria_async.sandbox.web.replies import refuse

HANDLERS: Mapping[str, Handler] = {
    "createTune": tunes.create,
    "listTunes": tunes.index,
    "getTune": tunes.show,
    "updateTune": tunes.update,
    "deleteTune": tunes.delete,
    "createPrompt": prompts.create,
    "listPrompts": prompts.index,
    "listTunePrompts": prompts.index_of_tune,
    "getPrompt": prompts.show,
    "updatePrompt": prompts.update,
    "deletePrompt": prompts.delete,
    "getUser": account.show,
}


def build_app(services: Services) -> Starlette:
    """An app that answers every endpoint of the table, and serves stored files."""

    async def files(request: Request) -> Response:
        return await serve_file(request, services)

    routes = [Route("/files/{key}", files, methods=["GET"])]
    routes += [route for endpoint in ENDPOINTS for route in _routes(endpoint, services)]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _refuse})
    app.router.redirect_slashes = False
    return app


def _routes(endpoint: Endpoint, services: Services) -> list[Route]:
    respond = answer(endpoint, HANDLERS[endpoint.operation], services)
    methods = ["PATCH", "PUT"] if endpoint.method == "PATCH" else [endpoint.method]
    return [Route(path, respond, methods=methods) for path in endpoint.paths]


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refusal: Refusal = not_found()
    if error.status_code == 405:  # noqa: PLR2004
        refusal = not_allowed((error.headers or {}).get("Allow", ""))
    return refuse(request, refusal)
