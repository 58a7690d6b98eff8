"""Who may look, and whose clicks count."""

import hmac
import ipaddress
import secrets
from collections import OrderedDict
from urllib.parse import urlsplit

import attrs
from starlette.requests import Request

from astria_async.sandbox.dashboard.desk import Desk

COOKIE = "astria_sandbox"
MAX_SESSIONS = 256
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")


@attrs.define(eq=False)
class Guard:
    """
    Lets this machine's own browsers in, and others once they have given the API key.

    Args:
        desk: Whose accounts' keys count.
    """

    desk: Desk
    _sessions: OrderedDict[str, None] = attrs.field(factory=OrderedDict)

    def admits(self, request: Request) -> bool:
        """Whether the request may see the pages."""
        return is_local(request) or request.cookies.get(COOKIE, "") in self._sessions

    def sign_in(self, key: str) -> str | None:
        """A new session's token, if *key* opens the API."""
        if not self._opens(key):
            return None
        token = secrets.token_urlsafe(32)
        self._sessions[token] = None
        if len(self._sessions) > MAX_SESSIONS:
            self._sessions.popitem(last=False)
        return token

    def sign_out(self, request: Request) -> None:
        """End the request's session; none is no error."""
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)

    def _opens(self, key: str) -> bool:
        opens = False
        for account in self.desk.accounts():
            if account.key is None:
                opens |= bool(key)
            else:
                opens |= hmac.compare_digest(account.key.encode(), key.encode())
        return opens


def is_local(request: Request) -> bool:
    """
    Whether the request comes from this machine and is meant for it.

    The host name counts too: a page elsewhere may let its own name point to this machine
    (DNS rebinding), and a tunnel or proxy here hands on what comes from outside.
    """
    if request.client is None or any(name in request.headers for name in _FORWARDED):
        return False
    host = urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    named = host == "localhost" or host.endswith(".localhost")
    return _is_loopback(request.client.host) and (named or _is_loopback(host))


def is_same_origin(request: Request) -> bool:
    """
    Whether a form was sent by one of our own pages, as browsers tell without being asked.

    ``Sec-Fetch-Site`` says it directly; over plain http to other hosts only ``Origin`` is sent.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc.lower() == request.headers.get("host", "").lower()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
