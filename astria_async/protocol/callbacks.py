"""What a callback says: its URL for certain, and its body as a hint."""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import attrs

from astria_async.protocol.addresses import Kind


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
