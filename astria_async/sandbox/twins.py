"""
Finds what an equal create made before: docs.astria.ai/docs/api/overview, "Idempotency".

Tunes are equal by title, prompts by a documented list of attributes (and by no others, so requests
that differ only elsewhere are merged too). A second rule of the vendor's, by text and seed alone,
is switched on its own.
"""

from collections.abc import Hashable, Iterator, Mapping
from typing import Any

import attrs

from astria_async.sandbox.records import Prompt, Tune

ATTRIBUTES = (
    "cfg_scale", "steps", "seed", "negative_prompt", "super_resolution", "face_correct", "ar",
    "num_images", "controlnet", "denoising_strength", "use_lpw", "controlnet_conditioning_scale",
    "w", "h", "hires_fix", "scheduler", "controlnet_txt2img", "inpaint_faces",
)  # fmt: skip


@attrs.define(eq=False)
class Twins:
    """The first object made with each set of values that Astria compares."""

    _first: dict[Hashable, int] = attrs.field(factory=dict)

    def tune(self, account_id: int, title: str) -> int | None:
        """The tune of this title."""
        return self._first.get(("tune", account_id, title))

    def prompt(
        self,
        account_id: int,
        tune_id: int,
        text: str,
        callback: str | None,
        params: Mapping[str, Any],
    ) -> int | None:
        """The prompt with these attributes."""
        return self._first.get(_attributes(account_id, tune_id, text, callback, params))

    def prompt_by_seed(
        self, account_id: int, tune_id: int, text: str, params: Mapping[str, Any]
    ) -> int | None:
        """The prompt of the tune with this text and seed."""
        return self._first.get(_text_seed(account_id, tune_id, text, params))

    def add_tune(self, tune: Tune) -> None:
        """Remember a tune."""
        self._first.setdefault(("tune", tune.account_id, tune.title), tune.id)

    def remove_tune(self, tune: Tune) -> None:
        """Forget a tune."""
        self._drop(("tune", tune.account_id, tune.title), tune.id)

    def add_prompt(self, prompt: Prompt) -> None:
        """Remember a prompt."""
        for key in _keys(prompt):
            self._first.setdefault(key, prompt.id)

    def remove_prompt(self, prompt: Prompt) -> None:
        """Forget a prompt."""
        for key in _keys(prompt):
            self._drop(key, prompt.id)

    def _drop(self, key: Hashable, number: int) -> None:
        if self._first.get(key) == number:
            del self._first[key]


def _keys(prompt: Prompt) -> Iterator[Hashable]:
    where = prompt.account_id, prompt.tune_id, prompt.text
    yield _attributes(*where, prompt.callback, prompt.params)
    yield _text_seed(*where, prompt.params)


def _attributes(
    account_id: int, tune_id: int, text: str, callback: str | None, params: Mapping[str, Any]
) -> Hashable:
    # False and "not given" are the same to the server, which fills in its defaults.
    values = [None if value is False else value for value in map(params.get, ATTRIBUTES)]
    return ("prompt", account_id, tune_id, text, callback, *values)


def _text_seed(account_id: int, tune_id: int, text: str, params: Mapping[str, Any]) -> Hashable:
    return ("text_seed", account_id, tune_id, text, params.get("seed"))
