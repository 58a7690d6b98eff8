"""What the demo runs on: a sandbox and a receiver on sockets of their own, and a client."""

import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from astria_async.client import Astria
from astria_async.protocol.models import Job
from astria_async.receiver import Receiver
from astria_async.sandbox import Sandbox
from astria_async.sandbox.dashboard import HOME
from astria_async.sandbox.serve import serve
from astria_async.stores import State
from astria_async.waiting import WaitPolicy

PACE = 400.0
"""Divides the minutes that trainings take, so that an ordinary one is over in a second or two."""

PATIENT = WaitPolicy(tune_backup=(8.0, 15.0), prompt_backup=(8.0, 15.0))
"""Polls so late that callbacks come first, and yet the demo ends if this machine blocks them."""

WATCHFUL = WaitPolicy(tune_backup=(0.3, 0.6), prompt_backup=(0.3, 0.6), polls_per_minute=240)
"""Polls as if callbacks were never heard of."""


@attrs.frozen(kw_only=True)
class Stage:
    """
    The parts of a demo that runs.

    Attributes:
        astria: The client.
        receiver: Where callbacks come to.
        sandbox: What stands for Astria.
        base_url: Where the sandbox listens.
        public_url: Where the receiver listens.
    """

    astria: Astria
    receiver: Receiver
    sandbox: Sandbox
    base_url: str
    public_url: str

    @property
    def dashboard(self) -> str:
        """Where the sandbox shows itself to people."""
        return f"{self.base_url}{HOME}/"

    async def found_by(self, job: Job) -> str:
        """Whether a callback for *job* has come, or polling alone told that it is ready."""
        address = self.receiver.recognise(job.callback, job.kind)
        record = await self.receiver.store.record(address.wait) if address else None
        came = record is not None and record.state is not State.EXPECTED
        return "callback" if came else "polling"


@asynccontextmanager
async def stage(*, drop_callbacks: bool) -> AsyncIterator[Stage]:
    """
    Sandbox, receiver and client, each on a free port of this machine.

    Args:
        drop_callbacks: Whether the sandbox loses every callback.
    """
    _leave_environment()
    key = f"sd_{secrets.token_urlsafe(16)}"
    sandbox = Sandbox(api_key=key, speed=1.0, pace=PACE, deliver=_lose if drop_callbacks else None)
    receiver = Receiver(store="memory:", secret=secrets.token_urlsafe(32))
    async with (
        sandbox,
        serve(sandbox) as base_url,
        receiver.serve(port=0) as listening,
        Astria(
            key,
            base_url=base_url,
            receiver=receiver,
            wait=WATCHFUL if drop_callbacks else PATIENT,
        ) as astria,
    ):
        yield Stage(
            astria=astria,
            receiver=receiver,
            sandbox=sandbox,
            base_url=base_url,
            public_url=listening.public_url,
        )


async def _lose(url: str, content: bytes, headers: dict[str, str]) -> int:
    """Deliver a callback to nobody, as a network that swallows it would."""
    del url, content, headers
    raise OSError("lost on purpose: --drop-callbacks")


def _leave_environment() -> None:
    """Keep the user's own account, receiver and proxy out of what happens on this machine."""
    for name in list(os.environ):
        if name.startswith("ASTRIA_") or name.lower().endswith("_proxy"):
            del os.environ[name]
