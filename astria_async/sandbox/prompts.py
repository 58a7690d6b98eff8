"""Prompts: what may be created, and what creating, changing and deleting one does."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from astria_async.sandbox import durations
from astria_async.sandbox.asker import Asker
from astria_async.sandbox.billing import Billing
from astria_async.sandbox.records import Account, Prompt, Tune
from astria_async.sandbox.references import fill, prefix, references
from astria_async.sandbox.refusals import forbidden, invalid, not_found
from astria_async.sandbox.tables.prompt_params import FILE_FIELDS
from astria_async.sandbox.world import World

RETENTION = dt.timedelta(days=30)
DEFAULT_IMAGES = 4
_IN_PLACE_OF_TEXT = ("video_first_frame", "source_image_url", "video_prompt")
_HIGH_RESOLUTIONS = {"2K", "4K"}
_LOW_BRANCHES = {"sd15", "sd21", "sdxl1", "protogen34", "openjourney2"}
_CORE = {
    "text", "callback", "workspace_id", "pack_id", "base_pack_id", "orig_prompt_id", "order_id",
    "lora_scale", *FILE_FIELDS,
}  # fmt: skip


class Prompts:
    """
    The rules of prompts.

    Args:
        world: The state.
        billing: Who charges.
    """

    def __init__(self, world: World, billing: Billing) -> None:
        self._world = world
        self._billing = billing

    def find(self, account: Account, prompt_id: int, tune_id: int | None = None) -> Prompt:
        """
        The account's prompt; under a tune only if it belongs to it or names it.

        Raises:
            Refusal: 404, or 403 if it is somebody else's.
        """
        prompt = self._world.prompts.get(prompt_id)
        if prompt is None:
            raise not_found()
        if prompt.account_id != account.id:
            raise forbidden()
        if tune_id is not None and tune_id not in {prompt.tune_id, *prompt.references}:
            raise not_found()
        return prompt

    def problems(self, values: Mapping[str, Any], branch: str) -> dict[str, list[str]]:
        """What is wrong with the parameters of one prompt on a model of *branch*."""
        errors: dict[str, list[str]] = {}
        values = {**(values.get("stored_inputs") or {}), **values}
        # The vendor's own samples of videos have a video_prompt and no text.
        if not any(values.get(it) for it in ("text", *_IN_PLACE_OF_TEXT)):
            errors["text"] = ["can't be blank"]
        for field in ("controlnet", "mask_image"):
            if values.get(field) and not values.get("input_image"):
                errors["input_image"] = [f"is required with {field}"]
        if values.get("resolution") in _HIGH_RESOLUTIONS and branch in _LOW_BRANCHES:
            errors["resolution"] = ["is not supported by this model"]
        return errors

    def check(self, account: Account, tune: Tune, values: Mapping[str, Any]) -> None:
        """
        Refuse what no prompt can come of, before any file is kept.

        Raises:
            Refusal: 422.
        """
        errors = self.problems(values, tune.branch)
        if values.get("pack_id") is not None:
            errors.update(self.template_problems(account, values.get("text") or ""))
        if errors:
            raise invalid(errors)

    def template_problems(self, account: Account, text: str) -> dict[str, list[str]]:
        """A pack's template must name a tune that the account has trained."""
        tunes = [self._world.tunes.get(tune_id) for tune_id in references(text)]
        if any(t is not None and t.account_id == account.id and t.trained_at for t in tunes):
            return {}
        return {"text": ["must reference a tuned model"]}

    def twin(self, account: Account, tune: Tune, values: Mapping[str, Any]) -> Prompt | None:
        """The prompt that a create with these values is merged into, by the account's settings."""
        text, params = self._text(tune, values), _params(values)
        found = None
        if account.idempotent:
            callback = values.get("callback")
            found = self._world.twins.prompt(account.id, tune.id, text, callback, params)
        if found is None and account.merge_text_seed:
            found = self._world.twins.prompt_by_seed(account.id, tune.id, text, params)
        return self._world.prompts.get(found)

    def _text(self, tune: Tune, values: Mapping[str, Any]) -> str:
        text = fill(values.get("text") or "", tune.characteristics)
        for tune_id in references(text):
            named = self._world.tunes.get(tune_id)
            text = fill(text, named.characteristics if named else None)
        return text

    def price(self, values: Mapping[str, Any], branch: str) -> int:
        """What a prompt with these parameters costs on a model of *branch*, in millicents."""
        params = {**values, "num_images": values.get("num_images") or DEFAULT_IMAGES}
        return self._world.prices.prompt(branch, params, is_video=is_video(values))

    def create(
        self,
        asker: Asker,
        tune: Tune,
        values: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        order_id: int | None = None,
        at: dt.datetime | None = None,
    ) -> Prompt:
        """
        Make a prompt, charge for it, and queue it; it waits while a tune that it needs trains.

        Args:
            asker: Who owns and pays.
            tune: Whose URL was posted to.
            values: As read by the rows of ``prompt_params``.
            inputs: Keys of stored input files by field (a list for ``image_references``).
            order_id: The run that it is part of.
            at: When; now by default.

        Raises:
            Refusal: 402, with nothing made.
        """
        now = at or self._world.now()
        order_id = order_id or values.get("order_id")
        prompt = self._draw_up(asker, tune, values, inputs, order_id=order_id, at=now)
        self._billing.charge(prompt.payer_id, prompt.cost_mc, f"prompt:{prompt.id}", now)
        self._world.prompts.put(prompt)
        self._world.index(prompt)
        self.queue(prompt, now)
        return prompt

    def _draw_up(
        self,
        asker: Asker,
        tune: Tune,
        values: Mapping[str, Any],
        inputs: Mapping[str, Any],
        *,
        order_id: int | None,
        at: dt.datetime,
    ) -> Prompt:
        """The prompt that is to be."""
        text, params, video = self._text(tune, values), _params(values), is_video(values)
        named = references(text)
        needs = [tune, *(t for i in named if (t := self._world.tunes.get(i)))]
        free = any(needed.branch == "fast" for needed in needs)
        branch = "fast" if free else tune.branch
        number = self._world.next_id(self._world.prompts)
        dice = self._world.chance(f"prompt:{number}")
        seconds = durations.generation(branch, params["num_images"], is_video=video, dice=dice)
        return Prompt(
            id=number,
            account_id=asker.account.id,
            payer_id=asker.payer.id,
            workspace_id=values.get("workspace_id") or asker.workspace_id,
            origin=asker.origin or tune.origin,
            tune_id=tune.id,
            text=text,
            params=params,
            references=named,
            keeper_id=next((t.id for t in needs if t.account_id == asker.account.id), None),
            created_at=at,
            updated_at=at,
            callback=values.get("callback"),
            cost_mc=self.price(values, branch),
            free=free,
            is_video=video,
            running_seconds=seconds / self._world.settings.pace,
            pack_id=values.get("pack_id"),
            base_pack_id=values.get("base_pack_id"),
            orig_prompt_id=values.get("orig_prompt_id"),
            order_id=order_id,
            inputs=dict(inputs),
        )

    def draft(
        self, tune: Tune, values: Mapping[str, Any], *, base_id: int | None = None
    ) -> tuple[int, dict[str, Any]]:
        """
        Where a prompt for *tune* is posted to, and with which parameters.

        A LoRA or reference cannot draw by itself: its prompts go to the base model, with its token
        in front of the text.
        """
        values = dict(values)
        if tune.model_type not in {"lora", "faceid"}:
            return tune.id, values
        text = values.get("text") or ""
        values["text"] = prefix(text, tune.id, tune.model_type, values.get("lora_scale"))
        base = self._world.tunes.get(tune.base_tune_id or base_id)
        return (base or tune).id, values

    def can_run(self, prompt: Prompt) -> bool:
        """Whether all tunes that the prompt needs are trained, or gone."""
        needs = [self._world.tunes.get(i) for i in (prompt.tune_id, *prompt.references)]
        return all(tune is None or tune.trained_at is not None for tune in needs)

    def broken(self, prompt: Prompt) -> Tune | None:
        """A tune that the prompt needs and that could not be trained."""
        needs = [self._world.tunes.get(i) for i in (prompt.tune_id, *prompt.references)]
        return next((t for t in needs if t and t.failed_at and not t.trained_at), None)

    def queue(self, prompt: Prompt, at: dt.datetime) -> None:
        """Schedule the start of a prompt, unless a tune that it needs is still in training."""
        if not self.can_run(prompt) and self.broken(prompt) is None:
            return
        branch = "fast" if prompt.free else ""
        dice = self._world.chance(f"prompt:queue:{prompt.id}")
        wait = durations.prompt_queue(branch, dice) / self._world.settings.pace
        moment = self._world.cut(at + dt.timedelta(seconds=wait))
        self._world.schedule("prompt.start", prompt.id, moment)

    def update(self, account: Account, prompt: Prompt, values: Mapping[str, Any]) -> Prompt:
        """
        Change where a prompt belongs.

        Raises:
            Refusal: 422, for a template that names no tuned model.
        """
        if values.get("pack_id") is not None:
            errors = self.template_problems(account, prompt.text)
            if errors:
                raise invalid(errors)
        return self._world.prompts.change(prompt.id, updated_at=self._world.now(), **dict(values))

    def like(self, prompt: Prompt, *, liked: bool) -> None:
        """Like or unlike a prompt; the template that it came from is credited alike."""
        if prompt.liked == liked:
            return
        self._world.prompts.change(prompt.id, liked=liked)
        template = self._world.prompts.get(prompt.orig_prompt_id)
        if template is not None and template.pack_id is not None:
            credit = template.credits + (1 if liked else -1)
            self._world.prompts.change(template.id, credits=credit)

    def delete(self, prompt: Prompt) -> None:
        """Delete a prompt with its stored files."""
        for key in [*prompt.images, *input_keys(prompt.inputs)]:
            self._world.files.remove(key)
            self._world.trash.append(key)
        self._world.prompts.remove(prompt.id)
        self._world.unindex(prompt)
        if prompt.order_id is not None:
            self._world.schedule("order.check", prompt.order_id, self._world.now())

    def orphan(self, prompt: Prompt, tune_id: int) -> None:
        """Go on without a deleted tune: the pictures now expire thirty days after their making."""
        if prompt.keeper_id == tune_id:
            prompt = self._world.prompts.change(prompt.id, keeper_id=None)
        if prompt.started_training_at is None and not prompt.settled:
            self.queue(prompt, self._world.now())
        elif prompt.keeper_id is None and prompt.trained_at is not None:
            self._world.schedule("prompt.expire", prompt.id, prompt.trained_at + RETENTION)


def input_keys(inputs: Mapping[str, Any]) -> list[str]:
    """All file keys among a prompt's inputs."""
    return [
        key for value in inputs.values() for key in ([value] if isinstance(value, str) else value)
    ]


def _params(values: Mapping[str, Any]) -> dict[str, Any]:
    params = {k: v for k, v in values.items() if k not in _CORE and v is not None}
    params.setdefault("num_images", DEFAULT_IMAGES)
    return params


def is_video(values: Mapping[str, Any]) -> bool:
    """Whether these parameters ask for a video, by field or by a flag in the text."""
    return bool(values.get("video_model")) or "--video" in (values.get("text") or "")
