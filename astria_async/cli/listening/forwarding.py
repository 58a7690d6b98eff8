"""Passing a callback on to another URL, as Astria would have sent it."""

import time

import attrs

from astria_async.cli.exits import Exit
from astria_async.protocol.addresses import Address
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import ConnectionFailed
from astria_async.protocol.signing import CallbackSigner
from astria_async.transport.plain import Send

JSON = {"Content-Type": "application/json"}


@attrs.frozen(kw_only=True)
class Forwarded:
    """
    How passing one on went.

    Attributes:
        status: The answer's; ``None`` without one.
        error: Why there was none.
        seconds: How long it took.
    """

    status: int | None
    error: str | None
    seconds: float

    @property
    def ok(self) -> bool:
        """Whether it was taken."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004

    @property
    def exit(self) -> Exit:
        """What a command that did no more than this ends with."""
        if self.status is None:
            return Exit.NO_ANSWER
        return Exit.OK if self.ok else Exit.REFUSED

    def __str__(self) -> str:
        """As people read it."""
        said = self.error if self.status is None else str(self.status)
        return f"{said} in {self.seconds * 1000:.0f} ms"


async def forward(
    callback: Callback, url: str, signer: CallbackSigner | None, send: Send
) -> Forwarded:
    """
    POST *callback* to *url* with its metadata, signed with our secret.

    Args:
        callback: What came.
        url: Where to; its own query is kept.
        signer: Signs, so that a receiver with the same secret takes it; ``None`` leaves the URL
            as it is.
        send: Sends.
    """
    address = Address(kind=callback.kind, wait=callback.wait, metadata=callback.metadata)
    target = url if signer is None else signer.url(url, address)
    began = time.monotonic()
    try:
        answer = await send("POST", target, callback.body, JSON)
    except ConnectionFailed as exc:
        why = f"no answer ({_why(exc)})"
        return Forwarded(status=None, error=why, seconds=time.monotonic() - began)
    return Forwarded(status=answer.status, error=None, seconds=time.monotonic() - began)


def _why(error: BaseException) -> str:
    """What the operating system said, or else what the HTTP library calls it."""
    said, at = type(error.__cause__).__name__, error.__cause__
    while at is not None:
        said = getattr(at, "strerror", None) or said
        at = at.__cause__ or at.__context__
    return said
