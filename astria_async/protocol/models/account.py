"""Who pays and owns: the user, workspaces, and the catalogue of models."""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

import attrs

from astria_async.protocol.models.base import Resource


@attrs.frozen(kw_only=True, getstate_setstate=False)
class User(Resource):
    """
    The account behind the key.

    Attributes:
        usd_balance_mc: Its own balance, in millicents (100,000 are one US dollar).
        auto_extend_tunes: Whether its tunes are kept after 30 days, which is paid.
        top_off_amount: What is charged when the balance reaches zero; ``None`` without that.
        payer: Who pays: ``id``, ``name``, ``self`` and ``usd_balance_mc``.
    """

    kind: ClassVar[str] = "user"

    name: str | None = None
    email: str | None = attrs.field(default=None, repr=False)
    usd_balance_mc: int | None = None
    auto_extend_tunes: bool | None = attrs.field(default=None, repr=False)
    top_off_amount: float | None = attrs.field(default=None, repr=False)
    purchased_plugin_at: dt.datetime | None = attrs.field(default=None, repr=False)
    payer: Mapping[str, Any] | None = attrs.field(default=None, repr=False, hash=False)

    @property
    def balance(self) -> Decimal | None:
        """What whoever pays has left, in US dollars."""
        told = (self.payer or {}).get("usd_balance_mc")
        found = told if isinstance(told, int) else self.usd_balance_mc
        return None if found is None else Decimal(found) / 100_000


@attrs.frozen(kw_only=True, getstate_setstate=False)
class Workspace(Resource):
    """
    A workspace: objects of several people, paid together.

    Attributes:
        slug: Its name in URLs.
        brief: Art direction, as text.
        landing_page_html: Its page.
    """

    kind: ClassVar[str] = "workspace"

    title: str | None = None
    slug: str | None = None
    favicon_url: str | None = attrs.field(default=None, repr=False)
    brief: str | None = attrs.field(default=None, repr=False)
    landing_page_html: str | None = attrs.field(default=None, repr=False)


@attrs.frozen(kw_only=True)
class Catalog:
    """
    The models that the vendor's own tools offer.

    Attributes:
        models: By name, each with ``id`` and ``title``.
        default: The name of the default one.
        video_models: By name.
        default_video_model: The name of the default one.
        cache_ttl: For how many seconds this may be kept.
        cli: What the vendor's command line is told.
        skills: Texts for the vendor's assistants.
        extra: Everything else, as received.
    """

    models: Mapping[str, Any] = attrs.field(factory=dict)
    default: str | None = None
    video_models: Mapping[str, Any] = attrs.field(factory=dict)
    default_video_model: str | None = None
    cache_ttl: float | None = None
    cli: Any = attrs.field(default=None, repr=False)
    skills: Any = attrs.field(default=None, repr=False)
    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=False)


@attrs.frozen(kw_only=True)
class Inspection:
    """
    What a picture shows (docs.astria.ai/docs/api/images/inspect); anything may be missing.

    The texts are open: Astria's own sample holds values outside of its enums. An empty text and
    ``NONE`` both mean that nothing was seen, and are ``None`` here.

    Attributes:
        name: Class word of what was seen; another than asked for means that it was not found.
        warnings: Flaws that make it a poor training picture, such as ``blurry``.
        extra: Keys that this version does not know, as received.
    """

    name: str | None = None
    age: str | None = None
    body_type: str | None = None
    ethnicity: str | None = None
    eye_color: str | None = None
    hair_color: str | None = None
    hair_length: str | None = None
    hair_style: str | None = None
    facial_hair: str | None = None
    glasses: str | None = None
    is_bald: str | None = None
    headcover: str | None = None
    funny_face: bool = False
    wearing_sunglasses: bool = False
    wearing_hat: bool = False
    blurry: bool = False
    includes_multiple_people: bool = False
    full_body_image_or_longshot: bool = False
    selfie: bool = False
    low_resolution: bool = False
    low_quality: bool = False
    extra: Mapping[str, Any] = attrs.field(factory=dict, repr=False)

    @property
    def warnings(self) -> tuple[str, ...]:
        """The flaws that were found, by field name."""
        fields = (field.name for field in attrs.fields(Inspection))
        return tuple(name for name in fields if getattr(self, name) is True)

    @property
    def characteristics(self) -> dict[str, str]:
        """What was seen, as ``characteristics=`` of a tune takes it."""
        fields = (field.name for field in attrs.fields(Inspection) if field.name != "name")
        found = {name: getattr(self, name) for name in fields}
        return {name: value for name, value in found.items() if isinstance(value, str)}
