"""The sandbox and the client, introduced to each other."""

import fnmatch
import itertools
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio

from astria_async.client import Astria
from astria_async.protocol.errors import ConfigurationError
from astria_async.protocol.options import NOT_GIVEN, NotGiven
from astria_async.receiver import Receiver
from astria_async.stores import MemoryStore
from astria_async.transport import client_over

try:
    from astria_async.sandbox import CallbackFault, JobFault, RequestFault, RequestRecord, records
    from astria_async.sandbox import Sandbox as _Sandbox
    from astria_async.sandbox.gallery import DEFAULT_ACCOUNT
except ModuleNotFoundError as _missing:  # an extra is missing
    raise ConfigurationError(
        f"the sandbox needs {_missing.name}: pip install 'astria-async[sandbox]'"
    ) from _missing


__all__ = ["SPEED", "CallbackFault", "JobFault", "RequestFault", "Sandbox"]

SPEED = 5000.0
"""How many times as fast as in life time runs for tests that do not say: a training takes about a
tenth of a second."""


class Sandbox(_Sandbox):
    """
    An emulator of the Astria API in this process, which also makes clients for itself.

    ::

        async with Sandbox() as sandbox, sandbox.client() as astria:
            tune = await astria.tunes.create(name="cat", images=[photo])
            tune = await tune.wait_ready()

    See :class:`astria_async.sandbox.Sandbox` for its arguments.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._mounted: set[str] = set()
        self._hosts = itertools.count(1)

    def mount(self, host_prefix_url: str, app: Any) -> None:
        """Route to an ASGI app in this process; see :meth:`astria_async.sandbox.Sandbox.mount`."""
        super().mount(host_prefix_url, app)
        self._mounted.add(_origin(host_prefix_url))

    def unmount(self, host_prefix_url: str) -> None:
        """Undo :meth:`mount`."""
        super().unmount(host_prefix_url)
        self._mounted.discard(_origin(host_prefix_url))

    @asynccontextmanager
    async def client(
        self, *, receiver: Receiver | NotGiven | None = NOT_GIVEN, **options: Any
    ) -> AsyncIterator[Astria]:
        """
        An open client of this sandbox, with no socket in between, on the sandbox's clock.

        Args:
            receiver: Where callbacks go: by default one of its own, in memory; yours gets every
                callback to the host of its ``public_url``, after the client too and until another
                takes that host, unless you mounted an app there; ``None`` to poll.
            options: Passed to :class:`~astria_async.Astria`. Of the environment's variables, none
                is looked at.
        """
        if receiver is NOT_GIVEN:
            receiver = self._own_receiver()
        if receiver is not None and _origin(receiver.public_url) not in self._mounted:
            super().mount(receiver.public_url, receiver.app)
        http_client = client_over(self.transport())
        settings: dict[str, Any] = {
            "api_key": self.settings.api_key or "sd_sandbox",
            "base_url": self.base_url,
            "clock": self.clock,
            "http_client": http_client,
            "receiver": receiver,
            "workspace_id": "",
        }
        try:
            async with Astria(**(settings | options)) as astria:
                yield astria
        finally:
            with anyio.CancelScope(shield=True):
                await http_client.aclose()

    @property
    def tunes(self) -> list[records.Tune]:
        """What the account has trained or is training, the oldest first; not the gallery's."""
        return [it for it in self.world.tunes if it.account_id == DEFAULT_ACCOUNT]

    @property
    def prompts(self) -> list[records.Prompt]:
        """What the account has generated or is generating, the oldest first."""
        return [it for it in self.world.prompts if it.account_id == DEFAULT_ACCOUNT]

    def sent(self, method: str | None = None, path: str = "*") -> list[RequestRecord]:
        """
        The latest requests of a kind, the oldest first.

        Args:
            method: Such as ``POST``; any by default.
            path: A pattern for the path, such as ``/tunes/*``.
        """
        return [
            it
            for it in self.requests
            if method in {None, it.method} and fnmatch.fnmatchcase(it.path, path)
        ]

    def _own_receiver(self) -> Receiver:
        # A host for each, or a second client would never hear of its callbacks.
        return Receiver(
            f"https://receiver-{next(self._hosts)}.sandbox/callbacks",
            secret=secrets.token_bytes(32),
            store=MemoryStore(clock=self.clock),
            clock=self.clock,
        )


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
