"""The tables hold every name that Astria documents, each checked by its own name."""

import pytest

from astria_async.sandbox.params import Params
from astria_async.sandbox.tables.endpoints import ENDPOINTS
from astria_async.sandbox.tables.fields import SCHEMAS
from astria_async.sandbox.tables.other_params import INSPECT, PACK_CREATE, PACK_RUN, THEME
from astria_async.sandbox.tables.prompt_params import PROMPT_CREATE, PROMPT_UPDATE
from astria_async.sandbox.tables.queries import PACK_LIST, PROMPT_LIST, TUNE_LIST
from astria_async.sandbox.tables.tune_params import NESTED_PROMPT, TUNE_CREATE, TUNE_UPDATE

TUNE = """title name images image_urls callback branch base_tune_id model_type preset steps token
    face_crop training_face_correct auto_extend characteristics prompts_attributes
    prompts_callback"""
PROMPT = """text negative_prompt callback num_images seed cfg_scale steps scheduler backend_version
    use_lpw prompt_expansion style theme community workspace_id pack_id base_pack_id order_id
    aspect_ratio ar resolution w h super_resolution hires_fix inpaint_faces face_correct face_swap
    color_grading film_grain input_image input_image_url input_image_base64 mask_image
    mask_image_url controlnet controlnet_conditioning_scale controlnet_txt2img denoising_strength
    video_model video_prompt video_duration video_first_frame video_first_frame_url
    video_last_frame video_last_frame_url source_image_url image_references image_reference_urls
    input_video input_video_url audio_reference audio_reference_url video_audio generate_audio
    video_upscale_model video_upscale_target_resolution video_fps_model"""
PROMPT_QUERY = """limit before_id offset text pack_id base_pack_id tune_id user_id orig_prompt_id
    order_id liked today is_video is_api expand"""
RUN = """title name images image_urls callback characteristics prompt_attributes prompts_callback
    tune_ids prompt_ids brief"""
TABLES: tuple[tuple[str, Params, str], ...] = (
    ("tune", TUNE_CREATE, TUNE),
    ("tune update", TUNE_UPDATE, "title name auto_extend characteristics"),
    ("tune list", TUNE_LIST, "limit before_id offset title name model_type branch"),
    ("prompt", PROMPT_CREATE, PROMPT),
    ("nested prompt", NESTED_PROMPT, f"{PROMPT} lora_scale"),
    ("prompt update", PROMPT_UPDATE, "pack_id base_pack_id orig_prompt_id workspace_id"),
    ("prompt list", PROMPT_LIST, PROMPT_QUERY),
    ("pack", PACK_CREATE, "title base_tune_id model_type subtitle"),
    ("pack list", PACK_LIST, "public listed limit offset"),
    ("pack run", PACK_RUN, RUN),
    ("theme", THEME, "theme tune_ids prompt_attributes"),
    ("inspection", INSPECT, "name file file_url"),
)
TUNE_FIELDS = """id title name is_api token eta callback started_training_at trained_at expires_at
    created_at updated_at model_type base_tune_id branch args steps face_crop
    training_face_correct ckpt_url ckpt_urls orig_images url characteristics auto_extend preset
    cost_mc base_pack_id prompts_callback failed_at"""
PROMPT_FIELDS = """id callback trained_at started_training_at created_at updated_at tune_id text
    negative_prompt cfg_scale steps seed super_resolution controlnet_txt2img ar num_images
    controlnet_conditioning_scale denoising_strength url images user_error content_types filenames
    aspect_ratio resolution cost_mc pack_id base_pack_id orig_prompt_id order_id workspace_id
    image_references input_image input_video progress_timing_seconds progress_elapsed_seconds
    failed_at w h face_correct video_model debug_images debug_filenames debug_content_types"""
PACK_FIELDS = """id base_tune_id user_id slug title token created_at updated_at multiplier
    multiplier_api model_type public_at unlisted_at cost_mc_hash costs subtitle main_class_name"""
INSPECTION = """name body_type ethnicity age glasses eye_color hair_color hair_length hair_style
    facial_hair is_bald headcover funny_face wearing_sunglasses wearing_hat blurry
    includes_multiple_people full_body_image_or_longshot selfie low_resolution low_quality"""
FIELDS = (
    ("Tune", TUNE_FIELDS),
    ("Prompt", PROMPT_FIELDS),
    ("Pack", PACK_FIELDS),
    ("PackDetail", f"{PACK_FIELDS} cover_url logo prompts_per_class template_prompts"),
    ("Inspection", INSPECTION),
    ("Workspace", "id title slug favicon_url"),
    ("WorkspaceDetail", "id title slug favicon_url brief landing_page_html"),
    ("User", ("id name email usd_balance_mc auto_extend_tunes top_off_amount purchased_plugin_at "
             "payer")),
    ("Payer", "id name self usd_balance_mc"),
    ("CliModels", "models default video_models default_video_model cache_ttl cli skills"),
    ("CalledTune", ("id title name steps trained_at started_training_at created_at updated_at "
                   "expires_at")),
    ("CalledPrompt", ("id text negative_prompt steps tune_id trained_at started_training_at "
                     "created_at updated_at images")),
)  # fmt: skip
ROUTES = """POST /tunes|GET /tunes|GET /tunes/{tune_id}|PATCH /tunes/{tune_id}
    |DELETE /tunes/{tune_id}|GET /gallery/tunes|POST /p/{pack}/tunes
    |POST /tunes/{tune_id}/prompts|GET /tunes/{tune_id}/prompts|GET /prompts
    |GET /tunes/{tune_id}/prompts/{prompt_id}|GET /prompts/{prompt_id}|PATCH /prompts/{prompt_id}
    |PATCH /tunes/{tune_id}/prompts/{prompt_id}|DELETE /tunes/{tune_id}/prompts/{prompt_id}
    |DELETE /prompts/{prompt_id}|POST /prompts/{prompt_id}/duplicate
    |POST /prompts/{prompt_id}/likes|DELETE /prompts/{prompt_id}/likes|GET /packs
    |GET /gallery/packs|GET /p/{pack}|POST /packs|POST /images/inspect|POST /themes|GET /users
    |GET /workspaces|POST /workspaces|GET /workspaces/{workspace_id}
    |PATCH /workspaces/{workspace_id}|GET /cli/models|GET /plugin/models"""


@pytest.mark.parametrize(
    ("rows", "name"),
    [pytest.param(r, n, id=f"{t}-{n}") for t, r, names in TABLES for n in names.split()],
)
def test_parameter_is_taken(rows: Params, name: str) -> None:
    """Each documented parameter has a row, by its name, a twin or an alias."""
    assert name in {n for row in rows for n in (row.name, *row.twins, *row.aliases)}


@pytest.mark.parametrize(
    ("schema", "name"), [(schema, name) for schema, names in FIELDS for name in names.split()]
)
def test_field_is_shown(schema: str, name: str) -> None:
    """Each documented field of each object has a row."""
    assert name in {field.name for field in SCHEMAS[schema]}


@pytest.mark.parametrize("route", [" ".join(route.split()) for route in ROUTES.split("|")])
def test_route_is_served(route: str) -> None:
    """Each documented method and path has a row."""
    assert route in {f"{row.method} {path}" for row in ENDPOINTS for path in row.paths}


@pytest.mark.parametrize("rows", [rows for _, rows, _ in TABLES])
def test_rows_explain_themselves(rows: Params) -> None:
    """Each parameter has a sentence, and a name that no other row of its table has."""
    names = [name for row in rows for name in (row.name, *row.twins, *row.aliases)]

    assert all(row.doc.endswith(".") for row in rows)
    assert len(names) == len(set(names))
