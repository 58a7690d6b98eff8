"""
The ASGI app that Astria calls.

``POST`` is a callback: the signature is checked first, so that the body of a stranger is never
read; then the body is read under a limit and a deadline; then the callback is committed to the
store; only then comes the 204, because Astria sends each callback once
(docs.astria.ai/docs/api/overview, "Callbacks"). ``GET`` and ``HEAD`` tell whether that would work.

The path is not looked at: the signature guards the app, so it may be mounted anywhere.
"""

import logging
from collections.abc import Sequence

import attrs

from astria_async.clock import Clock
from astria_async.protocol.addresses import Address
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import (
    AstriaError,
    ConfigurationError,
    InvalidCallback,
    StoreUnavailable,
)
from astria_async.protocol.signing import CallbackSigner
from astria_async.receiver import answers
from astria_async.receiver.answers import Answer, respond
from astria_async.receiver.body import Receive, Scope, Send, read_body
from astria_async.receiver.deadline import within
from astria_async.receiver.health import Health
from astria_async.receiver.lifetime import StoreUse
from astria_async.receiver.log import describe, log_event
from astria_async.receiver.proof import Probe, Prober
from astria_async.receiver.refusals import Refusals
from astria_async.telemetry import record_kept, span

MAX_QUERY = 8192
"""Bytes of a query string. A URL of ours has at most 2000."""
MAX_HEADERS = 65_536
"""Bytes of all headers together."""


@attrs.frozen(kw_only=True)
class Limits:
    """
    What the app puts up with.

    Attributes:
        max_body: Bytes of a callback's body.
        body_timeout: Seconds that a sender has for the body.
        store_timeout: Seconds that the store has for one callback, whatever its own bound.
    """

    max_body: int = attrs.field(default=1024 * 1024, validator=attrs.validators.ge(1))
    body_timeout: float = attrs.field(default=10.0, validator=attrs.validators.gt(0))
    store_timeout: float = attrs.field(default=5.0, validator=attrs.validators.gt(0))


class CallbackApp:
    """
    A plain ASGI 3 app; mount it anywhere, or serve it by itself.

    Args:
        signer: Checks the callback URLs.
        prober: Checks the probes of ``Receiver.check()``.
        store: Where callbacks are committed.
        limits: Of size and time.
        clock: What callbacks are dated with, and timeouts measured on.
        refusals: Where refused requests are logged.
    """

    def __init__(
        self,
        *,
        signer: CallbackSigner,
        prober: Prober,
        store: StoreUse,
        limits: Limits,
        clock: Clock,
        refusals: Refusals,
    ) -> None:
        self._signer = signer
        self._prober = prober
        self._use = store
        self._limits = limits
        self._clock = clock
        self._refusals = refusals
        self._health = Health(self._check_store, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection as ASGI describes it: a request, or the server's lifespan."""
        match scope["type"]:
            case "http":
                await respond(await self._answer(scope, receive), scope, send)
            case "lifespan":
                await self._live(receive, send)
            case "websocket":
                await receive()
                await send({"type": "websocket.close", "code": 1008})
            case other:
                raise RuntimeError(f"the receiver does not speak ASGI {other!r}")

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        match scope["method"]:
            case "POST":
                return await self._post(scope, receive)
            case "GET" | "HEAD":
                return answers.health(healthy=await self._health.passes())
            case _:
                return answers.NOT_ALLOWED

    async def _post(self, scope: Scope, receive: Receive) -> Answer:
        try:
            said = self._verify(scope)
            if isinstance(said, Probe):
                return await self._prove(said)
            body = await self._read(scope, receive)
        except InvalidCallback as exc:
            self._refusals.note(str(exc), client=_client(scope))
            return answers.refusal(exc.status)
        return await self._commit(said, body)

    def _verify(self, scope: Scope) -> Address | Probe:
        if len(scope["query_string"]) > MAX_QUERY:
            raise InvalidCallback("the query is too long", status=414)
        if _size(scope["headers"]) > MAX_HEADERS:
            raise InvalidCallback("the headers are too large", status=431)
        try:
            query = scope["query_string"].decode("ascii")
        except UnicodeDecodeError:
            raise InvalidCallback.unsigned() from None
        try:
            return self._signer.verify(query)
        except InvalidCallback:
            probe = self._prober.read(query)
            if probe is None:
                raise
            return probe

    async def _read(self, scope: Scope, receive: Receive) -> bytes:
        async def read() -> bytes:
            return await read_body(receive, scope["headers"], limit=self._limits.max_body)

        try:
            return await within(self._clock, self._limits.body_timeout, read)
        except TimeoutError:
            raise InvalidCallback("the body came too slowly", status=408) from None

    async def _commit(self, address: Address, body: bytes) -> Answer:
        callback = Callback(
            kind=address.kind,
            wait=address.wait,
            metadata=address.metadata,
            body=body,
            received_at=self._clock.now(),
        )

        async def put() -> bool:
            await self._use.ensure()
            return await self._use.store.put(callback)

        about = {"kind": callback.kind, "wait": callback.wait}
        began = self._clock.monotonic()
        try:
            with span("astria callback", "server", metadata=callback.metadata, kind=callback.kind):
                is_new = await within(self._clock, self._limits.store_timeout, put)
        except (StoreUnavailable, ConfigurationError, TimeoutError) as exc:
            log_event(logging.ERROR, "callback.not_kept", **about, error=describe(exc))
            return answers.STORE_DOWN
        record_kept(callback.kind, self._clock.monotonic() - began)
        log_event(logging.INFO, "callback.kept", **about, bytes=len(body), new=is_new)
        return answers.ACCEPTED

    async def _prove(self, probe: Probe) -> Answer:
        # Answered like a callback: not with 2xx unless one would be kept.
        if not await self._health.passes():
            return answers.STORE_DOWN
        try:
            known = await self._use.store.record(probe.nonce)
        except StoreUnavailable as exc:
            log_event(logging.ERROR, "store.unavailable", error=describe(exc))
            return answers.STORE_DOWN
        proof = self._prober.prove(probe, "apart" if known is None else "shared")
        return Answer(204, headers=((answers.PROOF_HEADER.encode(), proof.encode()),), unread=True)

    async def _check_store(self) -> None:
        async def check() -> None:
            await self._use.ensure()
            await self._use.store.check()

        await within(self._clock, self._limits.store_timeout, check)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._use.enter()
        except AstriaError as exc:
            await send({"type": "lifespan.startup.failed", "message": str(exc)})
            return
        try:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        finally:
            await self._use.leave()
        await send({"type": "lifespan.shutdown.complete"})


def _size(headers: Sequence[tuple[bytes, bytes]]) -> int:
    return sum(len(name) + len(value) for name, value in headers)


def _client(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else ""
