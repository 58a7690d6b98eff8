"""What a check of the receiver goes by, and what it comes to."""

import enum
from collections.abc import Mapping, Sequence
from typing import Protocol

import attrs

from astria_async.receiver.proof import Sharing


class ProbeReply(Protocol):
    """What a sender of probes gives back: one HTTP answer, redirects not followed."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers, names in lower case."""
        ...

    @property
    def body(self) -> bytes:
        """The body, or its beginning."""
        ...


class Fault(enum.StrEnum):
    """What is wrong, for programs."""

    DNS = "dns"
    TLS = "tls"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    PLAIN_HTTP = "plain_http"
    PRIVATE = "private"
    REDIRECT = "redirect"
    LOGIN = "login"
    STRANGER = "stranger"
    SECRET = "secret"  # noqa: S105 - the name of a fault
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    METHOD = "method"
    SERVER = "server"
    STORE = "store"
    OTHER_STORE = "other_store"
    SLOW = "slow"
    UNEXPECTED = "unexpected"
    TUNNEL = "tunnel"


@attrs.frozen(kw_only=True)
class CheckResult:
    """
    What a check of the receiver found.

    Attributes:
        ok: Whether a callback would arrive and be kept.
        fault: What is wrong, or ``None``.
        reason: The same in a sentence.
        advice: What to do about it; empty when nothing is wrong.
        url: The public URL that was tried, without its query.
        status: HTTP status of the answer, if there was one.
        seconds: How long the answer took.
    """

    ok: bool
    fault: Fault | None
    reason: str
    advice: str
    url: str
    status: int | None
    seconds: float


@attrs.frozen(kw_only=True)
class Evidence:
    """
    What a probe met.

    Attributes:
        url: Where callbacks are to go.
        met: The answer, or the error that came in its place.
        proof: What the answer proves, if it proves that a receiver with our secret gave it.
        seconds: How long it took.
        addresses: What the host resolves to, as far as is known.
        local: Whether the caller is on this machine or network too, as a sandbox is, so that plain
            http and a private address are no fault.
        durable: Whether the store is one that is meant to be shared.
    """

    url: str
    met: ProbeReply | Exception
    proof: Sharing | None = None
    seconds: float
    addresses: Sequence[str] = ()
    local: bool = False
    durable: bool = True
