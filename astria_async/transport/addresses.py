"""Addresses: of the API, and of what is downloaded, which may be anybody's."""

import re
from urllib.parse import urlsplit

from astria_async.protocol.errors import ConfigurationError, InvalidInput

MAX_REDIRECTS = 10
"""Addresses that a download may be sent on to, one after the other."""
CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_base_url(base_url: str) -> str:
    """
    *base_url* without its trailing slash.

    Raises:
        ConfigurationError: It is no absolute http or https URL.
    """
    shown = str(base_url).rpartition("@")[2].partition("?")[0]
    message = f"base_url {shown!r} is not an absolute URL such as https://api.astria.ai"
    try:
        parts = urlsplit(base_url)
        usable = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except (ValueError, AttributeError, TypeError) as exc:
        raise ConfigurationError(message) from exc
    if not usable:
        raise ConfigurationError(message)
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ConfigurationError(
            f"base_url for {parts.hostname} has credentials, a query or a fragment: give scheme, "
            "host and path alone, such as https://api.astria.ai"
        )
    return base_url.rstrip("/")


def origin_and_path(url: str) -> tuple[str, str]:
    """What messages may tell of a URL to download: no credentials, no query."""
    try:
        parts = urlsplit(url)
        # Some of these urlsplit takes out, as if they had never been there.
        usable = parts.scheme in {"http", "https"} and parts.hostname and not CONTROL.search(url)
    except (ValueError, AttributeError, TypeError) as exc:
        raise InvalidInput("cannot download: not a URL") from exc
    if not usable:
        raise InvalidInput(f"cannot download from {parts.path!r}: not an http or https URL")
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}", parts.path or "/"
