"""
The callback URL, its signature, and what a callback's body says.

An object's id is unknown when its callback URL must be written, so each create mints a *wait id*
first and puts it in the query string beside the user's metadata (the way that
docs.astria.ai/docs/api/overview recommends to carry context):

.. code-block:: text

    https://hooks.example.com/astria?user_id=7&kind=tune&wait=<22 characters>&sig=<43 characters>

Astria does not sign its callbacks, so the query is signed by us: HMAC-SHA256 over kind, wait id and
metadata. The body is unsigned and short: it is a hint, and the API is the truth.
"""

import base64
import datetime as dt
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import attrs

from astria_async.protocol.errors import ConfigurationError, InvalidCallback, InvalidInput

Kind = Literal["tune", "prompt", "pack"]
"""What a callback is about: ``pack`` is the one that closes a whole pack run."""

KINDS: tuple[Kind, ...] = ("tune", "prompt", "pack")
RESERVED = frozenset({"kind", "wait", "sig"})
MIN_SECRET_BYTES = 16
MAX_URL = 2000
_WAIT_ID = re.compile(r"[A-Za-z0-9._]{22}")


def mint_wait_id() -> str:
    """128 random bits, as 22 URL-safe characters; no hyphen, or it could be typed as an option."""
    return _wait_id(secrets.token_bytes(16))


def derive_wait_id(kind: Kind, idempotency_key: str) -> str:
    """
    The wait id that stands for *idempotency_key*, in every process and under every secret.

    A wait id need not be secret: the signature beside it is what a forger lacks.
    """
    digest = hashlib.sha256(f"astria-async\0{kind}\0{idempotency_key}".encode()).digest()
    return _wait_id(digest[:16])


def _wait_id(raw: bytes) -> str:
    return base64.b64encode(raw, altchars=b"._").rstrip(b"=").decode()


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@attrs.frozen(kw_only=True)
class Address:
    """
    What a callback URL says once its signature was checked.

    Attributes:
        kind: What the callback is about.
        wait: The wait id that was minted before the create.
        metadata: The user's own pairs.
    """

    kind: Kind
    wait: str
    metadata: Mapping[str, str] = attrs.field(factory=dict)


def check_metadata(metadata: Any) -> dict[str, str]:
    """
    The metadata as a dict of strings.

    Raises:
        InvalidInput: A name or value is not a string, or a name is one that we use ourselves.
    """
    if not isinstance(metadata, Mapping):
        raise InvalidInput(
            f"metadata must map strings to strings, not be a {type(metadata).__name__}",
            parameter="metadata",
        )
    for name, value in metadata.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise InvalidInput(
                f"metadata must map strings to strings; {name!r} is a {type(value).__name__}: "
                "convert it, for example with str()",
                parameter="metadata",
            )
        if not _encodable(name) or not _encodable(value):
            raise InvalidInput(
                f"metadata: {name!r} has half a character (a lone surrogate)", parameter="metadata"
            )
        if name in RESERVED or not name:
            raise InvalidInput(
                f"metadata may not use the name {name!r}: "
                f"{', '.join(sorted(RESERVED))} and the empty name are taken",
                parameter="metadata",
            )
    return dict(metadata)


def _encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def check_public_url(url: str, *, allow_http: bool = False) -> str:
    """
    *url*, if Astria could call it: absolute, https, with a host.

    Args:
        url: The receiver's URL as the outside sees it.
        allow_http: Whether plain http to a host other than this machine is accepted.

    Raises:
        ConfigurationError: It could never be called.
    """
    shown = repr(url).partition("?")[0]  # its query may hold a token
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except (ValueError, AttributeError, TypeError) as exc:
        raise ConfigurationError(f"public_url {shown} is not a URL") from exc
    if parts.scheme not in {"http", "https"} or not host or re.search(r"\s", url):
        raise ConfigurationError(
            f"public_url {shown} is not an absolute URL such as https://hooks.example.com/astria"
        )
    if parts.fragment or parts.username or parts.password or port == 0:
        raise ConfigurationError(
            f"public_url for {host} has a fragment, credentials or port 0: Astria could not call it"
        )
    local = host == "localhost" or host.startswith("127.") or host == "::1"
    if parts.scheme == "http" and not local and not allow_http:
        raise ConfigurationError(
            f"public_url for {host} must be https: Astria does not call plain http "
            "(pass allow_http=True if you know that it may)"
        )
    taken = RESERVED & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if taken:
        raise ConfigurationError(f"public_url already uses the parameter {min(taken)!r}")
    return url


def _read_query(query: str) -> list[tuple[str, str]]:
    if "%" in query or "+" in query:
        return parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_URL)
    # The same by hand, in a fraction of the time: nothing is escaped in nearly every URL of ours.
    parts = query.split("&")
    if len(parts) > MAX_URL:
        raise ValueError("too many fields")
    split = [part.partition("=") for part in parts if part]
    return [(name, value) for name, _, value in split]


@attrs.frozen(eq=False, repr=False)
class _Mac:
    """HMAC-SHA256 (RFC 2104) under one key, whose two hashes are begun once and not each time."""

    inner: Any
    outer: Any

    @classmethod
    def of(cls, key: bytes) -> "_Mac":
        block = key.ljust(64, b"\0")
        pads = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
        return cls(*map(hashlib.sha256, pads))

    def of_message(self, message: bytes) -> bytes:
        inner, outer = self.inner.copy(), self.outer.copy()
        inner.update(message)
        outer.update(inner.digest())
        digest: bytes = outer.digest()
        return digest


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
            _Mac.of(hmac.digest(key, b"astria-async callback url v1", hashlib.sha256))
            for key in keys
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
        if kind not in KINDS or not _WAIT_ID.fullmatch(wait):
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
    def _sign(key: "_Mac", pairs: Sequence[tuple[str, str]]) -> str:
        parts: list[bytes] = []
        for pair in sorted(pairs):
            for text in pair:
                part = text.encode()
                # Lengths in front: no two lists of pairs may give the same message.
                parts += (len(part).to_bytes(4, "big"), part)
        return _encode(key.of_message(b"".join(parts)))


@attrs.frozen(kw_only=True)
class Callback:
    """
    A callback as it was received and committed.

    Attributes:
        kind: What it is about: ``tune``, ``prompt`` or ``pack``.
        wait: The wait id of the create that registered the URL.
        metadata: What was passed as ``metadata=`` to that create.
        body: The body as received; unsigned, so a hint and no more.
        received_at: When it came, UTC.
        attempt: Which run of a handler this is, from 1; 0 outside of handlers.
    """

    kind: Kind
    wait: str
    metadata: Mapping[str, str] = attrs.field(factory=dict)
    body: bytes = attrs.field(default=b"", repr=False)
    received_at: dt.datetime
    attempt: int = attrs.field(default=0, eq=False)

    @property
    def digest(self) -> str:
        """Tells whether a second callback to the same URL says anything new."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The tunes or prompts in the body, as JSON objects; empty when it is unreadable."""
        return [fields for _, fields in read_body(self.body)]


def read_body(body: bytes) -> list[tuple[Kind, dict[str, Any]]]:
    """
    The objects in a callback's body, each with its kind; empty when none can be read.

    Accepts every shape that was seen or documented: wrapped (``{"tune": {…}}``), bare, an array of
    either, and ``{"prompts": […]}``.
    """
    try:
        return _unwrap(json.loads(body))
    except (ValueError, RecursionError):
        return []


def _unwrap(content: Any) -> list[tuple[Kind, dict[str, Any]]]:
    if isinstance(content, list):
        return [found for item in content if isinstance(item, dict) for found in _unwrap(item)]
    if not isinstance(content, dict):
        return []
    kind: Kind
    for kind in ("tune", "prompt"):
        if isinstance(content.get(kind), dict):
            return [(kind, content[kind])]
    if isinstance(content.get("prompts"), list) and "title" not in content:
        return _unwrap(content["prompts"])
    return _bare(content)


def _bare(content: dict[str, Any]) -> list[tuple[Kind, dict[str, Any]]]:
    if type(content.get("id")) is not int:
        return []
    if content.keys() & {"text", "tune_id"}:
        return [("prompt", content)]
    if content.keys() & {"title", "orig_images", "expires_at", "name"}:
        return [("tune", content)]
    return []
