"""Sending a receiver a probe, the way that a callback takes."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from urllib.parse import urlsplit

import anyio
import attrs

from astria_async.clock import Clock
from astria_async.protocol.addresses import mint_wait_id
from astria_async.protocol.errors import AstriaError
from astria_async.receiver.answers import PROOF_HEADER
from astria_async.receiver.deadline import within
from astria_async.receiver.diagnosis import diagnose
from astria_async.receiver.evidence import CheckResult, Evidence, ProbeReply
from astria_async.receiver.proof import Prober
from astria_async.stores import Expectation, Store

PATIENCE = 15.0
"""Seconds to wait for the answer to a probe."""

SendProbe = Callable[[str, str], Awaitable[ProbeReply]]
"""Sends ``(method, url)``, with an empty body and following no redirect."""
Resolve = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a host; none if it has no such name."""


async def resolve(host: str) -> Sequence[str]:
    """Ask the system's resolver."""
    try:
        found = await anyio.getaddrinfo(host, None)
    except OSError:
        return ()
    return [str(entry[4][0]) for entry in found]


@attrs.frozen(kw_only=True)
class Checker:
    """
    Checks one receiver from outside.

    Attributes:
        endpoint: Where callbacks are to go.
        prober: Signs the probe and reads its proof.
        store: The store of this process, to learn whether the receiver uses the same; open.
        clock: What the answer's time is measured on.
        send: Sends a request. Its errors are part of what is found.
        resolve: Looks a host up.
    """

    endpoint: str
    prober: Prober
    store: Store
    clock: Clock
    send: SendProbe
    resolve: Resolve = resolve

    async def check(self, *, local: bool) -> CheckResult:
        """
        Send a probe, and say what it met.

        Args:
            local: Whether whoever will call back is on this machine or network.

        Raises:
            StoreUnavailable: The store of this process does not answer.
        """
        nonce = mint_wait_id()
        async with self._known(nonce):
            begun = self.clock.monotonic()
            met = await self._probe(nonce)
            seconds = self.clock.monotonic() - begun
        proof = None
        if not isinstance(met, Exception):
            proof = self.prober.proven(nonce, met.headers.get(PROOF_HEADER, ""))
        addresses = () if local else await self.resolve(urlsplit(self.endpoint).hostname or "")
        return diagnose(
            Evidence(
                url=self.endpoint,
                met=met,
                proof=proof,
                seconds=seconds,
                addresses=addresses,
                local=local,
                durable=self.store.durable,
            )
        )

    async def _probe(self, nonce: str) -> ProbeReply | Exception:
        url = self.prober.url(self.endpoint, nonce)
        try:
            return await within(self.clock, PATIENCE, lambda: self.send("POST", url))
        except (AstriaError, OSError) as exc:
            return exc

    @contextlib.asynccontextmanager
    async def _known(self, nonce: str) -> AsyncIterator[None]:
        # The receiver looks the nonce up: it is there if both have the same store.
        expectation = Expectation(kind="tune", wait=nonce, since=self.clock.now())
        await self.store.expect(expectation)
        try:
            yield
        finally:
            with anyio.move_on_after(5, shield=True):
                await self.store.forget(nonce)
