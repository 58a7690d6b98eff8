"""What happens as time passes: trainings and generations start, end, fail and expire."""

import datetime as dt
from collections.abc import Callable

from astria_async.sandbox import durations
from astria_async.sandbox.billing import Billing
from astria_async.sandbox.prices import EXTENSION_MC
from astria_async.sandbox.prompts import Prompts
from astria_async.sandbox.records import Due, File, Prompt, Tune
from astria_async.sandbox.refusals import Refusal
from astria_async.sandbox.runs import Runs
from astria_async.sandbox.sizes import pixels
from astria_async.sandbox.tunes import RETENTION, Tunes
from astria_async.sandbox.world import World

# In each stored sample the record was touched a tenth of a second after it was done.
_TOUCH = dt.timedelta(milliseconds=100)
Verdict = Callable[[str, Tune | Prompt], str | None]


class Jobs:
    """
    Carries out what the world has scheduled.

    Args:
        world: The state.
        tunes: The rules of tunes.
        prompts: The rules of prompts.
        billing: Who refunds failed jobs and charges for extensions.
        runs: Who makes prompts that appear later, and knows when a run is done.
        verdict: Says why a job that ends now fails; ``None`` lets it succeed, and ``""`` leaves it
            hanging for ever.
    """

    def __init__(
        self,
        world: World,
        tunes: Tunes,
        prompts: Prompts,
        billing: Billing,
        runs: Runs,
        verdict: Verdict,
    ) -> None:
        self._world = world
        self._tunes = tunes
        self._prompts = prompts
        self._billing = billing
        self._runs = runs
        self._verdict = verdict

    def run(self, due: Due) -> None:
        """Do one thing that is due; what it concerns may be gone or settled, which is no error."""
        if due.kind.startswith("tune."):
            tune = self._world.tunes.get(due.subject)
            if tune is not None:
                self._run_tune(due.kind, tune, due.at)
        elif due.kind.startswith("prompt."):
            prompt = self._world.prompts.get(due.subject)
            if prompt is not None:
                self._run_prompt(due.kind, prompt, due.at)
        elif due.kind == "order.fill":
            self._runs.fill(due.subject, due.at)
        else:
            self._check_order(due.subject, due.at)

    def fail_tune(self, tune: Tune, reason: str, at: dt.datetime) -> None:
        """End a training badly, give the money back, and fail what waited for it."""
        self._billing.refund(tune.payer_id, tune.cost_mc, f"tune:{tune.id}", at)
        self._world.tunes.change(
            tune.id,
            started_training_at=tune.started_training_at or at,
            failed_at=at,
            user_error=reason,
            updated_at=at + _TOUCH,
            cost_mc=0,
        )
        if self._world.settings.failure_callbacks:
            self._call_back("tune.callback", tune.id, at)
        for prompt in list(self._world.prompts_of(tune.id)):
            if not prompt.settled:
                self.fail_prompt(prompt, f"Model {tune.id} could not be trained: {reason}", at)

    def fail_prompt(self, prompt: Prompt, reason: str, at: dt.datetime) -> None:
        """End a generation badly and give the money back."""
        self._billing.refund(prompt.payer_id, prompt.cost_mc, f"prompt:{prompt.id}", at)
        self._world.prompts.change(
            prompt.id,
            started_training_at=prompt.started_training_at or at,
            trained_at=at,
            failed_at=at,
            user_error=reason,
            updated_at=at + _TOUCH,
            cost_mc=0,
        )
        if self._world.settings.failure_callbacks:
            self._call_back("prompt.callback", prompt.id, at)
        self._after_prompt(prompt, at)

    def finish_tune(self, tune: Tune, at: dt.datetime, *, quietly: bool = False) -> Tune:
        """
        End a training well: weights, expiry, callback, and the prompts that waited.

        Args:
            tune: What was trained.
            at: When.
            quietly: Leaves the callback out.
        """
        ckpt = None if tune.model_type == "faceid" else self._checkpoint(tune)
        tune = self._world.tunes.change(
            tune.id,
            started_training_at=tune.started_training_at or at,
            trained_at=at,
            expires_at=at + RETENTION,
            updated_at=at + _TOUCH,
            ckpt=ckpt,
        )
        self._world.schedule("tune.expire", tune.id, at + RETENTION)
        called = at
        if tune.callback and not quietly:
            called = self._call_back("tune.callback", tune.id, at)
        for prompt in reversed(list(self._world.prompts_of(tune.id))):
            if not prompt.settled and prompt.started_training_at is None:
                self._prompts.queue(prompt, called)
        return tune

    def finish_prompt(self, prompt: Prompt, at: dt.datetime, *, quietly: bool = False) -> Prompt:
        """End a generation well: pictures, callback unless *quietly*, and the run it is part of."""
        images = self._results(prompt)
        prompt = self._world.prompts.change(
            prompt.id,
            started_training_at=prompt.started_training_at or at,
            trained_at=at,
            updated_at=at + _TOUCH,
            images=images,
        )
        if prompt.callback and not quietly:
            self._call_back("prompt.callback", prompt.id, at)
        self._after_prompt(prompt, at)
        return prompt

    def _check_order(self, order_id: int, at: dt.datetime) -> None:
        moment = self._runs.check(order_id, at)
        if moment is not None:
            self._call_back("order.callback", order_id, moment)

    def _run_tune(self, kind: str, tune: Tune, at: dt.datetime) -> None:
        if kind == "tune.expire":
            self._expire_tune(tune, at)
        elif tune.settled:
            return
        elif kind == "tune.start":
            self._world.tunes.change(tune.id, started_training_at=at, updated_at=at)
            end = at + dt.timedelta(seconds=tune.training_seconds)
            self._world.schedule("tune.finish", tune.id, self._world.cut(end))
        elif (reason := self._verdict("tune", tune)) is None:
            self.finish_tune(tune, at)
        elif reason:
            self.fail_tune(tune, reason, at)

    def _run_prompt(self, kind: str, prompt: Prompt, at: dt.datetime) -> None:
        if kind == "prompt.expire":
            if prompt.keeper_id is None:
                self._prompts.delete(prompt)
        elif prompt.settled:
            return
        elif kind == "prompt.start":
            broken = self._prompts.broken(prompt)
            if broken is not None:
                self.fail_prompt(prompt, f"Model {broken.id} could not be trained", at)
            elif prompt.started_training_at is None:
                self._world.prompts.change(prompt.id, started_training_at=at, updated_at=at)
                end = at + dt.timedelta(seconds=prompt.running_seconds)
                self._world.schedule("prompt.finish", prompt.id, self._world.cut(end))
        elif (reason := self._verdict("prompt", prompt)) is None:
            self.finish_prompt(prompt, at)
        elif reason:
            self.fail_prompt(prompt, reason, at)

    def _expire_tune(self, tune: Tune, at: dt.datetime) -> None:
        if tune.expires_at is None or tune.expires_at > at:
            return
        account = self._world.accounts[tune.account_id]
        if tune.auto_extend or account.auto_extend_tunes:
            try:
                self._billing.charge(tune.payer_id, EXTENSION_MC, f"extension:{tune.id}", at)
            except Refusal:
                pass  # nobody pays for it any more, so it goes
            else:
                until = tune.expires_at + RETENTION
                self._world.tunes.change(tune.id, expires_at=until, updated_at=at)
                self._world.schedule("tune.expire", tune.id, until)
                return
        for prompt in list(self._world.prompts_of(tune.id)):
            if prompt.keeper_id == tune.id:
                self._prompts.delete(prompt)
        self._tunes.forget(tune)

    def _after_prompt(self, prompt: Prompt, at: dt.datetime) -> None:
        if prompt.keeper_id is None:
            self._world.schedule("prompt.expire", prompt.id, at + RETENTION)
        if prompt.order_id is not None:
            self._check_order(prompt.order_id, at)

    def _call_back(self, kind: str, subject: int, at: dt.datetime) -> dt.datetime:
        seconds = durations.CALLBACK_AFTER / self._world.settings.pace
        moment = self._world.cut(at + dt.timedelta(seconds=seconds))
        self._world.schedule(kind, subject, moment)
        return moment

    def _checkpoint(self, tune: Tune) -> str:
        key = self._world.key(f"ckpt:{tune.id}")
        recipe = {"kind": "weights", "id": tune.id, "branch": tune.branch}
        self._world.files.put(
            File(
                id=key,
                content_type="application/octet-stream",
                filename=f"{tune.id}.safetensors",
                recipe=recipe,
                signed=True,
            )
        )
        return key

    def _results(self, prompt: Prompt) -> tuple[str, ...]:
        width, height = pixels(prompt.params)
        transparent = "--remove_background" in prompt.text
        picture, content_type = (
            ("video", "video/mp4")
            if prompt.is_video
            else ("picture", "image/png" if transparent else "image/jpeg")
        )
        seed = prompt.params.get("seed")
        keys = []
        for index in range(1 if prompt.is_video else prompt.params["num_images"]):
            key = self._world.key(f"result:{prompt.id}:{index}")
            recipe = {
                "kind": picture,
                "text": prompt.text,
                "seed": f"{prompt.id if seed in (None, -1) else seed}:{index}",
                "width": width,
                "height": height,
                "transparent": transparent,
            }
            self._world.files.put(File(id=key, content_type=content_type, recipe=recipe))
            keys.append(key)
        return tuple(keys)
