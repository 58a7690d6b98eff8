"""Looking at the API: whether it answers, takes the key, and has the same time as this machine."""

import datetime as dt
import email.utils
import socket
import ssl
from collections.abc import Iterator, Mapping
from decimal import Decimal

import anyio

from astria_async.cli.commands import PROGRAM
from astria_async.cli.doctor.findings import Finding, fault, note, ok
from astria_async.cli.settings import Settings
from astria_async.client import BASE_URL, Astria
from astria_async.protocol.errors import (
    APIError,
    AuthenticationError,
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    NotFound,
    PermissionDenied,
)
from astria_async.protocol.models import User
from astria_async.protocol.replies import Reply, read_object
from astria_async.protocol.retry import RetryPolicy

PATIENCE = 15.0
SKEW = 60.0
"""Seconds by which clocks may differ: eta and deadlines are off by as much."""

LOW = Decimal(5)
"""US dollars below which a balance is worth a word."""


async def look_at_api(found: Settings, workspace: str | None) -> list[Finding]:
    """What can be said of the API, the key, the workspace, the balance and the clock."""
    base_url = found.base_url or BASE_URL
    if found.api_key is None:
        return [
            fault(
                "key",
                "there is none",
                f"Set ASTRIA_API_KEY, or run {PROGRAM} login; "
                "the key is in the API settings of your Astria account.",
            )
        ]
    try:
        client = Astria(
            found.api_key,
            base_url=base_url,
            workspace_id=workspace,
            retry=RetryPolicy(attempts=1),
            timeout=PATIENCE,
        )
        with anyio.fail_after(2 * PATIENCE):
            async with client as astria:
                reply = await astria.request("GET", "/users")
    except ConfigurationError as exc:
        return [fault("api", str(exc), "Mend ASTRIA_BASE_URL or ASTRIA_API_KEY.")]
    except (ConnectionFailed, TimeoutError) as exc:
        return [_unreachable(base_url, exc)]
    except APIError as exc:
        return [*_refused(base_url, exc, found, workspace), *_clock(exc.headers)]
    return [ok("api", f"{base_url} answers"), *_account(reply, workspace), *_clock(reply.headers)]


def _account(reply: Reply, workspace: str | None) -> list[Finding]:
    try:
        user = read_object(User, reply, binding=None)
    except DecodeError as exc:
        return [
            fault(
                "api",
                f"what answers is not Astria's API: {exc}",
                "Check ASTRIA_BASE_URL, and proxies in between.",
            )
        ]
    findings = [ok("key", f"valid, of {user.name or 'an account'}")]
    if workspace is not None:
        findings.append(ok("workspace", f"{workspace} is open to this key"))
    return [*findings, _balance(user)]


def _balance(user: User) -> Finding:
    balance = user.balance
    if balance is None:
        return note("balance", "the API does not tell it")
    if balance <= 0 and not user.top_off_amount:
        return fault("balance", f"{balance:.2f} USD: what costs is refused", "Top the account up.")
    if balance < LOW and not user.top_off_amount:
        return note("balance", f"{balance:.2f} USD, which is not much", "Top the account up soon.")
    return ok("balance", f"{balance:.2f} USD")


def _refused(
    base_url: str, error: APIError, found: Settings, workspace: str | None
) -> list[Finding]:
    answers = ok("api", f"{base_url} answers")
    match error:
        case AuthenticationError():
            return [
                answers,
                fault("key", "wrong: the API does not know it (401)", _how_to_set_key(found)),
            ]
        case PermissionDenied() | NotFound() if workspace is not None:
            return [
                answers,
                fault(
                    "workspace",
                    f"{workspace} is not open to this key ({error.status})",
                    "Check ASTRIA_WORKSPACE_ID; without it you act in your own.",
                ),
            ]
        case NotFound():
            return [
                fault(
                    "api",
                    f"{base_url} answers, but is not Astria's API (404)",
                    f"Check ASTRIA_BASE_URL; Astria's is {BASE_URL}.",
                )
            ]
        case _:
            return [fault("api", f"{base_url} answers {error.status}", "Try again later.")]


def _how_to_set_key(found: Settings) -> str:
    source = found.sources.get("api_key", "")
    then = f"set {source}" if source.startswith("ASTRIA_") else f"run {PROGRAM} login"
    return f"Copy it again from the API settings of your Astria account, and {then}."


def _unreachable(base_url: str, error: BaseException) -> Finding:
    causes = list(_causes(error))
    if any(isinstance(it, socket.gaierror) for it in causes):
        said, advice = "its name does not resolve", "Check ASTRIA_BASE_URL and this machine's DNS."
    elif any(isinstance(it, ssl.SSLError) for it in causes):
        said = "its TLS certificate is not trusted here"
        advice = "Check this machine's clock, its certificates, and proxies in between."
    elif any(isinstance(it, ConnectionRefusedError) for it in causes):
        said, advice = "nothing listens there", "Check ASTRIA_BASE_URL, or start the sandbox."
    else:
        said, advice = "it gives no answer", "Check the network, the firewall and proxies."
    return fault("api", f"{base_url}: {said}", advice)


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _clock(headers: Mapping[str, str]) -> list[Finding]:
    try:
        theirs = email.utils.parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return []
    ahead = (dt.datetime.now(dt.UTC) - theirs.replace(tzinfo=dt.UTC)).total_seconds()
    if abs(ahead) <= SKEW:
        return [ok("clock", f"within {SKEW:.0f} s of the API's")]
    way = "ahead of" if ahead > 0 else "behind"
    return [
        fault(
            "clock",
            f"this machine's is {_span(abs(ahead))} {way} the API's",
            "Set it, or have it set by NTP: deadlines and progress go by it.",
        )
    ]


def _span(seconds: float) -> str:
    if seconds < 120:  # noqa: PLR2004
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"  # noqa: PLR2004
