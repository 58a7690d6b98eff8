"""
The facts that the sandbox keeps: one frozen class per kind of thing.

Values are what JSON can hold, and aware datetimes, so that any record can be written to a file and
read back. Money is in millicents (100,000 to the USD), as the ``_mc`` fields of the API are.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import attrs

Moment = dt.datetime | None


def _without_query(url: str | None) -> str:
    # Callback URLs carry signatures in their query.
    return repr(url if url is None else url.partition("?")[0])


@attrs.frozen(kw_only=True)
class Account:
    """A customer: the key that signs in, the money, and the settings of the account page."""

    id: int
    key: str | None = attrs.field(repr=False)
    name: str
    email: str
    balance_mc: int
    idempotent: bool = False
    merge_text_seed: bool = False
    auto_extend_tunes: bool = False
    top_off_amount: int | None = None
    card_declines: bool = False
    gallery: bool = False


@attrs.frozen(kw_only=True)
class Workspace:
    """A shared space for tunes and prompts, paid by one account."""

    id: int
    account_id: int
    payer_id: int
    title: str
    slug: str
    brief: str | None = None
    landing_page_html: str | None = None


@attrs.frozen(kw_only=True)
class Tune:
    """A fine-tune and its training; ``orig_images`` and ``ckpt`` are keys of stored files."""

    id: int
    account_id: int
    title: str
    name: str | None
    branch: str
    created_at: dt.datetime
    updated_at: dt.datetime
    payer_id: int
    workspace_id: int | None = None
    is_api: bool = True
    token: str | None = None
    eta: Moment = None
    callback: str | None = attrs.field(default=None, repr=_without_query)
    prompts_callback: str | None = attrs.field(default=None, repr=_without_query)
    started_training_at: Moment = None
    trained_at: Moment = None
    failed_at: Moment = None
    expires_at: Moment = None
    user_error: str | None = None
    model_type: str | None = None
    base_tune_id: int | None = None
    base_pack_id: int | None = None
    order_id: int | None = None
    preset: str | None = None
    args: str | None = None
    steps: int | None = None
    face_crop: bool | None = None
    training_face_correct: bool = False
    auto_extend: bool = False
    characteristics: Mapping[str, str] | None = None
    orig_images: tuple[str, ...] = ()
    ckpt: str | None = None
    cost_mc: int = 0
    public: bool = False
    origin: str = ""
    training_seconds: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether training is over, well or badly."""
        return self.trained_at is not None or self.failed_at is not None


@attrs.frozen(kw_only=True)
class Prompt:
    """
    A generation and its results.

    Attributes:
        params: The request's settings under their documented names.
        references: The tunes that the text names, own and public.
        keeper_id: The own tune whose expiry takes the pictures along; ``None`` counts thirty days
            from the prompt's own end.
        inputs: Keys of stored input files, by field.
        images: Keys of stored results.
        credits: Likes of prompts that were made from this template.
    """

    id: int
    account_id: int
    tune_id: int
    text: str
    created_at: dt.datetime
    updated_at: dt.datetime
    payer_id: int
    workspace_id: int | None = None
    is_api: bool = True
    callback: str | None = attrs.field(default=None, repr=_without_query)
    params: Mapping[str, Any] = attrs.field(factory=dict)
    references: tuple[int, ...] = ()
    keeper_id: int | None = None
    inputs: Mapping[str, Any] = attrs.field(factory=dict)
    started_training_at: Moment = None
    trained_at: Moment = None
    failed_at: Moment = None
    user_error: str | None = None
    images: tuple[str, ...] = ()
    cost_mc: int = 0
    free: bool = False
    pack_id: int | None = None
    base_pack_id: int | None = None
    orig_prompt_id: int | None = None
    order_id: int | None = None
    liked: bool = False
    credits: int = 0
    is_video: bool = False
    origin: str = ""
    running_seconds: float = 0.0

    @property
    def settled(self) -> bool:
        """Whether the generation is over, well or badly."""
        return self.trained_at is not None or self.failed_at is not None


@attrs.frozen(kw_only=True)
class Pack:
    """A recipe for training; its template prompts are those whose ``pack_id`` names it."""

    id: int
    account_id: int
    slug: str
    title: str
    base_tune_id: int
    created_at: dt.datetime
    updated_at: dt.datetime
    subtitle: str | None = None
    token: str = "ohwx"  # noqa: S105 - a word for prompts
    model_type: str | None = "lora"
    preset: str | None = None
    multiplier: int = 10
    multiplier_api: int = 10
    public_at: Moment = None
    unlisted_at: Moment = None


@attrs.frozen(kw_only=True)
class Order:
    """
    Prompts that were asked for together: a pack's run, a theme, or those nested in a tune.

    Attributes:
        drafts: Prompts that are still to be made, as (tune id, parameters).
        called_back: Whether ``prompts_callback`` was sent.
    """

    id: int
    account_id: int
    tune_ids: tuple[int, ...] = ()
    prompt_ids: tuple[int, ...] = ()
    pack_id: int | None = None
    prompts_callback: str | None = attrs.field(default=None, repr=_without_query)
    total_cost_mc: int = 0
    drafts: tuple[tuple[int, Mapping[str, Any]], ...] = ()
    workspace_id: int | None = None
    payer_id: int = 0
    origin: str = ""
    called_back: bool = False


@attrs.frozen(kw_only=True)
class File:
    """
    Something that can be downloaded under its 28-character key.

    Attributes:
        recipe: How to make the content again, for pictures, videos and weights; ``None`` for
            uploads, whose bytes lie in the file named ``key``.
    """

    id: str
    content_type: str
    size: int | None = None
    filename: str | None = None
    recipe: Mapping[str, Any] | None = None
    signed: bool = False


@attrs.frozen(kw_only=True)
class Due:
    """Something that will happen to *subject* (a tune, prompt, order or callback) at a time."""

    id: int
    at: dt.datetime
    kind: str
    subject: int


@attrs.frozen(kw_only=True)
class Entry:
    """A line of the ledger; *amount_mc* is negative for a charge."""

    id: int
    account_id: int
    at: dt.datetime
    kind: str
    amount_mc: int
    balance_mc: int
    subject: str | None = None
    note: str | None = None


@attrs.frozen(kw_only=True)
class Delivery:
    """
    One attempt to call back, or one that a fault kept from being made.

    Attributes:
        kind: ``"tune"``, ``"prompt"`` or ``"prompts"`` (a whole run).
        object_id: The tune's, the prompt's, or the order's id.
        body: The JSON text, as sent.
        due_at: Virtual time at which it was to be sent.
        sent_at: Virtual time at which it was sent; ``None`` while it waits, or if dropped.
        answered_at: Virtual time at which it ended.
        status: The receiver's answer; ``None`` without one.
        response: The beginning of the answer's body.
        error: Why there was no answer.
        fault: The fault that was played on it, if any.
        replay_of: The id of the delivery that this one repeats by hand.
    """

    id: int
    kind: str
    object_id: int
    url: str = attrs.field(repr=_without_query)
    body: str = attrs.field(repr=False)
    due_at: dt.datetime
    sent_at: Moment = None
    answered_at: Moment = None
    status: int | None = None
    response: str | None = None
    error: str | None = None
    fault: str | None = None
    replay_of: int | None = None

    @property
    def ok(self) -> bool:
        """Whether the receiver answered with 2xx."""
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004
