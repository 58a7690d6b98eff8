"""The bodies of callbacks: reduced and wrapped as received in life (astria-api.md section 3)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

_TUNE_KEYS = (
    "id", "title", "name", "steps", "trained_at", "started_training_at", "created_at",
    "updated_at", "expires_at",
)  # fmt: skip
_PROMPT_KEYS = (
    "id", "text", "negative_prompt", "steps", "tune_id", "trained_at", "started_training_at",
    "created_at", "updated_at", "images",
)  # fmt: skip


def body(kind: str, view: Mapping[str, Any], shape: str) -> Any:
    """
    What is sent when a tune or prompt is done.

    Args:
        kind: ``"tune"`` or ``"prompt"``.
        view: The object as the API shows it.
        shape: ``"wrapped"`` in its name with few keys, ``"bare"`` whole, ``"array"`` whole in a
            list.
    """
    if shape == "wrapped":
        keys = _TUNE_KEYS if kind == "tune" else _PROMPT_KEYS
        return {kind: {key: view[key] for key in keys if key in view}}
    return [view] if shape == "array" else view


def run_body(views: Sequence[Mapping[str, Any]]) -> Any:
    """What is sent when all prompts of a run are done: a bare list of prompts."""
    return [{key: view[key] for key in _PROMPT_KEYS if key in view} for view in views]


def encode(value: Any) -> str:
    """JSON text without blanks."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
