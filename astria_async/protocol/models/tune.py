"""A tune: a fine-tuned model, or a reference such as FaceID."""

import datetime as dt
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import attrs

from astria_async.protocol.addresses import Kind
from astria_async.protocol.models.base import Downloaded, Job, reported_failure
from astria_async.protocol.models.prompt import Prompt
from astria_async.protocol.options import accepts
from astria_async.protocol.paging import Pager
from astria_async.protocol.params import NewPrompt, PromptFilters, TuneChanges


@attrs.frozen(kw_only=True, getstate_setstate=False)
class Tune(Job):
    """
    A tune as the API returned it (docs.astria.ai/docs/api/tune/create).

    Attributes:
        title: Free text; the idempotency key where the account merges equal creates.
        name: Class word, such as ``woman``.
        token: Trigger word for prompt texts.
        branch: Such as ``flux1``; open, since Astria adds to it.
        model_type: ``lora``, ``pti``, ``faceid`` or ``None`` for a checkpoint.
        base_tune_id: The model it was trained from.
        eta: Expected end of training, UTC; may lie after :attr:`trained_at`.
        expires_at: When Astria deletes it, UTC: 30 days after training unless extended.
        ckpt_url: Weights, presigned for 60 minutes; see :meth:`download_checkpoint`.
        ckpt_urls: The same, for models of several files.
        orig_images: URLs of the training images.
        args: The trainer's flags; not for parsing.
        url: Its own address at the API; do not follow it.
    """

    kind: ClassVar[Kind] = "tune"

    title: str | None = None
    name: str | None = None
    is_api: bool | None = attrs.field(default=None, repr=False)
    token: str | None = attrs.field(default=None, repr=False)
    eta: dt.datetime | None = attrs.field(default=None, repr=False)
    expires_at: dt.datetime | None = attrs.field(default=None, repr=False)
    model_type: str | None = None
    base_tune_id: int | None = attrs.field(default=None, repr=False)
    base_pack_id: int | None = attrs.field(default=None, repr=False)
    branch: str | None = None
    preset: str | None = attrs.field(default=None, repr=False)
    args: str | None = attrs.field(default=None, repr=False)
    steps: int | None = attrs.field(default=None, repr=False)
    face_crop: bool | None = attrs.field(default=None, repr=False)
    training_face_correct: bool | None = attrs.field(default=None, repr=False)
    auto_extend: bool | None = attrs.field(default=None, repr=False)
    characteristics: Mapping[str, Any] | None = attrs.field(default=None, repr=False, hash=False)
    prompts_callback: str | None = attrs.field(default=None, repr=False)
    ckpt_url: str | None = attrs.field(default=None, repr=False)
    ckpt_urls: tuple[str, ...] = attrs.field(default=(), repr=False)
    orig_images: tuple[str, ...] = attrs.field(default=(), repr=False)
    url: str | None = attrs.field(default=None, repr=False)

    @property
    def prompts(self) -> "TunePrompts":
        """What can be done with the prompts of this tune."""
        return TunePrompts(self)

    @property
    def failure(self) -> str | None:
        """
        Why it failed for good, or ``None`` while it has not.

        A ``trained_at`` newer than ``failed_at`` means that a later try succeeded.
        """
        ended, failed = self.trained_at, self.failed_at
        if ended is not None and (failed is None or ended >= failed):
            return None
        reported = reported_failure(self)
        if reported or failed is None:
            return reported
        return "training failed, and Astria gave no reason"

    @property
    def checkpoint_urls(self) -> tuple[str, ...]:
        """Every URL of its weights; empty where the API offers none (FaceID, Flux LoRA)."""
        return self.ckpt_urls or ((self.ckpt_url,) if self.ckpt_url else ())

    async def download_checkpoint(
        self, directory: str | os.PathLike[str], *, on_progress: Downloaded | None = None
    ) -> list[Path]:
        """
        Fetch its weights into *directory*; the paths. A fresh URL is asked for if this one expired.

        Args:
            directory: Where to; made if it does not exist.
            on_progress: Called with the bytes that came so far and those that will have come in
                the end, which is ``None`` where the server does not say it.

        Raises:
            DownloadFailed: It has no weights to download, or they could not be fetched whole.
        """
        return await self.bound.download(
            self,
            lambda fresh: fresh.checkpoint_urls,
            directory,
            f"tune-{self.id}",
            on_progress=on_progress,
        )

    def lora(self, weight: float = 1.0) -> str:
        """The token that puts this LoRA into a prompt's text, before the trigger word."""
        return f"<lora:{self.id}:{weight:g}>"

    def faceid(self, weight: float = 1.0) -> str:
        """The token that puts this FaceID reference into a prompt's text, before the class word."""
        return f"<faceid:{self.id}:{weight:g}>"

    @accepts(TuneChanges)
    async def update(self, changes: TuneChanges) -> "Tune":
        """Change some of its fields; the tune as the API then gives it."""
        return await self.bound.update(self, changes)

    @property
    def _expiry(self) -> dt.datetime | None:
        return self.expires_at

    @property
    def _has_result(self) -> bool:
        return self.trained_at is not None


@attrs.frozen
class TunePrompts:
    """``tune.prompts``: prompts of one tune."""

    _tune: Tune

    @accepts(NewPrompt)
    async def create(self, params: NewPrompt) -> Prompt:
        """
        Create a prompt on this tune; it runs once the tune is trained.

        Raises:
            ValidationError: The server refused a parameter; ``.errors`` says which.
            OutcomeUnknown: Whether it was created could not be settled.
        """
        return await self._tune.bound.create_prompt(self._tune.id, params)

    @accepts(PromptFilters)
    def list(self, filters: PromptFilters) -> Pager[Prompt]:
        """Prompts of this tune, newest first; those that only mention it in their text too."""
        return self._tune.bound.list_prompts(self._tune.id, filters)
