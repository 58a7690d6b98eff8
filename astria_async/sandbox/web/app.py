"""The sandbox as an ASGI app."""

from collections.abc import Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from astria_async.sandbox.openapi import document
from astria_async.sandbox.refusals import not_allowed, not_found
from astria_async.sandbox.services import Services
from astria_async.sandbox.tables.control_endpoints import CONTROL
from astria_async.sandbox.tables.endpoint import Endpoint
from astria_async.sandbox.tables.endpoints import ENDPOINTS
from astria_async.sandbox.tables.prompt_endpoints import PROMPTS
from astria_async.sandbox.web import (
    account,
    catalogs,
    inspect,
    packs,
    prompts,
    tunes,
    workspaces,
)
from astria_async.sandbox.web.call import origin_of_request
from astria_async.sandbox.web.control import CONTROL_HANDLERS
from astria_async.sandbox.web.dispatch import Handler, answer
from astria_async.sandbox.web.files import serve_file
from astria_async.sandbox.web.replies import json_response, refuse

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
    "duplicatePrompt": prompts.duplicate,
    "likePrompt": prompts.like,
    "unlikePrompt": prompts.unlike,
    "listGalleryTunes": catalogs.gallery,
    "listPacks": packs.index,
    "createPack": packs.create,
    "listGalleryPacks": packs.gallery,
    "getPack": packs.show,
    "runPack": packs.run,
    "createTheme": packs.theme,
    "inspectImage": inspect.show,
    "listWorkspaces": workspaces.index,
    "createWorkspace": workspaces.create,
    "getWorkspace": workspaces.show,
    "updateWorkspace": workspaces.update,
    "getUser": account.show,
    "getCliModels": catalogs.cli,
    "getPluginModels": catalogs.plugin,
}


def build_app(services: Services) -> Starlette:
    """An app that answers every endpoint of the table, and serves stored files."""

    async def files(request: Request) -> Response:
        """Serve a stored file."""
        return await serve_file(request, services)

    async def openapi(request: Request) -> Response:
        """Serve the document."""
        return json_response(200, document(origin_of_request(request, services)))

    # Routes are tried in turn: what programs ask for most comes first.
    by_demand = (*PROMPTS, *(it for it in ENDPOINTS if it not in PROMPTS))
    routes = [Route("/files/{key}", files, methods=["GET"])]
    for table, handlers in ((by_demand, HANDLERS), (CONTROL, CONTROL_HANDLERS)):
        for endpoint in table:
            routes += _routes(endpoint, handlers[endpoint.operation], services)
    routes.append(Route("/openapi.json", openapi, methods=["GET"]))

    async def unrouted(request: Request, error: Exception) -> Response:
        """Refuse what no route takes."""
        assert isinstance(error, HTTPException)
        if error.status_code != 405:  # noqa: PLR2004
            return refuse(request, not_found())
        fitting = (r for r in routes if r.matches(request.scope)[0] is not Match.NONE)
        methods = {method for route in fitting for method in route.methods or ()}
        return refuse(request, not_allowed(", ".join(sorted(methods))))

    app = Starlette(routes=routes, exception_handlers={HTTPException: unrouted})
    app.router.redirect_slashes = False
    return app


def _routes(endpoint: Endpoint, handler: Handler, services: Services) -> list[Route]:
    respond = answer(endpoint, handler, services)
    methods = ["PATCH", "PUT"] if endpoint.method == "PATCH" else [endpoint.method]
    return [Route(path, respond, methods=methods) for path in endpoint.paths]
