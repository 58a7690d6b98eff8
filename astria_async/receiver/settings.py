"""What a receiver is told by its arguments, and by the environment where they are silent."""

import os
import secrets
from collections.abc import Mapping, Sequence
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from astria_async.clock import Clock
from astria_async.protocol.errors import ConfigurationError
from astria_async.stores import Store, open_store

URL = "ASTRIA_CALLBACK_URL"
SECRET = "ASTRIA_CALLBACK_SECRET"  # noqa: S105 - the variable's name
STORE = "ASTRIA_CALLBACK_STORE"

LEAST_RETENTION = 86_400.0

Secret = str | bytes | Sequence[str | bytes]
"""One key, or several: the first signs, all verify."""


def read_url(given: str | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The public URL that was given, or the environment's."""
    return given if given is not None else environ.get(URL, "").strip() or None


def read_store(
    given: "str | Store | None", clock: Clock, environ: Mapping[str, str] = os.environ
) -> Store:
    """The store that was given, or the environment's, or one in memory."""
    if given is None:
        given = environ.get(STORE, "").strip() or "memory:"
    return open_store(given, clock=clock)


def read_secrets(
    given: Secret | None, *, durable: bool, environ: Mapping[str, str] = os.environ
) -> list[str | bytes]:
    """
    The keys that were given, or the environment's, or a random one for a store in memory.

    Raises:
        ConfigurationError: None is there, and the store outlives this process: a random key would
            make every callback invalid that comes after it.
    """
    if isinstance(given, str | bytes):
        return [given]
    if given is not None:
        return list(given)
    named = [key.strip() for key in environ.get(SECRET, "").split(",")]
    found: list[str | bytes] = [key for key in named if key]
    if found:
        return found
    if durable:
        raise ConfigurationError(
            f"a durable callback store needs a secret that outlives the process: pass secret=, or "
            f"set {SECRET} to the same in every process; "
            "python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"
        )
    return [secrets.token_urlsafe(32)]


def check_retention(seconds: float) -> float:
    """
    *seconds*, if callbacks are kept long enough for whoever waits for them.

    Raises:
        ConfigurationError: They are not.
    """
    if not seconds >= LEAST_RETENTION:
        raise ConfigurationError(
            f"retention is in seconds, and at least a day's ({LEAST_RETENTION:.0f}): a shorter one "
            f"would drop callbacks that are still waited for; got {seconds!r}"
        )
    return seconds


def parameter_names(url: str | None) -> list[str]:
    """Names of the query parameters that *url* itself has."""
    if url is None:
        return []
    return [name for name, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True)]


def with_slash(url: str) -> str:
    """*url* with a slash at the end of its path."""
    parts = urlsplit(url)
    path = parts.path if parts.path.endswith("/") else f"{parts.path}/"
    return urlunsplit((parts.scheme, parts.netloc, path, parts.query, ""))


def without_query(url: str) -> str:
    """*url* as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "", ""))
