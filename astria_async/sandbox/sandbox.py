"""The sandbox as a whole: a world, the engine that moves it, and the app that shows it."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import anyio
import anyio.abc
import anyio.to_thread
from starlette.types import ASGIApp

from astria_async.sandbox.billing import Billing
from astria_async.sandbox.clock import VirtualClock
from astria_async.sandbox.courier import Courier, Deliver
from astria_async.sandbox.engine import Engine
from astria_async.sandbox.faults import Faults
from astria_async.sandbox.gallery import furnish
from astria_async.sandbox.holds import Holds
from astria_async.sandbox.jobs import Jobs
from astria_async.sandbox.limits import Limits
from astria_async.sandbox.mailroom import SUBJECTS, Mailroom
from astria_async.sandbox.owned import OwnedTasks
from astria_async.sandbox.prompts import Prompts
from astria_async.sandbox.records import Delivery, Due, Prompt, Tune
from astria_async.sandbox.requests import RequestLog
from astria_async.sandbox.services import Services
from astria_async.sandbox.settings import MEBIBYTE, CallbackShape, Profile, Settings
from astria_async.sandbox.storage import Storage
from astria_async.sandbox.transport import Network, SandboxTransport
from astria_async.sandbox.tunes import Tunes
from astria_async.sandbox.uploads import Spool
from astria_async.sandbox.views import prompt_view, tune_view
from astria_async.sandbox.web.app import build_app
from astria_async.sandbox.web.failing import Failing
from astria_async.sandbox.web.front import Front
from astria_async.sandbox.world import World


class Sandbox:
    """
    A stateful emulator of the Astria API, offline.

    An async context manager: entered, it owns one task group, in which jobs advance with the clock
    and callbacks go out. ``app`` answers requests under any ASGI server; ``transport()`` carries an
    HTTP client's requests into it with no socket.

    Args:
        api_key: The key of the default account; ``None`` takes any key.
        speed: Virtual seconds per real second; ``0`` moves time by ``advance`` only.
        clock: In place of one made with *speed*.
        base_url: Where links point to when a request does not tell the host.
        seed: What durations, ids, pictures and chances derive from.
        allow_private_callbacks: Whether callbacks may go to this machine and its network, and over
            plain http there.
        deliver: Sends callbacks in place of the built-in way: ``(url, body, headers) -> status``;
            an ``OSError`` is a receiver that was not reached.
        idempotent: The account's idempotency setting.
        merge_text_seed: Whether prompts of a tune with equal text and seed are merged.
        pace: Divides the time that jobs take, without touching the clock.
        balance: What the account holds, in USD.
        profile: ``"2022"`` answers with the fields of the 2022 documentation.
        callback_shape: ``"wrapped"``, ``"bare"`` or ``"array"``.
        failure_callbacks: Whether failed jobs call back too.
        faceid_callbacks: Whether FaceID tunes, ready at creation, call back.
        callback_timeout: Real seconds that a callback's receiver has to answer.
        image_url_lifetime: Virtual seconds that a picture's URL works; ``None`` is as long as the
            picture.
        rate_limit: Requests per virtual minute and account; ``None`` is no limit.
        retry_after: Whether 429 from that limit carries ``Retry-After``.
        plain_unauthorized: Whether 401 is always plain text.
        max_upload: Bytes of one uploaded file.
    """

    def __init__(
        self,
        *,
        api_key: str | None = "sd_sandbox",
        speed: float = 1000.0,
        clock: VirtualClock | None = None,
        base_url: str = "https://api.astria.sandbox",
        seed: int = 0,
        allow_private_callbacks: bool = True,
        deliver: Deliver | None = None,
        idempotent: bool = False,
        merge_text_seed: bool = False,
        pace: float = 1.0,
        balance: Decimal | int = 100_000,
        profile: Profile = "current",
        callback_shape: CallbackShape = "wrapped",
        failure_callbacks: bool = False,
        faceid_callbacks: bool = False,
        callback_timeout: float = 10.0,
        image_url_lifetime: float | None = None,
        rate_limit: int | None = None,
        retry_after: bool = True,
        plain_unauthorized: bool = False,
        max_upload: int = 20 * MEBIBYTE,
    ) -> None:
        self.settings = Settings(
            api_key=api_key,
            seed=seed,
            pace=pace,
            balance=Decimal(balance),
            profile=profile,
            idempotent=idempotent,
            merge_text_seed=merge_text_seed,
            callback_shape=callback_shape,
            failure_callbacks=failure_callbacks,
            faceid_callbacks=faceid_callbacks,
            allow_private_callbacks=allow_private_callbacks,
            callback_timeout=callback_timeout,
            image_url_lifetime=image_url_lifetime,
            rate_limit=rate_limit,
            retry_after=retry_after,
            plain_unauthorized=plain_unauthorized,
            max_upload=max_upload,
        )
        self.clock = clock if clock is not None else VirtualClock(speed=speed)
        self.base_url = base_url.rstrip("/")
        self.faults = Faults(seed)
        self.requests = RequestLog()
        self._network = Network(callback_timeout, max_upload)
        self._numbers = itertools.count()
        self._tasks: anyio.abc.TaskGroup | None = None
        self._stack = AsyncExitStack()
        self._build(deliver)

    def _build(self, deliver: Deliver | None) -> None:
        self.world = world = World(self.settings, self.clock)
        furnish(world)
        billing = Billing(world)
        self._prompts = prompts = Prompts(world, billing)
        tunes = Tunes(world, billing, prompts)
        self._jobs = Jobs(world, tunes, prompts, billing, self.faults.on_job)
        self._storage = Storage(world, Path(), self._network.fetch)
        self._courier = Courier(world, self._network, self._show, deliver)
        self._mailroom = Mailroom(world, self._courier, self.faults)
        self._holds = Holds(world)
        self._engine = Engine(world, self._act, self._commit, self._settle)
        services = Services(
            world=world,
            tunes=tunes,
            prompts=prompts,
            billing=billing,
            storage=self._storage,
            jobs=self._jobs,
            courier=self._courier,
            engine=self._engine,
            holds=self._holds,
            limits=Limits(world),
            rush=self._rush,
            commit=self._commit,
            spool=lambda: Spool(self._storage.folder, self._numbers),
            base_url=lambda: self.base_url,
        )
        app = build_app(services)
        failing = Failing(app, self.clock, self._later, self.settings.max_request)
        self.app: ASGIApp = Front(
            app, world, self.requests, self.faults, failing, self._check_running
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            self._storage.folder = await stack.enter_async_context(_folder())
            await stack.enter_async_context(self._network.running())
            owned = await stack.enter_async_context(OwnedTasks())
            self._tasks = owned.group
            self._tasks.start_soon(self._engine.run)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._tasks = None
        await self._stack.__aexit__(exc_type, exc, traceback)

    @property
    def deliveries(self) -> list[Delivery]:
        """The latest callbacks, the oldest first, with how each went."""
        return list(self.world.deliveries)

    def transport(self) -> SandboxTransport:
        """What an ``httpx.AsyncClient`` takes as ``transport`` to speak with this sandbox."""
        return SandboxTransport(self.app)

    def mount(self, host_prefix_url: str, app: ASGIApp) -> None:
        """
        Route to an ASGI app in this process, with no socket.

        Args:
            host_prefix_url: Callbacks to, and image URLs on, the scheme, host and port of this URL
                go to the app.
            app: A receiver's app, say.
        """
        self._network.mount(host_prefix_url, app)

    def unmount(self, host_prefix_url: str) -> None:
        """Undo ``mount``."""
        self._network.unmount(host_prefix_url)

    async def advance(self, seconds: float) -> None:
        """
        Move virtual time ahead.

        Returns once everything that was due by then has happened, each thing at its own time, and
        every callback of it was answered or given up. Do not call it while answering a callback.
        """
        self._check_running()
        await self._engine.advance(seconds)

    async def settle(self) -> None:
        """Return once no callback is in flight."""
        self._check_running()
        await self._settle()

    async def replay(self, delivery: Delivery) -> Delivery:
        """Send a callback again, as it was, and return the record of that."""
        self._check_running()
        again = self.world.deliveries.put(
            Delivery(
                id=self.world.deliveries.next_id(),
                kind=delivery.kind,
                object_id=delivery.object_id,
                url=delivery.url,
                body=delivery.body,
                due_at=self.world.now(),
                replay_of=delivery.id,
            )
        )
        again = await self._courier.deliver(again)
        await self._commit()
        return again

    def fail_tune(self, tune_id: int, reason: str) -> None:
        """End a tune's training badly, now; prompts that waited for it fail too."""
        tune = self.world.tunes[tune_id]
        if tune.settled:
            raise ValueError(f"tune {tune_id} is settled already")
        self._jobs.fail_tune(tune, reason, self.world.now())
        self._engine.wake()

    def fail_prompt(self, prompt_id: int, reason: str) -> None:
        """End a prompt's generation badly, now."""
        prompt = self.world.prompts[prompt_id]
        if prompt.settled:
            raise ValueError(f"prompt {prompt_id} is settled already")
        self._jobs.fail_prompt(prompt, reason, self.world.now())
        self._engine.wake()

    def _check_running(self) -> None:
        if self._tasks is None:
            raise RuntimeError("the sandbox is not running: use it as 'async with Sandbox()'")

    def _act(self, due: Due) -> None:
        if due.kind in SUBJECTS:
            self._mailroom.call_back(SUBJECTS[due.kind], due.subject, due.at)
        elif due.kind == "callback.release":
            self._mailroom.release(due.subject)
        elif due.kind == "request.resume":
            self._holds.release(due.id)
        else:
            self._jobs.run(due)

    async def _rush(self, record: Tune | Prompt) -> None:
        kind = "tune" if isinstance(record, Tune) else "prompt"
        if record.settled or (isinstance(record, Prompt) and not self._prompts.can_run(record)):
            return
        if not self._mailroom.wants_early(kind, record.callback):
            return
        if isinstance(record, Tune):
            self._jobs.finish_tune(record, self.world.now(), quietly=True)
        else:
            self._jobs.finish_prompt(record, self.world.now(), quietly=True)
        delivery = self._mailroom.early(kind, record.id)
        if delivery is not None:
            await self._courier.deliver(delivery)

    async def _settle(self) -> None:
        while True:
            await self._holds.settle()
            await self._commit()
            await self._courier.settle()
            if not self._holds.busy and not self._courier.busy:
                return

    def _later(self, *task: Any) -> None:
        self._check_running()
        assert self._tasks is not None
        self._tasks.start_soon(*task)

    async def _commit(self) -> None:
        await self._storage.sweep()
        if self._tasks is not None:
            self._courier.send(self._tasks)
        self._engine.wake()

    def _show(self, record: Tune | Prompt) -> dict[str, Any]:
        origin = record.origin or self.base_url

        def url(key: str) -> str:
            return self._storage.url(key, origin)

        if isinstance(record, Tune):
            return tune_view(record, origin, url, self.settings.profile)
        return prompt_view(
            record,
            origin,
            url,
            now=self.world.now(),
            files=self.world.files.rows,
            profile=self.settings.profile,
        )


@asynccontextmanager
async def _folder() -> AsyncIterator[Path]:
    path = Path(await anyio.to_thread.run_sync(lambda: tempfile.mkdtemp(prefix="astria-sandbox-")))
    try:
        yield path
    finally:
        with anyio.move_on_after(5, shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(path, ignore_errors=True))
