"""Looking at the way that callbacks take: the secret, and the URL from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from astria_async.cli.addresses import checked
from astria_async.cli.commands import PROGRAM
from astria_async.cli.doctor.findings import Finding, fault, note, ok
from astria_async.cli.doctor.store import look_at_store
from astria_async.cli.exits import CommandError
from astria_async.cli.session import is_local
from astria_async.cli.settings import Settings
from astria_async.client import BASE_URL
from astria_async.clock import Clock
from astria_async.protocol.errors import AstriaError, ConfigurationError
from astria_async.protocol.signing import CallbackSigner
from astria_async.receiver import CheckResult, Fault, Receiver
from astria_async.stores import open_store

_PROVEN = {None, Fault.OTHER_STORE, Fault.SLOW}
"""What is found of a receiver that has proved to have our secret."""

_ABOUT_URL = "Set ASTRIA_CALLBACK_URL to the https URL by which Astria reaches the receiver."
_ABOUT_SECRET = "Set ASTRIA_CALLBACK_SECRET to the same value in every process."  # noqa: S105


@attrs.frozen(kw_only=True)
class Serving:
    """
    Whether a receiver is to be served for the time of the check.

    Attributes:
        port: Where; ``None`` for not at all.
        tunnel: Through which tunnel, if any.
    """

    port: int | None = None
    tunnel: str | None = None


async def look_at_callbacks(
    found: Settings, serving: Serving, *, clock: Clock | None = None
) -> list[Finding]:
    """
    What can be said of the store, the secret and the callback URL.

    Args:
        found: What is set up.
        serving: Whether to serve a receiver meanwhile.
        clock: What the answer's time is measured on; the machine's by default.
    """
    store = await look_at_store(found)
    if found.callback_url is None and serving.port is None:
        none = note(
            "callbacks",
            "no URL is set up, so waiting polls",
            f"Set ASTRIA_CALLBACK_URL; {PROGRAM} listen opens one.",
        )
        return [store, none]
    if store.verdict == "fault":
        return [store, note("callbacks", "not looked at: they need the store")]
    wrong = _about_secret(found) or _about_url(found.callback_url)
    return [store, wrong] if wrong else [store, *await _look_from_outside(found, serving, clock)]


def _about_secret(found: Settings) -> Finding | None:
    secret = found.callback_secret
    if secret is None:
        store = found.callback_store
        if store is None or not open_store(store).durable:
            return None
        return fault("secret", "there is none, and a store that lasts needs one", _ABOUT_SECRET)
    try:
        CallbackSigner(secret.split(","))
    except ConfigurationError as exc:
        return fault("secret", str(exc), _ABOUT_SECRET)
    return None


def _about_url(url: str | None) -> Finding | None:
    if url is None:
        return None
    try:
        checked(url, "ASTRIA_CALLBACK_URL", plain=False)
    except CommandError as exc:
        return fault("callbacks", str(exc), _ABOUT_URL)
    return None


async def _look_from_outside(
    found: Settings, serving: Serving, clock: Clock | None
) -> list[Finding]:
    try:
        receiver = Receiver(
            found.callback_url,
            secret=found.callback_secret.split(",") if found.callback_secret else None,
            store=found.callback_store or "memory:",
            clock=clock,
        )
        async with _served(receiver, serving):
            result = await receiver.check(local=is_local(found.base_url or BASE_URL))
    except AstriaError as exc:
        return [fault("callbacks", str(exc), "Mend what it names, and look again.")]
    return _findings(result, found, durable=receiver.store.durable)


@asynccontextmanager
async def _served(receiver: Receiver, serving: Serving) -> AsyncIterator[None]:
    if serving.port is None:
        yield
        return
    async with receiver.serve(port=serving.port, tunnel=serving.tunnel):
        yield


def _findings(result: CheckResult, found: Settings, *, durable: bool) -> list[Finding]:
    if result.fault is Fault.SECRET and found.callback_secret is None:
        return [
            fault(
                "secret",
                f"none is set up here, so the receiver at {result.url} cannot prove to be yours",
                "Set ASTRIA_CALLBACK_SECRET to the receiver's.",
            )
        ]
    if result.fault is Fault.SECRET:
        return [fault("secret", result.reason, result.advice)]
    proven = [ok("secret", "the receiver has the same")] if result.fault in _PROVEN else []
    return [*proven, _verdict(result, durable=durable)]


def _verdict(result: CheckResult, *, durable: bool) -> Finding:
    if result.ok:
        return ok("callbacks", f"{result.url} takes them, in {result.seconds * 1000:.0f} ms")
    if result.fault is Fault.OTHER_STORE and not durable:
        return ok("callbacks", f"{result.url} takes them, and keeps them in a store of its own")
    return fault("callbacks", result.reason, result.advice)
