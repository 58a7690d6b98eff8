"""
Signs callback URLs, and checks those that come back.

Astria does not sign its callbacks, so the query is signed by us: HMAC-SHA256 over kind, wait id and
metadata. The body is unsigned and short: it is a hint, and the API is the truth.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from astria_async.protocol.addresses import KINDS, WAIT_ID, Address, Kind, check_metadata
from astria_async.protocol.errors import ConfigurationError, InvalidCallback, InvalidInput

MIN_SECRET_BYTES = 16
MAX_URL = 2000


class CallbackSigner:
    """
    Writes callback URLs and checks those that come back.

    Args:
        secrets: One or more keys of at least 16 bytes. The first signs, all verify, so a key is
            rotated by putting the new one in front.
        fixed: Names of query parameters that the public URL itself has; they are not signed.

    Raises:
        ConfigurationError: No secret, or one that is too short.
    """

    def __init__(self, secrets: Sequence[str | bytes], *, fixed: Sequence[str] = ()) -> None:
        keys = [key.encode() if isinstance(key, str) else key for key in secrets]
        if not keys:
            raise ConfigurationError("a receiver needs a secret to sign its callback URLs")
        for key in keys:
            if len(key) < MIN_SECRET_BYTES:
                raise ConfigurationError(
                    f"the callback secret has {len(key)} bytes; at least {MIN_SECRET_BYTES} are "
                    "needed: python -c 'import secrets; print(secrets.token_urlsafe(32))' makes one"
                )
        # A key of its own for this purpose: the user's secret may sign other things too.
        self._keys = [
            hmac.digest(key, b"astria-async callback url v1", hashlib.sha256) for key in keys
        ]
        self._fixed = frozenset(fixed)

    def __repr__(self) -> str:
        """Without the keys."""
        return f"<{type(self).__name__} with {len(self._keys)} keys>"

    def url(self, public_url: str, address: Address) -> str:
        """
        The URL to register with Astria for *address*.

        Raises:
            InvalidInput: The metadata is not usable, or makes the URL longer than 2000 characters.
        """
        pairs = list(check_metadata(address.metadata).items())
        taken = self._fixed & address.metadata.keys()
        if taken:
            raise InvalidInput(
                f"metadata may not use {min(taken)!r}: public_url has a parameter of that name",
                parameter="metadata",
            )
        pairs += [("kind", address.kind), ("wait", address.wait)]
        signed = urlencode([*pairs, ("sig", self._sign(self._keys[0], pairs))])
        parts = urlsplit(public_url)
        query = f"{parts.query}&{signed}" if parts.query else signed
        url = urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
        if len(url) > MAX_URL:
            raise InvalidInput(
                f"the metadata makes the callback URL {len(url)} characters long; "
                f"at most {MAX_URL} pass every proxy: store it yourself and send an id",
                parameter="metadata",
            )
        return url

    def verify(self, query: str) -> Address:
        """
        What the query string of a callback URL says.

        Raises:
            InvalidCallback: It was not written with one of our secrets, or was altered.
        """
        try:
            pairs = _read_query(query)
        except ValueError as exc:
            raise InvalidCallback.unsigned() from exc
        if self._fixed:
            pairs = [pair for pair in pairs if pair[0] not in self._fixed]
        given = [value for name, value in pairs if name == "sig"]
        rest = [pair for pair in pairs if pair[0] != "sig"]
        if len(given) != 1 or not given[0].isascii() or not self._matches(given[0], rest):
            raise InvalidCallback.unsigned()
        fields = dict(rest)
        kind, wait = fields.pop("kind", ""), fields.pop("wait", "")
        if kind not in KINDS or not WAIT_ID.fullmatch(wait):
            raise InvalidCallback.unsigned()
        return Address(kind=kind, wait=wait, metadata=fields)

    def recognise(self, url: str | None, kind: Kind) -> Address | None:
        """The address in an object's own ``callback`` field, or ``None`` if it is not ours."""
        if not url:
            return None
        try:
            address = self.verify(urlsplit(url).query)
        except (InvalidCallback, ValueError):
            return None
        return address if address.kind == kind else None

    def _matches(self, given: str, pairs: Sequence[tuple[str, str]]) -> bool:
        # Every key is tried, whatever the outcome, so that time tells nothing.
        hits = [hmac.compare_digest(given, self._sign(key, pairs)) for key in self._keys]
        return any(hits)

    @staticmethod
    def _sign(key: bytes, pairs: Sequence[tuple[str, str]]) -> str:
        parts: list[bytes] = []
        for pair in sorted(pairs):
            for text in pair:
                part = text.encode()
                # Lengths in front: no two lists of pairs may give the same message.
                parts += (len(part).to_bytes(4, "big"), part)
        digest = hmac.digest(key, b"".join(parts), hashlib.sha256)
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _read_query(query: str) -> list[tuple[str, str]]:
    if "%" in query or "+" in query:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_URL)
    # The same by hand, in a fraction of the time: nothing is escaped in nearly every URL of ours.
    parts = query.split("&")
    if len(parts) > MAX_URL:
        raise ValueError("too many fields")
    split = [part.partition("=") for part in parts if part]
    return [(name, value) for name, _, value in split]
