"""One request that was read by its endpoint's rows: what a handler gets."""

import re
from collections.abc import Mapping
from typing import Any

import attrs
from starlette.requests import Request

from astria_async.sandbox.asker import Asker
from astria_async.sandbox.records import Account, Tune, Workspace
from astria_async.sandbox.records import Prompt as PromptRecord
from astria_async.sandbox.refusals import (
    bad_request,
    forbidden,
    invalid,
    not_found,
    unauthorized,
)
from astria_async.sandbox.services import Services
from astria_async.sandbox.tables.endpoint import Endpoint
from astria_async.sandbox.uploads import Spool
from astria_async.sandbox.views import prompt_view, tune_view
from astria_async.sandbox.web.mount import MOUNT

_ID = re.compile(r"[0-9]{1,18}")
_HOST = re.compile(r"[\w.\-:\[\]]+")


@attrs.define(eq=False, kw_only=True)
class Call:
    """
    A request, read.

    Attributes:
        query: Typed values of the query string, by documented name.
        body: Typed values of the body, by documented name.
        top: Typed values of the body outside its root.
        everywhere: Whether the workspace header asks for all workspaces.
        workspace: The one that it names; ``None`` is the personal space.
    """

    endpoint: Endpoint
    request: Request
    services: Services
    spool: Spool
    account: Account
    origin: str
    query: dict[str, Any]
    body: dict[str, Any]
    top: dict[str, Any]
    everywhere: bool = False
    workspace: Workspace | None = None

    def path_id(self, name: str) -> int:
        """
        A number from the path.

        Raises:
            Refusal: 404, for what is no number.
        """
        text = self.request.path_params[name]
        if not _ID.fullmatch(text):
            raise not_found()
        return int(text)

    def place(self, values: Mapping[str, Any]) -> None:
        """
        Go on in the workspace that *values* name, if they name one.

        Raises:
            Refusal: 422, if it is not the account's.
        """
        workspace_id = values.get("workspace_id")
        if workspace_id is None:
            return
        workspace = self.services.world.workspaces.get(workspace_id)
        if workspace is None or workspace.account_id != self.account.id:
            raise invalid({"workspace_id": ["must be your own workspace"]})
        self.workspace = workspace

    @property
    def workspace_id(self) -> int | None:
        """Where new objects belong."""
        return None if self.workspace is None else self.workspace.id

    @property
    def payer(self) -> Account:
        """Who pays: the workspace's payer, or the account itself."""
        if self.workspace is None:
            return self.account
        return self.services.world.accounts[self.workspace.payer_id]

    @property
    def asker(self) -> Asker:
        """On whose behalf the request acts."""
        return Asker(
            account=self.account,
            payer=self.payer,
            workspace_id=self.workspace_id,
            origin=self.origin,
        )

    def sees(self, record: Tune | PromptRecord) -> bool:
        """Whether lists show the record in the chosen workspace."""
        if record.account_id != self.account.id:
            return False
        return self.everywhere or record.workspace_id == self.workspace_id

    def url(self, key: str) -> str:
        """The address of a stored file, on the host that the client knows us by."""
        return self.services.storage.url(key, self.origin)

    def show_tune(self, tune: Tune) -> dict[str, Any]:
        """The tune as JSON."""
        profile = self.services.world.settings.profile
        return tune_view(tune, self.origin, self.url, profile)

    def show_prompt(self, prompt: PromptRecord) -> dict[str, Any]:
        """The prompt as JSON."""
        world = self.services.world
        return prompt_view(
            prompt,
            self.origin,
            self.url,
            now=world.now,
            files=world.files.rows,
            profile=world.settings.profile,
        )


def authenticate(request: Request, services: Services) -> Account:
    """
    The account whose key the request carries.

    Raises:
        Refusal: 401.
    """
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer" or not key:
        raise unauthorized()
    fallback = None
    for account in services.world.accounts:
        if account.key == key:
            return account
        if account.key is None and not account.gallery:
            fallback = account
    if fallback is None:
        raise unauthorized()
    return fallback


def choose_workspace(
    request: Request, services: Services, account: Account
) -> tuple[bool, Workspace | None]:
    """
    What ``X-Workspace-Id`` asks for: (all of them, the one).

    Raises:
        Refusal: 400 for what is no id, 404 or 403 for what is not ours.
    """
    header = request.headers.get("x-workspace-id", "").strip()
    if not header:
        return False, None
    if header == "all":
        return True, None
    if not _ID.fullmatch(header):
        raise bad_request("X-Workspace-Id is neither a number nor 'all'")
    workspace = services.world.workspaces.get(int(header))
    if workspace is None:
        raise not_found()
    if workspace.account_id != account.id:
        raise forbidden()
    return False, workspace


def origin_of_request(request: Request, services: Services) -> str:
    """
    The base URL by which the client reached us, for links that it can follow.

    The same sandbox may be known by several names (a container's, a tunnel's, loopback).
    """
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        return services.base_url()
    return f"{request.scope.get('scheme', 'http')}://{host}{request.scope.get(MOUNT, '')}"
