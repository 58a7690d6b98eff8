"""Pictures out of words: real image files that look different for different texts and seeds."""

import hashlib
import io
import textwrap
from collections.abc import Mapping
from functools import lru_cache
from random import Random
from typing import Any

from PIL import Image, ImageDraw

_GRID = 5
_BLOBS = 6
_QUALITY = 82
_WRAP = 34
_LINES = 6


def render(recipe: Mapping[str, Any]) -> bytes:
    """
    The JPEG (or PNG, if transparent) that a recipe describes; takes milliseconds, in a thread.

    Args:
        recipe: ``text``, ``seed``, ``width``, ``height`` and ``transparent``.
    """
    return _render(
        str(recipe["text"]),
        str(recipe["seed"]),
        int(recipe["width"]),
        int(recipe["height"]),
        bool(recipe.get("transparent")),
    )


@lru_cache(maxsize=64)
def _render(text: str, seed: str, width: int, height: int, transparent: bool) -> bytes:
    source = json_safe(f"{text}|{seed}")
    dice = Random(hashlib.sha256(source).digest())  # noqa: S311 - has to repeat
    image = _background(dice, width, height)
    draw = ImageDraw.Draw(image, "RGBA")
    for _ in range(_BLOBS):
        _blob(draw, dice, width, height)
    _caption(draw, text, seed, width, height)
    out = io.BytesIO()
    if transparent:
        image.putalpha(_vignette(width, height))
        image.save(out, "PNG", compress_level=1)
    else:
        image.save(out, "JPEG", quality=_QUALITY)
    return out.getvalue()


def json_safe(text: str) -> bytes:
    """UTF-8, with what has none replaced."""
    return text.encode(errors="replace")


def _background(dice: Random, width: int, height: int) -> Image.Image:
    base = [dice.randrange(30, 226) for _ in range(3)]
    grid = Image.new("RGB", (_GRID, _GRID))
    grid.putdata(
        [
            tuple(min(255, max(0, part + dice.randrange(-60, 61))) for part in base)
            for _ in range(_GRID * _GRID)
        ]
    )
    return grid.resize((width, height), Image.Resampling.BICUBIC)


def _blob(draw: ImageDraw.ImageDraw, dice: Random, width: int, height: int) -> None:
    radius = dice.uniform(0.08, 0.3) * min(width, height)
    x, y = dice.uniform(0, width), dice.uniform(0, height)
    color = (*(dice.randrange(256) for _ in range(3)), dice.randrange(40, 120))
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


def _caption(draw: ImageDraw.ImageDraw, text: str, seed: str, width: int, height: int) -> None:
    # The built-in font knows Latin letters only.
    words = text.encode("latin-1", errors="replace").decode("latin-1")
    lines = [*textwrap.wrap(words, _WRAP)[:_LINES], f"seed {seed}"]
    top = max(0, height - 14 * len(lines) - 8)
    draw.rectangle((0, top, width, height), fill=(0, 0, 0, 110))
    draw.multiline_text((6, top + 4), "\n".join(lines), fill=(255, 255, 255, 235), spacing=3)


def _vignette(width: int, height: int) -> Image.Image:
    return Image.radial_gradient("L").resize((width, height)).point(lambda level: 255 - level)
