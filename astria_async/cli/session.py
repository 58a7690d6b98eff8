"""What commands that talk to the API have in common: their options, and the client."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import attrs
from cyclopts import Group, Parameter

from astria_async.cli import settings
from astria_async.cli.exits import CommandError
from astria_async.cli.progress import Reporter, reporter
from astria_async.cli.retrying import told_of_retries
from astria_async.cli.terminal import console, put_warning

if TYPE_CHECKING:
    from astria_async.client import Astria
    from astria_async.receiver import Receiver
    from astria_async.waiting import WaitPolicy

ATTEMPTS = 3
"""Tries of a request: a person can try again too."""

_GROUP = Group("Connection and output", sort_key=9)


@Parameter(name="*", group=_GROUP)
@attrs.frozen(kw_only=True)
class Common:
    """
    Options of every command that talks to the API.

    Attributes:
        base_url: Where the API is.
        workspace: The workspace to act in.
        json: Whether to print JSON for programs.
        quiet: Whether to print no more than what was asked for.
    """

    base_url: Annotated[
        str | None, Parameter(help="Where the API is. Default: ASTRIA_BASE_URL, else Astria's.")
    ] = None
    workspace: Annotated[
        str | None,
        Parameter(help="Workspace to act in, or all. Default: ASTRIA_WORKSPACE_ID, else yours."),
    ] = None
    json: Annotated[
        bool,
        Parameter(negative="", show_default=False, help="Print JSON: an object, or one a line."),
    ] = False
    quiet: Annotated[
        bool,
        Parameter(
            name=["--quiet", "-q"],
            negative="",
            show_default=False,
            help="Show no progress, and of objects their ids alone.",
        ),
    ] = False

    def reporter(self) -> Reporter:
        """Shows progress on stderr, so that what is printed stays usable."""
        import sys

        return reporter(console(sys.stderr), silent=self.json or self.quiet)


NO_OPTIONS = Common()


@asynccontextmanager
async def connected(common: Common, **options: Any) -> AsyncIterator["Astria"]:
    """
    An open client, with what the user has set.

    A callback URL that is set up is used: who listens there, with the same secret, hears of what is
    created, and a shared store tells it here too.

    Args:
        common: The command's options.
        options: More for :class:`~astria_async.Astria`.

    Raises:
        CommandError: There is no key.
        ConfigurationError: A setting cannot work.
    """
    from astria_async.client import BASE_URL, Astria
    from astria_async.protocol.retry import RetryPolicy

    found = settings.load()
    if found.api_key is None:
        raise CommandError(
            "no API key: set ASTRIA_API_KEY, or keep it with astria-async login; "
            "it is in the API settings of your Astria account"
        )
    path = settings.config_path()
    if found.sources["api_key"] == str(path) and settings.exposed(path):
        put_warning(f"others can read your key: chmod 600 {path}")
    receiver = receiver_of(found)
    base_url = common.base_url or found.base_url or BASE_URL
    client = Astria(
        found.api_key,
        base_url=base_url,
        workspace_id=common.workspace or found.workspace_id,
        receiver=receiver,
        wait=_policy(base_url, shared=receiver is not None and receiver.store.durable),
        retry=RetryPolicy(attempts=ATTEMPTS),
        **options,
    )
    with told_of_retries(silent=common.json or common.quiet):
        async with client as astria:
            yield astria


def receiver_of(found: settings.Settings) -> "Receiver | None":
    """
    What callbacks are registered for, if a callback URL is set up; nothing is served.

    Raises:
        ConfigurationError: The URL or the secret cannot work.
    """
    from astria_async.receiver import Receiver

    if found.callback_url is None:
        return None
    secret = found.callback_secret
    return Receiver(
        found.callback_url,
        secret=secret.split(",") if secret else None,
        store=found.callback_store or "memory:",
    )


def is_local(url: str) -> bool:
    """Whether *url* leads to this machine, as that of a sandbox does."""
    host = urlsplit(url).hostname or ""
    return host in {"localhost", "::1"} or host.startswith("127.")


def _policy(base_url: str, *, shared: bool) -> "WaitPolicy":
    from astria_async.waiting import WaitPolicy

    usual = WaitPolicy(polls_per_minute=240)
    tune, prompt = usual.tune_poll, usual.prompt_poll
    if is_local(base_url):
        tune, prompt = (0.5, 5.0), (0.3, 5.0)
    if shared:
        return attrs.evolve(usual, tune_poll=tune, prompt_poll=prompt)
    # Callbacks go to another process, which does not tell this one.
    return attrs.evolve(
        usual, tune_poll=tune, prompt_poll=prompt, tune_backup=tune, prompt_backup=prompt
    )
