"""Endpoints of packs, themes, inspection, workspaces, the account and the catalogues."""

from astria_async.sandbox.tables.endpoint import Endpoint
from astria_async.sandbox.tables.other_params import (
    INSPECT,
    PACK_CREATE,
    PACK_RUN,
    THEME,
    WORKSPACE_UPDATE,
)
from astria_async.sandbox.tables.queries import PACK_LIST

PACKS = (
    Endpoint(
        operation="listPacks",
        method="GET",
        paths=("/packs",),
        summary="Your packs, the youngest first.",
        query=PACK_LIST,
        returns="[Pack]",
    ),
    Endpoint(
        operation="createPack",
        method="POST",
        paths=("/packs",),
        summary="Create a pack; prompts become its templates by their pack_id.",
        root="pack",
        body=PACK_CREATE,
        success=201,
        returns="Pack",
        refusals=(413, 422),
    ),
    Endpoint(
        operation="listGalleryPacks",
        method="GET",
        paths=("/gallery/packs",),
        summary="Public packs.",
        query=PACK_LIST,
        returns="[Pack]",
    ),
    Endpoint(
        operation="getPack",
        method="GET",
        paths=("/p/{pack}",),
        summary="One pack by id or slug, with example prompts per class.",
        returns="PackDetail",
        refusals=(403, 404),
    ),
    Endpoint(
        operation="runPack",
        method="POST",
        paths=("/p/{pack}/tunes",),
        summary="Train a tune and make the pack's prompts, or make them with existing tunes.",
        root="tune",
        body=PACK_RUN,
        success=201,
        returns="PackRun",
        refusals=(402, 403, 404, 413, 422),
    ),
    Endpoint(
        operation="createTheme",
        method="POST",
        paths=("/themes",),
        summary="Make ten prompts per tune about a theme, in the background.",
        root="theme",
        body=THEME,
        flat=True,
        success=201,
        refusals=(402, 403, 404, 413, 422),
    ),
    Endpoint(
        operation="inspectImage",
        method="POST",
        paths=("/images/inspect",),
        summary="What an image shows, and whether it is fit to train on.",
        body=INSPECT,
        either=("file", "file_url"),
        returns="Inspection",
        refusals=(413, 422),
    ),
)
WORKSPACES = (
    Endpoint(
        operation="listWorkspaces",
        method="GET",
        paths=("/workspaces",),
        summary="Your workspaces.",
        returns="[Workspace]",
    ),
    Endpoint(
        operation="createWorkspace",
        method="POST",
        paths=("/workspaces",),
        summary="Create a workspace.",
        root="workspace",
        body=WORKSPACE_UPDATE,
        success=201,
        returns="Workspace",
        refusals=(413, 422),
    ),
    Endpoint(
        operation="getWorkspace",
        method="GET",
        paths=("/workspaces/{workspace_id}",),
        summary="One workspace, with its brief and landing page.",
        returns="WorkspaceDetail",
        refusals=(403, 404),
    ),
    Endpoint(
        operation="updateWorkspace",
        method="PATCH",
        paths=("/workspaces/{workspace_id}",),
        summary="Change a workspace.",
        root="workspace",
        body=WORKSPACE_UPDATE,
        returns="WorkspaceDetail",
        refusals=(403, 404, 413, 422),
    ),
)
ACCOUNT = (
    Endpoint(
        operation="getUser",
        method="GET",
        paths=("/users",),
        summary="The account that the key belongs to, and its balance.",
        returns="User",
    ),
)
CATALOGS = (
    Endpoint(
        operation="getCliModels",
        method="GET",
        paths=("/cli/models",),
        summary="The catalogue of models for the vendor's command line; needs no key.",
        returns="CliModels",
        public=True,
    ),
    Endpoint(
        operation="getPluginModels",
        method="GET",
        paths=("/plugin/models",),
        summary="The catalogue of models for the vendor's design plugins.",
        returns="PluginModels",
    ),
)
