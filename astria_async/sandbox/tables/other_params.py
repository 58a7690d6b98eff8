"""Parameters of packs, themes, workspaces, inspection and duplication."""

import attrs

from astria_async.sandbox.params import Param, Params
from astria_async.sandbox.tables.prompt_params import PROMPT_CREATE
from astria_async.sandbox.tables.tune_params import (
    CALLBACK,
    CHARACTERISTICS,
    IMAGE_URLS,
    IMAGES,
    MODEL_TYPES,
    NAME,
    PROMPTS_CALLBACK,
    TITLE,
)

# docs.astria.ai/docs/api/pack
PACK_CREATE: Params = (
    Param(name="title", required=True, doc="What it is called; the slug comes from it."),
    Param(name="base_tune_id", kind="int", default=1504944, doc="What its tunes train on."),
    Param(name="model_type", allowed=MODEL_TYPES, default="lora", doc="How its tunes train."),
    Param(name="subtitle", doc="A line below the title."),
)
PACK_RUN: Params = (
    attrs.evolve(TITLE, required=False),
    attrs.evolve(NAME, required=False, doc="A class of the pack."),
    IMAGES,
    IMAGE_URLS,
    CALLBACK,
    CHARACTERISTICS,
    Param(
        name="prompt_attributes",
        kind="table",
        rows=tuple(attrs.evolve(row, required=False) for row in PROMPT_CREATE),
        doc="Laid over each prompt of the run; its callback is called per prompt.",
    ),
    PROMPTS_CALLBACK,
    Param(
        name="tune_ids",
        kind="int",
        many=True,
        doc="Existing tunes, in place of title, name and images.",
    ),
    Param(name="prompt_ids", kind="int", many=True, doc="Some of the pack's templates."),
    Param(name="brief", doc="Art direction."),
)

# docs.astria.ai/docs/api/themes
THEME: Params = (
    Param(name="theme", required=True, doc="What the prompts are to be about."),
    Param(name="tune_ids", kind="int", many=True, required=True, doc="Of men or women."),
    Param(
        name="prompt_attributes",
        kind="table",
        rows=PROMPT_CREATE,
        doc="Laid over each prompt, such as num_images, w and h.",
    ),
)
WORKSPACE_UPDATE: Params = (
    Param(name="title", required=True, doc="What it is called."),
    Param(name="brief", doc="Art direction for everything in it."),
    Param(name="landing_page_html", doc="A page of its own."),
)
CLASSES = ("man", "woman", "boy", "girl", "baby", "cat", "dog")

# docs.astria.ai/docs/api/images/inspect
INSPECT: Params = (
    Param(name="name", required=True, doc="The class word that the image should show."),
    Param(
        name="file", kind="file", required=True, twins=("file_url",), doc="The image to look at."
    ),
)
IMAGE_INDEX: Params = (
    Param(
        name="image_index",
        kind="int",
        low=0,
        high=7,
        doc="Takes this image of the original as the first frame of a video.",
    ),
)
