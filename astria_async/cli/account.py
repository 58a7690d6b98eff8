"""``astria-async login`` and ``logout``: the key, kept for its owner alone."""

import getpass
import os
import sys
from decimal import Decimal
from typing import Annotated

import anyio
from cyclopts import Parameter

from astria_async.cli import settings
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.helping import documented
from astria_async.cli.terminal import put_line, put_warning


@documented
def login(
    *,
    base_url: str | None = None,
    check: Annotated[bool, Parameter(negative="--no-check", show_default=False)] = True,
) -> int:
    """
    Keep an API key in the settings file, readable by you alone.

    The key is asked for, or read from stdin if that is a pipe. It is in the API settings of your
    Astria account.

    Args:
        base_url: Keep this address of the API too. Default: Astria's own.
        check: Ask the API whether the key is right before it is kept.
    """
    key = _read_key()
    if check:
        who = anyio.run(_ask_api, key, base_url)
        put_line(f"Signed in{who}.")
    changes = {"api_key": key} | ({"base_url": base_url} if base_url else {})
    path = settings.remember(**changes)
    put_line(f"The key is kept in {path}.")
    _warn_of_environment()
    return Exit.OK


@documented
def logout() -> int:
    """Forget the key that login kept."""
    path = settings.config_path()
    if "api_key" not in settings.read_file(path):
        put_line(f"There is no key in {path}.")
    else:
        settings.remember(api_key=None)
        put_line(f"The key is no longer in {path}.")
    if os.environ.get("ASTRIA_API_KEY"):
        put_warning("ASTRIA_API_KEY is still set")
    return Exit.OK


def _read_key() -> str:
    if sys.stdin is not None and sys.stdin.isatty():
        try:
            key = getpass.getpass("API key: ")
        except EOFError:
            key = ""
    else:
        key = sys.stdin.readline() if sys.stdin is not None else ""
    key = key.strip()
    if not key:
        raise CommandError("no key was given", Exit.USAGE)
    return key


async def _ask_api(key: str, base_url: str | None) -> str:
    from astria_async.client import Astria
    from astria_async.protocol.errors import AuthenticationError

    found = settings.load()
    async with Astria(key, base_url=base_url or found.base_url) as astria:
        try:
            user = await astria.users.me()
        except AuthenticationError as exc:
            raise CommandError(
                "the API does not know this key, which was not kept; copy it again from the API "
                "settings of your Astria account",
                Exit.DENIED,
            ) from exc
    return f" as {user.name}{_balance(user.balance)}" if user.name else _balance(user.balance)


def _balance(balance: Decimal | None) -> str:
    return "" if balance is None else f", balance {balance:.2f} USD"


def _warn_of_environment() -> None:
    if os.environ.get("ASTRIA_API_KEY"):
        put_warning("ASTRIA_API_KEY is set too, and wins over the file")
