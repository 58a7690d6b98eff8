"""The fields of models as keywords; a test holds them against the models."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, TypedDict


class TuneFields(TypedDict, total=False):
    """What a tune may be made with; see :class:`~astria_async.Tune`."""

    id: int
    callback: str | None
    created_at: dt.datetime | None
    updated_at: dt.datetime | None
    started_training_at: dt.datetime | None
    trained_at: dt.datetime | None
    failed_at: dt.datetime | None
    user_error: str | None
    cost_mc: int | None
    title: str | None
    name: str | None
    is_api: bool | None
    token: str | None
    eta: dt.datetime | None
    expires_at: dt.datetime | None
    model_type: str | None
    base_tune_id: int | None
    base_pack_id: int | None
    branch: str | None
    preset: str | None
    args: str | None
    steps: int | None
    face_crop: bool | None
    training_face_correct: bool | None
    auto_extend: bool | None
    characteristics: Mapping[str, Any] | None
    prompts_callback: str | None
    ckpt_url: str | None
    ckpt_urls: tuple[str, ...]
    orig_images: tuple[str, ...]
    url: str | None


class PromptFields(TypedDict, total=False):
    """What a prompt may be made with; see :class:`~astria_async.Prompt`."""

    id: int
    callback: str | None
    created_at: dt.datetime | None
    updated_at: dt.datetime | None
    started_training_at: dt.datetime | None
    trained_at: dt.datetime | None
    failed_at: dt.datetime | None
    user_error: str | None
    cost_mc: int | None
    tune_id: int | None
    text: str | None
    negative_prompt: str | None
    images: tuple[str, ...]
    content_types: tuple[str, ...]
    filenames: tuple[str, ...]
    num_images: int | None
    seed: int | None
    steps: int | None
    cfg_scale: float | None
    scheduler: str | None
    backend_version: int | None
    prompt_expansion: bool | None
    style: str | None
    theme: str | None
    community: bool | None
    ar: str | None
    aspect_ratio: str | None
    resolution: str | None
    w: int | None
    h: int | None
    super_resolution: bool | None
    hires_fix: bool | None
    inpaint_faces: bool | None
    face_correct: bool | None
    face_swap: bool | None
    color_grading: str | None
    film_grain: bool | None
    use_lpw: bool | None
    controlnet: str | None
    controlnet_conditioning_scale: float | None
    controlnet_txt2img: bool | None
    denoising_strength: float | None
    input_image: str | None
    mask_image: str | None
    input_video: str | None
    audio_reference: str | None
    image_references: tuple[str, ...]
    video_model: str | None
    video_prompt: str | None
    video_duration: float | None
    video_first_frame: str | None
    video_last_frame: str | None
    source_image_url: str | None
    video_audio: bool | None
    video_upscale_model: str | None
    video_upscale_target_resolution: str | None
    video_fps_model: str | None
    pack_id: int | None
    base_pack_id: int | None
    orig_prompt_id: int | None
    order_id: int | None
    workspace_id: int | None
    progress_timing_seconds: float | None
    progress_elapsed_seconds: float | None
    debug_images: tuple[str, ...]
    debug_filenames: tuple[str, ...]
    debug_content_types: tuple[str, ...]
    url: str | None


class PackFields(TypedDict, total=False):
    """What a pack may be made with; see :class:`~astria_async.Pack`."""

    id: int
    title: str | None
    slug: str | None
    subtitle: str | None
    base_tune_id: int | None
    user_id: int | None
    token: str | None
    model_type: str | None
    main_class_name: str | None
    multiplier: float | None
    multiplier_api: float | None
    cover_url: str | None
    logo: str | None
    created_at: dt.datetime | None
    updated_at: dt.datetime | None
    public_at: dt.datetime | None
    unlisted_at: dt.datetime | None
    cost_mc_hash: Mapping[str, Any] | None
    costs: Mapping[str, Any] | None
    prompts_per_class: Mapping[str, Any] | None
    template_prompts: Sequence[Mapping[str, Any]] | None
