"""Tunes: what may be created, and what creating, changing and deleting one does."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from typing import Any

from astria_async.sandbox import durations
from astria_async.sandbox.asker import Asker
from astria_async.sandbox.billing import Billing
from astria_async.sandbox.prompts import Prompts
from astria_async.sandbox.records import Account, Tune
from astria_async.sandbox.refusals import forbidden, invalid, not_found
from astria_async.sandbox.runs import Runs
from astria_async.sandbox.world import World

MAX_NESTED_PROMPTS = 100
RETENTION = dt.timedelta(days=30)
# Observed: a FaceID tune is ready half a second before it says it was created.
_FACEID_LEAD = dt.timedelta(milliseconds=500)


class Tunes:
    """
    The rules of tunes.

    Args:
        world: The state.
        billing: Who charges.
        prompts: Who knows prompts.
        runs: Who makes the nested ones.
    """

    def __init__(self, world: World, billing: Billing, prompts: Prompts, runs: Runs) -> None:
        self._world = world
        self._billing = billing
        self._prompts = prompts
        self._runs = runs

    def find(self, account: Account, tune_id: int) -> Tune:
        """
        A tune that the account may read: its own, or a public one.

        Raises:
            Refusal: 404, or 403 if it is somebody else's.
        """
        tune = self._world.tunes.get(tune_id)
        if tune is None:
            raise not_found()
        if tune.account_id != account.id and not tune.public:
            raise forbidden()
        return tune

    def own(self, account: Account, tune_id: int) -> Tune:
        """A tune that the account may change; 404 or 403 otherwise."""
        tune = self.find(account, tune_id)
        if tune.account_id != account.id:
            raise forbidden()
        return tune

    def check(self, account: Account, values: Mapping[str, Any], image_count: int) -> None:
        """
        Refuse what no creation can come of, before any file is kept.

        Raises:
            Refusal: 422.
        """
        errors: dict[str, list[str]] = {}
        if image_count == 0:
            errors["images"] = ["must contain at least one image"]
        base = self._world.tunes.get(values.get("base_tune_id"))
        if values.get("base_tune_id") is not None and (
            base is None or (base.account_id != account.id and not base.public)
        ):
            errors["base_tune_id"] = ["must be your own tune or one of the gallery"]
        nested = values.get("prompts_attributes") or []
        if len(nested) > MAX_NESTED_PROMPTS:
            errors["prompts_attributes"] = [f"is too long (maximum is {MAX_NESTED_PROMPTS})"]
        branch, _ = self._kind(values)
        for prompt in nested:
            for field, messages in self._prompts.problems(prompt, branch).items():
                errors.setdefault(f"prompts.{field}", []).extend(messages)
        if errors:
            raise invalid(errors)

    def twin(self, account: Account, values: Mapping[str, Any]) -> Tune | None:
        """The tune that a create with these values is merged into, by the account's settings."""
        if not account.idempotent:
            return None
        return self._world.tunes.get(self._world.twins.tune(account.id, values["title"]))

    def create(
        self,
        asker: Asker,
        values: Mapping[str, Any],
        images: Sequence[str],
        *,
        base_pack_id: int | None = None,
    ) -> Tune:
        """
        Make a tune with its nested prompts, charge for all of it, and queue the training.

        Args:
            asker: Who owns and pays.
            values: As read by the rows of ``tune_params``.
            images: Keys of the stored training images.
            base_pack_id: The pack that is run.

        Raises:
            Refusal: 402, with nothing made.
        """
        world, nested = self._world, values.get("prompts_attributes") or []
        tune, queue = self._draw_up(asker, values, images, base_pack_id)
        total = tune.cost_mc + sum(self._prompts.price(each, tune.branch) for each in nested)
        self._billing.require(tune.payer_id, total, tune.created_at)
        self._billing.charge(tune.payer_id, tune.cost_mc, f"tune:{tune.id}", tune.created_at)
        world.tunes.put(tune)
        world.twins.add_tune(tune)
        if tune.model_type == "faceid":
            tune = self._ready_at_once(tune)
        else:
            start = world.cut(tune.created_at + dt.timedelta(seconds=queue))
            world.schedule("tune.start", tune.id, start)
        if nested:
            drafts = [self._prompts.draft(tune, each) for each in nested]
            run = self._runs.now(
                asker, [tune.id], drafts, callback=tune.prompts_callback, pack_id=base_pack_id
            )
            world.orders.change(run.id, total_cost_mc=run.total_cost_mc + tune.cost_mc)
        return tune

    def _draw_up(
        self,
        asker: Asker,
        values: Mapping[str, Any],
        images: Sequence[str],
        base_pack_id: int | None,
    ) -> tuple[Tune, float]:
        """The tune that is to be, and the seconds till its training starts."""
        world, now = self._world, self._world.now()
        branch, model_type = self._kind(values)
        preset, steps = values.get("preset"), values.get("steps")
        number = world.next_id(world.tunes)
        dice, pace = world.chance(f"tune:{number}"), world.settings.pace
        queue = durations.tune_queue(branch, dice) / pace
        seconds = durations.training(branch, preset, steps, len(images), dice) / pace
        face_crop = values.get("face_crop")
        tune = Tune(
            id=number,
            account_id=asker.account.id,
            payer_id=asker.payer.id,
            workspace_id=asker.workspace_id,
            origin=asker.origin,
            title=values["title"],
            name=values["name"],
            branch=branch,
            model_type=model_type,
            created_at=now,
            updated_at=now,
            eta=self._eta(now, queue + seconds),
            training_seconds=seconds,
            token=values.get("token") or "ohwx",
            base_tune_id=values.get("base_tune_id"),
            base_pack_id=base_pack_id,
            preset=preset,
            steps=steps,
            face_crop=True if face_crop is None else face_crop,
            training_face_correct=bool(values.get("training_face_correct")),
            auto_extend=bool(values.get("auto_extend")),
            characteristics=values.get("characteristics"),
            callback=values.get("callback"),
            prompts_callback=values.get("prompts_callback"),
            orig_images=tuple(images),
            cost_mc=world.prices.tune(branch, model_type, preset, steps, len(images)),
        )
        return tune, queue

    def update(self, tune: Tune, values: Mapping[str, Any]) -> Tune:
        """Change what a PATCH may change; ``title`` and ``name`` cannot be cleared."""
        changes = {
            field: value
            for field, value in values.items()
            if value is not None or field == "characteristics"
        }
        if "auto_extend" in values:
            changes["auto_extend"] = bool(values["auto_extend"])
        world = self._world
        world.twins.remove_tune(tune)
        changed = world.tunes.change(tune.id, updated_at=world.now(), **changes)
        world.twins.add_tune(changed)
        return changed

    def delete(self, tune: Tune) -> None:
        """Delete the model and its images; prompts go with it only for a checkpoint."""
        prompts = list(self._world.prompts_of(tune.id))
        self.forget(tune)
        for prompt in prompts:
            if tune.model_type is None and prompt.tune_id == tune.id:
                self._prompts.delete(prompt)
            else:
                self._prompts.orphan(prompt, tune.id)

    def forget(self, tune: Tune) -> None:
        """Remove the tune with its stored files."""
        keys = [*tune.orig_images, *([tune.ckpt] if tune.ckpt else [])]
        for key in keys:
            self._world.files.remove(key)
            self._world.trash.append(key)
        self._world.tunes.remove(tune.id)
        self._world.twins.remove_tune(tune)

    def _kind(self, values: Mapping[str, Any]) -> tuple[str, str | None]:
        base = self._world.tunes.get(values.get("base_tune_id"))
        branch = values.get("branch") or (base.branch if base else "sd15")
        model_type = values.get("model_type")
        if branch.startswith("sdxl") and model_type != "faceid":
            model_type = "pti"
        return branch, model_type

    def _eta(self, now: dt.datetime, seconds: float) -> dt.datetime:
        # Rounded up to a minute of unhurried time, so it mostly lies after the true end.
        pace = self._world.settings.pace
        minutes = math.ceil(seconds * pace / 60)
        return self._world.cut(now + dt.timedelta(minutes=minutes / pace))

    def _ready_at_once(self, tune: Tune) -> Tune:
        ready = tune.created_at - _FACEID_LEAD
        tune = self._world.tunes.change(
            tune.id, started_training_at=ready, trained_at=ready, expires_at=ready + RETENTION
        )
        self._world.schedule("tune.expire", tune.id, ready + RETENTION)
        if self._world.settings.faceid_callbacks:
            self._world.schedule("tune.callback", tune.id, tune.created_at)
        return tune
