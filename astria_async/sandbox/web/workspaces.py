"""``/workspaces``."""

import re
from typing import Any

from astria_async.sandbox.records import Workspace
from astria_async.sandbox.refusals import forbidden, not_found
from astria_async.sandbox.web.call import Call
from astria_async.sandbox.web.replies import Reply


async def index(call: Call) -> Reply:
    """``GET /workspaces``: the youngest first."""
    own = (w for w in call.services.world.workspaces.newest() if w.account_id == call.account.id)
    return Reply([_brief(workspace) for workspace in own])


async def create(call: Call) -> Reply:
    """``POST /workspaces``."""
    shelf = call.services.world.workspaces
    number = shelf.next_id()
    slug = re.sub(r"[^a-z0-9]+", "-", call.body["title"].lower()).strip("-") or "workspace"
    if any(workspace.slug == slug for workspace in shelf):
        slug = f"{slug}-{number}"
    workspace = Workspace(
        id=number,
        account_id=call.account.id,
        payer_id=call.account.id,
        slug=slug,
        title=call.body["title"],
        brief=call.body.get("brief"),
        landing_page_html=call.body.get("landing_page_html"),
    )
    return Reply(_brief(shelf.put(workspace)))


async def show(call: Call) -> Reply:
    """``GET /workspaces/:id``: with its brief and landing page."""
    return Reply(_whole(_find(call)))


async def update(call: Call) -> Reply:
    """``PATCH /workspaces/:id``; the title cannot be cleared."""
    workspace = _find(call)
    changes = {k: v for k, v in call.body.items() if v is not None or k != "title"}
    return Reply(_whole(call.services.world.workspaces.change(workspace.id, **changes)))


def _find(call: Call) -> Workspace:
    workspace = call.services.world.workspaces.get(call.path_id("workspace_id"))
    if workspace is None:
        raise not_found()
    if workspace.account_id != call.account.id:
        raise forbidden()
    return workspace


def _brief(workspace: Workspace) -> dict[str, Any]:
    return {
        "id": workspace.id,
        "title": workspace.title,
        "slug": workspace.slug,
        "favicon_url": "",
    }


def _whole(workspace: Workspace) -> dict[str, Any]:
    return {
        **_brief(workspace),
        "brief": workspace.brief,
        "landing_page_html": workspace.landing_page_html,
    }
