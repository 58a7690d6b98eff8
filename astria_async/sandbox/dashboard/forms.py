"""Forms as browsers send them: read under a limit, and turned into values with plain complaints."""

from collections.abc import Collection, Mapping
from contextlib import aclosing
from decimal import Decimal, InvalidOperation
from urllib.parse import parse_qsl

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.bodies import drain

MAX_FORM = 64 * 1024
MAX_DRAINED = 8 * 1024 * 1024
MAX_FIELDS = 100
MAX_TEXT = 500


async def read_form(request: Request) -> dict[str, str]:
    """
    The fields of an urlencoded form; of a name that comes twice, the last value.

    Raises:
        HTTPException: 413 for too much, 415 for another kind of body.
    """
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = bytearray()
    async with aclosing(request.stream()) as chunks:
        async for chunk in chunks:
            body += chunk
            if len(body) > MAX_FORM:
                await drain(chunks, MAX_DRAINED)
                raise HTTPException(413, f"A form has at most {MAX_FORM} bytes.")
    if content_type != "application/x-www-form-urlencoded" and body:
        raise HTTPException(415, "Send an urlencoded form.")
    text = body.decode("latin-1")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise HTTPException(413, f"A form has at most {MAX_FIELDS} fields.") from None
    return {name: value.replace("\0", "") for name, value in pairs}


@attrs.define
class Answers:
    """
    What somebody filled in, read field by field; complaints gather in ``errors``.

    Args:
        given: The form's fields; a checkbox that is off is missing.
    """

    given: Mapping[str, str]
    errors: dict[str, str] = attrs.field(factory=dict)

    def text(self, name: str, default: str = "") -> str:
        """One line of text, trimmed."""
        value = self.given.get(name, "").strip()
        if len(value) > MAX_TEXT:
            self.errors[name] = f"At most {MAX_TEXT} characters."
        return value or default

    def flag(self, name: str) -> bool:
        """Whether a box is ticked."""
        return bool(self.given.get(name))

    def choice(self, name: str, allowed: Collection[str], default: str) -> str:
        """One of the allowed words."""
        value = self.given.get(name, "") or default
        if value not in allowed:
            self.errors[name] = f"One of: {', '.join(allowed)}."
            return default
        return value

    def number(self, name: str, low: float, high: float, default: float = 0.0) -> float:
        """A number between *low* and *high*; blank is *default*."""
        value = self.amount(name, Decimal(str(low)), Decimal(str(high)))
        return default if value is None else float(value)

    def whole(self, name: str, low: int, high: int) -> int | None:
        """A whole number between *low* and *high*; blank is ``None``."""
        value = self.amount(name, Decimal(low), Decimal(high))
        if value is None:
            return None
        if value != int(value):
            self.errors[name] = "A whole number."
            return None
        return int(value)

    def amount(self, name: str, low: Decimal, high: Decimal) -> Decimal | None:
        """An exact number between *low* and *high*; blank is ``None``."""
        text = self.given.get(name, "").strip()
        if not text:
            return None
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not low <= value <= high:
            self.errors[name] = f"A number from {low:f} to {high:f}."
            return None
        return value
