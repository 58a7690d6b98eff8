"""What is to be looked at, a request's worth at a time."""

from collections.abc import Callable

from astria_async.protocol.models import Prompt, Tune
from astria_async.waiting.entries import Entry
from astria_async.waiting.piles import Pile

PAGE = 120


def entry(number: int, *, due: float = 0.0, alone: bool = False) -> Entry:
    return Entry(Prompt(id=number), due=due, alone=alone)


def everything(_: Entry) -> bool:
    return True


def taken(pile: Pile, stands: Callable[[Entry], bool] = everything) -> list[list[int]]:
    """The ids of each request, until there is none."""
    looks = []
    while (found := pile.take(stands)) is not None:
        assert list(found[0].ids) == [it.last.id for it in found[1]]
        looks.append(list(found[0].ids))
    return looks


def test_a_page_shows_many() -> None:
    """Each request takes a page of ids, the highest first."""
    pile = Pile()
    for number in range(1, 2 * PAGE + 2):
        pile.add(entry(number))

    assert sorted(map(len, taken(pile))) == [1, PAGE, PAGE]


def test_due_longest_comes_first() -> None:
    """Kinds are apart, and the one that waits longest goes first."""
    pile = Pile()
    pile.add(entry(1, due=5.0))
    pile.add(Entry(Tune(id=2), due=1.0))

    assert taken(pile) == [[2], [1]]


def test_what_lists_do_not_show_is_alone() -> None:
    """It gets a request of its own."""
    pile = Pile()
    for number in (1, 2, 3):
        pile.add(entry(number, alone=number == 2))

    assert taken(pile) == [[2], [3, 1]]


def test_what_no_longer_stands_is_dropped() -> None:
    """Also what stopped to stand after it was planned; one that is left is read by itself."""
    pile, gone = Pile(), {1}
    for number in (1, 2, 3):
        pile.add(entry(number))
    pile.take(lambda _: False)
    for number in (1, 2, 3):
        pile.add(entry(number))

    found = pile.take(lambda it: it.last.id not in gone)

    assert found is not None
    assert (found[0].ids, found[0].page) == ((3, 2), True)
    assert not pile


def test_newcomers_wait_for_the_plan() -> None:
    """What comes while a plan is worked off is planned after it."""
    pile = Pile()
    for number in range(1, PAGE + 2):
        pile.add(entry(number))
    pile.take(everything)

    pile.add(entry(1000))

    assert taken(pile) == [[1], [1000]]


def test_planning_does_not_grow_with_requests() -> None:
    """Each entry is looked at twice at most, however many requests it takes to see them all."""
    pile, asked = Pile(), 0
    for number in range(10_000):
        pile.add(entry(number))

    def stands(_: Entry) -> bool:
        nonlocal asked
        asked += 1
        return True

    assert len(taken(pile, stands)) == 84
    assert asked == 20_000
