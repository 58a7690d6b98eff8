"""
A probe: a signed request that asks a receiver to prove that it holds the same secret.

It takes the road of a real callback, POST to the public URL, and stores nothing:

.. code-block:: text

    https://hooks.example.com/astria/?probe=<22 characters>&sig=<43 characters>

The answer is a 204 whose ``Astria-Async-Proof`` header is a MAC of the nonce. Its key is derived
for this purpose alone, so neither a probe nor its proof can pass for a callback, and a probe that
someone saw and sends again teaches them nothing.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Literal
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

import attrs

Sharing = Literal["shared", "apart"]
"""Whether the receiver keeps callbacks in the same store as the one who asks."""

_NONCE = re.compile(r"[A-Za-z0-9._]{22}")
_SHARING: tuple[Sharing, ...] = ("shared", "apart")


@attrs.frozen
class Probe:
    """A probe whose signature was checked."""

    nonce: str
    key: bytes = attrs.field(repr=False)


class Prober:
    """
    Writes probes and reads their proofs; reads probes and writes their proofs.

    Args:
        secrets: The receiver's; the first signs, all verify.
    """

    def __init__(self, secrets: Sequence[str | bytes]) -> None:
        keys = [key.encode() if isinstance(key, str) else key for key in secrets]
        self._keys = [hmac.digest(key, b"astria-async probe v1", hashlib.sha256) for key in keys]

    def __repr__(self) -> str:
        """Without the keys."""
        return f"<{type(self).__name__} with {len(self._keys)} keys>"

    def url(self, endpoint: str, nonce: str) -> str:
        """The URL to POST to, for a receiver at *endpoint*."""
        signed = urlencode({"probe": nonce, "sig": _mac(self._keys[0], "probe", nonce)})
        parts = urlsplit(endpoint)
        query = f"{parts.query}&{signed}" if parts.query else signed
        return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))

    def read(self, query: str) -> Probe | None:
        """The probe in a query string, or ``None`` if there is none that one of our keys signed."""
        try:
            fields = parse_qs(query, errors="strict", max_num_fields=200)
        except ValueError:
            return None
        nonce, given = fields.get("probe", [""])[-1], fields.get("sig", [""])[-1]
        if not _NONCE.fullmatch(nonce) or not given.isascii():
            return None
        # Every key is tried, whatever the outcome, so that time tells nothing.
        hits = [hmac.compare_digest(given, _mac(key, "probe", nonce)) for key in self._keys]
        signers = [key for key, hit in zip(self._keys, hits, strict=True) if hit]
        return Probe(nonce, signers[0]) if signers else None

    @staticmethod
    def prove(probe: Probe, sharing: Sharing) -> str:
        """The proof to answer *probe* with."""
        return _mac(probe.key, sharing, probe.nonce)

    def proven(self, nonce: str, proof: str) -> Sharing | None:
        """What *proof* says, or ``None`` if no receiver with our secret made it for *nonce*."""
        for sharing in _SHARING:
            made = [_mac(key, sharing, nonce) for key in self._keys]
            if proof.isascii() and any(hmac.compare_digest(proof, it) for it in made):
                return sharing
        return None


def _mac(key: bytes, purpose: str, nonce: str) -> str:
    raw = hmac.digest(key, f"{purpose}\0{nonce}".encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
