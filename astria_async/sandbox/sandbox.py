"""The sandbox as its users see it."""

from collections.abc import Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from starlette.types import ASGIApp

from astria_async.sandbox.billing import MC_PER_USD
from astria_async.sandbox.clock import VirtualClock
from astria_async.sandbox.courier import Deliver
from astria_async.sandbox.faults import Faults
from astria_async.sandbox.gallery import DEFAULT_ACCOUNT
from astria_async.sandbox.machine import Machine
from astria_async.sandbox.records import Account, Delivery, Entry
from astria_async.sandbox.requests import RequestLog
from astria_async.sandbox.settings import MEBIBYTE, CallbackShape, Profile, Settings
from astria_async.sandbox.transport import SandboxTransport
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
        max_request: Bytes of a whole multipart request.
        max_text: Bytes of a JSON or urlencoded body, and of all texts in a multipart one.
        state: An SQLite file that keeps everything over restarts; uploads lie in a folder beside
            it, named after it. Without one, all is forgotten at the end.
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
        max_request: int = 512 * MEBIBYTE,
        max_text: int = 32 * MEBIBYTE,
        state: str | Path | None = None,
    ) -> None:
        self.settings: Settings = Settings(
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
            max_request=max_request,
            max_text=max_text,
        )
        self.clock: VirtualClock = clock if clock is not None else VirtualClock(speed=speed)
        self._machine = Machine(self.settings, self.clock, base_url, deliver, state, self)
        self._stack = AsyncExitStack()

    @property
    def app(self) -> ASGIApp:
        """An ASGI app that answers every endpoint; it needs the sandbox to be entered."""
        return self._machine.app

    @property
    def base_url(self) -> str:
        """Where links point to when a request does not tell the host; may be set."""
        return self._machine.base_url

    @base_url.setter
    def base_url(self, url: str) -> None:
        """Say where the sandbox is reached."""
        self._machine.base_url = url.rstrip("/")

    @property
    def world(self) -> World:
        """All records, for looking at."""
        return self._machine.world

    @property
    def faults(self) -> Faults:
        """What goes wrong: switch faults on and off here."""
        return self._machine.faults

    @property
    def requests(self) -> RequestLog:
        """The latest requests, the oldest first."""
        return self._machine.requests

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self._machine.running())
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # The body's own error is not handed in: a task group would wrap it.
        await self._stack.aclose()

    @property
    def deliveries(self) -> list[Delivery]:
        """The latest callbacks, the oldest first, with how each went."""
        return list(self.world.deliveries)

    @property
    def account(self) -> Account:
        """The default account, with its balance."""
        return self.world.accounts[DEFAULT_ACCOUNT]

    @property
    def ledger(self) -> list[Entry]:
        """All movements of money, the oldest first."""
        return list(self.world.ledger)

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
        self._machine.network.mount(host_prefix_url, app)

    def unmount(self, host_prefix_url: str) -> None:
        """Undo ``mount``."""
        self._machine.network.unmount(host_prefix_url)

    async def advance(self, seconds: float) -> None:
        """
        Move virtual time ahead.

        Returns once everything that was due by then has happened, each thing at its own time, and
        every callback of it was answered or given up. Do not call it while answering a callback.
        """
        self._machine.check_running()
        await self._machine.engine.advance(seconds)

    async def settle(self) -> None:
        """Return once no callback is in flight."""
        self._machine.check_running()
        await self._machine.settle()

    async def replay(self, delivery: Delivery) -> Delivery:
        """Send a callback again, as it was, and return the record of that."""
        self._machine.check_running()
        again = Delivery(
            id=self.world.deliveries.next_id(),
            kind=delivery.kind,
            object_id=delivery.object_id,
            url=delivery.url,
            body=delivery.body,
            due_at=self.world.now(),
            replay_of=delivery.id,
        )
        return await self._machine.courier.deliver(self.world.deliveries.put(again))

    async def changed(self) -> None:
        """Return at the next change of anything, for whoever watches."""
        await self.world.journal.changed()

    def fail_tune(self, tune_id: int, reason: str) -> None:
        """
        End a tune's training badly, now; prompts that waited for it fail too.

        Raises:
            KeyError: If there is no such tune.
            ValueError: If its training is over.
        """
        tune = self.world.tunes[tune_id]
        if tune.settled:
            raise ValueError(f"tune {tune_id} is settled already")
        self._machine.jobs.fail_tune(tune, reason, self.world.now())
        self._machine.engine.wake()

    def fail_prompt(self, prompt_id: int, reason: str) -> None:
        """
        End a prompt's generation badly, now.

        Raises:
            KeyError: If there is no such prompt.
            ValueError: If its generation is over.
        """
        prompt = self.world.prompts[prompt_id]
        if prompt.settled:
            raise ValueError(f"prompt {prompt_id} is settled already")
        self._machine.jobs.fail_prompt(prompt, reason, self.world.now())
        self._machine.engine.wake()

    def add_account(
        self, key: str, *, name: str = "Another studio", balance: Decimal | int = 100
    ) -> Account:
        """
        Open one more account, to which the default account's objects are forbidden.

        Args:
            key: What it signs in with; no other account may have it.
            name: Shown by ``GET /users``.
            balance: In USD.

        Raises:
            ValueError: If the key is taken.
        """
        if any(account.key == key for account in self.world.accounts):
            raise ValueError("this key is taken")
        number = self.world.accounts.next_id()
        return self.world.accounts.put(
            Account(
                id=number,
                key=key,
                name=name,
                email=f"account{number}@astria.sandbox",
                balance_mc=int(balance * MC_PER_USD),
            )
        )

    def update_account(self, **changes: Any) -> Account:
        """
        Change the default account.

        Args:
            changes: ``balance_mc`` (the difference goes into the ledger), ``top_off_amount`` (USD),
                ``card_declines``, ``auto_extend_tunes``, ``idempotent``, ``merge_text_seed``.
        """
        balance = changes.pop("balance_mc", None)
        self.world.accounts.change(DEFAULT_ACCOUNT, **changes)
        if balance is not None:
            amount = balance - self.account.balance_mc
            billing = self._machine.billing
            billing.deposit(DEFAULT_ACCOUNT, amount, self.world.now(), "by hand")
        return self.account

    def snapshot(self) -> dict[str, Any]:
        """
        All that is known, as JSON, for ``restore``.

        Uploaded files are not in it: they stay on the disk as long as the sandbox runs.
        """
        return self._machine.snapshot()

    async def restore(self, snapshot: Mapping[str, Any]) -> None:
        """
        Go back to a snapshot: records, what is due, and the wall-clock time.

        Raises:
            StateError: If it is none.
        """
        self._machine.check_running()
        await self._machine.restore(snapshot)

    async def reset(self) -> None:
        """Forget everything but the settings and the time; faults are switched off."""
        self._machine.check_running()
        await self._machine.reset()
