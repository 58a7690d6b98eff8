"""Requests as values: one pure builder for each endpoint of tunes and prompts."""

import enum
import json
from collections.abc import Mapping
from typing import Any, cast

import attrs

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.forms import (
    File,
    Part,
    form_parts,
    has_files,
    is_list,
    json_value,
    scalar_text,
)
from astria_async.protocol.options import NOT_GIVEN, wire_values
from astria_async.protocol.paging import PageRequest
from astria_async.protocol.params import (
    NewPrompt,
    NewTune,
    PromptChanges,
    PromptFilters,
    PromptOverrides,
    TuneChanges,
    TuneFilters,
)
from astria_async.protocol.sources import (
    ImageInput,
    ImageInputs,
    UrlSource,
    image_source,
    image_sources,
    is_data_url,
)

SINGLE_IMAGES = (
    "input_image",
    "mask_image",
    "video_first_frame",
    "video_last_frame",
    "input_video",
    "audio_reference",
)

LISTED = frozenset({"name", "expand"})
"""Filters that the API takes as arrays, even of one."""


class Effect(enum.Enum):
    """What sending a request a second time would do."""

    NONE = "none"
    """Nothing: reads, and changes that end in the same state."""
    CREATES = "creates"
    """Make a second object, and charge for it."""


@attrs.frozen(kw_only=True)
class Call:
    """
    A request to the API, before it has a host, a key or a byte of a file.

    Attributes:
        method: HTTP method.
        path: Path below the base URL.
        query: Query parameters, in order.
        parts: The body as form parts; multipart when there is a file among them.
        content: The body as a JSON value, instead of parts.
        effect: What sending it twice would do.
    """

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    parts: tuple[Part, ...] | None = None
    content: Any = None
    effect: Effect = Effect.NONE

    @property
    def replayable(self) -> bool:
        """Whether every file in it can be read a second time."""
        files = (part for part in self.parts or () if isinstance(part, File))
        return all(part.source.replayable for part in files)

    @property
    def body(self) -> bytes | None:
        """
        The JSON body, encoded.

        Raises:
            InvalidInput: It is not JSON.
        """
        if self.content is None:
            return None
        try:
            return json.dumps(self.content, ensure_ascii=False, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as exc:
            raise InvalidInput(f"the body cannot be written as JSON: {exc}") from exc

    def __attrs_post_init__(self) -> None:
        """Refuse a path that would lead to another host, or hide a query from logs."""
        if not self.path.startswith("/") or "?" in self.path or "#" in self.path:
            raise InvalidInput(
                f"the path {self.path.partition('?')[0]!r} must begin with / and hold no query: "
                "query= takes that",
                parameter="path",
            )


def request_body(resource: str, values: Mapping[str, Any], **beside: Any) -> dict[str, Any]:
    """
    JSON when there is nothing to upload, since only JSON tells null and numbers from text.

    Args:
        resource: The key under which Rails looks for the values; left out when there are none,
            since Rails takes an empty hash for a missing one.
        values: What goes under that key.
        beside: What goes beside it, at the top level.
    """
    if has_files(values):
        return {"parts": tuple(form_parts({resource: values, **beside}))}
    under = {resource: json_value(values, resource)} if values else {}
    return {"content": {**under, **beside}}


def create_tune(params: NewTune, *, title: str, callback: str | None, prompts: Any) -> Call:
    """
    ``POST /tunes`` (docs.astria.ai/docs/api/tune/create).

    Args:
        params: The user's parameters.
        title: The title, which may have been minted.
        callback: The signed callback URL, if there is a receiver.
        prompts: The nested prompts' values, from :func:`prompt_values`.
    """
    values = {**wire_values(params), "title": title}
    values.pop("prompts_attributes", None)
    for name in ("images", "image_urls"):
        given = values.pop(name, NOT_GIVEN)
        if given is not NOT_GIVEN:
            values |= image_values(
                cast("ImageInputs", given), name, files="images", urls="image_urls"
            )
    if callback is not None:
        values.setdefault("callback", callback)
    if prompts:
        values["prompts_attributes"] = prompts
    values |= params.extra
    return Call(method="POST", path="/tunes", effect=Effect.CREATES, **request_body("tune", values))


def prompt_values(params: NewPrompt | PromptOverrides, *, callback: str | None) -> dict[str, Any]:
    """What a prompt sends, alone or nested: its text first, each image as a file or a URL."""
    values = picture_values(wire_values(params))
    if callback is not None:
        values.setdefault("callback", callback)
    return values | dict(params.extra)


def picture_values(given: Mapping[str, Any]) -> dict[str, Any]:
    """
    The fields of a prompt with each image under the name that it has as a file or as a URL.

    Raises:
        InvalidInput: An image is of no known kind, or references are of both.
    """
    values = dict(given)
    for name in SINGLE_IMAGES:
        if name in values:
            values |= _image(values.pop(name), name)
    if "image_references" in values:
        found = image_values(
            values.pop("image_references"),
            "image_references",
            files="image_references",
            urls="image_reference_urls",
        )
        if len(found) > 1:
            raise InvalidInput(
                "image_references are ordered: give files or URLs, not both",
                parameter="image_references",
            )
        values |= found
    return values


def create_prompt(tune_id: int, params: NewPrompt, *, callback: str | None) -> Call:
    """``POST /tunes/:id/prompts`` (docs.astria.ai/docs/api/prompt/create)."""
    values = prompt_values(params, callback=callback)
    path = f"/tunes/{check_id(tune_id, 'tune')}/prompts"
    return Call(method="POST", path=path, effect=Effect.CREATES, **request_body("prompt", values))


def _image(given: ImageInput, name: str) -> dict[str, Any]:
    if name == "input_image" and isinstance(given, str) and is_data_url(given):
        return {"input_image_base64": given}
    source = image_source(given, name)
    if isinstance(source, UrlSource):
        return {f"{name}_url": source.url}
    return {name: source}


def image_values(given: ImageInputs, parameter: str, *, files: str, urls: str) -> dict[str, Any]:
    """
    Pictures under the two names that an endpoint has for them.

    Args:
        given: One or many.
        parameter: What the user called them.
        files: The endpoint's name for those to be uploaded.
        urls: Its name for those that it fetches itself.

    Raises:
        InvalidInput: There is none, or one is of no known kind.
    """
    sources = image_sources(given, parameter)
    if not sources:
        raise InvalidInput(
            f"{parameter} is empty: at least one image is needed "
            "(did the glob match, and was a generator used up before?)",
            parameter=parameter,
        )
    found: dict[str, Any] = {}
    for source in sources:
        if isinstance(source, UrlSource):
            found.setdefault(urls, []).append(source.url)
        elif parameter.endswith("_urls"):
            raise InvalidInput(
                f"{source.parameter}: not an http or https URL (files go into {files})",
                parameter=source.parameter,
            )
        else:
            found.setdefault(files, []).append(source)
    return found


def get_one(kind: str, object_id: int) -> Call:
    """``GET /tunes/:id`` or ``GET /prompts/:id``."""
    return Call(method="GET", path=f"/{kind}s/{check_id(object_id, kind)}")


def update_tune(tune_id: int, changes: TuneChanges) -> Call:
    """``PATCH /tunes/:id``."""
    values = _changes(changes, changes.extra)
    return Call(
        method="PATCH", path=f"/tunes/{check_id(tune_id, 'tune')}", **request_body("tune", values)
    )


def update_prompt(prompt_id: int, changes: PromptChanges) -> Call:
    """``PATCH /prompts/:id``."""
    values = _changes(changes, changes.extra)
    return Call(
        method="PATCH",
        path=f"/prompts/{check_id(prompt_id, 'prompt')}",
        **request_body("prompt", values),
    )


def _changes(changes: attrs.AttrsInstance, extra: Mapping[str, Any]) -> dict[str, Any]:
    values = {**wire_values(changes), **extra}
    if not values:
        raise InvalidInput("nothing to change was given")
    return values


def duplicate_prompt(prompt_id: int, params: PromptOverrides, *, callback: str | None) -> Call:
    """``POST /prompts/:id/duplicate`` (docs.astria.ai/docs/api/prompt/duplicate)."""
    values = prompt_values(params, callback=callback)
    given = params.image_index is not NOT_GIVEN
    body = request_body("prompt", values, **{"image_index": params.image_index} if given else {})
    path = f"/prompts/{check_id(prompt_id, 'prompt')}/duplicate"
    return Call(method="POST", path=path, effect=Effect.CREATES, **body)


def like_prompt(prompt_id: int, *, liked: bool) -> Call:
    """``POST`` or ``DELETE /prompts/:id/likes`` (docs.astria.ai/docs/api/like)."""
    path = f"/prompts/{check_id(prompt_id, 'prompt')}/likes"
    return Call(method="POST" if liked else "DELETE", path=path)


def list_gallery_tunes(filters: TuneFilters, page: PageRequest) -> Call:
    """``GET /gallery/tunes``: public models."""
    return _list("/gallery/tunes", filters, filters.extra, page)


def delete_one(kind: str, object_id: int) -> Call:
    """``DELETE /tunes/:id`` or ``DELETE /prompts/:id``."""
    return Call(method="DELETE", path=f"/{kind}s/{check_id(object_id, kind)}")


def list_tunes(filters: TuneFilters, page: PageRequest) -> Call:
    """``GET /tunes`` (docs.astria.ai/docs/api/tune/list)."""
    return _list("/tunes", filters, filters.extra, page)


def list_prompts(filters: PromptFilters, page: PageRequest, *, tune_id: int | None = None) -> Call:
    """``GET /prompts``, or ``GET /tunes/:id/prompts`` for those of one tune."""
    path = "/prompts" if tune_id is None else f"/tunes/{check_id(tune_id, 'tune')}/prompts"
    return _list(path, filters, filters.extra, page)


def _list(
    path: str, filters: attrs.AttrsInstance, extra: Mapping[str, Any], page: PageRequest
) -> Call:
    query: list[tuple[str, str]] = []
    values = wire_values(filters)
    for name in values.keys() & LISTED:
        values[name] = values[name] if is_list(values[name]) else [values[name]]
    for name, value in {**values, **extra}.items():
        query += query_pairs(name, value)
    return Call(method="GET", path=path, query=(*query, *page.query))


def query_pairs(name: str, value: Any) -> list[tuple[str, str]]:
    """One query parameter, repeated as ``name[]`` for a list."""
    if is_list(value):
        return [(f"{name}[]", scalar_text(item, name)) for item in value]
    return [(name, scalar_text(value, name))]


def check_id(value: Any, kind: str) -> int:
    """
    An object's id.

    Raises:
        InvalidInput: It is not a positive integer.
    """
    if type(value) is not int or value < 1:
        raise InvalidInput(
            f"a {kind}'s id is a positive integer, not {value!r}", parameter=f"{kind}_id"
        )
    return value
