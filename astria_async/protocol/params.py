"""
The parameters of tunes and prompts: one class an endpoint, read by signatures, requests and help.

Sources: docs.astria.ai/docs/api/tune/create and docs.astria.ai/docs/api/prompt/create. What the
server decides (known branches, video models, image counts of a model) is left to the server.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import attrs

from astria_async.protocol.addresses import check_metadata
from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.options import NOT_GIVEN, NotGiven, described, option
from astria_async.protocol.sources import ImageInput, ImageInputs

METADATA = "Pairs of strings that come back with the callback. Default: none."
CALLBACK = "An https URL of your own instead of the receiver's; wait_ready() then only polls."
EXTRA = "Parameters that this version does not know, sent as they are."
IDEMPOTENCY = (
    "Stands for this create over restarts and processes: the same key finds the object that it "
    "made. Default: none."
)

MAX_IMAGES = 8
MAX_SEED = 2**32


def _blank(value: object) -> bool:
    return not isinstance(value, str) or not value.strip()


def _check_range(name: str, value: object, lowest: int, highest: int) -> None:
    if isinstance(value, int) and not lowest <= value <= highest:
        raise InvalidInput(
            f"{name} must be from {lowest} to {highest}, not {value} (extra={{{name!r}: {value}}} "
            "sends it all the same)",
            parameter=name,
        )


def check_callback(name: str, url: object) -> None:
    """
    Look at the parameter *name*, a callback URL of the user's own.

    Raises:
        InvalidInput: It is no whole URL.
    """
    if isinstance(url, str) and not url.lower().startswith(("https://", "http://")):
        raise InvalidInput(
            f"{name} must be a whole URL, such as https://hooks.example.com/astria",
            parameter=name,
        )


@attrs.frozen
class _Text:
    text: str | NotGiven | None = option(
        "What to show. References such as <lora:123:1> and flags such as --upscale_v4 live in it. "
        "May be left out only for a video with a first frame or a video_prompt."
    )


@attrs.frozen(kw_only=True)
class PromptOptions(_Text):
    """
    What creating and duplicating a prompt have in common.

    Raises:
        InvalidInput: Something that the API could never accept.
    """

    negative_prompt: str | NotGiven | None = option(
        "What to keep out; not for Flux. Default: the account's."
    )
    num_images: int | NotGiven = option("How many images, 1 to 8. Default: the server's.")
    seed: int | NotGiven | None = option("0 to 2**32, for a repeatable result. Default: random.")
    cfg_scale: float | NotGiven | None = option("Closeness to the text, 0 to 15. Default: model's.")
    steps: int | NotGiven | None = option("Diffusion steps, 0 to 50. Default: the model's.")
    scheduler: str | NotGiven | None = option("Sampler, such as euler_a. Default: the account's.")
    backend_version: int | str | NotGiven | None = option("Generation backend. Default: account's.")
    use_lpw: bool | NotGiven = option("Weighted-prompt syntax. Default: the server's.")
    prompt_expansion: bool | NotGiven = option("Let a model enrich the text. Default: false.")
    style: str | NotGiven | None = option("Such as Cinematic or Line art. Default: none.")
    theme: str | NotGiven | None = option("A label to group prompts by. Default: none.")
    community: bool | NotGiven = option("Publish the result. Default: false.")
    workspace_id: int | NotGiven = option("Who pays and owns. Default: personal.")
    pack_id: int | NotGiven = option("Make it a template of this pack. Default: none.")
    base_pack_id: int | NotGiven = option("Pack that it stems from. Default: none.")
    order_id: int | NotGiven = option("Order that it belongs to. Default: none.")
    aspect_ratio: str | NotGiven | None = option("Such as 1:1, 16:9 or 3:4. Default: the model's.")
    ar: str | NotGiven | None = option("Older form of aspect_ratio. Default: 1:1.")
    resolution: str | NotGiven | None = option("1K, 2K or 4K, where offered. Default: model's.")
    w: int | NotGiven | None = option("Width in pixels, a multiple of 8. Default: the model's.")
    h: int | NotGiven | None = option("Height in pixels, a multiple of 8. Default: the model's.")
    super_resolution: bool | NotGiven = option("4 x upscale. Default: false.")
    hires_fix: bool | NotGiven = option("Add detail; needs super_resolution. Default: false.")
    inpaint_faces: bool | NotGiven = option(
        "Redraw faces; needs super_resolution, costs extra. Default: false."
    )
    face_correct: bool | NotGiven = option("Correct faces. Default: false.")
    face_swap: bool | NotGiven = option("Use the training images' face. Default: false.")
    color_grading: str | NotGiven | None = option("Such as Film Velvia. Default: none.")
    film_grain: bool | NotGiven = option("Add grain. Default: false.")
    input_image: ImageInput | NotGiven = option("Base image. Default: none.")
    mask_image: ImageInput | NotGiven = option("One-channel mask over input_image. Default: none.")
    controlnet: str | NotGiven | None = option(
        "Such as pose or canny; needs input_image. Default: none."
    )
    controlnet_conditioning_scale: float | NotGiven | None = option(
        "Weight of the controlnet, 0 to 1. Default: the model's."
    )
    controlnet_txt2img: bool | NotGiven = option("Controlnet without image to image. Default: no.")
    denoising_strength: float | NotGiven | None = option(
        "0 keeps the input image, 1 follows the text. Default: 0.8."
    )
    video_model: str | NotGiven | None = option("Makes a video; models change monthly.")
    video_prompt: str | NotGiven | None = option("The motion. Default: none.")
    video_duration: int | NotGiven | None = option("Seconds; range by model. Default: the model's.")
    video_first_frame: ImageInput | NotGiven = option("First frame of the video. Default: none.")
    video_last_frame: ImageInput | NotGiven = option("Last frame of the video. Default: none.")
    source_image_url: str | NotGiven = option("URL of a first frame. Default: none.")
    image_references: ImageInputs | NotGiven = option("Ordered reference images. Default: none.")
    input_video: ImageInput | NotGiven = option("Video that drives the motion. Default: none.")
    audio_reference: ImageInput | NotGiven = option("Sound to follow. Default: none.")
    video_audio: bool | NotGiven = option("Make sound too. Default: false.")
    video_upscale_model: str | NotGiven | None = option("Such as seedvr2. Default: none.")
    video_upscale_target_resolution: str | NotGiven | None = option(
        "720p, 1080p, 2k or 4k. Default: 1080p."
    )
    video_fps_model: str | NotGiven | None = option("Such as video_fps_increaser. Default: none.")
    callback: str | NotGiven = option(CALLBACK)
    metadata: Mapping[str, str] = option(METADATA, default=attrs.Factory(dict), local=True)
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)

    def __attrs_post_init__(self) -> None:
        """Refuse what can never be right, before anything is sent."""
        _check_range("num_images", self.num_images, 1, MAX_IMAGES)
        _check_range("seed", self.seed, 0, MAX_SEED)
        for edge in ("w", "h"):
            value = getattr(self, edge)
            if isinstance(value, int) and (value <= 0 or value % 8):
                raise InvalidInput(
                    f"{edge} must be a positive multiple of 8, not {value}", parameter=edge
                )
        check_callback("callback", self.callback)
        check_metadata(self.metadata)


@attrs.frozen(kw_only=True)
class NewPrompt(PromptOptions):
    """
    A prompt to be created: by ``prompts.create``, or nested in ``tunes.create(prompts=[…])``.

    Raises:
        InvalidInput: Something that the API could never accept.
    """

    lora_scale: float | NotGiven = option(
        "Weight of the new LoRA; only for prompts nested in a tune. Default: the server's."
    )
    idempotency_key: str | None = option(IDEMPOTENCY, default=None, local=True)

    def __attrs_post_init__(self) -> None:
        """Refuse what can never be right, before anything is sent."""
        # The vendor's own samples of videos have a video_prompt and no text.
        video = any((self.video_first_frame, self.source_image_url, self.video_prompt))
        if _blank(self.text) and not video and "text" not in self.extra:
            raise InvalidInput(
                "a prompt needs a text (a video may have a first frame or a video_prompt instead)",
                parameter="text",
            )
        PromptOptions.__attrs_post_init__(self)


@attrs.frozen(kw_only=True)
class PromptOverrides(PromptOptions):
    """What a duplicate of a prompt has otherwise than its original."""

    image_index: int | NotGiven = option(
        "Which of the original's images, from 0, becomes the first frame of a video.", local=True
    )


@attrs.frozen(kw_only=True)
class NewTune:
    """
    A tune to be created.

    Raises:
        InvalidInput: Something that the API could never accept.
    """

    name: str = attrs.field(
        metadata=described(
            "Class word: man, woman, boy, girl, cat, dog, couple, style, … ASCII letters, digits "
            "and spaces only."
        )
    )
    title: str | NotGiven = option(
        "Free text, and the key by which an idempotent account merges tunes. Default: a UUID."
    )
    images: ImageInputs | NotGiven = option(
        "Training pictures: paths, bytes, files, URLs or streams, mixed; at best 512 px or more "
        "and up to 3 MB each."
    )
    image_urls: Sequence[str] | NotGiven = option("URLs alone, instead of images.")
    branch: str | NotGiven = option(
        "flux1, sdxl1, sd15, or fast: a free mock. Default: that of base_tune_id."
    )
    base_tune_id: int | NotGiven = option("Model to start from, such as 1504944: Flux1.dev.")
    model_type: Literal["lora", "pti", "faceid"] | str | NotGiven | None = option(  # noqa: PYI051
        "lora, pti, faceid (a reference, no training), or None: a checkpoint. Default: None."
    )
    preset: str | NotGiven | None = option(
        "Flux only: flux-lora-focus, flux-lora-portrait or flux-lora-fast. Default: high quality."
    )
    steps: int | NotGiven = option("Training steps. Default: the server's, which is best.")
    token: str | NotGiven = option("Short rare trigger word. Default: ohwx or sks, by branch.")
    face_crop: bool | NotGiven = option("Crop to faces. Default: the account's setting.")
    training_face_correct: bool | NotGiven = option("Clean poor pictures. Default: false.")
    auto_extend: bool | NotGiven = option("Paid: keep it after 30 days. Default: false.")
    characteristics: Mapping[str, str] | NotGiven = option(
        "Fills {{key}} in prompt texts. Default: none."
    )
    prompts: Sequence[NewPrompt | Mapping[str, Any] | str] | NotGiven = option(
        "Prompts to run once it is trained, each a text, a NewPrompt or a mapping of its fields.",
        wire="prompts_attributes",
    )
    prompts_callback: str | NotGiven = option(
        "An https URL of your own, called once when all prompts of a pack run are done."
    )
    callback: str | NotGiven = option(CALLBACK)
    metadata: Mapping[str, str] = option(METADATA, default=attrs.Factory(dict), local=True)
    idempotency_key: str | None = option(IDEMPOTENCY, default=None, local=True)
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)

    def __attrs_post_init__(self) -> None:
        """Refuse what can never be right, before anything is sent."""
        if _blank(self.name):
            raise InvalidInput(
                "a tune needs a class word as name, such as woman or cat", parameter="name"
            )
        check_callback("callback", self.callback)
        check_callback("prompts_callback", self.prompts_callback)
        if self.title is not NOT_GIVEN and _blank(self.title):
            raise InvalidInput(
                "title must be a text; leave it out to get a UUID", parameter="title"
            )
        if self.images is not NOT_GIVEN and self.image_urls is not NOT_GIVEN:
            raise InvalidInput(
                "give images or image_urls, not both: images takes files and URLs mixed",
                parameter="images",
            )
        known = {"images", "image_urls"} & self.extra.keys()
        if self.images is NOT_GIVEN and self.image_urls is NOT_GIVEN and not known:
            raise InvalidInput("a tune needs at least one image", parameter="images")
        check_metadata(self.metadata)

    def nested_prompts(self) -> list[NewPrompt]:
        """
        The prompts to be created with it, each as a :class:`NewPrompt`.

        Raises:
            InvalidInput: One of them is not usable; the message tells which.
        """
        given = () if self.prompts is NOT_GIVEN else self.prompts
        if isinstance(given, (str, NewPrompt, Mapping)):
            raise InvalidInput("prompts must be a list", parameter="prompts")
        return [_nested(value, f"prompts[{n}]") for n, value in enumerate(given)]


def _nested(value: NewPrompt | Mapping[str, Any] | str, parameter: str) -> NewPrompt:
    try:
        if isinstance(value, NewPrompt):
            prompt = value
        else:
            prompt = NewPrompt(value) if isinstance(value, str) else NewPrompt(**value)
    except (InvalidInput, TypeError) as exc:
        raise InvalidInput(f"{parameter}: {exc}", parameter=parameter) from exc
    if prompt.idempotency_key is not None:
        raise InvalidInput(
            f"{parameter}: a nested prompt is created with its tune; give the key to the tune",
            parameter=parameter,
        )
    return prompt


@attrs.frozen(kw_only=True)
class TuneChanges:
    """What ``tunes.update`` may change."""

    title: str | NotGiven = option("Free text. Default: unchanged.")
    name: str | NotGiven = option("Class word. Default: unchanged.")
    auto_extend: bool | NotGiven = option("Paid: keep it after 30 days. Default: unchanged.")
    characteristics: Mapping[str, str] | NotGiven = option(
        "Fills {{key}} in prompt texts. Default: unchanged."
    )
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)


@attrs.frozen(kw_only=True)
class PromptChanges:
    """What ``prompts.update`` may change."""

    pack_id: int | NotGiven | None = option("Pack to be a template of. Default: unchanged.")
    base_pack_id: int | NotGiven | None = option("Pack that it stems from. Default: unchanged.")
    orig_prompt_id: int | NotGiven | None = option("Prompt that it stems from. Default: unchanged.")
    workspace_id: int | NotGiven | None = option("Workspace that owns it. Default: unchanged.")
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)


@attrs.frozen(kw_only=True)
class TuneFilters:
    """What ``tunes.list`` selects by."""

    title: str | NotGiven = option("Part of the title. Default: any.")
    name: str | Sequence[str] | NotGiven = option("Class word, or several. Default: any.")
    model_type: str | NotGiven = option("lora, pti or faceid. Default: any.")
    branch: str | NotGiven = option("Such as flux1. Default: any.")
    page_size: int = option("Objects a request, 1 to 120.", default=120, local=True)
    before_id: int | None = option(
        "Only ids below this one. Default: all.", default=None, local=True
    )
    offset: int | None = option(
        "Page by offset instead of by id; at most 200. Default: by id.",
        default=None,
        local=True,
    )
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)


@attrs.frozen(kw_only=True)
class PromptFilters:
    """What ``prompts.list`` selects by."""

    text: str | NotGiven = option("Part of the text. Default: any.")
    tune_id: int | NotGiven = option("Prompts of this tune. Default: any.")
    pack_id: int | NotGiven = option("Templates of this pack. Default: any.")
    base_pack_id: int | NotGiven = option("Prompts made from this pack. Default: any.")
    user_id: int | NotGiven = option("Prompts of this user. Default: any.")
    orig_prompt_id: int | NotGiven = option("Copies of this prompt. Default: any.")
    order_id: int | NotGiven = option("Prompts of this order. Default: any.")
    liked: bool | NotGiven = option("Only liked ones. Default: all.")
    today: bool | NotGiven = option("Only today's. Default: all.")
    is_video: bool | NotGiven = option("Only videos. Default: all.")
    is_api: bool | NotGiven = option("Only those made over the API. Default: all.")
    expand: Sequence[str] | NotGiven = option(
        "More fields: debug_images, prompt.comments. Default: none."
    )
    page_size: int = option("Objects a request, 1 to 120.", default=120, local=True)
    before_id: int | None = option(
        "Only ids below this one. Default: all.", default=None, local=True
    )
    offset: int | None = option(
        "Page by offset instead of by id (at most 10,000). Default: by id.",
        default=None,
        local=True,
    )
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)
