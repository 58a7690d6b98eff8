"""``astria.users``, ``astria.workspaces``, ``astria.images`` and ``astria.themes``."""

from typing import Any

import attrs

from astria_async.protocol import account
from astria_async.protocol.account import NewTheme, NewWorkspace, WorkspaceChanges
from astria_async.protocol.codec import structure_fact
from astria_async.protocol.errors import DecodeError
from astria_async.protocol.models import Catalog, Inspection, User, Workspace
from astria_async.protocol.options import accepts, accepts_after
from astria_async.protocol.replies import read_list, read_object
from astria_async.protocol.sources import ImageInput
from astria_async.resources.core import Core

NOTHING_SEEN = ("", "NONE")


@attrs.frozen(eq=False)
class Users:
    """The account behind the key."""

    _core: Core

    async def me(self) -> User:
        """The account, with its balance; in a workspace that of whoever pays."""
        return read_object(User, await self._core.send(account.get_user()), binding=self._core)

    async def catalog(self) -> Catalog:
        """The models that the vendor's own tools offer."""
        reply = await self._core.send(account.get_catalog())
        return structure_fact(Catalog, reply.content())

    async def plugin_catalog(self) -> dict[str, Any]:
        """
        The models that the vendor's design plugins offer, as received: nobody documents its shape.

        Raises:
            DecodeError: It is no object.
        """
        found = (await self._core.send(account.get_plugin_catalog())).content()
        if not isinstance(found, dict):
            raise DecodeError(f"expected a catalogue as an object, got {type(found).__name__}")
        return found


@attrs.frozen(eq=False)
class Workspaces:
    """Workspaces of several people; ``workspace_id`` of the client selects one."""

    _core: Core

    async def list(self) -> list[Workspace]:
        """All that the account is a member of."""
        reply = await self._core.send(account.list_workspaces())
        return read_list(Workspace, reply, binding=self._core)

    async def get(self, workspace_id: int) -> Workspace:
        """
        One workspace.

        Raises:
            NotFound: There is none.
        """
        reply = await self._core.send(account.get_workspace(workspace_id))
        return read_object(Workspace, reply, binding=self._core)

    @accepts(NewWorkspace)
    async def create(self, params: NewWorkspace) -> Workspace:
        """Create a workspace."""
        reply = await self._core.send(account.create_workspace(params))
        return read_object(Workspace, reply, binding=self._core)

    @accepts_after(WorkspaceChanges)
    async def update(self, workspace_id: int, changes: WorkspaceChanges) -> Workspace:
        """
        Change some fields of a workspace.

        Args:
            workspace_id: Its id.
        """
        reply = await self._core.send(account.update_workspace(workspace_id, changes))
        return read_object(Workspace, reply, binding=self._core)


@attrs.frozen(eq=False)
class Images:
    """Looking at pictures before training."""

    _core: Core

    async def inspect(self, name: str, image: ImageInput) -> Inspection:
        """
        What a picture shows, and what makes it poor for training.

        Args:
            name: The class word that is looked for, such as ``woman``.
            image: A path, bytes, file, URL or stream; 512 px suffice.

        Raises:
            InvalidInput: The picture cannot be read.
        """
        reply = await self._core.send(account.inspect_image(name, image))
        content = reply.content()
        if isinstance(content, dict):
            content = {k: v for k, v in content.items() if v not in NOTHING_SEEN}
        return structure_fact(Inspection, content)


@attrs.frozen(eq=False)
class Themes:
    """Prompts by subject (docs.astria.ai/docs/api/themes/create)."""

    _core: Core

    @accepts(NewTheme)
    async def create(self, params: NewTheme) -> None:
        """
        Have ten prompts made for each tune, in the background.

        The answer names none of them: list the prompts of the tunes.
        """
        await self._core.send(account.create_theme(params))
