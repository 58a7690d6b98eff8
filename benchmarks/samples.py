"""Objects as the API gives them, with every documented field of an ordinary one."""

import json
from typing import Any

SECRET = "a secret for benchmarks, and nothing else"
KEY = "sd_benchmark"
HOST = "https://storage.example.com"
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63"
    "606060000000040001f61738550000000049454e44ae426082"
)
"""A picture, in 69 bytes."""


def tune(number: int, *, images: int = 10) -> dict[str, Any]:
    """A trained tune with its training images."""
    return {
        "id": number,
        "title": f"Ada {number}",
        "name": "woman",
        "is_api": True,
        "token": "ohwx",
        "eta": "2026-01-02T03:24:05.678Z",
        "callback": f"https://hooks.example.com/astria?user_id={number}",
        "trained_at": "2026-01-02T03:24:05.678Z",
        "started_training_at": "2026-01-02T03:05:05.678Z",
        "failed_at": None,
        "expires_at": "2026-02-01T03:24:05.678Z",
        "created_at": "2026-01-02T03:04:05.678Z",
        "updated_at": "2026-01-02T03:24:05.678Z",
        "model_type": "lora",
        "base_tune_id": 1504944,
        "base_pack_id": None,
        "branch": "flux1",
        "args": None,
        "steps": None,
        "preset": "flux-lora-portrait",
        "face_crop": True,
        "training_face_correct": False,
        "auto_extend": False,
        "characteristics": {"age": "30", "eye_color": "brown"},
        "prompts_callback": None,
        "user_error": None,
        "cost_mc": 150_000,
        "ckpt_url": f"{HOST}/checkpoints/{number}?X-Amz-Signature={'5' * 64}",
        "ckpt_urls": [],
        "url": f"https://api.astria.ai/tunes/{number}.json",
        "orig_images": [f"{HOST}/{number:016}{image:016}" for image in range(images)],
    }


CALLED_BACK = (
    "id", "title", "name", "steps", "trained_at", "started_training_at", "created_at",
    "updated_at", "expires_at",
)  # fmt: skip
"""What Astria's callbacks were seen to hold of a tune."""


def called_back(number: int) -> dict[str, Any]:
    """A trained tune as its callback tells of it: nine fields of thirty."""
    whole = tune(number, images=0)
    return {name: whole[name] for name in CALLED_BACK}


def prompt(number: int, *, images: int = 4) -> dict[str, Any]:
    """A prompt with its results; without any it is still running."""
    return {
        "id": number,
        "tune_id": 1,
        "text": f"<lora:1:1> portrait of ohwx woman number {number}, studio light",
        "negative_prompt": None,
        "callback": None,
        "created_at": "2026-01-02T03:04:05.678Z",
        "updated_at": "2026-01-02T03:04:35.678Z",
        "started_training_at": "2026-01-02T03:04:06.678Z",
        "trained_at": "2026-01-02T03:04:35.678Z" if images else None,
        "num_images": max(1, images),
        "cfg_scale": "3.0",
        "steps": 28,
        "seed": 42,
        "w": 1024,
        "h": 1024,
        "images": [f"{HOST}/{number:016}{image:016}" for image in range(images)],
        "url": f"https://api.astria.ai/prompts/{number}.json",
    }


def encoded(content: Any) -> bytes:
    """JSON as the API writes it."""
    return json.dumps(content, separators=(",", ":")).encode()
