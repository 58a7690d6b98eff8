"""Takes secrets out of what people look at: signatures, keys and passwords."""

import re
from urllib.parse import unquote

_NAMES = "sig|signature|token|secret|key|api_key|apikey|access_token|password|passwd|auth|code"
_HIDDEN = "•••"
# A value ends where an address or a JSON string does; in forms the marks are percent-encoded.
_BEFORE = r"(?:(?<![\w-])|(?<=%3F)|(?<=%26))"
_VALUE = r"(?:(?!%26|%23)[^&\s\"'<>#;\\])+"
_NAME = rf"(?:[\w-]{{1,40}}[-_])?(?:{_NAMES})"
_PAIRS = re.compile(rf"(?i){_BEFORE}({_NAME}(?:=|%3D)){_VALUE}")
_KEYS = re.compile(r"\bsd_[\w-]+")
_BEARER = re.compile(r"(?i)\b(bearer\s+)[^\s\"'<>]+")
_USER = re.compile(r"(?i)(\b[a-z][a-z0-9+.-]{0,20}://)[^/\s@\"'<>]+@")


def masked(text: str) -> str:
    """
    The text with every secret in it replaced by dots.

    Covers values of query parameters that sign or authorise, also where they are percent-encoded
    within a form, user names and passwords in addresses, and Astria's keys (``sd_…``).
    """
    text = _PAIRS.sub(rf"\1{_HIDDEN}", text)
    text = _USER.sub(rf"\1{_HIDDEN}@", text)
    text = _BEARER.sub(rf"\1{_HIDDEN}", text)
    return _KEYS.sub(_HIDDEN, text)


def readable(url: str) -> str:
    """An address without secrets and percent signs, for reading only."""
    return masked(unquote(masked(url), errors="replace"))
