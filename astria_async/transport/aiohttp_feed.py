"""How an upload gets into aiohttp, which takes a body in a task of its own."""

import math
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import Self

import aiohttp
import anyio

from astria_async.transport.files import CLEANUP


class Feed:
    """
    An upload's chunks on their way into aiohttp, for the length of the block.

    Each chunk has to be taken within *patience* seconds, or the block is cancelled: aiohttp itself
    would wait for ever for a server that does not read.

    Raises:
        TimeoutError: A chunk was not taken in time.
    """

    def __init__(self, chunks: AsyncGenerator[bytes, None], patience: float) -> None:
        self._chunks = chunks
        self._patience = patience
        self._scope = anyio.CancelScope()
        self._closed = False
        self._idle = anyio.Event()
        self._idle.set()

    async def __aenter__(self) -> Self:
        self._scope.__enter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        self._closed = True
        with anyio.move_on_after(CLEANUP, shield=True):
            # aiohttp's task may still be at it, and a generator that runs cannot be closed.
            await self._idle.wait()
            await self._chunks.aclose()
        handled = self._scope.__exit__(kind, error, trace)
        if self._scope.cancelled_caught:
            raise TimeoutError
        return handled

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if self._closed:
            # An end would look like the body's.
            raise aiohttp.ClientConnectionError("the request is over")
        # A source may take its time.
        self._scope.deadline = math.inf
        self._idle = anyio.Event()
        try:
            chunk = await anext(self._chunks)
            self._scope.deadline = anyio.current_time() + self._patience
        finally:
            self._idle.set()
        return chunk
