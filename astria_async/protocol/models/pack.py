"""A pack: template prompts with a recipe for training, by class word."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

import attrs

from astria_async.protocol.models.base import Resource


@attrs.frozen(kw_only=True, getstate_setstate=False)
class Pack(Resource):
    """
    A pack as the API returned it (docs.astria.ai/docs/api/pack/list); lists hold fewer fields.

    Attributes:
        slug: Its name in URLs.
        base_tune_id: The model that its tunes are trained from.
        model_type: As for tunes.
        public_at: Since when it is in the gallery, UTC.
        unlisted_at: Since when it is hidden from lists, UTC.
        cost_mc_hash: Estimated price of a run by class word, in millicents.
        costs: The same as some servers give it, with ``cost`` in cents and ``num_images``.
        prompts_per_class: Example prompts by class word.
        template_prompts: Its templates with their ids and prices, on newer servers.
        multiplier: The creator's factor on prices.
        multiplier_api: The same over the API.
    """

    kind: ClassVar[str] = "pack"

    title: str | None = None
    slug: str | None = None
    subtitle: str | None = attrs.field(default=None, repr=False)
    base_tune_id: int | None = None
    user_id: int | None = attrs.field(default=None, repr=False)
    token: str | None = attrs.field(default=None, repr=False)
    model_type: str | None = None
    main_class_name: str | None = attrs.field(default=None, repr=False)
    multiplier: float | None = attrs.field(default=None, repr=False)
    multiplier_api: float | None = attrs.field(default=None, repr=False)
    cover_url: str | None = attrs.field(default=None, repr=False)
    logo: str | None = attrs.field(default=None, repr=False)
    created_at: dt.datetime | None = attrs.field(default=None, repr=False)
    updated_at: dt.datetime | None = attrs.field(default=None, repr=False)
    public_at: dt.datetime | None = attrs.field(default=None, repr=False)
    unlisted_at: dt.datetime | None = attrs.field(default=None, repr=False)
    cost_mc_hash: Mapping[str, Any] | None = attrs.field(default=None, repr=False, hash=False)
    costs: Mapping[str, Any] | None = attrs.field(default=None, repr=False, hash=False)
    prompts_per_class: Mapping[str, Any] | None = attrs.field(default=None, repr=False, hash=False)
    template_prompts: Sequence[Mapping[str, Any]] | None = attrs.field(
        default=None, repr=False, hash=False
    )

    @property
    def classes(self) -> tuple[str, ...]:
        """The class words that a run of it may name."""
        for known in (self.costs, self.cost_mc_hash, self.prompts_per_class):
            if known:
                return tuple(known)
        return (self.main_class_name,) if self.main_class_name else ()

    def estimated_cost(self, name: str) -> Decimal | None:
        """
        Estimated price of a run for the class word *name*, in US dollars, where it is told.

        What a run really cost is in its order.
        """
        millicents = (self.cost_mc_hash or {}).get(name)
        if isinstance(millicents, int):
            return Decimal(millicents) / 100_000
        detail = (self.costs or {}).get(name)
        if not isinstance(detail, Mapping):
            return None
        if isinstance(detail.get("cost_mc"), int):
            return Decimal(detail["cost_mc"]) / 100_000
        return Decimal(detail["cost"]) / 100 if isinstance(detail.get("cost"), int) else None
