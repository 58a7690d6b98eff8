"""Packs: recipes, templates, and what running one asks for."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from astria_async.sandbox.prompts import Prompts
from astria_async.sandbox.records import Account, Pack, Prompt, Tune
from astria_async.sandbox.references import references, replace_references, strip_references
from astria_async.sandbox.refusals import forbidden, invalid, not_found
from astria_async.sandbox.runs import Draft
from astria_async.sandbox.world import World

_TYPICAL_IMAGES = 3
_MANY = 2


class Packs:
    """
    The rules of packs.

    Args:
        world: Where packs and templates are.
        prompts: Who knows prices and tokens.
    """

    def __init__(self, world: World, prompts: Prompts) -> None:
        self._world = world
        self._prompts = prompts

    def find(self, account: Account, name: str) -> Pack:
        """
        A pack by id or slug: an own one, or a public one.

        Raises:
            Refusal: 404, or 403 if it is somebody else's.
        """
        for pack in self._world.packs:
            if name in {str(pack.id), pack.slug}:
                if pack.account_id != account.id and pack.public_at is None:
                    raise forbidden()
                return pack
        raise not_found()

    def create(self, account: Account, values: Mapping[str, Any]) -> Pack:
        """
        Make an empty pack.

        Raises:
            Refusal: 422, for a base model that the account may not use.
        """
        base_id = values.get("base_tune_id") or 1504944
        base = self._world.tunes.get(base_id)
        if base is None or (base.account_id != account.id and not base.public):
            raise invalid({"base_tune_id": ["must be your own tune or one of the gallery"]})
        now = self._world.now()
        return self._world.packs.put(
            Pack(
                id=self._world.next_id(self._world.packs),
                account_id=account.id,
                slug=self._slug(values["title"]),
                title=values["title"],
                subtitle=values.get("subtitle"),
                base_tune_id=base_id,
                model_type=values.get("model_type") or "lora",
                created_at=now,
                updated_at=now,
            )
        )

    def templates(self, pack: Pack) -> list[Prompt]:
        """The pack's template prompts, the oldest first."""
        return [prompt for prompt in self._world.prompts if prompt.pack_id == pack.id]

    def by_class(self, templates: Sequence[Prompt]) -> dict[str, list[Prompt]]:
        """Templates by the class word of the tune that each names."""
        classes: dict[str, list[Prompt]] = {}
        for prompt in templates:
            for tune in self._named(prompt)[:1]:
                classes.setdefault(tune.name or "subject", []).append(prompt)
        return classes

    def costs(self, pack: Pack, templates: Sequence[Prompt]) -> dict[str, dict[str, int]]:
        """What a run costs by class, as an estimate: ``cost_mc``, ``cost`` (cents), images."""
        prices, branch = self._world.prices, self.branch(pack)
        training = prices.tune(branch, pack.model_type, pack.preset, None, _TYPICAL_IMAGES)
        costs = {}
        for name, prompts in self.by_class(templates).items():
            total = training + sum(self._prompts.price(p.params, branch) for p in prompts)
            images = sum(prompt.params["num_images"] for prompt in prompts)
            costs[name] = {"cost": total // 1000, "cost_mc": total, "num_images": images}
        return costs

    def branch(self, pack: Pack) -> str:
        """What the pack's prompts are drawn with."""
        base = self._world.tunes.get(pack.base_tune_id)
        return base.branch if base else "flux1"

    def needs_several(self, templates: Sequence[Prompt]) -> bool:
        """Whether a template names several tunes, so that the pack runs on existing ones only."""
        return any(len(references(prompt.text)) >= _MANY for prompt in templates)

    def choose(self, pack: Pack, prompt_ids: Sequence[int] | None) -> list[Prompt]:
        """
        All templates, or those asked for.

        Raises:
            Refusal: 422, for one that is not the pack's.
        """
        templates = self.templates(pack)
        if not prompt_ids:
            return templates
        known = {prompt.id: prompt for prompt in templates}
        if not known.keys() >= set(prompt_ids):
            raise invalid({"prompt_ids": ["must be prompts of this pack"]})
        return [known[prompt_id] for prompt_id in dict.fromkeys(prompt_ids)]

    def nested(
        self, pack: Pack, templates: Sequence[Prompt], name: str, attributes: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        """
        The prompts that a new tune of class *name* is to be created with.

        Raises:
            Refusal: 422, for a class that the pack does not have.
        """
        classes = self.by_class(templates)
        if classes and name not in classes:
            raise invalid({"name": [f"must be one of {', '.join(sorted(classes))}"]})
        return [
            self._values(pack, prompt, strip_references(prompt.text), attributes)
            for prompt in classes.get(name, ())
        ]

    def drafts(
        self,
        pack: Pack,
        templates: Sequence[Prompt],
        tunes: Sequence[Tune],
        attributes: Mapping[str, Any],
    ) -> list[Draft]:
        """The prompts of a run on existing tunes, each tune with the templates of its class."""
        classes = self.by_class(templates)
        return [
            self._prompts.draft(
                tune,
                self._values(pack, prompt, strip_references(prompt.text), attributes),
                base_id=pack.base_tune_id,
            )
            for tune in tunes
            for prompt in classes.get(tune.name or "subject", ())
        ]

    def joint_drafts(
        self,
        pack: Pack,
        templates: Sequence[Prompt],
        tunes: Sequence[Tune],
        attributes: Mapping[str, Any],
    ) -> list[Draft]:
        """
        The prompts of a run in which each names several tunes at once.

        Raises:
            Refusal: 422, if a template needs more tunes than were given.
        """
        drafts: list[Draft] = []
        for prompt in templates:
            swaps = self._cast(prompt, tunes)
            text = replace_references(prompt.text, swaps)
            values = self._values(pack, prompt, text, attributes)
            drafts.append((pack.base_tune_id, values))
        return drafts

    def _cast(self, prompt: Prompt, tunes: Sequence[Tune]) -> dict[int, int]:
        left = list(tunes)
        swaps: dict[int, int] = {}
        for role in self._named(prompt):
            tune = next((t for t in left if t.name == role.name), left[0] if left else None)
            if tune is None:
                needed = len(self._named(prompt))
                raise invalid({"tune_ids": [f"must name {needed} tunes for this pack"]})
            left.remove(tune)
            swaps[role.id] = tune.id
        return swaps

    def _values(
        self, pack: Pack, template: Prompt, text: str, attributes: Mapping[str, Any]
    ) -> dict[str, Any]:
        return {
            **template.params,
            "text": text,
            "stored_inputs": dict(template.inputs),
            "base_pack_id": pack.id,
            "orig_prompt_id": template.id,
            **{key: value for key, value in attributes.items() if value is not None},
        }

    def _named(self, prompt: Prompt) -> list[Tune]:
        return [t for i in references(prompt.text) if (t := self._world.tunes.get(i))]

    def _slug(self, title: str) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "pack"
        taken = {pack.slug for pack in self._world.packs}
        number, found = 1, slug
        while found in taken or found.isdigit():
            number += 1
            found = f"{slug}-{number}"
        return found
