"""The request that a create would send, to look at before paying."""

from collections.abc import Mapping
from typing import Any

import attrs

from astria_async.protocol.calls import Call
from astria_async.protocol.forms import Field


@attrs.frozen(kw_only=True)
class Draft:
    """
    A request as it would be sent; nothing was.

    Attributes:
        method: HTTP method.
        path: Path below the base URL.
        json: The body, when there is nothing to upload.
        form: The body as pairs, when there is; a file stands as its name in angle brackets.
    """

    method: str
    path: str
    json: Mapping[str, Any] | None = None
    form: tuple[tuple[str, str], ...] | None = None


def draft(call: Call) -> Draft:
    """What *call* would send; the signature of its callback URL is hidden."""
    parts = None
    if call.parts is not None:
        parts = tuple(
            (
                part.name,
                _shown(part.value) if isinstance(part, Field) else f"<{part.source.filename}>",
            )
            for part in call.parts
        )
    return Draft(method=call.method, path=call.path, json=_shown(call.content), form=parts)


def _shown(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _shown(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_shown(item) for item in value]
    if isinstance(value, str) and "&sig=" in value:
        return f"{value.partition('&sig=')[0]}&sig=…"
    return value
