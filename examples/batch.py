"""
From a table of texts to folders of pictures, within a budget.

What: makes the pictures of each line of a CSV file (columns name, text and, if you like,
    num_images), a few lines at a time, and lays them out on a contact sheet. A line that fails does
    not hold up the others. Run again after a Ctrl-C, it creates nothing twice and fetches only the
    pictures that are missing.
Needs: pip install '.[images]'; ASTRIA_API_KEY; ASTRIA_CALLBACK_URL, an https URL that a proxy
    passes on to --port; ASTRIA_CALLBACK_SECRET, so that a second run knows the URLs of the first.
Run: python examples/batch.py texts.csv --budget 5 --out pictures/
Offline: start `astria-async sandbox` and set what it prints. No callback URL is needed then.
"""

import argparse
import asyncio
import csv
import sys
from decimal import Decimal
from pathlib import Path

import anyio
import anyio.to_thread
import attrs
from PIL import Image, ImageDraw

from astria_async import (
    Astria,
    BudgetExceeded,
    InvalidInput,
    PromptFailed,
    Receiver,
    ValidationError,
    WaitTimeout,
)

FLUX = 1504944
CELL, GAP = 256, 12
INTERRUPTED = 130
LINE_FAILS = (BudgetExceeded, InvalidInput, PromptFailed, ValidationError, WaitTimeout)


@attrs.frozen
class Line:
    """What one line of the table asks for."""

    name: str
    text: str
    num_images: int

    @property
    def key(self) -> str:
        """By what a second run knows it again."""
        return f"{self.name}: {self.text}: {self.num_images}"


@attrs.define
class Batch:
    """
    A table on its way to becoming pictures.

    Attributes:
        tune: The model that draws.
        out: Where the pictures go: a folder for each line.
        files: What there is so far, by the line's name.
        failures: Why there is nothing, likewise.
    """

    astria: Astria
    tune: int
    out: Path
    files: dict[str, list[Path]] = attrs.field(factory=dict)
    failures: dict[str, str] = attrs.field(factory=dict)

    async def run(self, lines: list[Line], at_once: int) -> None:
        """Make all pictures, of so many lines at once."""
        gate = anyio.CapacityLimiter(at_once)
        async with anyio.create_task_group() as tasks:
            for line in lines:
                tasks.start_soon(self._draw, line, gate)

    async def _draw(self, line: Line, gate: anyio.CapacityLimiter) -> None:
        async with gate:
            try:
                prompt = await self.astria.prompts.create(
                    self.tune, line.text, num_images=line.num_images, idempotency_key=line.key
                )
                prompt = await prompt.wait_ready()
                self.files[line.name] = await prompt.download(self.out / line.name)
            except LINE_FAILS as error:
                self.failures[line.name] = str(error)
                print(f"{line.name}: {error}", file=sys.stderr)
            else:
                print(f"{line.name}: {len(self.files[line.name])} pictures")


def read(table: Path) -> list[Line]:
    """The lines of a CSV file."""
    with table.open(newline="", encoding="utf-8") as file:
        return [
            Line(row["name"], row["text"], int(row.get("num_images") or 2))
            for row in csv.DictReader(file)
        ]


def lay_out(files: dict[str, list[Path]], path: Path) -> None:
    """All pictures on one sheet, a row for each line of the table."""
    columns = max(len(row) for row in files.values())
    step = CELL + GAP
    sheet = Image.new("RGB", (GAP + columns * step, GAP + len(files) * (step + GAP)), "white")
    draw = ImageDraw.Draw(sheet)
    for number, (name, row) in enumerate(sorted(files.items())):
        top = GAP + number * (step + GAP)
        draw.text((GAP, top), name, fill="black")
        for place, file in enumerate(row):
            with Image.open(file) as picture:
                picture.thumbnail((CELL, CELL))
                sheet.paste(picture, (GAP + place * step, top + GAP + 2))
    sheet.save(path)


async def main(arguments: argparse.Namespace) -> int:
    """Do it; the exit code."""
    lines = read(arguments.table)
    receiver = Receiver()
    async with (
        receiver.serve(port=arguments.port),
        Astria(receiver=receiver, budget=arguments.budget) as astria,
    ):
        batch = Batch(astria, arguments.tune, arguments.out)
        await batch.run(lines, arguments.at_once)
        print(f"{len(batch.files)} of {len(lines)} lines; {astria.cost}")
    if batch.files:
        sheet = arguments.out / "contact-sheet.jpg"
        await anyio.to_thread.run_sync(lay_out, batch.files, sheet)
        print(sheet)
    return 1 if batch.failures else 0


def read_arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="A table of texts to pictures.")
    parser.add_argument("table", type=Path, help="CSV file with the columns name and text")
    parser.add_argument("--tune", type=int, default=FLUX, help="id of the model that draws")
    parser.add_argument("--out", type=Path, default=Path("pictures"))
    parser.add_argument("--at-once", type=int, default=4, help="lines under way at a time")
    parser.add_argument("--budget", type=Decimal, help="the most to spend, in US dollars")
    parser.add_argument("--port", type=int, default=8080, help="where the proxy sends callbacks")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main(read_arguments())))
    except KeyboardInterrupt:
        print("interrupted; run it again, and it goes on from here", file=sys.stderr)
        sys.exit(INTERRUPTED)
