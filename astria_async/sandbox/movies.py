"""Videos out of words: MP4 files with one Motion-JPEG track, made of pictures."""

import struct
from collections.abc import Mapping
from typing import Any

from astria_async.sandbox import pictures

_FRAMES = 4
_TICKS = 1000
_FRAME_TICKS = 250
_JPEG_OBJECT_TYPE = 0x6C
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)


def render(recipe: Mapping[str, Any]) -> bytes:
    """A second of video (ISO 14496-12 boxes; frames are JPEG, object type 0x6C)."""
    frames = [
        pictures.render({**recipe, "seed": f"{recipe['seed']}:{n}", "transparent": False})
        for n in range(_FRAMES)
    ]
    head = _box("ftyp", b"isom" + struct.pack(">I", 512) + b"isommp41")
    offset = len(head) + 8
    data = _box("mdat", b"".join(frames))
    width, height = int(recipe["width"]), int(recipe["height"])
    return head + data + _movie([len(frame) for frame in frames], offset, width, height)


def _box(kind: str, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return struct.pack(">I", len(body) + 8) + kind.encode() + body


def _full(kind: str, *parts: bytes, flags: int = 0) -> bytes:
    return _box(kind, struct.pack(">I", flags), *parts)


def _movie(sizes: list[int], offset: int, width: int, height: int) -> bytes:
    duration = len(sizes) * _FRAME_TICKS
    header = _full(
        "mvhd",
        struct.pack(">IIIIIHH8x", 0, 0, _TICKS, duration, 0x10000, 0x0100, 0),
        _MATRIX,
        struct.pack(">6II", 0, 0, 0, 0, 0, 0, 2),
    )
    track = _full(
        "tkhd",
        struct.pack(">IIIII8xHHHH", 0, 0, 1, 0, duration, 0, 0, 0, 0),
        _MATRIX,
        struct.pack(">II", width << 16, height << 16),
        flags=7,
    )
    media = _box(
        "mdia",
        _full("mdhd", struct.pack(">IIIIHH", 0, 0, _TICKS, duration, 0x55C4, 0)),
        _full("hdlr", struct.pack(">I4s12x", 0, b"vide"), b"Video\0"),
        _box(
            "minf",
            _full("vmhd", bytes(8), flags=1),
            _box("dinf", _full("dref", struct.pack(">I", 1), _full("url ", flags=1))),
            _samples(sizes, offset, width, height),
        ),
    )
    return _box("moov", header, _box("trak", track, media))


def _samples(sizes: list[int], offset: int, width: int, height: int) -> bytes:
    count = len(sizes)
    entry = _box(
        "mp4v",
        struct.pack(">6xH16xHHIIIH32xHh", 1, width, height, 0x480000, 0x480000, 0, 1, 24, -1),
        _descriptor(),
    )
    return _box(
        "stbl",
        _full("stsd", struct.pack(">I", 1), entry),
        _full("stts", struct.pack(">III", 1, count, _FRAME_TICKS)),
        _full("stsc", struct.pack(">IIII", 1, 1, count, 1)),
        _full("stsz", struct.pack(f">II{count}I", 0, count, *sizes)),
        _full("stco", struct.pack(">II", 1, offset)),
    )


def _descriptor() -> bytes:
    config = struct.pack(">BBBBHII", 0x04, 13, _JPEG_OBJECT_TYPE, 0x11, 0, 0, 0)[:15]
    sync = bytes((0x06, 1, 2))
    body = struct.pack(">HB", 1, 0) + config + sync
    return _full("esds", bytes((0x03, len(body))) + body)
