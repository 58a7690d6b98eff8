"""Stored files: uploads, results and weights, under keys that nobody can guess."""

import base64
import datetime as dt
import hashlib
import hmac
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import anyio.to_thread

from astria_async.sandbox import movies, pictures, weights
from astria_async.sandbox.params import Link
from astria_async.sandbox.records import File
from astria_async.sandbox.refusals import Refusal, invalid, not_found, too_large
from astria_async.sandbox.sizes import MAX_SIDE
from astria_async.sandbox.uploads import Spool, Upload
from astria_async.sandbox.world import World

_MAKERS: Mapping[str, Callable[[Mapping[str, Any]], bytes]] = {
    "picture": pictures.render,
    "video": movies.render,
    "weights": weights.render,
}


class Fetch(Protocol):
    """Downloads an address into an upload, or says that it may not or cannot."""

    async def __call__(self, url: str, spool: Spool) -> Upload | None:
        """
        The upload; ``None`` if the host is none that the sandbox may reach.

        Raises:
            Refusal: 422-like text as ``error``, if the host is reachable and the file is not.
        """
        ...


class Storage:
    """
    Keeps files in a folder, under their keys, and tells their URLs.

    Args:
        world: Where the records of files are.
        folder: Where the bytes are.
        fetch: How addresses are downloaded.
    """

    def __init__(self, world: World, folder: Path, fetch: Fetch) -> None:
        self._world = world
        self.folder = folder
        self._fetch = fetch
        self._pinned: set[str] = set()

    def url(self, key: str, origin: str) -> str:
        """The address of a file, signed with an expiry where such files need one."""
        file = self._world.files.get(key)
        settings = self._world.settings
        lifetime = settings.image_url_lifetime
        if file is not None and file.signed:
            lifetime = settings.checkpoint_url_lifetime
        address = f"{origin}/files/{key}"
        if lifetime is None:
            return address
        until = int((self._world.now() + dt.timedelta(seconds=lifetime)).timestamp())
        return f"{address}?expires={until}&signature={self._signature(key, str(until))}"

    def open(self, key: str, query: Mapping[str, str]) -> File | None:
        """
        The file that a URL may read; ``None`` if there is none.

        Raises:
            Refusal: 403, if the address is unsigned where it must be, altered, or too old.
        """
        file = self._world.files.get(key)
        if file is None:
            return None
        if file.signed or self._world.settings.image_url_lifetime is not None:
            until = query.get("expires", "")
            good = hmac.compare_digest(
                self._signature(key, until).encode(), query.get("signature", "").encode()
            )
            if not good or int(until) < self._world.now().timestamp():
                raise Refusal(403, {"status": 403, "error": "Request has expired"})
        return file

    def path(self, file: File) -> Path | None:
        """Where an upload's bytes lie; ``None`` for what is made on demand."""
        return None if file.recipe is not None else self.folder / file.id

    async def content(self, file: File) -> bytes:
        """Make a file out of its recipe, in a thread."""
        assert file.recipe is not None
        make, recipe = _MAKERS[file.recipe["kind"]], file.recipe
        return await anyio.to_thread.run_sync(lambda: make(recipe))

    async def take(
        self, field: str, given: Sequence[Upload | Link], spool: Spool, origin: str
    ) -> list[str]:
        """
        Keep uploads, data URLs and what lies at addresses; the keys are in the given order.

        Raises:
            Refusal: 422 under *field*; nothing is kept then.
        """
        kept: list[str] = []
        try:
            for item in given:
                kept += [await self._take_one(field, item, spool, origin)]
        except BaseException:
            self.release(kept)
            raise
        return kept

    def release(self, keys: Iterable[str]) -> None:
        """Forget files that nothing came of."""
        for key in keys:
            self._world.files.remove(key)
            self._world.trash.append(key)

    async def sweep(self) -> None:
        """Delete the bytes of files that were forgotten."""
        if self._world.trash:
            trash, self._world.trash = self._world.trash, []
            trash = [key for key in trash if key not in self._pinned]
            await anyio.to_thread.run_sync(self._unlink, trash)

    def pin(self) -> None:
        """Never delete the bytes of today's files: a snapshot may bring them back."""
        self._pinned.update(str(file.id) for file in self._world.files if file.recipe is None)

    async def tidy(self) -> None:
        """Delete what lies in the folder and belongs to no file."""
        await anyio.to_thread.run_sync(self._tidy)

    def _tidy(self) -> None:
        for path in self.folder.iterdir():
            if path.name not in self._world.files:
                path.unlink(missing_ok=True)

    async def _take_one(self, field: str, item: Upload | Link, spool: Spool, origin: str) -> str:
        if isinstance(item, Upload):
            return await self._adopt(field, item)
        if item.inline:
            return await self._adopt(field, await self._decode(field, item.url, spool))
        own = self._own(item.url, origin)
        if own is not None:
            return await self.copy(str(own.id))
        try:
            fetched = await self._fetch(item.url, spool)
        except Refusal as refusal:
            raise invalid({field: [str(refusal.body["error"])]}) from None
        if fetched is not None:
            return await self._adopt(field, fetched)
        # The sandbox never leaves the machine: a stand-in takes the place of a public picture.
        recipe = {
            "kind": "picture", "text": item.url, "seed": "0", "width": MAX_SIDE, "height": MAX_SIDE
        }  # fmt: skip
        return self._put(File(id=self._new_key(), content_type="image/jpeg", recipe=recipe))

    async def _adopt(self, field: str, upload: Upload) -> str:
        if upload.size == 0:
            raise invalid({field: ["contains an empty file"]})
        key = self._new_key()
        target = self.folder / key
        await anyio.to_thread.run_sync(upload.path.replace, target)
        return self._put(
            File(
                id=key,
                content_type=upload.content_type,
                size=upload.size,
                filename=upload.filename,
            )
        )

    async def _decode(self, field: str, url: str, spool: Spool) -> Upload:
        head, _, text = url.partition(",")
        try:
            data = await anyio.to_thread.run_sync(
                lambda: base64.b64decode(unquote(text), validate=True)
            )
        except ValueError:
            raise invalid({field: ["is not valid base64"]}) from None
        if len(data) > self._world.settings.max_upload:
            raise too_large(self._world.settings.max_upload)
        upload = spool.begin("inline", head.removeprefix("data:").partition(";")[0])
        await anyio.to_thread.run_sync(_fill, upload, data)
        return upload

    def _own(self, url: str, origin: str) -> File | None:
        if not url.startswith(f"{origin}/files/"):
            return None
        return self._world.files.get(urlsplit(url).path.rpartition("/")[2])

    async def copy(self, source_key: str) -> str:
        """
        Keep a file a second time, for an owner of its own.

        Raises:
            Refusal: 404, if it is gone.
        """
        file = self._world.files.get(source_key)
        if file is None:
            raise not_found()
        key = self._new_key()
        source = self.path(file)
        if source is not None:
            await anyio.to_thread.run_sync(shutil.copyfile, source, self.folder / key)
        return self._put(
            File(
                id=key,
                content_type=file.content_type,
                size=file.size,
                filename=file.filename,
                recipe=file.recipe,
            )
        )

    def _put(self, file: File) -> str:
        return self._world.files.put(file).id

    def _new_key(self) -> str:
        return self._world.key(f"upload:{self._world.files.next_id()}")

    def _signature(self, key: str, until: str) -> str:
        secret = f"files:{self._world.settings.seed}".encode()
        return hmac.new(secret, f"{key}:{until}".encode(), hashlib.sha256).hexdigest()

    def _unlink(self, keys: Sequence[str]) -> None:
        for key in keys:
            (self.folder / key).unlink(missing_ok=True)


def _fill(upload: Upload, data: bytes) -> None:
    upload.write(data)
    upload.close()
    upload.size = len(data)
