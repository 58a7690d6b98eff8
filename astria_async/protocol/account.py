"""Users, workspaces, the catalogue, and what else has an endpoint of its own, as requests."""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from astria_async.protocol.calls import (
    Call,
    Effect,
    check_id,
    image_values,
    request_body,
)
from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.forms import form_parts
from astria_async.protocol.options import NotGiven, described, option, wire_values
from astria_async.protocol.params import EXTRA
from astria_async.protocol.sources import ImageInput


@attrs.frozen(kw_only=True)
class NewWorkspace:
    """A workspace to be created."""

    title: str = attrs.field(metadata=described("Its name."))
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)


@attrs.frozen(kw_only=True)
class WorkspaceChanges:
    """What ``workspaces.update`` may change."""

    title: str | NotGiven = option("Its name. Default: unchanged.")
    brief: str | NotGiven | None = option("Art direction. Default: unchanged.")
    landing_page_html: str | NotGiven | None = option("Its page. Default: unchanged.")
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)


@attrs.frozen(kw_only=True)
class NewTheme:
    """
    A theme: ten prompts a tune, made in the background (docs.astria.ai/docs/api/themes/create).

    Raises:
        InvalidInput: No tune.
    """

    theme: str = attrs.field(metadata=described("What the prompts are about, such as Cyberpunk."))
    tune_ids: Sequence[int] = attrs.field(
        metadata=described("Tunes to make them for; their class must be man or woman.")
    )
    prompt_attributes: Mapping[str, Any] | NotGiven = option(
        "num_images, w and h of each prompt. Default: the server's."
    )
    extra: Mapping[str, Any] = option(EXTRA, default=attrs.Factory(dict), local=True)

    def __attrs_post_init__(self) -> None:
        """Refuse what can never be right, before anything is sent."""
        if not self.tune_ids:
            raise InvalidInput("a theme needs at least one tune", parameter="tune_ids")
        for tune_id in self.tune_ids:
            check_id(tune_id, "tune")


def get_user() -> Call:
    """``GET /users``."""
    return Call(method="GET", path="/users")


def get_catalog() -> Call:
    """``GET /cli/models``."""
    return Call(method="GET", path="/cli/models")


def get_plugin_catalog() -> Call:
    """``GET /plugin/models``."""
    return Call(method="GET", path="/plugin/models")


def list_workspaces() -> Call:
    """``GET /workspaces.json``."""
    return Call(method="GET", path="/workspaces.json")


def get_workspace(workspace_id: int) -> Call:
    """``GET /workspaces/:id.json``."""
    return Call(method="GET", path=f"/workspaces/{check_id(workspace_id, 'workspace')}.json")


def create_workspace(params: NewWorkspace) -> Call:
    """``POST /workspaces.json``."""
    values = {**wire_values(params), **params.extra}
    return Call(
        method="POST",
        path="/workspaces.json",
        effect=Effect.CREATES,
        **request_body("workspace", values),
    )


def update_workspace(workspace_id: int, changes: WorkspaceChanges) -> Call:
    """``PATCH /workspaces/:id.json``, as JSON: a form's strings are stored wrongly."""
    values = {**wire_values(changes), **changes.extra}
    if not values:
        raise InvalidInput("nothing to change was given")
    path = f"/workspaces/{check_id(workspace_id, 'workspace')}.json"
    return Call(method="PATCH", path=path, content={"workspace": values})


def create_theme(params: NewTheme) -> Call:
    """``POST /themes``; answers with nothing."""
    values = {**wire_values(params), **params.extra}
    return Call(
        method="POST", path="/themes", effect=Effect.CREATES, **request_body("theme", values)
    )


def inspect_image(name: str, image: ImageInput) -> Call:
    """``POST /images/inspect``: parameters at the top level, unlike everywhere else."""
    if not name.strip():
        raise InvalidInput("name must be a class word, such as woman", parameter="name")
    found = image_values([image], "image", files="file", urls="file_url")
    ((field, (source,)),) = found.items()
    parts = form_parts({"name": name, field: source})
    return Call(method="POST", path="/images/inspect", parts=tuple(parts))
