"""Plays faults on requests, before and after the app."""

from collections.abc import Callable
from typing import Any

import anyio
import attrs
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from astria_async.sandbox.bodies import drain
from astria_async.sandbox.clock import VirtualClock
from astria_async.sandbox.faults import RequestFault
from astria_async.sandbox.transport import ConnectionCut
from astria_async.sandbox.web.replies import json_response

HOLD = "astria.hold"
_PAGE = """<!DOCTYPE html>
<html><head><title>{status} {message}</title></head>
<body><center><h1>{status}</h1></center><hr><center>gateway</center></body></html>
"""


@attrs.define(eq=False)
class Failing:
    """
    An ASGI app that answers as a fault says, and lets the real one act where the fault says so.

    Args:
        app: Who acts.
        clock: On which slow answers wait.
        later: Runs a request to its end, in a task that outlives the answer.
        max_body: Bytes that are read of a body before it is refused.
    """

    app: ASGIApp
    clock: VirtualClock
    later: Callable[..., None]
    max_body: int

    async def play(self, fault: RequestFault, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Answer one request wrongly.

        Raises:
            ConnectionCut: For the server to break the connection.
        """
        if fault.kind == "slow":
            await self.clock.sleep(fault.seconds)
            await self.app(scope, receive, send)
            return
        if fault.processed and fault.kind not in {"invalid", "rate_limited"}:
            await self._process(fault, scope, receive)
        elif fault.kind != "reset":
            try:
                await drain(Request(scope, receive).stream(), self.max_body)
            except ClientDisconnect:
                return
        if fault.kind == "reset":
            raise ConnectionCut
        await _answer(fault)(scope, receive, send)

    async def _process(self, fault: RequestFault, scope: Scope, receive: Receive) -> None:
        if not fault.seconds:
            await self.app(scope, receive, _nowhere)
            return
        read = anyio.Event()
        self.later(self._carry_out, {**scope, HOLD: (fault.seconds, read)}, receive, read)
        await read.wait()

    async def _carry_out(self, scope: Scope, receive: Receive, read: anyio.Event) -> None:
        try:
            await self.app(scope, receive, _nowhere)
        finally:
            read.set()


async def _nowhere(message: Any) -> None:
    """Where answers go that nobody will see."""


def _answer(fault: RequestFault) -> Response:
    error: dict[str, Any] = {"error": fault.message}
    if fault.kind == "invalid":
        return json_response(422, {"base": [fault.message]})
    if fault.kind == "rate_limited":
        seconds = fault.retry_after
        headers = {} if seconds is None else {"Retry-After": f"{seconds:g}"}
        return json_response(429, error, headers)
    if fault.kind == "server_error":
        return json_response(500, {"status": 500, **error})
    status, message = (504, "Gateway Time-out")
    if fault.kind == "html":
        status, message = fault.status, "Error"
    return Response(_PAGE.format(status=status, message=message), status, media_type="text/html")
