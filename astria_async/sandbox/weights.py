"""Model files: small, but in the true safetensors layout, so that tools can open them."""

import json
import struct
from collections.abc import Mapping
from typing import Any

_SIDE = 32


def render(recipe: Mapping[str, Any]) -> bytes:
    """A safetensors file with one tensor of zeros and the tune's id in its metadata."""
    length = _SIDE * _SIDE * 2
    header = json.dumps(
        {
            "__metadata__": {"tune_id": str(recipe["id"]), "branch": str(recipe["branch"])},
            "lora.weight": {"dtype": "F16", "shape": [_SIDE, _SIDE], "data_offsets": [0, length]},
        }
    ).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(length)
