"""Packs: what creates and runs one, as parameters and requests (docs.astria.ai/docs/api/pack)."""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

import attrs

from astria_async.protocol.addresses import check_metadata
from astria_async.protocol.calls import (
    Call,
    Effect,
    image_values,
    picture_values,
    query_pairs,
    request_body,
)
from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.options import NOT_GIVEN, NotGiven, described, option, wire_values
from astria_async.protocol.paging import PageRequest
from astria_async.protocol.params import CALLBACK, EXTRA, METADATA, check_callback
from astria_async.protocol.sources import ImageInputs


@attrs.frozen(kw_only=True)
class PackFilters:
    """What ``packs.list`` and ``gallery.packs`` select by."""

    public: bool | NotGiven = option("Only public ones. Default: all.")
    listed: bool | NotGiven = option("Only those in lists. Default: all.")
    page_size: int = option("Packs a request, 1 to 120.", default=120, local=True)
    offset: int = option("Packs to pass over.", default=0, local=True)
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)


@attrs.frozen(kw_only=True)
class NewPack:
    """A pack to be created; its templates are prompts with its ``pack_id``."""

    title: str = attrs.field(metadata=described("Its name."))
    base_tune_id: int | NotGiven = option("The model to train from, such as 1504944: Flux1.dev.")
    model_type: str | NotGiven | None = option("lora, pti, faceid or None. Default: None.")
    subtitle: str | NotGiven = option("A line under its title. Default: none.")
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)


@attrs.frozen(kw_only=True)
class PackRunParams:
    """
    A run of a pack: training on new images, or its prompts on tunes that exist.

    Raises:
        InvalidInput: Neither images nor tunes, or both.
    """

    name: str | NotGiven = option("Class word, one of the pack's. Needed for training.")
    title: str | NotGiven = option("Title of the new tune. Default: a UUID.")
    images: ImageInputs | NotGiven = option("Training pictures, as for a tune.")
    tune_ids: Sequence[int] | NotGiven = option("Existing tunes instead of images: no training.")
    prompt_ids: Sequence[int] | NotGiven = option("Only these of its templates. Default: all.")
    characteristics: Mapping[str, str] | NotGiven = option(
        "Fills {{key}} in the templates. Default: none."
    )
    prompt_attributes: Mapping[str, Any] | NotGiven = option(
        "Fields of prompts.create that are merged into each prompt, such as num_images. "
        "Default: none."
    )
    callback: str | NotGiven = option(CALLBACK)
    prompts_callback: str | NotGiven = option(
        "An https URL of your own instead of the receiver's, called once when all prompts are done."
    )
    brief: str | NotGiven = option("Art direction. Default: none.")
    metadata: Mapping[str, str] = option(METADATA, default=attrs.Factory(dict), local=True)
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)

    def __attrs_post_init__(self) -> None:
        """Refuse what can never be right, before anything is sent."""
        if (self.images is NOT_GIVEN) == (self.tune_ids is NOT_GIVEN):
            raise InvalidInput(
                "a pack runs on images (it trains a tune) or on tune_ids (it does not): give one",
                parameter="images",
            )
        if self.tune_ids is not NOT_GIVEN and not self.tune_ids:
            raise InvalidInput("a pack runs on at least one tune", parameter="tune_ids")
        if self.images is not NOT_GIVEN and self.name is NOT_GIVEN:
            raise InvalidInput("training needs name, a class word of the pack", parameter="name")
        check_callback("callback", self.callback)
        check_callback("prompts_callback", self.prompts_callback)
        check_metadata(self.metadata)


def list_packs(filters: PackFilters, page: PageRequest, *, gallery: bool) -> Call:
    """``GET /packs``, or ``GET /gallery/packs``."""
    flags = {**wire_values(filters), **filters.extra}
    query = [pair for name, value in flags.items() for pair in query_pairs(name, value)]
    path = "/gallery/packs" if gallery else "/packs"
    return Call(method="GET", path=path, query=(*query, *page.query))


def get_pack(pack: int | str) -> Call:
    """``GET /p/:id_or_slug``."""
    return Call(method="GET", path=f"/p/{_slug(pack)}")


def create_pack(params: NewPack) -> Call:
    """``POST /packs``."""
    values = {**wire_values(params), **params.extra}
    return Call(method="POST", path="/packs", effect=Effect.CREATES, **request_body("pack", values))


def run_pack(
    pack: int | str,
    params: PackRunParams,
    *,
    title: str,
    callback: str | None,
    prompts_callback: str | None,
) -> Call:
    """
    ``POST /p/:id_or_slug/tunes`` (docs.astria.ai/docs/api/pack/tunes/create).

    Args:
        pack: Its id or slug.
        params: The user's parameters.
        title: Title of the new tune, which may have been minted.
        callback: Signed URL for the end of training, if there is a receiver.
        prompts_callback: Signed URL for the end of the whole run, likewise.
    """
    values = wire_values(params)
    if params.tune_ids is NOT_GIVEN:
        values["title"] = title
        values |= image_values(values.pop("images"), "images", files="images", urls="image_urls")
        if callback is not None:
            values["callback"] = callback
    if prompts_callback is not None:
        values["prompts_callback"] = prompts_callback
    if params.prompt_attributes is not NOT_GIVEN:
        values["prompt_attributes"] = picture_values(params.prompt_attributes)
    values |= params.extra
    path = f"/p/{_slug(pack)}/tunes"
    return Call(method="POST", path=path, effect=Effect.CREATES, **request_body("tune", values))


def _slug(pack: int | str) -> str:
    if type(pack) is int and pack > 0:
        return str(pack)
    if isinstance(pack, str) and pack.strip():
        return quote(pack, safe="")
    raise InvalidInput(f"a pack is named by its id or its slug, not by {pack!r}", parameter="pack")
