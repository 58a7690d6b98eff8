"""From a URL to a store."""

import difflib
import importlib
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote, urlsplit

import attrs

from astria_async.clock import Clock, SystemClock
from astria_async.protocol.errors import ConfigurationError
from astria_async.stores.base import Store
from astria_async.stores.memory import MemoryStore

EXAMPLES = "memory:, sqlite:///callbacks.db, redis://localhost/0, postgresql://localhost/app"


@attrs.frozen
class _Driver:
    """Where a scheme's store is, and which extra its driver comes with."""

    module: str
    name: str
    extra: str


_REDIS = _Driver("astria_async.stores.redis", "RedisStore", "redis")
_POSTGRES = _Driver("astria_async.stores.postgres", "PostgresStore", "postgres")
_SERVERS = {
    "redis": _REDIS,
    "rediss": _REDIS,
    "postgresql": _POSTGRES,
    "postgres": _POSTGRES,
}
_SCHEMES = ("memory", "sqlite", *_SERVERS)


def open_store(url_or_store: "str | Store", *, clock: Clock | None = None) -> Store:
    """
    The store that a URL names, not connected yet: its ``open()`` does that. A store is passed on.

    ``memory:``, ``sqlite:///relative.db``, ``sqlite:////absolute.db``, ``redis://…``,
    ``rediss://…``, ``postgresql://…`` or ``postgres://…``.

    Args:
        url_or_store: A URL, or a store of your own, which comes back as it is.
        clock: What its times come from; the machine's by default.

    Raises:
        ConfigurationError: No such scheme, a URL that lacks a part, or a driver not installed.
    """
    if not isinstance(url_or_store, str):
        return url_or_store
    clock = clock or SystemClock()
    scheme, colon, _ = url_or_store.partition(":")
    scheme = scheme.strip().lower()
    if not colon or scheme not in _SCHEMES:
        raise ConfigurationError(_unknown(scheme if colon else None))
    if scheme == "memory":
        return MemoryStore(clock=clock)
    if scheme == "sqlite":
        from astria_async.stores.sqlite import SQLiteStore

        return SQLiteStore(_sqlite_path(url_or_store), clock=clock)
    driver = _SERVERS[scheme]
    store: Store = _load(driver)(_server_url(url_or_store.strip()), clock=clock)
    return store


def _unknown(scheme: str | None) -> str:
    # Never the URL itself: a password may be in it, wherever the typo is.
    if scheme is None:
        return f"the store is not a URL; use one of {EXAMPLES}"
    near = difflib.get_close_matches(scheme, _SCHEMES, n=1)
    guess = f"did you mean {near[0]!r}?" if near else f"use one of {EXAMPLES}"
    shown = scheme if scheme.replace("+", "").replace("-", "").isalnum() else "…"
    return f"there is no store for URLs that begin with {shown[:30]!r}: {guess}"


def _sqlite_path(url: str) -> str:
    parts = urlsplit(url.strip())
    path = unquote(parts.path)
    if parts.netloc or not path.startswith("/") or path == "/" or parts.query or parts.fragment:
        raise ConfigurationError(
            "a SQLite store's URL is sqlite:///relative.db or, with a fourth slash, "
            "sqlite:////absolute.db, and nothing after the path"
        )
    return path[1:]


def _server_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        bad = parts.port == 0
    except ValueError:
        bad = True
        parts = None
    if bad or parts is None or "//" not in url:
        # Chained errors would quote the URL, and with it the password.
        raise ConfigurationError(
            "the store's URL cannot be read: it is scheme://user:password@host:port/database, "
            "with special characters in the password percent-encoded"
        ) from None
    return url


def _load(driver: _Driver) -> Callable[..., Any]:
    try:
        module = importlib.import_module(driver.module)
    except ImportError as exc:
        raise ConfigurationError(
            f"this store needs a driver that is not installed: "
            f"pip install 'astria-async[{driver.extra}]'"
        ) from exc
    store: Callable[..., Any] = getattr(module, driver.name)
    return store
