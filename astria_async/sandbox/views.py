"""Records as the API shows them: the full superset of documented fields."""

import datetime as dt
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from astria_async.sandbox.prompts import DEFAULT_IMAGES
from astria_async.sandbox.records import File, Prompt, Tune

Url = Callable[[str], str]
_TUNE_2022 = (
    "id", "title", "name", "callback", "trained_at", "started_training_at", "created_at",
    "updated_at", "expires_at", "steps", "ckpt_url", "images", "url",
)  # fmt: skip
_PROMPT_2022 = (
    "id", "callback", "trained_at", "started_training_at", "created_at", "updated_at", "tune_id",
    "text", "negative_prompt", "cfg_scale", "steps", "seed", "url", "images",
)  # fmt: skip
_DECIMALS = ("cfg_scale", "controlnet_conditioning_scale", "denoising_strength")
_FLAGS = (
    "super_resolution", "controlnet_txt2img", "hires_fix", "inpaint_faces", "face_correct",
    "face_swap", "film_grain", "use_lpw", "community", "video_audio",
)  # fmt: skip
_ECHOES = (
    "steps", "seed", "aspect_ratio", "resolution", "w", "h", "scheduler", "backend_version",
    "style", "theme", "color_grading", "controlnet", "video_model", "video_prompt",
    "video_duration", "source_image_url", "video_upscale_model",
    "video_upscale_target_resolution", "video_fps_model",
)  # fmt: skip
_INPUTS = (
    "input_image", "mask_image", "video_first_frame", "video_last_frame", "input_video",
    "audio_reference",
)  # fmt: skip
_NOTHING_GIVEN: Mapping[str, Any] = {
    **dict.fromkeys(_DECIMALS),
    **dict.fromkeys(_FLAGS, False),
    **dict.fromkeys(_ECHOES),
    **dict.fromkeys(_INPUTS),
}


def stamp(moment: dt.datetime | None) -> str | None:
    """ISO 8601 in UTC with milliseconds and ``Z``."""
    if moment is None:
        return None
    if moment.tzinfo is not dt.UTC:
        moment = moment.astimezone(dt.UTC)
    return f"{moment.isoformat(timespec='milliseconds')[:-6]}Z"


def tune_view(tune: Tune, origin: str, url: Url, profile: str = "current") -> dict[str, Any]:
    """
    The tune object of create, show and list (astria-api.md 2.1).

    Args:
        tune: What to show.
        origin: The base URL of links to the API.
        url: Makes the address of a stored file.
        profile: ``"2022"`` for the short form of the first documentation.
    """
    ckpt_url = url(tune.ckpt) if tune.ckpt else None
    view: dict[str, Any] = {
        "id": tune.id,
        "title": tune.title,
        "name": tune.name,
        "is_api": tune.is_api,
        "token": tune.token,
        "eta": stamp(tune.eta),
        "callback": tune.callback,
        "trained_at": stamp(tune.trained_at),
        "started_training_at": stamp(tune.started_training_at),
        "failed_at": stamp(tune.failed_at),
        "expires_at": stamp(tune.expires_at),
        "created_at": stamp(tune.created_at),
        "updated_at": stamp(tune.updated_at),
        "model_type": tune.model_type,
        "base_tune_id": tune.base_tune_id,
        "base_pack_id": tune.base_pack_id,
        "branch": tune.branch,
        "args": tune.args,
        "steps": tune.steps,
        "preset": tune.preset,
        "face_crop": tune.face_crop,
        "training_face_correct": tune.training_face_correct,
        "auto_extend": tune.auto_extend,
        "characteristics": tune.characteristics,
        "prompts_callback": tune.prompts_callback,
        "user_error": tune.user_error,
        "cost_mc": tune.cost_mc,
        "ckpt_url": ckpt_url,
        "ckpt_urls": [ckpt_url] if ckpt_url else [],
        "url": f"{origin}/tunes/{tune.id}.json",
        "orig_images": [url(key) for key in tune.orig_images],
    }
    if profile == "2022":
        view["images"] = view["orig_images"]
        return {key: view[key] for key in _TUNE_2022}
    return view


def prompt_view(
    prompt: Prompt,
    origin: str,
    url: Url,
    *,
    now: Callable[[], dt.datetime],
    files: Mapping[int | str, File],
    profile: str = "current",
) -> dict[str, Any]:
    """
    The prompt object of create, show and list (astria-api.md 2.2).

    Args:
        prompt: What to show.
        origin: The base URL of links to the API.
        url: Makes the address of a stored file.
        now: Tells the time, for the progress of a running prompt.
        files: Stored files by key, for content types.
        profile: ``"2022"`` for the short form of the first documentation.
    """
    params = prompt.params
    images = [files[key] for key in prompt.images if key in files]
    view: dict[str, Any] = {
        "id": prompt.id,
        "callback": prompt.callback,
        "trained_at": stamp(prompt.trained_at),
        "started_training_at": stamp(prompt.started_training_at),
        "failed_at": stamp(prompt.failed_at),
        "created_at": stamp(prompt.created_at),
        "updated_at": stamp(prompt.updated_at),
        "tune_id": prompt.tune_id,
        "text": prompt.text,
        "negative_prompt": params.get("negative_prompt", ""),
        "ar": params.get("ar", "1:1"),
        "num_images": params.get("num_images", DEFAULT_IMAGES),
        **_NOTHING_GIVEN,
        **{field: value for field, value in params.items() if field in _ECHOES},
        **{field: bool(value) for field, value in params.items() if field in _FLAGS},
        **{field: _decimal(value) for field, value in params.items() if field in _DECIMALS},
        **{field: _maybe(url, key) for field, key in prompt.inputs.items() if field in _INPUTS},
        "image_references": [url(key) for key in prompt.inputs.get("image_references", ())],
        "is_api": prompt.is_api,
        "is_video": prompt.is_video,
        "liked": prompt.liked,
        "workspace_id": prompt.workspace_id,
        "pack_id": prompt.pack_id,
        "base_pack_id": prompt.base_pack_id,
        "orig_prompt_id": prompt.orig_prompt_id,
        "order_id": prompt.order_id,
        "cost_mc": prompt.cost_mc,
        "user_error": prompt.user_error,
        "url": f"{origin}/tunes/{prompt.tune_id}/prompts/{prompt.id}.json",
        "images": [url(str(file.id)) for file in images],
        "content_types": [file.content_type for file in images],
        "filenames": [filename(file) for file in images],
    }
    if prompt.started_training_at is not None and not prompt.settled:
        view["progress_timing_seconds"] = round(prompt.running_seconds)
        elapsed = (now() - prompt.started_training_at).total_seconds()
        view["progress_elapsed_seconds"] = max(0, int(elapsed))
    if profile == "2022":
        return {key: view[key] for key in _PROMPT_2022}
    return view


def filename(file: File) -> str:
    """What to call a stored file: as it was uploaded, else its key with an extension."""
    extension = file.content_type.rpartition("/")[2].replace("jpeg", "jpg")
    return file.filename or f"{file.id}.{extension}"


def _decimal(number: float | None) -> str | None:
    # Digits alone, however small it is: Rails writes no exponent.
    return None if number is None else f"{Decimal(str(float(number))):f}"


def _maybe(url: Url, key: str | None) -> str | None:
    return url(key) if key else None
