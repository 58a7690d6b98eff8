"""Query parameters of lists: docs.astria.ai/docs/api/overview, "Pagination"."""

from astria_async.sandbox.params import Param, Params

PAGE: Params = (
    Param(name="limit", kind="int", low=0, default=20, doc="Items per page, at most 120."),
    Param(name="before_id", kind="int", doc="Items with a strictly lower id."),
    Param(name="offset", kind="int", low=0, default=0, doc="Items to pass over."),
)
TUNE_LIST: Params = (
    *PAGE,
    Param(name="title", doc="A part of the title."),
    Param(name="name", many=True, doc="Class words."),
    Param(name="model_type", doc="Only of this type."),
    Param(name="branch", doc="Only of this branch."),
)
PROMPT_LIST: Params = (
    *PAGE,
    Param(name="text", doc="A part of the text."),
    Param(name="pack_id", kind="int", doc="Templates of this pack."),
    Param(name="base_pack_id", kind="int", doc="Made from this pack."),
    Param(name="tune_id", kind="int", doc="On this tune."),
    Param(name="user_id", kind="int", doc="Of this account."),
    Param(name="orig_prompt_id", kind="int", doc="Copies of this prompt."),
    Param(name="order_id", kind="int", doc="Of this pack run."),
    Param(name="liked", kind="bool", doc="Liked ones only."),
    Param(name="today", kind="bool", doc="Made today only (UTC)."),
    Param(name="is_video", kind="bool", doc="Videos only."),
    Param(name="is_api", kind="bool", doc="Made by API only."),
    Param(name="expand", many=True, doc="debug_images, prompt.comments."),
)
PACK_LIST: Params = (
    Param(name="public", kind="bool", doc="Public ones only."),
    Param(name="listed", kind="bool", doc="Listed ones only."),
    Param(name="limit", kind="int", low=0, default=20, doc="Items per page, at most 120."),
    Param(name="offset", kind="int", low=0, default=0, doc="Items to pass over."),
)
