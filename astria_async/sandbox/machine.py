"""The sandbox's parts, put together and set in motion."""

import itertools
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.abc
import anyio.to_thread
import attrs
from starlette.types import ASGIApp

from astria_async.sandbox import state
from astria_async.sandbox.billing import Billing
from astria_async.sandbox.clock import VirtualClock
from astria_async.sandbox.control import Control
from astria_async.sandbox.courier import Courier, Deliver
from astria_async.sandbox.dashboard import Dashboard, Desk
from astria_async.sandbox.engine import Engine
from astria_async.sandbox.faults import Faults
from astria_async.sandbox.gallery import DEFAULT_ACCOUNT, furnish
from astria_async.sandbox.holds import Holds
from astria_async.sandbox.jobs import Jobs
from astria_async.sandbox.limits import Limits
from astria_async.sandbox.mailroom import SUBJECTS, Mailroom
from astria_async.sandbox.owned import OwnedTasks
from astria_async.sandbox.packs import Packs
from astria_async.sandbox.prompts import Prompts
from astria_async.sandbox.records import Due, Prompt, Tune
from astria_async.sandbox.requests import RequestLog
from astria_async.sandbox.runs import Runs
from astria_async.sandbox.services import Services
from astria_async.sandbox.settings import Settings
from astria_async.sandbox.storage import Storage
from astria_async.sandbox.store import Store
from astria_async.sandbox.transport import Network
from astria_async.sandbox.tunes import Tunes
from astria_async.sandbox.uploads import Spool
from astria_async.sandbox.views import prompt_view, tune_view
from astria_async.sandbox.web.app import build_app
from astria_async.sandbox.web.failing import Failing
from astria_async.sandbox.web.front import Front
from astria_async.sandbox.world import World


class Machine:
    """
    Everything behind a ``Sandbox``.

    Args:
        settings: The switches.
        clock: The time.
        base_url: Of links, where a request does not tell.
        deliver: Sends callbacks in the network's place.
        path: The state's file.
        control: The sandbox, for its own addresses.
    """

    def __init__(
        self,
        settings: Settings,
        clock: VirtualClock,
        base_url: str,
        deliver: Deliver | None,
        path: str | Path | None,
        control: Control,
    ) -> None:
        self.settings = settings
        self.base_url: str = base_url.rstrip("/")
        self.faults: Faults = Faults(settings.seed)
        self.requests: RequestLog = RequestLog()
        self.network: Network = Network(settings.callback_timeout, settings.max_upload)
        self._path = None if path is None else Path(path)
        self._store = None if self._path is None else Store(self._path)
        self._tasks: anyio.abc.TaskGroup | None = None
        self.world: World = World(settings, clock)
        world = self.world
        furnish(world)
        self.billing: Billing = Billing(world)
        self._prompts = Prompts(world, self.billing)
        runs = Runs(world, self._prompts)
        tunes = Tunes(world, self.billing, self._prompts, runs)
        verdict = self.faults.on_job
        self.jobs: Jobs = Jobs(world, tunes, self._prompts, self.billing, runs, verdict)
        self.storage: Storage = Storage(world, Path(), self.network.fetch)
        self.courier: Courier = Courier(world, self.network, self._show, self._save, deliver)
        self._mailroom = Mailroom(world, self.courier, self.faults)
        self._holds = Holds(world)
        self.engine: Engine = Engine(world, self._act, self.commit, self.settle)
        numbers = itertools.count()
        services = Services(
            world=world,
            tunes=tunes,
            prompts=self._prompts,
            packs=Packs(world, self._prompts),
            runs=runs,
            billing=self.billing,
            storage=self.storage,
            jobs=self.jobs,
            courier=self.courier,
            engine=self.engine,
            control=control,
            holds=self._holds,
            limits=Limits(world),
            rush=self._rush,
            commit=self.commit,
            spool=lambda: Spool(self.storage.folder, numbers),
            base_url=lambda: self.base_url,
        )
        app = build_app(services)
        failing = Failing(app, clock, self._later, settings.max_request)
        front = Front(app, world, self.requests, self.faults, failing, self.check_running)
        self.app: ASGIApp = Dashboard(front, Desk(services, self._later))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Move while this is entered."""
        async with (
            _folder(self._path) as folder,
            self._stored(),
            self.network.running(),
            OwnedTasks() as tasks,
        ):
            self.storage.folder = folder
            await self.storage.tidy()
            self._tasks = tasks.group
            self._tasks.start_soon(self.engine.run)
            try:
                yield
            finally:
                self._tasks = None

    def check_running(self) -> None:
        """Raise ``RuntimeError`` unless ``running`` is entered."""
        if self._tasks is None:
            raise RuntimeError("the sandbox is not running: use it as 'async with Sandbox()'")

    async def commit(self) -> None:
        """Keep all changes, and send what they gave rise to."""
        await self.storage.sweep()
        await self._save()
        if self._tasks is not None:
            self.courier.send(self._tasks)
        self.engine.wake()

    async def settle(self) -> None:
        """Return once no callback is in flight, and no request that was answered already."""
        while True:
            await self._holds.settle()
            await self.commit()
            await self.courier.settle()
            if not self._holds.busy and not self.courier.busy:
                return

    def snapshot(self) -> dict[str, Any]:
        """The world as JSON; its uploads are kept from now on."""
        self.storage.pin()
        return state.dump(self.world)

    async def restore(self, document: Mapping[str, Any]) -> None:
        """Put a document in the world's place; ``StateError`` if it is none."""
        uploads = {str(file.id) for file in self.world.files if file.recipe is None}
        state.load(self.world, document)
        self.world.trash += [key for key in uploads if key not in self.world.files]
        self._mailroom.forget()
        self.world.journal.turn()
        await self.storage.sweep()
        await self._save(everything=True)
        self.engine.wake(anyway=True)

    async def reset(self) -> None:
        """Begin anew, at the present time."""
        fresh = World(self.settings, self.world.clock)
        furnish(fresh)
        self.faults.clear()
        self.requests.clear()
        await self.restore(state.dump(fresh))

    @asynccontextmanager
    async def _stored(self) -> AsyncIterator[None]:
        if self._store is None:
            yield
            return
        document = await self._store.open()
        try:
            if document is not None:
                self._resume(document)
            self.world.journal.keeping = True
            await self._save(everything=True)
            yield
            with anyio.move_on_after(5, shield=True):
                await self._save(anyway=True)
        finally:
            await self._store.close()

    def _resume(self, document: Mapping[str, Any]) -> None:
        before = self.world.clock.now()
        state.load(self.world, document)
        # A clock that runs with the wall's has gone on while nobody looked.
        self.world.clock.set(max(before, self.world.clock.now()))
        account = self.world.accounts[DEFAULT_ACCOUNT]
        self.world.accounts.put(attrs.evolve(account, key=self.settings.api_key))

    async def _save(self, *, everything: bool = False, anyway: bool = False) -> None:
        if self._store is not None:
            await self._store.save(self.world, everything=everything, anyway=anyway)

    def _act(self, due: Due) -> None:
        if due.kind in SUBJECTS:
            self._mailroom.call_back(SUBJECTS[due.kind], due.subject, due.at)
        elif due.kind == "callback.release":
            self._mailroom.release(due.subject)
        elif due.kind == "request.resume":
            self._holds.release(due.id)
        else:
            self.jobs.run(due)

    async def _rush(self, record: Tune | Prompt) -> None:
        kind = "tune" if isinstance(record, Tune) else "prompt"
        if record.settled or (isinstance(record, Prompt) and not self._prompts.can_run(record)):
            return
        if not self._mailroom.wants_early(kind, record.callback):
            return
        if isinstance(record, Tune):
            self.jobs.finish_tune(record, self.world.now(), quietly=True)
        else:
            self.jobs.finish_prompt(record, self.world.now(), quietly=True)
        delivery = self._mailroom.early(kind, record.id)
        if delivery is not None:
            await self.courier.deliver(delivery)

    def _later(self, *task: Any) -> None:
        self.check_running()
        assert self._tasks is not None
        self._tasks.start_soon(*task)

    def _show(self, record: Tune | Prompt) -> dict[str, Any]:
        origin = record.origin or self.base_url

        def url(key: str) -> str:
            return self.storage.url(key, origin)

        profile = self.settings.profile
        if isinstance(record, Tune):
            return tune_view(record, origin, url, profile)
        now, files = self.world.now, self.world.files.rows
        return prompt_view(record, origin, url, now=now, files=files, profile=profile)


@asynccontextmanager
async def _folder(state_path: Path | None) -> AsyncIterator[Path]:
    if state_path is not None:
        kept = state_path.with_name(f"{state_path.name}-files")
        await anyio.Path(kept).mkdir(parents=True, exist_ok=True)
        yield kept
        return
    path = Path(await anyio.to_thread.run_sync(lambda: tempfile.mkdtemp(prefix="astria-sandbox-")))
    try:
        yield path
    finally:
        with anyio.move_on_after(5, shield=True):
            await anyio.to_thread.run_sync(lambda: shutil.rmtree(path, ignore_errors=True))
