"""Which requests show a set of objects."""

from hypothesis import given
from hypothesis import strategies as st

from astria_async.protocol.paging import MAX_PAGE
from astria_async.waiting.plan import Look, not_shown, plan_looks

IDS = st.sets(st.integers(1, 5000), max_size=400)


def test_one_object_is_read_alone() -> None:
    """A page for one would carry a hundred others."""
    assert plan_looks("tune", {7}) == [Look(kind="tune", ids=(7,), page=False)]


def test_neighbours_share_a_page() -> None:
    """A page begins at the highest id wanted."""
    looks = plan_looks("prompt", range(1, 122))

    assert [(look.ids[0], len(look.ids), look.page) for look in looks] == [
        (121, MAX_PAGE, True),
        (1, 1, False),
    ]


def test_what_lies_below_a_page_is_beyond_it() -> None:
    """Other objects lie between: the next page shows it."""
    look = Look(kind="tune", ids=(9, 8, 2), page=True)

    assert not_shown(look, [9, 8, 7]) == ({2}, set())


def test_what_a_page_passes_over_is_absent() -> None:
    """It should have been there."""
    look = Look(kind="tune", ids=(9, 8, 2), page=True)

    assert not_shown(look, [9, 7, 2]) == (set(), {8})


def test_an_empty_page_is_the_end() -> None:
    """Nothing lies beyond it."""
    look = Look(kind="tune", ids=(9, 8), page=True)

    assert not_shown(look, []) == (set(), {9, 8})


def test_a_page_of_what_was_not_asked_for_leaves_all_absent() -> None:
    """A server that does not page by id would show the same page again and again."""
    look = Look(kind="tune", ids=(9, 8), page=True)

    assert not_shown(look, [30, 29]) == (set(), {9, 8})


@given(wanted=IDS, others=IDS, gone=IDS, size=st.integers(1, MAX_PAGE))
def test_looking_ends_and_finds_everything(
    wanted: set[int], others: set[int], gone: set[int], size: int
) -> None:
    """Whatever a server lists, and however short its pages, a request an object is the most."""
    listed = sorted((wanted | others) - gone, reverse=True)
    looks, seen, absent, requests = plan_looks("prompt", wanted), set(), set(), 0
    while looks:
        look = looks.pop()
        requests += 1
        if not look.page:
            seen |= set(look.ids)
            continue
        page = [number for number in listed if number <= look.ids[0]][:size]
        beyond, missing = not_shown(look, page)
        seen |= set(page) & wanted
        absent |= missing
        looks += plan_looks("prompt", beyond)

    assert seen | absent == wanted
    assert absent <= gone
    assert requests <= len(wanted)
