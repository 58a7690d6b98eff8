"""How large a picture is, by the several ways in which a prompt may ask."""

from collections.abc import Mapping
from typing import Any

_LEGACY = {"portrait": "3:4", "landscape": "4:3", "anamorphic": "21:9"}
_LONG_SIDE = 1024
# Made-up pictures need not be as large as real ones; this keeps each to a few milliseconds.
MAX_SIDE = 512


def pixels(params: Mapping[str, Any]) -> tuple[int, int]:
    """Width and height of the pictures to make, scaled down to ``MAX_SIDE``."""
    width, height = params.get("w"), params.get("h")
    if width and height:
        return _fit(width, height)
    ratio = params.get("aspect_ratio") or params.get("ar") or "1:1"
    across, down = (int(part) for part in _LEGACY.get(ratio, ratio).split(":"))
    long = max(across, down)
    return _fit(width or _LONG_SIDE * across // long, height or _LONG_SIDE * down // long)


def _fit(width: int, height: int) -> tuple[int, int]:
    scale = min(1.0, MAX_SIDE / max(width, height))
    return max(8, round(width * scale)), max(8, round(height * scale))
