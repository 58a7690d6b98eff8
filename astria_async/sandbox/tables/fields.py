"""What answers hold: one row per field of each object, for the document and its tests."""

from typing import Literal

import attrs

FieldKind = Literal["int", "text", "bool", "time", "url", "decimal", "number", "map", "any"]


@attrs.frozen(kw_only=True)
class Field:
    """
    One key of an object.

    Attributes:
        kind: What it holds; ``decimal`` is a number as text, ``map`` an object.
        of: The schema that it holds in place of a kind.
        many: A list of it.
        null: Whether it may be ``null``.
        absent: Whether it may be missing.
    """

    name: str
    kind: FieldKind = "text"
    of: str = ""
    many: bool = False
    null: bool = False
    absent: bool = False
    doc: str = ""


Fields = tuple[Field, ...]


def _rows(kind: FieldKind, names: str, *, null: bool = False, doc: str = "") -> Fields:
    return tuple(Field(name=name, kind=kind, null=null, doc=doc) for name in names.split())


TUNE: Fields = (
    Field(name="id", kind="int"),
    Field(name="title"),
    Field(name="name", null=True, doc="Class word."),
    Field(name="is_api", kind="bool"),
    Field(name="token", null=True, doc="Trigger word."),
    Field(name="eta", kind="time", null=True, doc="Expected end."),
    Field(name="callback", null=True, doc="As registered."),
    Field(name="trained_at", kind="time", null=True, doc="Ready."),
    Field(name="started_training_at", kind="time", null=True, doc="Picked up."),
    Field(name="failed_at", kind="time", null=True, doc="Ended badly."),
    Field(name="expires_at", kind="time", null=True, doc="Will be deleted."),
    *_rows("time", "created_at updated_at"),
    Field(name="model_type", null=True),
    *_rows("int", "base_tune_id base_pack_id", null=True),
    Field(name="branch"),
    Field(name="args", null=True),
    Field(name="steps", kind="int", null=True),
    Field(name="preset", null=True),
    Field(name="face_crop", kind="bool", null=True),
    *_rows("bool", "training_face_correct auto_extend"),
    Field(name="characteristics", kind="map", null=True),
    Field(name="prompts_callback", null=True),
    Field(name="user_error", null=True, doc="Why it failed."),
    Field(name="cost_mc", kind="int", doc="Millicents."),
    Field(name="ckpt_url", kind="url", null=True, doc="Weights; works for 60 minutes."),
    Field(name="ckpt_urls", kind="url", many=True),
    Field(name="url", kind="url"),
    Field(name="orig_images", kind="url", many=True),
)
_SHORT = (
    "id", "title", "name", "eta", "trained_at", "started_training_at", "created_at", "updated_at",
    "expires_at", "url", "orig_images",
)  # fmt: skip
SHORT_TUNE: Fields = tuple(row for row in TUNE if row.name in _SHORT)
PROMPT: Fields = (
    Field(name="id", kind="int"),
    Field(name="callback", null=True, doc="As registered."),
    Field(name="trained_at", kind="time", null=True, doc="Finished, well or badly."),
    Field(name="started_training_at", kind="time", null=True, doc="Picked up."),
    Field(name="failed_at", kind="time", null=True, doc="Ended badly."),
    *_rows("time", "created_at updated_at"),
    Field(name="tune_id", kind="int", doc="The base model, for LoRA and FaceID."),
    *_rows("text", "text negative_prompt ar"),
    Field(name="num_images", kind="int"),
    *_rows("decimal", "cfg_scale controlnet_conditioning_scale denoising_strength", null=True),
    *_rows(
        "bool",
        "super_resolution controlnet_txt2img hires_fix inpaint_faces face_correct face_swap "
        "film_grain use_lpw community video_audio is_api is_video liked",
    ),
    *_rows("int", "steps seed w h video_duration", null=True),
    *_rows(
        "text",
        "aspect_ratio resolution scheduler backend_version style theme color_grading controlnet "
        "video_model video_prompt video_upscale_model video_upscale_target_resolution "
        "video_fps_model",
        null=True,
    ),
    *_rows(
        "url",
        "source_image_url input_image mask_image video_first_frame video_last_frame input_video "
        "audio_reference",
        null=True,
    ),
    Field(name="image_references", kind="url", many=True),
    *_rows("int", "workspace_id pack_id base_pack_id orig_prompt_id order_id", null=True),
    Field(name="cost_mc", kind="int", doc="Millicents, all images included."),
    Field(name="user_error", null=True, doc="Why it failed."),
    Field(name="url", kind="url"),
    Field(name="images", kind="url", many=True, doc="Results; videos too."),
    Field(name="content_types", many=True, doc="Of images."),
    Field(name="filenames", many=True, doc="Of images."),
    Field(name="progress_timing_seconds", kind="int", absent=True, doc="While it runs."),
    Field(name="progress_elapsed_seconds", kind="int", absent=True, doc="While it runs."),
    Field(name="debug_images", kind="url", many=True, absent=True, doc="If expanded."),
    Field(name="debug_filenames", many=True, absent=True, doc="If expanded."),
    Field(name="debug_content_types", many=True, absent=True, doc="If expanded."),
    Field(name="comments", kind="any", many=True, absent=True, doc="If expanded."),
)
COST: Fields = (
    Field(name="cost", kind="int", doc="Cents."),
    Field(name="cost_mc", kind="int", doc="Millicents."),
    Field(name="num_images", kind="int"),
)
PACK: Fields = (
    *_rows("int", "id base_tune_id user_id multiplier multiplier_api"),
    *_rows("text", "slug title token"),
    *_rows("text", "subtitle model_type main_class_name", null=True),
    *_rows("time", "public_at unlisted_at", null=True),
    *_rows("time", "created_at updated_at"),
    Field(name="cost_mc_hash", kind="map", doc="Class word to millicents."),
    Field(name="costs", kind="map", doc="Class word to cost."),
)
PACK_DETAIL: Fields = (
    *PACK,
    *_rows("url", "cover_url logo", null=True),
    Field(name="prompts_per_class", kind="map", doc="Class word to examples."),
    Field(name="template_prompts", of="TemplatePrompt", many=True),
)
TEMPLATE_PROMPT: Fields = _rows("int", "id cost_mc likes_count")
ORDER: Fields = (
    Field(name="id", kind="int"),
    Field(name="tune_ids", kind="int", many=True),
    Field(name="total_cost_mc", kind="int"),
)
RUN_STARTED: Fields = (Field(name="status", kind="int"), Field(name="message"))
RUN_ORDERED: Fields = (
    Field(name="status", kind="int"),
    Field(name="order", of="Order"),
    Field(name="prompt_ids", kind="int", many=True),
)
_TRAITS = (
    "name body_type ethnicity age glasses eye_color hair_color hair_length hair_style facial_hair "
    "is_bald headcover"
)
_WARNINGS = (
    "funny_face wearing_sunglasses wearing_hat blurry includes_multiple_people "
    "full_body_image_or_longshot selfie low_resolution low_quality"
)
INSPECTION: Fields = (*_rows("text", _TRAITS), *_rows("bool", _WARNINGS))
WORKSPACE: Fields = (Field(name="id", kind="int"), *_rows("text", "title slug favicon_url"))
WORKSPACE_DETAIL: Fields = (*WORKSPACE, *_rows("text", "brief landing_page_html", null=True))
PAYER: Fields = (
    Field(name="id", kind="int"),
    Field(name="name"),
    Field(name="self", kind="bool"),
    Field(name="usd_balance_mc", kind="int"),
)
USER: Fields = (
    Field(name="id", kind="int"),
    *_rows("text", "name email"),
    Field(name="usd_balance_mc", kind="int", doc="Millicents."),
    Field(name="auto_extend_tunes", kind="bool"),
    Field(name="top_off_amount", kind="int", null=True),
    Field(name="purchased_plugin_at", kind="time", null=True),
    Field(name="payer", of="Payer"),
)
CLI_MODELS: Fields = (
    *_rows("map", "models video_models cli skills"),
    Field(name="default"),
    Field(name="default_video_model", null=True),
    Field(name="cache_ttl", kind="int", doc="Seconds."),
)
PLUGIN_MODELS: Fields = tuple(
    Field(name=name, kind="map", many=True) for name in ("models", "video_models")
)
_CALLED_TUNE = (
    "id", "title", "name", "steps", "trained_at", "started_training_at", "created_at",
    "updated_at", "expires_at",
)  # fmt: skip
_CALLED_PROMPT = (
    "id", "text", "negative_prompt", "steps", "tune_id", "trained_at", "started_training_at",
    "created_at", "updated_at", "images",
)  # fmt: skip

SCHEMAS: dict[str, Fields] = {
    "Tune": TUNE,
    "ShortTune": SHORT_TUNE,
    "Prompt": PROMPT,
    "Message": (Field(name="message"),),
    "Pack": PACK,
    "PackDetail": PACK_DETAIL,
    "TemplatePrompt": TEMPLATE_PROMPT,
    "Order": ORDER,
    "RunStarted": RUN_STARTED,
    "RunOrdered": RUN_ORDERED,
    "Inspection": INSPECTION,
    "Workspace": WORKSPACE,
    "WorkspaceDetail": WORKSPACE_DETAIL,
    "Payer": PAYER,
    "User": USER,
    "CliModels": CLI_MODELS,
    "PluginModels": PLUGIN_MODELS,
    "CalledTune": tuple(row for row in TUNE if row.name in _CALLED_TUNE),
    "CalledPrompt": tuple(row for row in PROMPT if row.name in _CALLED_PROMPT),
    "TuneCallback": (Field(name="tune", of="CalledTune"),),
    "PromptCallback": (Field(name="prompt", of="CalledPrompt"),),
}
CHOICES: dict[str, tuple[str, ...]] = {"PackRun": ("ShortTune", "RunStarted", "RunOrdered")}
