"""``tune[…]``: docs.astria.ai/docs/api/tune/create."""

from astria_async.sandbox.params import Param, Params
from astria_async.sandbox.tables.prompt_params import PROMPT_CREATE

BRANCHES = (
    "flux1", "sd15", "sdxl1", "fast", "sd21", "protogen34", "openjourney2", "flux-pro1",
    "partner-1", "gemini-2",
)  # fmt: skip
MODEL_TYPES = ("lora", "pti", "faceid")
PRESETS = ("flux-lora-focus", "flux-lora-portrait", "flux-lora-fast")

TITLE = Param(name="title", required=True, doc="Free text; unique, it is the idempotency key.")
NAME = Param(
    name="name",
    required=True,
    pattern=(r"[A-Za-z0-9 ]+", "only English letters, numbers and spaces allowed"),
    doc="Class word, such as man, woman, cat, style.",
)
AUTO_EXTEND = Param(
    name="auto_extend", kind="bool", default=False, doc="Keeps the tune past its expiry, paid."
)
CHARACTERISTICS = Param(
    name="characteristics", kind="map", doc="Fills {{key}} placeholders in prompt texts."
)
IMAGES = Param(
    name="images",
    kind="file",
    many=True,
    doc="Training images; for Flux also captions as .txt files. One at least, here or as URLs.",
)
IMAGE_URLS = Param(
    name="image_urls", kind="file", many=True, doc="Training images by address, readable by all."
)
CALLBACK = Param(name="callback", kind="url", doc="Called once when training is done.")
PROMPTS_CALLBACK = Param(
    name="prompts_callback", kind="url", doc="Called once when all prompts are done."
)
NESTED_PROMPT: Params = (
    *PROMPT_CREATE,
    Param(name="lora_scale", kind="float", low=-2, high=2, doc="Weight of the new LoRA."),
)

TUNE_CREATE: Params = (
    TITLE,
    NAME,
    IMAGES,
    IMAGE_URLS,
    CALLBACK,
    Param(name="branch", allowed=BRANCHES, default="sd15", doc="fast trains nothing and is free."),
    Param(name="base_tune_id", kind="int", doc="An own tune or one of the gallery."),
    Param(name="model_type", allowed=MODEL_TYPES, doc="None is a checkpoint; SDXL takes pti."),
    Param(name="preset", allowed=PRESETS, doc="Flux only; none is the high preset."),
    Param(name="steps", kind="int", low=1, high=10_000, doc="Better left out."),
    Param(name="token", default="ohwx", doc="A short rare word."),
    Param(name="face_crop", kind="bool", doc="The account decides if none."),
    Param(name="training_face_correct", kind="bool", default=False, doc="Cleans bad inputs."),
    AUTO_EXTEND,
    CHARACTERISTICS,
    Param(
        name="prompts_attributes",
        kind="table",
        many=True,
        rows=NESTED_PROMPT,
        doc="Prompts that are made once training is done.",
    ),
    PROMPTS_CALLBACK,
)
TUNE_UPDATE: Params = (TITLE, NAME, AUTO_EXTEND, CHARACTERISTICS)
