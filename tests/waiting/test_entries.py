"""The bell and the agenda that waiting is made of."""

import anyio
import attrs
import pytest
from anyio.lowlevel import checkpoint
from hypothesis import given
from hypothesis import strategies as st

from astria_async.waiting.entries import LITTER, Agenda, Doorbell

pytestmark = pytest.mark.anyio


async def test_a_ring_wakes_who_waits() -> None:
    """The wait ends with the ring."""
    bell = Doorbell()
    async with anyio.create_task_group() as group:
        group.start_soon(bell.wait)
        await checkpoint()

        bell.ring()


async def test_a_ring_while_nobody_waits_is_kept() -> None:
    """The next wait ends at once, and the one after it does not."""
    bell = Doorbell()
    bell.ring()

    await bell.wait()

    with anyio.move_on_after(0) as scope:
        await bell.wait()
    assert scope.cancelled_caught


async def test_a_cancelled_wait_loses_no_ring() -> None:
    """A ring that came as the waiter was cancelled is there for the next one."""
    bell = Doorbell()
    with anyio.CancelScope() as scope:
        bell.ring()
        scope.cancel()
        await bell.wait()

    await bell.wait()

    assert scope.cancelled_caught


@attrs.define(eq=False)
class Thing:
    """Something to do, at the time ``at`` only."""

    at: float


def agenda() -> Agenda[Thing]:
    """An agenda of things."""
    return Agenda(lambda when, thing: thing.at == when)


def test_things_come_in_the_order_of_time() -> None:
    """Those that are due, and those alone."""
    plan = agenda()
    for at in (3.0, 1.0, 2.0):
        plan.add(at, Thing(at))

    assert [thing.at for thing in plan.due(2.0)] == [1.0, 2.0]
    assert plan.next() == 3.0


def test_what_was_put_off_is_passed_over() -> None:
    """An item stands for one time only."""
    plan, thing = agenda(), Thing(1.0)
    plan.add(1.0, thing)
    thing.at = 5.0
    plan.add(5.0, thing)

    assert list(plan.due(2.0)) == []
    assert plan.next() == 5.0


def test_an_empty_agenda_has_no_next() -> None:
    """Nor one on which nothing stands."""
    plan, thing = agenda(), Thing(1.0)
    plan.add(1.0, thing)
    thing.at = -1.0

    assert plan.next() is None


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=300), st.data())
def test_what_no_longer_stands_does_not_pile_up(times: list[float], data: st.DataObject) -> None:
    """An agenda holds at most as many dead items as living ones, and a few, and loses no other."""
    plan = agenda()
    things = [Thing(at) for at in times]
    for thing in things:
        plan.add(thing.at, thing)
    dead = data.draw(st.sets(st.sampled_from(range(len(things)))))

    for number in dead:
        things[number].at = -1.0
        plan.drop()

    alive = sorted(thing.at for thing in things if thing.at >= 0)
    assert len(plan) <= 2 * len(alive) + LITTER + 1
    assert [thing.at for thing in plan.due(1000.0)] == alive
