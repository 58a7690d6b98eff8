"""How much of a file is in memory at once: less for each, the more are read at the same time."""

from collections.abc import Iterator
from contextlib import contextmanager

import attrs

CHUNK = 512 * 1024
"""The most bytes: larger blocks cost memory, and save little time."""
LEAST = 64 * 1024
TOGETHER = 4 * 1024 * 1024
"""Bytes that all readers share, as long as each gets ``LEAST``."""


@attrs.define(eq=False)
class Blocks:
    """The readers that share memory, which are the uploads of one client."""

    _readers: int = 0

    @property
    def size(self) -> int:
        """Bytes of the next block."""
        return max(LEAST, min(CHUNK, TOGETHER // max(1, self._readers)))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Take part for the length of the block."""
        self._readers += 1
        try:
            yield
        finally:
            self._readers -= 1
