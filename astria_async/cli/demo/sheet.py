"""The contact sheet: what went in and what came out, in one picture."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont, ImageOps, UnidentifiedImageError

CELL = 190
GAP = 16
COLUMNS = 6
TITLE = 28
PAPER, INK, BLANK = (250, 249, 246), (40, 40, 44), (222, 220, 214)

Group = tuple[str, Sequence[Path]]


def make_sheet(path: Path, groups: Sequence[Group]) -> None:
    """
    Write a JPEG that shows each group of pictures under its title; blocks, so call it in a thread.

    A picture of a format that Pillow does not know leaves an empty cell with its name.

    Raises:
        OSError: It cannot be written.
    """
    width = GAP + COLUMNS * (CELL + GAP)
    sheet = Image.new("RGB", (width, GAP + sum(_height(len(them)) for _, them in groups)), PAPER)
    draw = ImageDraw.Draw(sheet)
    top = GAP
    for title, pictures in groups:
        draw.text((GAP, top), title, fill=INK, font=ImageFont.load_default(20))
        for number, picture in enumerate(pictures):
            row, column = divmod(number, COLUMNS)
            place = (GAP + column * (CELL + GAP), top + TITLE + row * (CELL + GAP))
            sheet.paste(_cell(picture), place)
        top += _height(len(pictures))
    sheet.save(path, "JPEG", quality=88)


def _height(count: int) -> int:
    return TITLE + -(-count // COLUMNS) * (CELL + GAP)


def _cell(path: Path) -> Image.Image:
    try:
        with Image.open(path) as picture:
            picture.draft("RGB", (CELL, CELL))  # JPEG is decoded no larger than needed
            upright = ImageOps.exif_transpose(picture)
            return ImageOps.fit(upright.convert("RGB"), (CELL, CELL))
    except (UnidentifiedImageError, OSError, Image.DecompressionBombError):
        cell = Image.new("RGB", (CELL, CELL), BLANK)
        ImageDraw.Draw(cell).text((GAP, CELL // 2), path.name, fill=INK)
        return cell
