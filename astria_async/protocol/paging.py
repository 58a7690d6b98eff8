"""Lists that are longer than a page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from typing import Generic, Self, TypeVar

import attrs

from astria_async.protocol.errors import DecodeError, InvalidInput

T = TypeVar("T")

MAX_PAGE = 120
"""The most objects that the API gives in one answer (docs.astria.ai/docs/api/tune/list)."""


@attrs.frozen(kw_only=True)
class PageRequest:
    """
    Which page to ask for.

    Attributes:
        limit: Objects a page.
        before_id: Only ids below this one; ``None`` for the newest.
        offset: Objects to pass over, where the list is paged by offset.
    """

    limit: int
    before_id: int | None = None
    offset: int | None = None

    @property
    def query(self) -> list[tuple[str, str]]:
        """As query parameters; an offset and an id are never sent together."""
        pairs = [("limit", str(self.limit))]
        if self.offset is not None:
            pairs.append(("offset", str(self.offset)))
        elif self.before_id is not None:
            pairs.append(("before_id", str(self.before_id)))
        return pairs


class Pager(Generic[T]):
    """
    A list of the API, fetched a page at a time as it is read.

    ``async for`` goes through every object, newest first; each loop starts afresh. By id (the
    default) there is neither a gap nor a repetition when objects are created meanwhile.

    Args:
        fetch: Gets one page.
        key: The id of an object.
        start: The first page.
    """

    def __init__(
        self,
        fetch: Callable[[PageRequest], Awaitable[Sequence[T]]],
        *,
        key: Callable[[T], int],
        start: PageRequest,
    ) -> None:
        if not 1 <= start.limit <= MAX_PAGE:
            raise InvalidInput(
                f"page_size must be from 1 to {MAX_PAGE}, not {start.limit}", parameter="page_size"
            )
        if start.before_id is not None and start.offset is not None:
            raise InvalidInput("give before_id or offset, not both", parameter="offset")
        if start.offset is not None and start.offset < 0:
            raise InvalidInput("offset must be 0 or more", parameter="offset")
        self._fetch = fetch
        self._key = key
        self._start = start

    async def page(self) -> Sequence[T]:
        """The first page alone: one request."""
        return await self._fetch(self._start)

    def pages(self) -> AsyncIterator[Sequence[T]]:
        """
        Every page, until an empty one.

        Raises:
            DecodeError: The server gives the same page again and again.
        """
        return _Pages(self._fetch, self._key, self._start)

    async def collect(self, *, limit: int | None = None) -> list[T]:
        """All objects as a list, or the first *limit* of them."""
        found: list[T] = []
        if limit is not None and limit <= 0:
            return found
        async for item in self:
            found.append(item)
            if len(found) == limit:
                return found
        return found

    def __aiter__(self) -> AsyncIterator[T]:
        """Each object, newest first."""
        return _Items(self.pages())


# Iterators rather than generators: a loop that is left early leaves nothing to be closed.
@attrs.define
class _Pages(Generic[T]):
    _fetch: Callable[[PageRequest], Awaitable[Sequence[T]]]
    _key: Callable[[T], int]
    _next: PageRequest | None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Sequence[T]:
        if self._next is None:
            raise StopAsyncIteration
        page = await self._fetch(self._next)
        self._next = self._after(self._next, page) if page else None
        if not page:
            raise StopAsyncIteration
        return page

    def _after(self, request: PageRequest, page: Sequence[T]) -> PageRequest:
        if request.offset is not None:
            return attrs.evolve(request, offset=request.offset + len(page))
        lowest = min(self._key(item) for item in page)
        if request.before_id is not None and lowest >= request.before_id:
            raise DecodeError(
                f"asked for ids below {request.before_id}, the server gave {lowest} and more: "
                "this list cannot be paged by id; use offset=0"
            )
        return attrs.evolve(request, before_id=lowest)


@attrs.define
class _Items(Generic[T]):
    _pages: AsyncIterator[Sequence[T]]
    _page: Iterator[T] = attrs.field(factory=lambda: iter(()))

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T:
        while True:
            for item in self._page:
                return item
            self._page = iter(await anext(self._pages))
