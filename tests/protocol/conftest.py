"""Objects as the API writes them, restated from astria-api.md with invented values."""

from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# No rule here depends on how fast the machine is.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def tune_json() -> dict[str, Any]:
    """A trained tune, as create, show and list answer it."""
    return {
        "id": 2900417,
        "title": "order-7f3c1c1e-2b6e-4a55-9d0a-5d2f2b1f7c10",
        "name": "woman",
        "is_api": True,
        "token": "ohwx",
        "eta": "2025-03-04T10:31:00.000Z",
        "callback": "https://hooks.example.com/astria?order=42",
        "trained_at": "2025-03-04T10:29:41.201Z",
        "started_training_at": "2025-03-04T10:21:02.880Z",
        "expires_at": "2025-04-03T10:29:41.201Z",
        "created_at": "2025-03-04T10:20:30.456Z",
        "updated_at": "2025-03-04T10:29:41.350Z",
        "model_type": "lora",
        "base_tune_id": 1504944,
        "branch": "flux1",
        "args": None,
        "steps": None,
        "face_crop": True,
        "training_face_correct": False,
        "ckpt_url": None,
        "ckpt_urls": [],
        "url": "https://api.astria.ai/tunes/2900417.json",
        "orig_images": ["https://files.example.com/b1c9k2", "https://files.example.com/t7zq04"],
    }


@pytest.fixture
def prompt_json() -> dict[str, Any]:
    """A finished prompt, as show and list answer it."""
    return {
        "id": 41877203,
        "callback": "https://hooks.example.com/astria?order=42&kind=prompt",
        "trained_at": "2025-03-04T10:33:12.004Z",
        "started_training_at": "2025-03-04T10:32:40.118Z",
        "created_at": "2025-03-04T10:20:30.700Z",
        "updated_at": "2025-03-04T10:33:12.140Z",
        "tune_id": 1504944,
        "text": "<lora:2900417:1.0> ohwx woman reading in a garden",
        "negative_prompt": "",
        "cfg_scale": "3.0",
        "steps": None,
        "super_resolution": True,
        "ar": "1:1",
        "num_images": 2,
        "seed": None,
        "controlnet_conditioning_scale": None,
        "controlnet_txt2img": False,
        "denoising_strength": None,
        "url": "https://api.astria.ai/tunes/1504944/prompts/41877203.json",
        "images": ["https://files.example.com/k3v8d1qz", "https://files.example.com/p0w2mm7x"],
    }
