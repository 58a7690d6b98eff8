"""How the uploads of one client share memory."""

from contextlib import ExitStack

import pytest

from astria_async.transport.blocks import CHUNK, LEAST, TOGETHER, Blocks


@pytest.mark.parametrize(
    ("readers", "size"),
    [(0, CHUNK), (1, CHUNK), (8, CHUNK), (9, TOGETHER // 9), (64, LEAST), (1000, LEAST)],
)
def test_many_readers_take_less_each(readers: int, size: int) -> None:
    """All together keep to their share, until each would get too little to be worth a read."""
    blocks = Blocks()
    with ExitStack() as stack:
        for _ in range(readers):
            stack.enter_context(blocks.reading())

        assert blocks.size == size

    assert blocks.size == CHUNK
