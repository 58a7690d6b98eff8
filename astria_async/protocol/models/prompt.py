"""A prompt: one generation job on a tune."""

import datetime as dt
import os
from pathlib import Path
from typing import ClassVar

import attrs

from astria_async.protocol.addresses import Kind
from astria_async.protocol.models.base import (
    Downloaded,
    Job,
    referenced_tunes,
    reported_failure,
)
from astria_async.protocol.options import accepts
from astria_async.protocol.params import PromptChanges, PromptOverrides

LIFETIME = dt.timedelta(days=30)


@attrs.frozen(kw_only=True, getstate_setstate=False)
class Prompt(Job):
    """
    A prompt as the API returned it (docs.astria.ai/docs/api/prompt/create).

    Attributes:
        tune_id: The tune it was posted to; for LoRA, FaceID and pack prompts the base model.
        text: As stored; a pack puts tokens such as ``<lora:1:1> `` in front.
        negative_prompt: Not necessarily what was sent.
        images: URLs of the results, videos too; they open without a key, for 30 days.
        content_types: Content type of each result, where the API tells it.
        filenames: Name of each result, where the API tells it.
        num_images: How many were asked for.
        cfg_scale: As a number; the API writes it as text.
        progress_timing_seconds: The server's estimate of the whole run, while running.
        progress_elapsed_seconds: How much of that has passed, while running.
        url: Its own address at the API, ending in ``.json``; do not follow it.
    """

    kind: ClassVar[Kind] = "prompt"

    tune_id: int | None = None
    text: str | None = None
    negative_prompt: str | None = attrs.field(default=None, repr=False)
    images: tuple[str, ...] = attrs.field(default=(), repr=lambda urls: f"<{len(urls)}>")
    content_types: tuple[str, ...] = attrs.field(default=(), repr=False)
    filenames: tuple[str, ...] = attrs.field(default=(), repr=False)
    num_images: int | None = attrs.field(default=None, repr=False)
    seed: int | None = attrs.field(default=None, repr=False)
    steps: int | None = attrs.field(default=None, repr=False)
    cfg_scale: float | None = attrs.field(default=None, repr=False)
    scheduler: str | None = attrs.field(default=None, repr=False)
    backend_version: int | None = attrs.field(default=None, repr=False)
    prompt_expansion: bool | None = attrs.field(default=None, repr=False)
    style: str | None = attrs.field(default=None, repr=False)
    theme: str | None = attrs.field(default=None, repr=False)
    community: bool | None = attrs.field(default=None, repr=False)
    ar: str | None = attrs.field(default=None, repr=False)
    aspect_ratio: str | None = attrs.field(default=None, repr=False)
    resolution: str | None = attrs.field(default=None, repr=False)
    w: int | None = attrs.field(default=None, repr=False)
    h: int | None = attrs.field(default=None, repr=False)
    super_resolution: bool | None = attrs.field(default=None, repr=False)
    hires_fix: bool | None = attrs.field(default=None, repr=False)
    inpaint_faces: bool | None = attrs.field(default=None, repr=False)
    face_correct: bool | None = attrs.field(default=None, repr=False)
    face_swap: bool | None = attrs.field(default=None, repr=False)
    color_grading: str | None = attrs.field(default=None, repr=False)
    film_grain: bool | None = attrs.field(default=None, repr=False)
    use_lpw: bool | None = attrs.field(default=None, repr=False)
    controlnet: str | None = attrs.field(default=None, repr=False)
    controlnet_conditioning_scale: float | None = attrs.field(default=None, repr=False)
    controlnet_txt2img: bool | None = attrs.field(default=None, repr=False)
    denoising_strength: float | None = attrs.field(default=None, repr=False)
    input_image: str | None = attrs.field(default=None, repr=False)
    mask_image: str | None = attrs.field(default=None, repr=False)
    input_video: str | None = attrs.field(default=None, repr=False)
    audio_reference: str | None = attrs.field(default=None, repr=False)
    image_references: tuple[str, ...] = attrs.field(default=(), repr=False)
    video_model: str | None = attrs.field(default=None, repr=False)
    video_prompt: str | None = attrs.field(default=None, repr=False)
    video_duration: float | None = attrs.field(default=None, repr=False)
    video_first_frame: str | None = attrs.field(default=None, repr=False)
    video_last_frame: str | None = attrs.field(default=None, repr=False)
    source_image_url: str | None = attrs.field(default=None, repr=False)
    video_audio: bool | None = attrs.field(default=None, repr=False)
    video_upscale_model: str | None = attrs.field(default=None, repr=False)
    video_upscale_target_resolution: str | None = attrs.field(default=None, repr=False)
    video_fps_model: str | None = attrs.field(default=None, repr=False)
    pack_id: int | None = attrs.field(default=None, repr=False)
    base_pack_id: int | None = attrs.field(default=None, repr=False)
    orig_prompt_id: int | None = attrs.field(default=None, repr=False)
    order_id: int | None = attrs.field(default=None, repr=False)
    workspace_id: int | None = attrs.field(default=None, repr=False)
    progress_timing_seconds: float | None = attrs.field(default=None, repr=False)
    progress_elapsed_seconds: float | None = attrs.field(default=None, repr=False)
    debug_images: tuple[str, ...] = attrs.field(default=(), repr=False)
    debug_filenames: tuple[str, ...] = attrs.field(default=(), repr=False)
    debug_content_types: tuple[str, ...] = attrs.field(default=(), repr=False)
    url: str | None = attrs.field(default=None, repr=False)

    @property
    def referenced_tune_ids(self) -> tuple[int, ...]:
        """Tunes that the text names in ``<lora:ID:…>`` and ``<faceid:ID:…>``, in order."""
        return referenced_tunes(self.text)

    @property
    def expires_at(self) -> dt.datetime | None:
        """When its images vanish: 30 days after it ended, as far as Astria documents it."""
        return None if self.trained_at is None else self.trained_at + LIFETIME

    @property
    def failure(self) -> str | None:
        """
        Why it failed for good, or ``None`` while it has not.

        Images that came beside an error are kept in :attr:`images`.
        """
        reported = reported_failure(self)
        if reported:
            return reported
        if self.trained_at is not None and not self.images:
            return "it ended without an image, and Astria gave no reason"
        return None

    @property
    def ended_empty(self) -> bool:
        """Ended without image or reason: worth one more look, since images may lag behind."""
        return self.trained_at is not None and not self.images and not reported_failure(self)

    async def download(
        self, directory: str | os.PathLike[str], *, on_progress: Downloaded | None = None
    ) -> list[Path]:
        """
        Fetch all results into *directory*, concurrently; the paths, in the order of ``images``.

        Files are named ``{id}-{n}`` with the extension that their content has, appear whole or not
        at all, and are not fetched again if they are there.

        Args:
            directory: Where to; made if it does not exist.
            on_progress: Called with the bytes that came so far and those that will have come in
                the end, which is ``None`` until the servers have said it of every file.

        Raises:
            DownloadFailed: A result could not be fetched whole, after retries and a fresh look at
                the prompt; the others are kept.
        """
        return await self.bound.download(
            self,
            lambda fresh: fresh.images,
            directory,
            str(self.id),
            on_progress=on_progress,
        )

    @accepts(PromptChanges)
    async def update(self, changes: PromptChanges) -> "Prompt":
        """Change some of its fields; the prompt as the API then gives it."""
        return await self.bound.update(self, changes)

    @accepts(PromptOverrides)
    async def duplicate(self, params: PromptOverrides) -> "Prompt":
        """Copy it with some fields changed; the new prompt."""
        return await self.bound.duplicate_prompt(self.id, params)

    async def like(self) -> None:
        """Like it; the template that it came from is credited too."""
        await self.bound.like(self.id, liked=True)

    async def unlike(self) -> None:
        """Take the like back."""
        await self.bound.like(self.id, liked=False)

    @property
    def _expiry(self) -> dt.datetime | None:
        return self.expires_at

    @property
    def _has_result(self) -> bool:
        return bool(self.images)
