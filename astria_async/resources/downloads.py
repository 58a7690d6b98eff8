"""
Results on disk: concurrent, whole or not at all, with the extension that their content has.

A file is written under a temporary name beside its place and moved there when it is whole, so a
file that is there is complete, and a second run fetches only what is missing.
"""

import contextlib
import glob
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Generic, TypeVar

import anyio
import anyio.to_thread
import attrs

from astria_async.groups import task_group
from astria_async.protocol.errors import (
    APIError,
    AstriaError,
    ConfigurationError,
    ConnectionFailed,
    DecodeError,
    DownloadFailed,
)
from astria_async.protocol.media import HEAD_BYTES, extension_for
from astria_async.protocol.models import Job
from astria_async.protocol.models.base import Downloaded
from astria_async.transport import Download

if TYPE_CHECKING:
    from astria_async.resources.core import Core

J = TypeVar("J", bound=Job)

PARALLEL = 8
TRIES = 5
STEP = 1.5
"""Seconds between tries: what is freshly generated may not be readable at once."""

GONE = (403, 404, 410)
"""An address that has expired, or is not there yet."""

FINAL = (400, 401, 405)
"""Another try would be answered the same."""


async def download(
    core: "Core",
    obj: J,
    urls: Callable[[J], tuple[str, ...]],
    directory: Path,
    stem: str,
    on_progress: Downloaded | None = None,
) -> list[Path]:
    """
    Fetch every file behind *obj*'s URLs.

    Args:
        core: The client's parts.
        obj: Whose files.
        urls: Its URLs; asked again of a fresh object when an address has expired.
        directory: Where to; made if it does not exist.
        stem: Files are called ``{stem}-{n}`` and an extension.
        on_progress: Told how many bytes came, and of how many.

    Returns:
        The paths, in the order of the URLs.

    Raises:
        DownloadFailed: One could not be fetched whole; the others are kept.
        ConfigurationError: *directory* cannot be written to.
    """
    addresses = urls(obj)
    if not addresses:
        obj = await core.refresh(obj)
        addresses = urls(obj)
    if not addresses:
        raise DownloadFailed(
            f"{obj.kind} {obj.id} has nothing to download; wait until it is ready, and note that "
            "Astria offers no weights of FaceID and Flux LoRA tunes"
        )
    present = await anyio.to_thread.run_sync(_prepare, directory, stem)
    paths = [present.get(number) for number in range(len(addresses))]
    missing = [number for number, path in enumerate(paths) if path is None]
    fetcher = _Fetcher(core, obj, urls, directory, stem, _Tally(missing, on_progress))
    failures: list[AstriaError] = []
    gate = anyio.CapacityLimiter(PARALLEL)

    async def fetch(number: int) -> None:
        async with gate:
            try:
                paths[number] = await fetcher.fetch(number)
            except AstriaError as error:  # the others are fetched all the same
                failures.append(error)

    async with task_group() as group:
        for number in missing:
            group.start_soon(fetch, number)
    if failures:
        raise failures[0]
    return [path for path in paths if path is not None]


def _prepare(directory: Path, stem: str) -> dict[int, Path]:
    """Make the directory; the files that an earlier run has left whole, by number."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        found = list(directory.glob(f"{glob.escape(stem)}-*"))
    except OSError as exc:
        raise ConfigurationError(f"cannot write to {directory}: {exc.strerror}") from exc
    numbered = ((path.stem.removeprefix(f"{stem}-"), path) for path in found if path.is_file())
    return {int(number): path for number, path in numbered if number.isdecimal()}


@attrs.define(eq=False)
class _Tally:
    """Adds up what came of several files, and tells it."""

    missing: Sequence[int]
    tell: Downloaded | None
    lengths: dict[int, int | None] = attrs.field(factory=dict)
    came: dict[int, int] = attrs.field(factory=dict)

    def begin(self, number: int, length: int | None) -> None:
        """File *number* begins to come, perhaps anew."""
        self.lengths[number], self.came[number] = length, 0

    def add(self, number: int, size: int) -> None:
        """So much more of it came."""
        self.came[number] += size
        if self.tell is not None:
            lengths = [self.lengths.get(it) for it in self.missing]
            known = [length for length in lengths if length is not None]
            self.tell(sum(self.came.values()), sum(known) if len(known) == len(lengths) else None)


@attrs.define(eq=False)
class _Fetcher(Generic[J]):
    core: "Core"
    obj: J
    urls: Callable[[J], tuple[str, ...]]
    directory: Path
    stem: str
    tally: _Tally
    lock: anyio.Lock = attrs.field(factory=anyio.Lock)

    async def fetch(self, number: int) -> Path:
        """One file, tried again while that may help."""
        attempt = 1
        while True:
            seen = self.obj
            try:
                return await self._save(self.urls(seen)[number], number)
            except DownloadFailed as error:
                local = isinstance(error.__cause__, OSError)
                if attempt == TRIES or error.status in FINAL or local:
                    raise
                if error.status in GONE:
                    await self._renew(seen)
            await self.core.clock.sleep(STEP * attempt)
            attempt += 1

    async def _renew(self, seen: J) -> None:
        """Ask for fresh addresses, once for all files that found the old ones expired."""
        async with self.lock:
            if self.obj is not seen:
                return
            try:
                fresh = await self.core.refresh(seen)
            except (APIError, ConnectionFailed, DecodeError) as exc:
                raise DownloadFailed(
                    f"the address of {self.stem} has expired, and asking for a new one failed: "
                    f"{exc}"
                ) from exc
            if len(self.urls(fresh)) >= len(self.urls(seen)):
                self.obj = fresh

    async def _save(self, url: str, number: int) -> Path:
        part = _Part(self.directory / f".{self.stem}-{number}.{secrets.token_hex(4)}.part")
        try:
            async with self.core.downloading(url) as answer:
                if answer.status != 200:  # noqa: PLR2004
                    raise DownloadFailed(
                        f"{self.stem}-{number}: the server answered {answer.status}",
                        status=answer.status,
                    )
                head = await self._write(answer, part, number)
            path = self.directory / (
                f"{self.stem}-{number}{extension_for(answer.content_type, head)}"
            )
            await anyio.to_thread.run_sync(part.keep_as, path)
        except ConnectionFailed as exc:
            raise DownloadFailed(f"{self.stem}-{number}: {exc}") from exc
        except OSError as exc:
            raise DownloadFailed(f"cannot write {part.path}: {exc.strerror or exc}") from exc
        finally:
            if not part.kept:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(part.discard)
        return path

    async def _write(self, answer: Download, part: "_Part", number: int) -> bytes:
        head, size = b"", 0
        self.tally.begin(number, answer.length)
        async with contextlib.aclosing(answer.chunks()) as chunks:
            async for chunk in chunks:
                if len(head) < HEAD_BYTES:
                    head += chunk[:HEAD_BYTES]
                size += len(chunk)
                await anyio.to_thread.run_sync(part.write, chunk)
                self.tally.add(number, len(chunk))
        if size == 0 or size != (size if answer.length is None else answer.length):
            raise DownloadFailed(
                f"{self.stem}-{number}: {size} bytes came of {answer.length or 'more than 0'}"
            )
        return head


@attrs.define(eq=False)
class _Part:
    """
    A file that is not whole yet; for threads, one at a time, as few turns of them as can be.

    Attributes:
        path: Its temporary name.
        kept: Whether it has got its own.
    """

    path: Path
    kept: bool = False
    _file: BinaryIO | None = None

    def write(self, chunk: bytes) -> None:
        """Append *chunk*; the first one makes the file."""
        if self._file is None:
            self._file = self.path.open("xb")
        self._file.write(chunk)

    def keep_as(self, path: Path) -> None:
        """Give it its own name, now that it is whole."""
        self._close()
        self.path.replace(path)
        self.kept = True

    def discard(self) -> None:
        """Leave nothing of it; where not even that can be done, another error tells so already."""
        with contextlib.suppress(OSError):
            self._close()
        with contextlib.suppress(OSError):
            self.path.unlink(missing_ok=True)

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
