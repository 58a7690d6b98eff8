"""Looking at the way that callbacks take: the store, the secret, and the URL from outside."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

from astria_async.cli.commands import PROGRAM
from astria_async.cli.doctor.findings import Finding, fault, note, ok
from astria_async.cli.session import is_local
from astria_async.cli.settings import Settings
from astria_async.client import BASE_URL
from astria_async.clock import Clock
from astria_async.protocol.callbacks import check_public_url
from astria_async.protocol.errors import AstriaError, ConfigurationError, StoreUnavailable
from astria_async.receiver import CheckResult, Fault, Receiver
from astria_async.stores import Store, open_store

_ABOUT_URL = "Set ASTRIA_CALLBACK_URL to the https URL by which Astria reaches the receiver."


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
    store = await _look_at_store(found)
    if found.callback_url is None and serving.port is None:
        return [
            *store,
            note(
                "callbacks",
                "no URL is set up, so waiting polls",
                f"Set ASTRIA_CALLBACK_URL; {PROGRAM} listen opens one.",
            ),
        ]
    if any(it.verdict == "fault" for it in store):
        return store
    try:
        if found.callback_url is not None:
            check_public_url(found.callback_url)
    except ConfigurationError as exc:
        return [*store, fault("callbacks", str(exc), _ABOUT_URL)]
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
        return [*store, fault("callbacks", str(exc), "Mend what it names.")]
    return [*store, _verdict(result, found, durable=receiver.store.durable)]


@asynccontextmanager
async def _served(receiver: Receiver, serving: Serving) -> AsyncIterator[None]:
    if serving.port is None:
        yield
        return
    async with receiver.serve(port=serving.port, tunnel=serving.tunnel):
        yield


def _verdict(result: CheckResult, found: Settings, *, durable: bool) -> Finding:
    if result.ok:
        return ok("callbacks", f"{result.url} takes them, in {result.seconds * 1000:.0f} ms")
    if result.fault is Fault.OTHER_STORE and not durable:
        return ok("callbacks", f"{result.url} takes them, and keeps them in a store of its own")
    if result.fault is Fault.SECRET and found.callback_secret is None:
        return fault(
            "callbacks",
            "a receiver answers, and no secret is set up here to prove that it is yours",
            "Set ASTRIA_CALLBACK_SECRET to the receiver's.",
        )
    return fault("callbacks", f"{result.url}: {result.reason}", result.advice)


async def _look_at_store(found: Settings) -> list[Finding]:
    if found.callback_store is None:
        return [note("store", "memory, so callbacks are seen by their own process alone")]
    try:
        store = open_store(found.callback_store)
        await _write(store)
    except ConfigurationError as exc:
        return [
            fault(
                "store",
                str(exc),
                "Let this user write there, or set ASTRIA_CALLBACK_STORE to another place.",
            )
        ]
    except StoreUnavailable as exc:
        return [
            fault(
                "store",
                f"it would not keep a callback: {exc}",
                "Check that the database runs, and may be written to.",
            )
        ]
    if not store.durable:
        return [note("store", "memory, so callbacks are seen by their own process alone")]
    return [ok("store", f"{type(store).__name__} keeps what is written")]


async def _write(store: Store) -> None:
    await store.open()
    try:
        await store.check()
    finally:
        await store.aclose()
