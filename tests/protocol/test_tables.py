"""Every documented parameter and response field of tunes and prompts has its place, by name."""

import attrs
import pytest

from astria_async.protocol.models import Prompt, Tune
from astria_async.protocol.options import wire_values
from astria_async.protocol.params import (
    NewPrompt,
    NewTune,
    PromptChanges,
    PromptFilters,
    TuneChanges,
    TuneFilters,
)

TUNE_PARAMETERS = """
    title name images image_urls callback branch base_tune_id model_type preset steps token
    face_crop training_face_correct auto_extend characteristics prompts_attributes prompts_callback
"""
PROMPT_PARAMETERS = """
    text negative_prompt callback num_images seed cfg_scale steps scheduler backend_version use_lpw
    prompt_expansion style theme community workspace_id pack_id base_pack_id order_id aspect_ratio
    ar resolution w h super_resolution hires_fix inpaint_faces face_correct face_swap color_grading
    film_grain input_image mask_image controlnet controlnet_conditioning_scale controlnet_txt2img
    denoising_strength video_model video_prompt video_duration video_first_frame video_last_frame
    source_image_url image_references input_video audio_reference video_audio video_upscale_model
    video_upscale_target_resolution video_fps_model lora_scale
"""
TUNE_FIELDS = """
    id title name is_api token eta callback started_training_at trained_at expires_at created_at
    updated_at model_type base_tune_id branch args steps face_crop training_face_correct ckpt_url
    ckpt_urls orig_images url characteristics auto_extend preset cost_mc base_pack_id
    prompts_callback failed_at
"""
PROMPT_FIELDS = """
    id callback trained_at started_training_at created_at updated_at tune_id text negative_prompt
    cfg_scale steps seed super_resolution controlnet_txt2img ar num_images
    controlnet_conditioning_scale denoising_strength url images user_error content_types filenames
    aspect_ratio resolution cost_mc pack_id base_pack_id orig_prompt_id order_id workspace_id
    image_references input_image input_video progress_timing_seconds progress_elapsed_seconds
    video_model video_prompt video_duration video_first_frame video_last_frame video_audio
    video_upscale_model video_upscale_target_resolution video_fps_model w h face_correct failed_at
    debug_images debug_filenames debug_content_types
"""
OTHERS = {
    TuneChanges: "title name auto_extend characteristics",
    PromptChanges: "pack_id base_pack_id orig_prompt_id workspace_id",
    TuneFilters: "title name model_type branch",
    PromptFilters: """text pack_id base_pack_id tune_id user_id orig_prompt_id order_id liked today
        is_video is_api expand""",
}


def wire_names(cls: type[attrs.AttrsInstance]) -> set[str]:
    """What the fields of a parameter class are called in requests."""
    wires = {field.name: field.metadata["wire"] for field in attrs.fields(cls)}
    return {wire or name for name, wire in wires.items() if wire is not None}


@pytest.mark.parametrize("name", TUNE_PARAMETERS.split())
def test_every_tune_parameter_is_a_keyword(name: str) -> None:
    """docs.astria.ai/docs/api/tune/create."""
    assert name in wire_names(NewTune)


@pytest.mark.parametrize("name", PROMPT_PARAMETERS.split())
def test_every_prompt_parameter_is_a_keyword(name: str) -> None:
    """docs.astria.ai/docs/api/prompt/create; the _url and _base64 twins come with their images."""
    assert name in wire_names(NewPrompt)


@pytest.mark.parametrize(("cls", "names"), OTHERS.items())
def test_every_change_and_filter_is_a_keyword(cls: type[attrs.AttrsInstance], names: str) -> None:
    """Exactly the documented changes and filters are sent."""
    assert wire_names(cls) == set(names.split())


@pytest.mark.parametrize("name", TUNE_FIELDS.split())
def test_every_tune_field_is_an_attribute(name: str) -> None:
    """No documented field of a tune is left to extra."""
    assert name in attrs.fields_dict(Tune)


@pytest.mark.parametrize("name", PROMPT_FIELDS.split())
def test_every_prompt_field_is_an_attribute(name: str) -> None:
    """No documented field of a prompt is left to extra."""
    assert name in attrs.fields_dict(Prompt)


def test_local_parameters_stay_here() -> None:
    """What only we use is never sent."""
    params = NewTune(name="cat", images=[b"x"], metadata={"a": "b"}, idempotency_key="k")

    assert wire_values(params) == {"name": "cat", "images": [b"x"]}
