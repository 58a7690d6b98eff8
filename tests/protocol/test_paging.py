"""Lists longer than a page: no gap and no repetition, whatever is created meanwhile."""

from collections.abc import Sequence

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.protocol.errors import DecodeError, InvalidInput
from astria_async.protocol.paging import Pager, PageRequest

pytestmark = pytest.mark.anyio


@attrs.define
class Shelf:
    """What a server keeps: ids, newest first; some are added each time it is asked."""

    ids: list[int]
    arrivals: list[int] = attrs.field(factory=list)
    asked: list[PageRequest] = attrs.field(factory=list)

    async def page(self, request: PageRequest) -> Sequence[int]:
        self.asked.append(request)
        newest = sorted(self.ids, reverse=True)
        below = [n for n in newest if request.before_id is None or n < request.before_id]
        start = request.offset or 0
        for _ in range(self.arrivals.pop() if self.arrivals else 0):
            self.ids.append(max(self.ids, default=0) + 1)
        return below[start : start + request.limit]


def pager(shelf: Shelf, **start: int) -> Pager[int]:
    """A pager over *shelf*."""
    return Pager(shelf.page, key=lambda n: n, start=PageRequest(**{"limit": 3, **start}))


def run(pager: Pager[int], limit: int | None = None) -> list[int]:
    """Everything that a pager gives; its fetches never really wait."""
    steps = pager.collect(limit=limit)
    with pytest.raises(StopIteration) as done:
        steps.send(None)
    found: list[int] = done.value.value
    return found


@given(
    st.sets(st.integers(1, 60)),
    st.integers(1, 7),
    st.lists(st.integers(0, 9), max_size=12),
)
def test_no_gap_and_no_repetition_while_objects_are_created(
    ids: set[int], limit: int, arrivals: list[int]
) -> None:
    """Everything that was there at the start is given once, newest first."""
    shelf = Shelf(sorted(ids), arrivals)

    found = run(pager(shelf, limit=limit))

    assert found == sorted(ids, reverse=True)


@given(st.sets(st.integers(1, 60)), st.integers(1, 7), st.integers(0, 70))
def test_offsets_reach_everything_that_stands_still(ids: set[int], limit: int, offset: int) -> None:
    """Paging by offset gives all but the first, where nothing is created meanwhile."""
    shelf = Shelf(sorted(ids))

    found = run(pager(shelf, limit=limit, offset=offset))

    assert found == sorted(ids, reverse=True)[offset:]


@given(st.sets(st.integers(1, 60)), st.integers(-2, 70))
def test_collecting_stops_at_its_limit(ids: set[int], limit: int) -> None:
    """At most so many are given, and no page is fetched that none of them is on."""
    shelf = Shelf(sorted(ids))

    found = run(pager(shelf), limit=limit)

    assert found == sorted(ids, reverse=True)[: max(0, limit)]
    assert limit > len(ids) or len(shelf.asked) == -(-max(0, limit) // 3)


async def test_only_an_empty_page_is_the_end() -> None:
    """A short page is probably the last, but only an empty one is documented as the end."""
    shelf = Shelf([1, 2, 3, 4])

    pages = [page async for page in pager(shelf).pages()]

    assert pages == [[4, 3, 2], [1]]
    assert [request.before_id for request in shelf.asked] == [None, 2, 1]


async def test_a_page_is_one_request() -> None:
    """page() is the first page alone."""
    shelf = Shelf([1, 2, 3, 4])

    page = await pager(shelf).page()

    assert (page, len(shelf.asked)) == ([4, 3, 2], 1)


async def test_each_loop_starts_afresh() -> None:
    """A pager can be read twice, and then sees what is new."""
    shelf = Shelf([1, 2])
    reader = pager(shelf)

    first = await reader.collect()
    shelf.ids.append(3)

    assert (first, await reader.collect()) == ([2, 1], [3, 2, 1])


async def test_a_loop_may_be_left_early() -> None:
    """A loop that is broken off asks for nothing more, and leaves nothing to be closed."""
    shelf = Shelf([1, 2, 3, 4])

    async for found in pager(shelf):
        if found == 3:
            break

    assert len(shelf.asked) == 1


async def test_a_loop_that_was_left_can_be_taken_up_again() -> None:
    """An iterator that is kept goes on where the loop was left."""
    items = aiter(pager(Shelf([1, 2, 3, 4])))

    first = await anext(items)

    assert (first, [item async for item in items]) == (4, [3, 2, 1])


async def test_a_finished_loop_stays_finished() -> None:
    """Pages end once, and go on ending."""
    pages = pager(Shelf([1])).pages()

    assert [page async for page in pages] == [[1]]
    assert [page async for page in pages] == []


async def test_a_server_that_ignores_before_id_is_noticed() -> None:
    """The same page again and again is an error rather than an endless loop."""

    async def stubborn(_: PageRequest) -> Sequence[int]:
        return [3, 2, 1]

    with pytest.raises(DecodeError, match="cannot be paged by id"):
        await Pager(stubborn, key=lambda n: n, start=PageRequest(limit=3)).collect()


@pytest.mark.parametrize(
    ("start", "parameter"),
    [
        ({"limit": 0}, "page_size"),
        ({"limit": 121}, "page_size"),
        ({"limit": 20, "offset": -1}, "offset"),
        ({"limit": 20, "offset": 0, "before_id": 7}, "offset"),
    ],
)
def test_impossible_pages_are_refused(start: dict[str, int], parameter: str) -> None:
    """A page is from 1 to 120 objects, by id or by offset."""
    with pytest.raises(InvalidInput) as caught:
        pager(Shelf([]), **start)

    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("request_", "query"),
    [
        (PageRequest(limit=20), [("limit", "20")]),
        (PageRequest(limit=20, before_id=7), [("limit", "20"), ("before_id", "7")]),
        (PageRequest(limit=20, offset=0), [("limit", "20"), ("offset", "0")]),
        (PageRequest(limit=20, before_id=7, offset=9), [("limit", "20"), ("offset", "9")]),
    ],
)
def test_an_id_and_an_offset_are_never_sent_together(
    request_: PageRequest, query: list[tuple[str, str]]
) -> None:
    """What the API does with both is unknown."""
    assert request_.query == query
