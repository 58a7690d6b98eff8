"""URLs that a user gives on the command line, for callbacks to go to."""

from urllib.parse import urlsplit

from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.session import is_local
from astria_async.protocol.addresses import check_public_url
from astria_async.protocol.errors import ConfigurationError


def checked(url: str, option: str, *, plain: bool = True) -> str:
    """
    *url*, if callbacks can go there.

    Args:
        url: As given.
        option: What gave it, to begin the message with.
        plain: Whether plain http to other machines will do; Astria itself calls https alone.

    Raises:
        CommandError: It can never be called.
    """
    try:
        check_public_url(url, allow_http=True)
    except ConfigurationError as exc:
        said = str(exc).replace("public_url", "the URL", 1)
        raise CommandError(f"{option}: {said}", Exit.USAGE) from exc
    if not plain and urlsplit(url).scheme == "http" and not is_local(url):
        raise CommandError(
            f"{option}: {url} is plain http, and Astria calls https alone", Exit.USAGE
        )
    return url
