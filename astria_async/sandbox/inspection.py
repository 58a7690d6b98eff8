"""What an image shows: measured where that is simple, otherwise made up from its bytes."""

import hashlib
import io
from pathlib import Path
from random import Random
from typing import Any

from PIL import Image, ImageFilter, ImageStat

_SMALL = 512
_LOOK = 256
_TINY_FILE = 20_000
_BLURRED_BELOW = 40.0
_FLAT_BELOW = 2.0
_UNREADABLE = (
    OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
AGES = ("20 yo", "30 yo", "40 yo", "50 yo", "60 yo", "70 yo")
_PEOPLE = ("man", "woman", "boy", "girl", "baby")
_MALE = ("man", "boy")
# "" stands for the documented member NONE.
CHOICES: dict[str, tuple[str, ...]] = {
    "body_type": ("slim", "average", "muscular", "plussize body"),
    "ethnicity": ("", "black", "white", "hispanic", "korean", "japanese", "chinese", "indian"),
    "age": AGES,
    "glasses": ("", "", "", "glasses"),
    "eye_color": ("blue eyes", "brown eyes", "green eyes", "gray eyes", "black eyes"),
    "hair_color": ("black hair", "brown hair", "blonde hair", "red hair", "grey hair"),
    "hair_length": ("short hair", "medium hair", "long hair", "very long hair"),
    "hair_style": ("", "straight hair", "wavy hair", "curly hair"),
    "facial_hair": ("", "", "mustache", "beard", "goatee"),
    "is_bald": ("", "", "", "", "bald"),
    "headcover": ("", "", "", "", "with head cover"),
}


def inspect(source: Path | bytes, name: str) -> dict[str, Any] | None:
    """
    The flat object of ``/images/inspect``; ``None`` for what is no image. Blocks.

    Args:
        source: The image.
        name: The class word that it should show; an image of one colour shows nothing.
    """
    data = source if isinstance(source, bytes) else source.read_bytes()
    try:
        with Image.open(io.BytesIO(data)) as image:
            size = image.size
            image.draft("RGB", (_LOOK, _LOOK))
            small = image.convert("L").resize((_LOOK, _LOOK))
    except _UNREADABLE:
        return None
    flat = ImageStat.Stat(small).stddev[0] < _FLAT_BELOW
    # The filter leaves the outermost pixels as they are.
    inner = small.filter(ImageFilter.FIND_EDGES).crop((1, 1, _LOOK - 1, _LOOK - 1))
    edges = ImageStat.Stat(inner).var[0]
    dice = Random(hashlib.sha256(data).digest())  # noqa: S311 - has to repeat
    found: dict[str, Any] = {"name": "" if flat else name}
    for key, choices in CHOICES.items():
        value = dice.choice(choices)
        applies = name in _PEOPLE and (key != "facial_hair" or name in _MALE)
        found[key] = value if applies and not flat else ""
    return found | {
        "funny_face": False,
        "wearing_sunglasses": False,
        "wearing_hat": found["headcover"] != "",
        "blurry": edges < _BLURRED_BELOW,
        "includes_multiple_people": False,
        "full_body_image_or_longshot": False,
        "selfie": name in _PEOPLE and dice.random() < 1 / 4,
        "low_resolution": min(size) < _SMALL,
        "low_quality": len(data) < _TINY_FILE,
    }
