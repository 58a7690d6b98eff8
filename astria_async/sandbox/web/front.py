"""What lies before the routes: one spelling per path, request ids, and the record of requests."""

import re
from collections.abc import Callable

import attrs
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from astria_async.sandbox.faults import Faults
from astria_async.sandbox.requests import RequestLog, RequestRecord
from astria_async.sandbox.web.failing import Failing
from astria_async.sandbox.web.mount import unmounted
from astria_async.sandbox.world import World

_UNTOUCHED = re.compile(r"/(files/|openapi\.json|_sandbox)")


@attrs.define(eq=False)
class Front:
    """
    An ASGI app that normalises, identifies and records requests, then hands them on.

    Args:
        app: Who answers.
        world: Whose clock dates the records.
        log: Where they go.
        faults: What may go wrong.
        failing: Who plays it.
        ready: Raises if the sandbox does not run.
    """

    app: ASGIApp
    world: World
    log: RequestLog
    faults: Faults
    failing: Failing
    ready: Callable[[], None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        self.ready()
        scope = unmounted(scope)
        record = self.log.begin(scope, self.world.now())
        exchange = _Exchange(record, receive, send, head=scope["method"] == "HEAD")
        scope = normalised(scope)
        fault = self.faults.on_request(scope["method"], scope["path"])
        try:
            if fault is None:
                await self.app(scope, exchange.receive, exchange.send)
            else:
                record.fault = fault.kind
                await self.failing.play(fault, scope, exchange.receive, exchange.send)
        finally:
            self.log.end(record, self.world.now())


def normalised(scope: Scope) -> Scope:
    """The scope with a trailing slash and a ``.json`` taken off the path."""
    path = scope["path"]
    if not _UNTOUCHED.match(path):
        path = path.rstrip("/").removesuffix(".json") or "/"
    return {**scope, "path": path}


@attrs.define(eq=False)
class _Exchange:
    """Watches one request's messages go by."""

    record: RequestRecord
    _receive: Receive
    _send: Send
    head: bool

    async def receive(self) -> Message:
        """Take a message from the server, counting the body."""
        message = await self._receive()
        if message["type"] == "http.request":
            self.record.see_body(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        """Give a message to the server, adding the request's id."""
        if message["type"] == "http.response.start":
            self.record.status = message["status"]
            name = (b"x-request-id", self.record.request_id.encode())
            message = {**message, "headers": [*message.get("headers", ()), name]}
        elif self.head:
            message = {**message, "body": b""}
        await self._send(message)
