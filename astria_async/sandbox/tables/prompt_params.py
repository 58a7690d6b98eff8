"""``prompt[…]``: docs.astria.ai/docs/api/prompt/create."""

from astria_async.sandbox.params import Param, Params

SCHEDULERS = (
    "euler", "euler_a", "dpm++2m_karras", "dpm++sde_karras", "dpm++2m", "dpm++sde", "lcm", "tcd",
)  # fmt: skip
STYLES = (
    "Cinematic", "Animated", "Digital Art", "Photographic", "Fantasy art", "Neonpunk", "Enhance",
    "Comic book", "Lowpoly", "Line art",
)  # fmt: skip
ASPECT_RATIOS = (
    "1:1", "16:9", "9:16", "21:9", "9:21", "3:2", "2:3", "5:4", "4:5", "4:3", "3:4",
)  # fmt: skip
LEGACY_RATIOS = ("1:1", "portrait", "16:9", "landscape", "anamorphic")
CONTROLNETS = (
    "composition", "reference", "segroom", "ipadapter", "lineart", "canny", "depth", "mlsd", "hed",
    "pose", "tile", "qr", "relight", "style",
)  # fmt: skip


def _file(name: str, doc: str, *extra: str) -> Param:
    return Param(name=name, kind="file", doc=doc, twins=(f"{name}_url", *extra))


TEXT: Params = (
    Param(name="text", doc="What to show; may name tunes as <lora:ID:weight>, and carry flags."),
    Param(name="negative_prompt", doc="What to avoid."),
    Param(name="callback", kind="url", doc="Called once when the prompt is done."),
    Param(name="num_images", kind="int", low=1, high=8, default=4, doc="How many images."),
    Param(
        name="seed", kind="int", low=-1, high=2**32, doc="Repeats a result; -1 or none is random."
    ),
    Param(name="cfg_scale", kind="float", low=0, high=15, doc="How closely to follow the text."),
    Param(name="steps", kind="int", low=0, high=50, doc="Diffusion steps."),
    Param(name="scheduler", allowed=SCHEDULERS, doc="The sampler."),
    Param(name="backend_version", allowed=("0", "1"), doc="Engine; the account decides if none."),
    Param(name="use_lpw", kind="bool", doc="Weighted-prompt syntax."),
    Param(name="prompt_expansion", kind="bool", default=False, doc="Deprecated; ignored."),
    Param(name="style", allowed=STYLES, doc="A look."),
    Param(name="theme", doc="A label for grouping."),
    Param(name="community", kind="bool", default=False, doc="Publishes the result."),
)
PROVENANCE: Params = (
    Param(name="workspace_id", kind="int", doc="The workspace that owns and pays."),
    Param(name="pack_id", kind="int", doc="Makes the prompt a template of this pack."),
    Param(name="base_pack_id", kind="int", doc="The pack that it came from."),
    Param(name="orig_prompt_id", kind="int", doc="The prompt that it came from."),
    Param(name="order_id", kind="int", doc="The pack run that it belongs to."),
)
SIZE: Params = (
    Param(name="aspect_ratio", allowed=ASPECT_RATIOS, doc="Width to height."),
    Param(name="ar", allowed=LEGACY_RATIOS, default="1:1", doc="Width to height, before 2025."),
    Param(name="resolution", allowed=("1K", "2K", "4K"), doc="If the model offers it."),
    Param(name="w", kind="int", low=8, high=4096, step=8, doc="Width in pixels."),
    Param(name="h", kind="int", low=8, high=4096, step=8, doc="Height in pixels."),
)
QUALITY: Params = (
    Param(name="super_resolution", kind="bool", default=False, doc="Four times the pixels."),
    Param(name="hires_fix", kind="bool", default=False, doc="Details; with super_resolution."),
    Param(name="inpaint_faces", kind="bool", default=False, doc="Redraws faces; costs extra."),
    Param(name="face_correct", kind="bool", default=False, doc="Mends faces."),
    Param(name="face_swap", kind="bool", default=False, doc="Takes the face of the training."),
    Param(name="color_grading", allowed=("Film Velvia", "Film Portra", "Ektar"), doc="Film look."),
    Param(name="film_grain", kind="bool", default=False, doc="Adds grain."),
)
IMAGE: Params = (
    _file("input_image", "The image to begin from.", "input_image_base64"),
    _file("mask_image", "One channel: what to change."),
    Param(name="controlnet", allowed=CONTROLNETS, doc="What to keep of the input image."),
    Param(
        name="controlnet_conditioning_scale", kind="float", low=0, high=1, doc="How much of it."
    ),
    Param(name="controlnet_txt2img", kind="bool", default=False, doc="Begin from text."),
    Param(
        name="denoising_strength", kind="float", low=0, high=1, default=0.8,
        doc="0 keeps the input image, 1 follows the text.",
    ),
)  # fmt: skip
VIDEO: Params = (
    Param(name="video_model", doc="Makes a video; the list changes monthly, so any is taken."),
    Param(name="video_prompt", doc="The motion."),
    Param(name="video_duration", kind="int", low=1, high=60, doc="Seconds."),
    _file("video_first_frame", "The first frame; the text may be left out."),
    _file("video_last_frame", "The last frame."),
    Param(name="source_image_url", kind="url", doc="A first frame, unless one is given."),
    Param(
        name="image_references", kind="file", many=True, twins=("image_reference_urls",),
        doc="Ordered references.",
    ),
    _file("input_video", "The motion to copy."),
    _file("audio_reference", "The sound to use."),
    Param(
        name="video_audio", kind="bool", default=False, aliases=("generate_audio",),
        doc="Makes sound too.",
    ),
    Param(name="video_upscale_model", doc="Such as seedvr2."),
    Param(
        name="video_upscale_target_resolution", allowed=("720p", "1080p", "2k", "4k"),
        default="1080p", doc="Of the upscaled video.",
    ),
    Param(name="video_fps_model", doc="Such as video_fps_increaser."),
)  # fmt: skip

PROMPT_CREATE: Params = (*TEXT, *PROVENANCE, *SIZE, *QUALITY, *IMAGE, *VIDEO)
PROMPT_UPDATE: Params = tuple(
    row
    for row in PROVENANCE
    if row.name in {"pack_id", "base_pack_id", "orig_prompt_id", "workspace_id"}
)
FILE_FIELDS: tuple[str, ...] = tuple(row.name for row in PROMPT_CREATE if row.kind == "file")
