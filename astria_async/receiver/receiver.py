"""What Astria calls: the receiver, as a user sees it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import anyio
import attrs
from anyio.abc import TaskStatus

from astria_async.clock import Clock, SystemClock
from astria_async.protocol.addresses import Address, Kind
from astria_async.protocol.errors import ConfigurationError
from astria_async.protocol.signing import CallbackSigner
from astria_async.receiver import settings
from astria_async.receiver.app import CallbackApp, Limits
from astria_async.receiver.attempt import Attempt, Load, Outcome
from astria_async.receiver.checking import Checker, Resolve, SendProbe, resolve
from astria_async.receiver.endpoint import Endpoint
from astria_async.receiver.evidence import CheckResult
from astria_async.receiver.handlers import H, HandlerLimits, Handlers
from astria_async.receiver.lifetime import StoreUse
from astria_async.receiver.proof import Prober
from astria_async.receiver.refusals import Refusals
from astria_async.receiver.tunnel import Tunnel, choose_tunnel, through
from astria_async.receiver.worker import HandlerWorker
from astria_async.stores import Store
from astria_async.stores.base import RETENTION
from astria_async.transport.probe import send_probe


@attrs.frozen(kw_only=True)
class Listening:
    """
    Where a served receiver listens.

    Attributes:
        host: As given to ``serve``.
        port: The bound port.
        url: The receiver's URL on this machine.
        public_url: Its URL as Astria is told it.
    """

    host: str
    port: int
    url: str
    public_url: str


class Receiver:
    """
    Receives Astria's callbacks, keeps them, and runs your handlers on them.

    Mount :attr:`app` in a web application, or let :meth:`serve` run it. Then hand the receiver to
    ``Astria(receiver=…)``, which enters it. The environment's ``ASTRIA_CALLBACK_URL``,
    ``ASTRIA_CALLBACK_SECRET`` (several with commas between) and ``ASTRIA_CALLBACK_STORE`` are the
    defaults of the first three.

    Args:
        public_url: The receiver's https URL as Astria reaches it.
        secret: Key of at least 16 bytes that signs the callback URLs, or several: the first signs,
            all verify. May be left out for a store in memory only.
        store: Where callbacks are kept: a URL (``sqlite:///callbacks.db``, ``redis://…``,
            ``postgresql://…``), a store of your own, or by default memory.
        max_body: Largest body of a callback, in bytes.
        trust_body: Whether an object in a callback's body is taken as it is, without fetching it.
            Whoever learns a callback URL can then make up a result.
        allow_http: Whether a plain http ``public_url`` is accepted for hosts other than this.
        path: Path of the callback URL where the host comes from a tunnel or from ``serve``.
        trailing_slash: Whether callback URLs get a slash at the end of their path. Starlette's and
            FastAPI's ``Mount`` answer a redirect without one, and Astria follows none; ``False``
            suits a proxy that matches the path exactly.
        body_timeout: Seconds that a sender has for the body.
        store_timeout: Seconds that the store has to commit a callback, before a 503.
        retention: Seconds that callbacks are kept, at least a day's; those set aside stay.
        handler_limits: How often, how long and how many handlers are run.
        clock: What everything here is dated with and waits on.

    Raises:
        ConfigurationError: The URL could never be called, the secret is too short, a durable store
            has none, the store's URL cannot be read, or the retention is too short.
    """

    def __init__(
        self,
        public_url: str | None = None,
        *,
        secret: settings.Secret | None = None,
        store: str | Store | None = None,
        max_body: int = 1024 * 1024,
        trust_body: bool = False,
        allow_http: bool = False,
        path: str = "/",
        trailing_slash: bool = True,
        body_timeout: float = 10.0,
        store_timeout: float = 5.0,
        retention: float = RETENTION,
        handler_limits: HandlerLimits | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.trust_body = trust_body
        self.retention: float = settings.check_retention(retention)
        self._clock = clock or SystemClock()
        self._endpoint = Endpoint.given(
            public_url, path=path, trailing_slash=trailing_slash, allow_http=allow_http
        )
        self.store: Store = settings.read_store(store, self._clock)
        keys = settings.read_secrets(secret, durable=self.store.durable)
        self.signer: CallbackSigner = CallbackSigner(keys, fixed=sorted(self._endpoint.fixed))
        self._prober = Prober(keys)
        self._use = StoreUse(self.store)
        self._refusals = Refusals(self._clock)
        self._handlers = Handlers()
        self._handler_limits = handler_limits or HandlerLimits()
        self._serving = False
        self.app: CallbackApp = CallbackApp(
            signer=self.signer,
            prober=self._prober,
            store=self._use,
            limits=Limits(
                max_body=max_body, body_timeout=body_timeout, store_timeout=store_timeout
            ),
            clock=self._clock,
            refusals=self._refusals,
        )

    def __repr__(self) -> str:
        """Without secrets, and without the query of the URL."""
        store = type(self.store).__name__
        return f"<{type(self).__name__} at {self._endpoint}, {store}, {self._handlers!r}>"

    @property
    def public_url(self) -> str:
        """
        The receiver's URL as Astria reaches it.

        Raises:
            ConfigurationError: Nothing told it yet.
        """
        return self._endpoint.known()

    def callback_url(self, address: Address) -> str:
        """
        The URL to register with Astria, so that its callback is known as *address*.

        Raises:
            InvalidInput: The metadata is not usable, or makes the URL too long.
            ConfigurationError: The public URL is not known yet.
        """
        self._endpoint.check_names(dict(address.metadata))
        return self.signer.url(self._endpoint.target(), address)

    def recognise(self, url: str | None, kind: Kind) -> Address | None:
        """The address in an object's own ``callback`` field, or ``None`` if it is not ours."""
        return self.signer.recognise(url, kind)

    def on_tune(self, handler: H) -> H:
        """
        Register an async function ``(tune, callback)``, to run when a tune is ready or failed.

        It runs at least once for each outcome: on one process at a time, again after a failure, so
        make it safe to repeat.

        Raises:
            ConfigurationError: It is not an async function, or a client is open already.
        """
        return self._handlers.add("tune", handler)

    def on_prompt(self, handler: H) -> H:
        """Register an async function ``(prompt, callback)``; see :meth:`on_tune`."""
        return self._handlers.add("prompt", handler)

    def on_pack(self, handler: H) -> H:
        """Register an async function ``(prompts, callback)``, for the end of a whole pack run."""
        return self._handlers.add("pack", handler)

    def handlers_settled(self) -> contextlib.AbstractContextManager[None]:
        """A block in which no handler can be registered; the client's own."""
        return self._handlers.settled()

    @property
    def handled_kinds(self) -> frozenset[Kind]:
        """The kinds of callback that have a handler."""
        return self._handlers.kinds

    async def run_handlers(
        self,
        load: Load,
        *,
        outcome: Outcome,
        task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED,
    ) -> None:
        """
        Run the handlers until cancelled; the client does this in its own task group.

        Args:
            load: Gives the fresh object of a callback, or ``None`` while it is not settled.
            outcome: Marks what became of an object: handlers run once for each mark.
            task_status: Told once callbacks are watched for.
        """
        attempt = Attempt(
            handlers=self._handlers,
            load=load,
            outcome=outcome,
            limits=self._handler_limits,
            clock=self._clock,
        )
        worker = HandlerWorker(store=self.store, attempt=attempt, clock=self._clock)
        await worker.run(task_status=task_status)

    async def check(
        self, send: SendProbe = send_probe, *, local: bool = False, resolve: Resolve = resolve
    ) -> CheckResult:
        """
        Send a signed probe through the public URL, and say why Astria could not reach it.

        It leaves from this machine: what a firewall hides from the outside alone is not seen.

        Args:
            send: Sends ``(method, url)`` without a body, following no redirect. Default: over the
                network.
            local: Whether whoever calls back is on this machine or network, as a sandbox is.
            resolve: Looks a host name up.

        Raises:
            ConfigurationError: The public URL is not known yet.
            StoreUnavailable: The store of this process does not answer.
        """
        async with self:
            checker = Checker(
                endpoint=self._endpoint.target(),
                prober=self._prober,
                store=self.store,
                clock=self._clock,
                send=send,
                resolve=resolve,
            )
            return await checker.check(local=local)

    async def __aenter__(self) -> Self:
        """Open the store; may be entered any number of times."""
        await self._use.enter()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give up one use of the store; the last one closes it."""
        self._refusals.flush()
        await self._use.leave()

    async def aclose(self) -> None:
        """Close the store if a request opened it: for an app that is mounted and never entered."""
        self._refusals.flush()
        await self._use.aclose()

    @contextlib.asynccontextmanager
    async def serve(
        self, host: str = "127.0.0.1", port: int = 8080, *, tunnel: str | Tunnel | None = None
    ) -> AsyncIterator[Listening]:
        """
        Run the app on uvicorn, in this event loop, for the length of the block.

        Without a ``public_url`` and without a tunnel the URL on this machine is taken for one,
        which a sandbox can call, and Astria cannot.

        Args:
            host: Address to listen on. Behind a proxy on this machine the default is right.
            port: Port to listen on; 0 takes a free one.
            tunnel: ``"ngrok"``, or another :class:`Tunnel`; its URL becomes the ``public_url``.

        Raises:
            ConfigurationError: The port is in use, the tunnel cannot be opened, the loop is not
                asyncio's, or the receiver is served already.
        """
        self._require_idle()
        from astria_async.receiver import server

        before = self._endpoint.url
        self._serving = True
        try:
            async with contextlib.AsyncExitStack() as stack:
                await stack.enter_async_context(self)
                sock = await server.listen(host, port)
                port = sock.getsockname()[1]
                web = server.WebServer(app=self.app, sock=sock, refusals=self._refusals)
                await stack.enter_async_context(server.running(web))
                url = server.local_url(host, port)
                if tunnel is not None:
                    opened = through(choose_tunnel(tunnel), port)
                    self._endpoint.move(await stack.enter_async_context(opened))
                elif before is None:
                    self._endpoint.move(url)
                yield Listening(host=host, port=port, url=url, public_url=self.public_url)
        finally:
            self._endpoint.url, self._serving = before, False

    def _require_idle(self) -> None:
        if self._serving:
            raise ConfigurationError("this receiver is being served already")
        try:
            asyncio.get_running_loop()
        except RuntimeError as exc:
            raise ConfigurationError(
                "serve() runs uvicorn, which needs asyncio: under trio let a server such as "
                "Hypercorn run receiver.app"
            ) from exc
