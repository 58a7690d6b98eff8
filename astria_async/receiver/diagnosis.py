"""
Why Astria cannot reach a receiver, in plain words, from what a probe met on its way.

That callbacks never arrive is the most common complaint of Astria's users, and Astria itself says
nothing: it sends a callback once, follows no redirect, and keeps no log that one could read.
"""

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from astria_async.receiver.answers import REFUSED, UNHEALTHY
from astria_async.receiver.evidence import CheckResult, Evidence, Fault, ProbeReply
from astria_async.receiver.settings import without_query

_CUT_OFF = {"ConnectionResetError", "ReadError", "RemoteProtocolError", "ServerDisconnectedError"}
"""What HTTP libraries and the system call a connection that ends before the answer."""

SLOW = 5.0
"""Seconds after which an answer may come too late: how long Astria waits is not documented."""


def diagnose(evidence: Evidence) -> CheckResult:
    """What *evidence* means, and what to do about it."""
    fault, reason, advice = _find(evidence) or (None, "callbacks arrive and are kept", "")
    met = evidence.met
    return CheckResult(
        ok=fault is None,
        fault=fault,
        reason=reason,
        advice=advice,
        url=without_query(evidence.url),
        status=None if isinstance(met, Exception) else met.status,
        seconds=evidence.seconds,
    )


_Finding = tuple[Fault, str, str]


def _find(evidence: Evidence) -> _Finding | None:
    about_url = None if evidence.local else _about_url(evidence)
    if about_url:
        return about_url
    if isinstance(evidence.met, Exception):
        return _about_error(evidence.met, evidence.url, evidence.seconds)
    if evidence.proof is None:
        at = without_query(evidence.url)
        return _about_tunnel(evidence.met, at) or _about_answer(evidence.met, at)
    return _about_receiver(evidence)


def _about_url(evidence: Evidence) -> _Finding | None:
    parts = urlsplit(evidence.url)
    host = parts.hostname or ""
    if is_private(host) or (evidence.addresses and all(map(is_private, evidence.addresses))):
        return (
            Fault.PRIVATE,
            f"{host} is an address of this machine or network: Astria cannot reach it",
            "Give it a public URL, or open a tunnel: astria-async listen --tunnel ngrok opens one.",
        )
    if parts.scheme == "http":
        return (
            Fault.PLAIN_HTTP,
            f"{without_query(evidence.url)} is plain http, and Astria calls https",
            "Put the receiver behind something that speaks TLS, and use its https URL.",
        )
    return None


def is_private(host: str) -> bool:
    """Whether *host*, a name or an address, cannot be reached from the internet."""
    try:
        return not ipaddress.ip_address(host.partition("%")[0]).is_global
    except ValueError:
        name = host.lower().rstrip(".")
        return name == "localhost" or name.endswith((".localhost", ".local", ".internal", ".lan"))


def _about_error(error: Exception, url: str, seconds: float) -> _Finding:
    parts = urlsplit(url)
    host, place = parts.hostname or "", parts.netloc.rpartition("@")[2]
    met = list(_causes(error))
    if any(isinstance(it, socket.gaierror) for it in met):
        return (
            Fault.DNS,
            f"the name {host} does not resolve",
            "Check its spelling and its DNS record; a tunnel's name dies with the tunnel.",
        )
    tls = next((it for it in met if isinstance(it, ssl.SSLError)), None)
    if tls is not None:
        # Errors of the handshake have a reason, those of the certificate a message as well.
        why = getattr(tls, "verify_message", "") or getattr(tls, "reason", "") or "no handshake"
        return (
            Fault.TLS,
            f"{host} has no valid TLS certificate for this name: {why}",
            "Renew or complete the certificate (with its chain); Astria refuses it as well.",
        )
    if any(isinstance(it, ConnectionRefusedError) for it in met):
        return (
            Fault.REFUSED,
            f"nothing listens at {place}: the connection was refused",
            "Start the receiver, and check port, firewall and tunnel.",
        )
    if any(isinstance(it, TimeoutError) or "Timeout" in type(it).__name__ for it in met):
        return (
            Fault.TIMEOUT,
            f"{place} gave no answer in {seconds:.0f} s",
            "Check the firewall, and that what stands in front of the receiver forwards to it.",
        )
    if any(type(it).__name__ in _CUT_OFF for it in met):
        return (
            Fault.TUNNEL,
            f"{place} takes connections and closes them with no answer, as a dead tunnel does",
            "See that the receiver runs and its tunnel leads there, or open the tunnel again.",
        )
    return (
        Fault.UNREACHABLE,
        f"{place} cannot be reached: {type(error).__name__}",
        "Check that the host is up, and what stands in front of the receiver.",
    )


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    todo = [error]
    while todo:
        it = todo.pop()
        if it is None or id(it) in seen:
            continue
        seen.add(id(it))
        yield it
        todo += [it.__cause__, it.__context__]
        if isinstance(it, BaseExceptionGroup):
            todo += it.exceptions


def _about_tunnel(reply: ProbeReply, at: str) -> _Finding | None:
    """What a tunnel's service says of a tunnel that leads nowhere, if it is one that answered."""
    code = reply.headers.get("ngrok-error-code", "")
    if not code and reply.status != 530:  # noqa: PLR2004 - Cloudflare's: a tunnel with no connector
        return None
    return (
        Fault.TUNNEL,
        f"the tunnel at {at} is dead, says {code or 'Cloudflare'} ({reply.status})",
        "Open it again, and set ASTRIA_CALLBACK_URL to the URL that it then has.",
    )


def _about_answer(reply: ProbeReply, at: str) -> _Finding:
    match reply.status:
        case status if 300 <= status < 400:  # noqa: PLR2004
            where = without_query(reply.headers.get("location", "another place"))
            return (
                Fault.REDIRECT,
                f"{at} redirects to {where} ({status}), and Astria follows no redirect",
                "Use the URL that it leads to; see trailing_slash if only the slash differs.",
            )
        case 401 | 403 if reply.body == REFUSED:
            return (
                Fault.SECRET,
                f"the receiver at {at} has another secret",
                "Set ASTRIA_CALLBACK_SECRET to the same value in every process.",
            )
        case 401 | 403 | 407 as status:
            return (
                Fault.FORBIDDEN,
                f"something in front of the receiver at {at} wants a login ({status})",
                "Exempt the path from logins, preview protection and bot checks.",
            )
        case 404 | 410 as status:
            return (
                Fault.NOT_FOUND,
                f"there is nothing at {at} ({status})",
                "Mount the receiver there, or mend the path; trailing_slash=False drops its slash.",
            )
        case 405:
            return (
                Fault.METHOD,
                f"{at} does not take POST (405)",
                "Mount the receiver's app there, or let the proxy forward POST.",
            )
        case _:
            return _about_odd_answer(reply, at)


def _about_odd_answer(reply: ProbeReply, at: str) -> _Finding:
    status = reply.status
    if status == 503 and reply.body == UNHEALTHY:  # noqa: PLR2004
        return (
            Fault.STORE,
            f"the receiver at {at} answers, but its store would not keep a callback",
            "Check the database that ASTRIA_CALLBACK_STORE names; the receiver's log says more.",
        )
    if status >= 500:  # noqa: PLR2004
        return (
            Fault.SERVER,
            f"the server at {at}, or what stands in front of it, failed ({status})",
            "See its log; 502 to 504 mean that the receiver behind it is down or slow.",
        )
    if status >= 300:  # noqa: PLR2004
        return (
            Fault.UNEXPECTED,
            f"something in front of the receiver at {at} refused the request ({status})",
            "See what stands there: a firewall, a limit, a proxy.",
        )
    if "html" in reply.headers.get("content-type", "").lower():
        return (
            Fault.LOGIN,
            f"at {at} a web page answers in place of the receiver, such as a login page ({status})",
            "Exempt the path from logins and interstitials, or mend the routing.",
        )
    return (
        Fault.STRANGER,
        f"at {at} something other than the receiver answers ({status})",
        "Mend the routing: the callback would be taken and lost.",
    )


def _about_receiver(evidence: Evidence) -> _Finding | None:
    at = without_query(evidence.url)
    if evidence.proof == "apart":
        kind = "another store" if evidence.durable else "its own memory"
        return (
            Fault.OTHER_STORE,
            f"the receiver at {at} keeps callbacks in {kind}: they would not be seen here",
            "Set ASTRIA_CALLBACK_STORE to the same database in every process.",
        )
    if evidence.seconds > SLOW:
        return (
            Fault.SLOW,
            f"the receiver at {at} took {evidence.seconds:.1f} s: Astria may not wait so long",
            "See what is slow: a tunnel, a server that sleeps when idle, a busy event loop.",
        )
    return None
