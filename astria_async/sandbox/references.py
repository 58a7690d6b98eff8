"""The tokens in a prompt's text that name tunes, such as ``<lora:2900417:0.8>``."""

import re
from collections.abc import Mapping

_TOKEN = re.compile(r"<(?:lora|faceid):([0-9]{1,18})(?::[^<>]*)?>", re.IGNORECASE)
_SPACED_TOKEN = re.compile(rf"\s*{_TOKEN.pattern}\s*", re.IGNORECASE)
_PLACEHOLDER = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")


def references(text: str) -> tuple[int, ...]:
    """The ids of all tunes that the text names, in order, each once."""
    return tuple(dict.fromkeys(int(found) for found in _TOKEN.findall(text)))


def prefix(text: str, tune_id: int, model_type: str | None, scale: float | None) -> str:
    """The text with the tune's own token put in front, if it is not there already."""
    if tune_id in references(text):
        return text
    kind = "faceid" if model_type == "faceid" else "lora"
    return f"<{kind}:{tune_id}:{1 if scale is None else scale:g}> {text}"


def strip_references(text: str) -> str:
    """The text without its tokens."""
    return _SPACED_TOKEN.sub(" ", text).strip()


def replace_references(text: str, swaps: Mapping[int, int]) -> str:
    """The text with tune ids in its tokens replaced."""

    def swap(match: re.Match[str]) -> str:
        old = int(match[1])
        return match[0].replace(match[1], str(swaps.get(old, old)), 1)

    return _TOKEN.sub(swap, text)


def fill(text: str, characteristics: Mapping[str, str] | None) -> str:
    """The text with ``{{key}}`` replaced by what the tune's characteristics say."""
    if not characteristics:
        return text
    return _PLACEHOLDER.sub(lambda m: characteristics.get(m[1], m[0]), text)
