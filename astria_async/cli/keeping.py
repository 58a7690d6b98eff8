"""Where ``listen`` keeps callbacks, and the secret that signs their URLs."""

import secrets
from urllib.parse import quote, urlsplit, urlunsplit

from astria_async.cli import settings
from astria_async.cli.exits import CommandError
from astria_async.stores import Store, open_store


def store_url(given: str | None, found: settings.Settings) -> str:
    """
    The store to use: as given, as set up, or a file of this user's.

    Raises:
        CommandError: The directory of that file cannot be made.
    """
    url = given or found.callback_store
    if url is not None:
        return url
    folder = settings.state_path()
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as exc:
        raise CommandError(f"cannot make {folder}: {exc.strerror}; give --store") from exc
    path = quote((folder / "callbacks.db").as_posix())
    return f"sqlite:///{path}"


def open_durable(url: str) -> Store:
    """
    The store of *url*, if what it keeps outlives a process.

    Raises:
        CommandError: It does not, or there is none of that URL.
    """
    store = open_store(url)
    if not store.durable:
        raise CommandError("callbacks in memory are gone with their process: give --store")
    return store


def shown(url: str) -> str:
    """A store's URL as it may be shown, without its password."""
    parts = urlsplit(url)
    if "@" not in parts.netloc:
        return url
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def secret_of(found: settings.Settings) -> str:
    """
    The secret that signs callback URLs: as set up, or a new one that is kept from now on.

    Raises:
        CommandError: It cannot be kept.
    """
    if found.callback_secret is not None:
        return found.callback_secret
    secret = secrets.token_urlsafe(32)
    settings.remember(callback_secret=secret)
    return secret
