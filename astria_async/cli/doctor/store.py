"""Looking at the store of callbacks: whether it opens, and keeps what is written."""

from astria_async.cli import keeping
from astria_async.cli.doctor.findings import Finding, fault, note, ok
from astria_async.cli.settings import Settings
from astria_async.protocol.errors import ConfigurationError, StoreUnavailable
from astria_async.stores import Store, open_store


async def look_at_store(found: Settings) -> Finding:
    """What can be said of the store that *found* names; one row is written, and deleted."""
    if found.callback_store is None:
        return _in_memory()
    try:
        store = open_store(found.callback_store)
    except ConfigurationError as exc:
        return fault("store", str(exc), "Mend ASTRIA_CALLBACK_STORE.")
    try:
        await _write(store)
    except ConfigurationError as exc:
        return fault(
            "store",
            str(exc),
            "Let this user write there, or set ASTRIA_CALLBACK_STORE to another place.",
        )
    except StoreUnavailable as exc:
        return fault(
            "store",
            f"it would not keep a callback: {exc}",
            "Check that the database runs, and may be written to.",
        )
    if not store.durable:
        return _in_memory()
    return ok("store", f"{keeping.shown(found.callback_store)} keeps what is written")


def _in_memory() -> Finding:
    return note("store", "memory, so callbacks are seen by their own process alone")


async def _write(store: Store) -> None:
    await store.open()
    try:
        await store.check()
    finally:
        await store.aclose()
