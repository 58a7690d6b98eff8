"""Keeps secrets out of the record of requests, however many times they were percent-encoded."""

import re
from urllib.parse import unquote_plus

# A form within an address within a form is three layers; of what has more nothing is shown.
_LAYERS = 6
# What authorises, or stands in a callback's query, is nobody's business.
_SECRETS = re.compile(
    r"((?:sig|signature|token|secret|key|password)(?:=|\\u003[dD]))[^&\s\"'<]+", re.IGNORECASE
)


def hide_in_text(text: str) -> str:
    """The text without the values of what looks like a secret."""
    return _SECRETS.sub(r"\1...", text)


def hide_in_form(text: str) -> str:
    """A form or a query string, decoded for reading, without its secrets."""
    return "&".join(_hide(pair) or unquote_plus(pair) for pair in text.split("&"))


def hide_in_query(text: str) -> str:
    """A query string as it was sent, but for parameters with a secret, which are decoded."""
    return "&".join(_hide(pair) or pair for pair in text.split("&")) if text else ""


def _hide(pair: str) -> str | None:
    """The parameter decoded to the last layer, without secrets; ``None`` if it has none."""
    found, text = False, pair
    for _ in range(_LAYERS):
        # At each layer: a mark that ends a value in the next one may be a part of it in this one.
        text, hidden = _SECRETS.subn(r"\1...", text)
        found = found or bool(hidden)
        plain = unquote_plus(text)
        if plain == text:
            return text if found else None
        text = plain
    return f"{pair.partition('=')[0]}=..."
