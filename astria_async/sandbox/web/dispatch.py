"""From a row of the endpoint table to a running handler."""

import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from astria_async.sandbox.bodies import drain, parse_form, read_params
from astria_async.sandbox.nested import merge
from astria_async.sandbox.params import read
from astria_async.sandbox.records import Account
from astria_async.sandbox.refusals import Refusal, bad_request, invalid, not_acceptable
from astria_async.sandbox.services import Services
from astria_async.sandbox.tables.endpoint import Endpoint
from astria_async.sandbox.uploads import Spool
from astria_async.sandbox.web.call import (
    Call,
    authenticate,
    choose_workspace,
    origin_of_request,
)
from astria_async.sandbox.web.failing import HOLD
from astria_async.sandbox.web.replies import Reply, json_response, refuse, takes_json

Handler = Callable[[Call], Awaitable[Reply]]
NOBODY = Account(id=0, key=None, name="", email="", balance_mc=0, gallery=True)


def answer(
    endpoint: Endpoint, handler: Handler, services: Services
) -> Callable[[Request], Awaitable[Response]]:
    """
    A Starlette endpoint that reads a request by its row, lets *handler* act, and commits.

    The order is that of Rails: key, then format, then parameters, then the object.
    """

    async def respond(request: Request) -> Response:
        """Answer one request."""
        stream = request.stream()
        spool = services.spool()
        try:
            call = await _read(endpoint, request, stream, services, spool)
            reply = await _act(handler, call)
        except Refusal as refusal:
            with contextlib.suppress(ClientDisconnect):
                await drain(stream, services.world.settings.max_request)
            await services.commit()
            plain = services.world.settings.plain_unauthorized
            return refuse(request, refusal, plain_unauthorized=plain)
        except ClientDisconnect:
            # Nobody is left to read it; the status is for the log.
            return Response(status_code=400)
        finally:
            await spool.discard()
        return json_response(reply.status or endpoint.success, reply.body)

    return respond


async def _act(handler: Handler, call: Call) -> Reply:
    services = call.services
    if HOLD not in call.request.scope:
        reply = await handler(call)
        await services.commit()
        return reply
    # The gateway has given up on this one; it happens later, and nobody sees the answer.
    seconds, read = call.request.scope[HOLD]
    read.set()
    await services.holds.wait(seconds)
    try:
        reply = await handler(call)
        await services.commit()
        return reply
    finally:
        services.holds.done()


async def _read(
    endpoint: Endpoint, request: Request, stream: Any, services: Services, spool: Spool
) -> Call:
    account = NOBODY if endpoint.public else authenticate(request, services)
    services.limits.count(account.id)
    if not takes_json(request):
        raise not_acceptable()
    everywhere, workspace = (
        (False, None) if endpoint.public else choose_workspace(request, services, account)
    )
    in_query = parse_form(request.scope["query_string"])
    query, wrong = read(endpoint.query, in_query)
    if wrong:
        field, messages = next(iter(wrong.items()))
        raise bad_request(f"{field} {messages[0]}")
    body: dict[str, Any] = {}
    top: dict[str, Any] = {}
    if endpoint.body:
        content_type = request.headers.get("content-type", "")
        given = await read_params(stream, content_type, spool, services.world.settings)
        given = merge(in_query, given)
        body = _read_body(endpoint, given)
        top, errors = read(endpoint.top, given)
        if errors:
            raise invalid(errors)
    return Call(
        endpoint=endpoint,
        request=request,
        services=services,
        spool=spool,
        account=account,
        origin=origin_of_request(request, services),
        query=query,
        body=body,
        top=top,
        everywhere=everywhere,
        workspace=workspace,
    )


def _read_body(endpoint: Endpoint, given: dict[str, Any]) -> dict[str, Any]:
    root = endpoint.root
    if root is not None and endpoint.optional and root not in given:
        given = {}
    elif root is not None and not (endpoint.flat and not isinstance(given.get(root), dict)):
        inner = given.get(root)
        if not isinstance(inner, dict) or not inner:
            raise bad_request(f"param is missing or the value is empty: {root}")
        given = inner
    values, errors = read(endpoint.body, given, creating=endpoint.method == "POST")
    if errors:
        raise invalid(errors)
    return values
