"""
The callback URL as an address: a wait id, the user's metadata, and where Astria finds us.

An object's id is unknown when its callback URL must be written, so each create mints a *wait id*
first and puts it in the query string beside the user's metadata (the way that
docs.astria.ai/docs/api/overview recommends to carry context):

.. code-block:: text

    https://hooks.example.com/astria?user_id=7&kind=tune&wait=<22 characters>&sig=<43 characters>
"""

import base64
import hashlib
import re
import secrets
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import attrs

from astria_async.protocol.errors import ConfigurationError, InvalidInput

Kind = Literal["tune", "prompt", "pack"]
"""What a callback is about: ``pack`` is the one that closes a whole pack run."""

KINDS: tuple[Kind, ...] = ("tune", "prompt", "pack")
RESERVED = frozenset({"kind", "wait", "sig"})
WAIT_ID = re.compile(r"[A-Za-z0-9._]{22}")


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
