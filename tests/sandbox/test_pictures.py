"""Made-up files: pictures, videos, weights."""

import io
import json
import struct
from typing import Any

import pytest
from PIL import Image

from astria_async.sandbox import movies, pictures, weights
from astria_async.sandbox.sizes import pixels
from astria_async.sandbox.uploads import sniff

RECIPE = {"text": "a cat", "seed": "1:0", "width": 384, "height": 512}


def test_pictures_repeat() -> None:
    """The same words and seed give the same JPEG, others another."""
    first = pictures.render(RECIPE)

    assert Image.open(io.BytesIO(first)).size == (384, 512)
    assert first == pictures.render(RECIPE)
    assert first != pictures.render({**RECIPE, "seed": "2:0"})
    assert first != pictures.render({**RECIPE, "text": "a dog"})


@pytest.mark.parametrize("text", ["", "Привет 🐈 " * 50, "x" * 5000, "\n\n", "\ud800"])
def test_any_words_will_do(text: str) -> None:
    """Empty, endless, foreign and broken texts make pictures too."""
    assert sniff(pictures.render({**RECIPE, "text": text})) == "image/jpeg"


@pytest.mark.parametrize(
    ("params", "size"),
    [
        ({}, (512, 512)),
        ({"w": 896, "h": 1152}, (398, 512)),
        ({"w": 256, "h": 128}, (256, 128)),
        ({"aspect_ratio": "16:9"}, (512, 288)),
        ({"ar": "portrait"}, (384, 512)),
        ({"w": 4096}, (512, 128)),
        ({"w": 8, "h": 4096}, (8, 512)),
    ],
)
def test_sizes(params: dict[str, Any], size: tuple[int, int]) -> None:
    """Sizes follow w and h, else the ratio, scaled down to what is quick to draw."""
    assert pixels(params) == size


def test_weights_are_safetensors() -> None:
    """A checkpoint opens as safetensors, and says which tune it is of."""
    data = weights.render({"id": 7, "branch": "flux1"})

    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])

    assert header["__metadata__"]["tune_id"] == "7"
    assert len(data) == 8 + length + header["lora.weight"]["data_offsets"][1]


def test_movies_are_boxes_of_frames() -> None:
    """A video is a sequence of whole boxes, whose frames are JPEGs where its index says."""
    data = movies.render(RECIPE)
    kinds, at = [], 0
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kinds.append(data[at + 4 : at + 8])
        at += size

    assert (kinds, at) == ([b"ftyp", b"mdat", b"moov"], len(data))
    (offset,) = struct.unpack(">I", data[data.index(b"stco") + 12 :][:4])
    assert sniff(data[offset:]) == "image/jpeg"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"RIFF0000WEBPVP8 ", "image/webp"),
        (b"0000ftypheic", "image/heic"),
        (b"0000ftypisom", "video/mp4"),
        (b"hello", None),
    ],
)
def test_types_are_told_from_bytes(head: bytes, kind: str | None) -> None:
    """The first bytes tell the type of a file."""
    assert sniff(head) == kind
