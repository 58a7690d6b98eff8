"""Files that tell how much of them was read: how an upload is watched from outside."""

import io
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from astria_async.cli.exits import CommandError, Exit


class CountedFile(io.FileIO):
    """
    A file open for reading that reports each byte of its content once.

    Args:
        path: What to open.
        count: Called with a number of bytes, from the thread that reads.
    """

    def __init__(self, path: Path, count: Callable[[int], None]) -> None:
        super().__init__(path, "rb")
        self._count = count
        self._furthest = 0

    def read(self, size: int | None = -1, /) -> bytes:
        """Read on. What is read a second time, for another try, is not reported again."""
        data = super().read(-1 if size is None else size) or b""
        here = self.tell()
        if here > self._furthest:
            self._count(here - self._furthest)
            self._furthest = here
        return data


def open_counted(
    paths: Sequence[Path], count: Callable[[int], None], stack: ExitStack
) -> list[CountedFile]:
    """
    Open *paths*, to be closed by *stack*.

    Raises:
        CommandError: One does not open, or is empty.
    """
    files = []
    for path in paths:
        try:
            file = stack.enter_context(CountedFile(path, count))
        except OSError as exc:
            raise CommandError(f"cannot read {path}: {exc.strerror}", Exit.USAGE) from exc
        if not path.stat().st_size:
            raise CommandError(f"{path} has 0 bytes", Exit.USAGE)
        files.append(file)
    return files
