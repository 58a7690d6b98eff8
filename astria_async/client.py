"""The client: puts the parts together and owns the one task group that they run in."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from types import TracebackType
from typing import Any, Literal, Self, TypeVar, overload

import anyio

from astria_async._version import __version__
from astria_async.background import Background
from astria_async.clock import Clock, SystemClock
from astria_async.groups import task_group
from astria_async.protocol.calls import Call, Effect, query_pairs
from astria_async.protocol.errors import (
    AstriaError,
    ClientClosed,
    ConfigurationError,
    InvalidInput,
)
from astria_async.protocol.forms import form_parts
from astria_async.protocol.models import Job
from astria_async.protocol.replies import Reply
from astria_async.protocol.retry import RetryPolicy
from astria_async.receiver import Receiver
from astria_async.resources import (
    Core,
    Costs,
    Gallery,
    Images,
    Packs,
    Prompts,
    Themes,
    Tunes,
    Users,
    Workspaces,
)
from astria_async.stores import Store
from astria_async.transport import Sender, open_transport
from astria_async.waiting import WaitPolicy, Waits, wait_all

J = TypeVar("J", bound=Job)

BASE_URL = "https://api.astria.ai"
CONNECTIONS = 50
CLOSING = 5.0
"""Seconds that closing the connections may take."""


class Astria:
    """
    A client of the Astria API, used as an asynchronous context manager.

    Args:
        api_key: The account's key, ``sd_…``. Default: ``ASTRIA_API_KEY``.
        base_url: Where the API is. Default: ``ASTRIA_BASE_URL``, else https://api.astria.ai.
        workspace_id: The workspace to act in, or ``"all"``. Default: ``ASTRIA_WORKSPACE_ID``, else
            the personal one.
        receiver: Where callbacks come to. Without one, waiting polls.
        idempotent: Whether the account's idempotency setting is on, so that an equal create may be
            sent again and gives the object that is already there.
        budget: The most that this client's creates may cost, in US dollars; a create that would
            pass it is refused before it is sent. Default: no bound.
        timeout: Seconds without a byte after which a request ends.
        retry: How often and how long to try again.
        wait: Deadlines and polling.
        http_client: An ``httpx.AsyncClient``, an ``httpx2.AsyncClient`` or an
            ``aiohttp.ClientSession`` of your own, for proxies, certificates and speed; it is not
            closed.
        clock: What time everything goes by; for tests.

    Raises:
        ConfigurationError: There is no key, or a setting cannot work.
    """

    def __init__(
        self,
        api_key: str | None = None,
        *,
        base_url: str | None = None,
        workspace_id: int | str | None = None,
        receiver: Receiver | None = None,
        idempotent: bool = False,
        budget: Decimal | None = None,
        timeout: float = 60.0,
        retry: RetryPolicy | None = None,
        wait: WaitPolicy | None = None,
        http_client: Any = None,
        clock: Clock | None = None,
    ) -> None:
        self._headers = _headers(api_key, workspace_id)
        self._base_url = base_url or os.environ.get("ASTRIA_BASE_URL") or BASE_URL
        self._receiver = receiver
        self._idempotent = idempotent
        self._costs = Costs(budget)
        if not timeout > 0:
            raise ConfigurationError(f"timeout is a number of seconds above 0, not {timeout!r}")
        self._timeout = timeout
        self._retry = retry or RetryPolicy()
        self._wait = wait or WaitPolicy()
        self._http_client = http_client
        self._clock: Clock = clock or SystemClock()
        self._stack: AsyncExitStack | None = None
        self._core: Core | None = None

    def __repr__(self) -> str:
        """Without the key."""
        state = "open" if self._core and self._core.is_open else "closed"
        return f"<{type(self).__name__} {self._base_url} {state}>"

    @property
    def tunes(self) -> Tunes:
        """Fine-tuned models."""
        return Tunes(self._open)

    @property
    def prompts(self) -> Prompts:
        """Generation jobs."""
        return Prompts(self._open)

    @property
    def packs(self) -> Packs:
        """Template prompts with a recipe for training."""
        return Packs(self._open)

    @property
    def gallery(self) -> Gallery:
        """Public models and packs."""
        return Gallery(self._open)

    @property
    def images(self) -> Images:
        """Looking at pictures before training."""
        return Images(self._open)

    @property
    def themes(self) -> Themes:
        """Prompts by subject."""
        return Themes(self._open)

    @property
    def users(self) -> Users:
        """The account behind the key."""
        return Users(self._open)

    @property
    def workspaces(self) -> Workspaces:
        """Workspaces of several people."""
        return Workspaces(self._open)

    @property
    def cost(self) -> Costs:
        """What this client's creates have cost, and what is left of its budget."""
        return self._costs

    @property
    def _open(self) -> Core:
        if self._core is None:
            raise ClientClosed("use the client inside its block: async with Astria(…) as astria:")
        return self._core

    @overload
    def wait_all(
        self,
        objects: Iterable[J],
        *,
        timeout: float | None = None,
        return_exceptions: Literal[False] = False,
    ) -> AsyncIterator[J]: ...

    @overload
    def wait_all(
        self, objects: Iterable[J], *, timeout: float | None = None, return_exceptions: bool
    ) -> AsyncIterator[J | AstriaError]: ...

    def wait_all(
        self,
        objects: Iterable[J],
        *,
        timeout: float | None = None,
        return_exceptions: bool = False,
    ) -> AsyncIterator[J | AstriaError]:
        """
        The objects in the order in which they become ready.

        Args:
            objects: Tunes or prompts.
            timeout: Seconds for each. Default: as in ``wait_ready``.
            return_exceptions: Whether failures are yielded too, as the errors that ``wait_ready``
                would raise; they carry ``.object``. By default the first one is raised.
        """
        core = self._open
        pairs = ((job, core.wait_of(job)) for job in objects)
        return wait_all(core.waits, pairs, timeout=timeout, return_exceptions=return_exceptions)

    async def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
    ) -> Reply:
        """
        Call an endpoint that this version does not know.

        Args:
            method: HTTP method. POST is taken to create something, and not sent twice.
            path: Below the base URL, such as ``/workspaces``.
            query: Query parameters; a list is repeated as ``name[]``.
            json: The body as JSON.
            form: The body as a form instead, nested as Rails reads it.

        Returns:
            The answer, with a 2xx status; ``.content()`` decodes it.

        Raises:
            InvalidInput: The path, the query or the body cannot be sent.
            APIError: The answer has an error status.
        """
        if json is not None and form is not None:
            raise InvalidInput("give json or form, not both", parameter="form")
        call = Call(
            method=method.upper(),
            path=path if path.startswith("/") else f"/{path}",
            query=tuple(
                pair for name, value in (query or {}).items() for pair in query_pairs(name, value)
            ),
            content=json,
            parts=None if form is None else tuple(form_parts(form)),
            effect=Effect.CREATES if method.upper() == "POST" else Effect.NONE,
        )
        return await self._open.send(call)

    async def __aenter__(self) -> Self:
        """Open connections and start what works in the background."""
        if self._stack is not None:
            raise ConfigurationError("this client is open already; make another one")
        self._stack = AsyncExitStack()
        try:
            async with AsyncExitStack() as stack:
                await stack.enter_async_context(self._running(stack))
                self._stack = stack.pop_all()
        except BaseException:
            self._stack = None
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        """End every wait, task and connection that this client began."""
        stack, self._stack = self._stack, None
        return await stack.__aexit__(kind, error, trace) if stack else None

    @asynccontextmanager
    async def _running(self, stack: AsyncExitStack) -> AsyncIterator[None]:
        transport = open_transport(
            base_url=self._base_url,
            headers=self._headers,
            timeout=self._timeout,
            connections=CONNECTIONS,
            http_client=self._http_client,
        )
        gate = anyio.CapacityLimiter(CONNECTIONS)
        sender = Sender(transport, self._clock, self._retry, gate)
        waits = Waits(self._clock, self._wait, sender.rng)
        core = Core(
            sender,
            waits,
            self._clock,
            self._receiver,
            self._idempotent,
            ledger=self._ledger(),
            costs=self._costs,
        )
        try:
            if self._receiver is not None:
                await stack.enter_async_context(self._receiver)
                stack.enter_context(self._receiver.handlers_settled())
            background = Background(
                core=core,
                receiver=self._receiver,
                policy=self._wait,
                clock=self._clock,
                rng=sender.rng,
                public=self._base_url == BASE_URL,
            )
            async with task_group() as group:
                self._core = core
                await background.start(group)
                try:
                    yield
                finally:
                    core.waits.close()
                    group.cancel_scope.cancel()
        finally:
            # Only now: handlers that were let finish may have had something to send.
            core.is_open = False
            with anyio.move_on_after(CLOSING, shield=True):
                await transport.aclose()

    def _ledger(self) -> Store | None:
        """The store to note expected callbacks in: for handlers, here or in another process."""
        receiver = self._receiver
        if receiver is None or not (receiver.handled_kinds or receiver.store.durable):
            return None
        return receiver.store


def _headers(api_key: str | None, workspace_id: int | str | None) -> dict[str, str]:
    key: Any = api_key if api_key is not None else os.environ.get("ASTRIA_API_KEY", "")
    if not isinstance(key, str) or not key.strip():
        raise ConfigurationError(
            "no API key: pass Astria('sd_…') or set ASTRIA_API_KEY; it is in the API settings of "
            "your Astria account (the sandbox needs none: see astria_async.testing.Sandbox)"
        )
    headers = {
        "Accept": "application/json",
        "Authorization": f"Bearer {_sendable(key, 'API key')}",
        "User-Agent": f"astria-async/{__version__}",
    }
    workspace = workspace_id if workspace_id is not None else os.environ.get("ASTRIA_WORKSPACE_ID")
    if workspace:
        headers["X-Workspace-Id"] = _sendable(str(workspace), "workspace_id")
    return headers


def _sendable(value: str, what: str) -> str:
    if not value.isascii() or not value.isprintable() or value.split() != [value]:
        raise ConfigurationError(
            f"the {what} holds blanks or characters that none has; copy it again"
        )
    return value
