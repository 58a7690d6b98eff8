"""What every resource stands on."""

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from scripted import START, Step, answer

from astria_async.protocol.errors import (
    ClientClosed,
    DecodeError,
    InvalidInput,
    ServerError,
    WaitTimeout,
)
from astria_async.protocol.params import TuneFilters
from astria_async.resources.core import first_page, first_words

from .shop import Shop

pytestmark = pytest.mark.anyio

TOKYO = dt.timezone(dt.timedelta(hours=9))


@pytest.mark.parametrize(
    ("timeout", "deadline", "seconds"),
    [
        (None, None, None),
        (5.0, None, 5.0),
        (None, START + dt.timedelta(seconds=90), 90.0),
        (None, START - dt.timedelta(days=1), 0.0),
        (
            None,
            (START + dt.timedelta(hours=1)).astimezone(dt.timezone(dt.timedelta(hours=9))),
            3600,
        ),
    ],
)
def test_a_deadline_is_a_timeout_from_now(
    shop: Shop, timeout: float | None, deadline: dt.datetime | None, seconds: float | None
) -> None:
    """One that has passed is none at all; time zones do not matter."""
    assert shop.core.seconds(timeout, deadline) == seconds


@pytest.mark.parametrize(
    ("timeout", "deadline", "problem"),
    [(5.0, START, "not both"), (None, START.replace(tzinfo=None), "time zone")],
)
def test_an_ambiguous_deadline_is_refused(
    shop: Shop, timeout: float | None, deadline: dt.datetime, problem: str
) -> None:
    """Two bounds, or a time that is another one elsewhere."""
    with pytest.raises(InvalidInput, match=problem):
        shop.core.seconds(timeout, deadline)


async def test_a_deadline_is_refused_for_what_is_ready_too(shop: Shop) -> None:
    """A mistake is one, whatever the object's state."""
    tune = await shop.tune()

    with pytest.raises(InvalidInput):
        await tune.wait_ready(timeout=1, deadline=START)


async def test_a_closed_client_sends_nothing(shop: Shop) -> None:
    """The error names what was to be sent."""
    tune = await shop.tune()
    shop.core.is_open = False

    with pytest.raises(ClientClosed, match=r"GET /tunes/1"):
        await tune.refresh()


async def test_a_page_leaves_out_what_it_cannot_read(
    shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody else's odd object does not hide the others."""
    for odd in ({}, {"title": 5}, {}):
        shop.api.put("tune", **odd)

    found = await shop.core.page("tune", 10)

    assert [tune.id for tune in found] == [3, 1]
    assert any("object.unreadable" in it for it in caplog.messages)


async def test_a_page_that_is_no_list_is_an_error(shop: Shop) -> None:
    """Nothing can be told from it."""
    shop.api.reads = [Step(answer(200, {"tunes": []}))]

    with pytest.raises(DecodeError, match="list of tunes"):
        await shop.core.page("tune", 10)


@pytest.mark.parametrize("read", ["one", "page"])
async def test_a_look_is_one_try(shop: Shop, read: str) -> None:
    """Whoever waits paces the tries."""
    shop.api.reads = [Step(answer(500, {"error": "oops"}))]

    with pytest.raises(ServerError):
        await getattr(shop.core, read)("tune", 1)

    assert len(shop.api.calls) == 1


async def test_a_wait_id_is_ours_only_with_a_receiver(shop: Shop, called: Shop) -> None:
    """Without one, and for callbacks of others, objects are polled."""
    mine, foreign = await called.tune(), await called.tune(callback="https://my.example.com/")

    assert len(called.core.wait_of(mine) or "") == 22
    assert called.core.wait_of(foreign) is None
    assert shop.core.wait_of(mine) is None


async def test_without_a_lookout_a_wait_ends_all_the_same(shop: Shop) -> None:
    """A client that is being closed ends its waits."""
    tune = await shop.tune()
    shop.core.waits.close()

    with pytest.raises(ClientClosed):
        await tune.wait_ready()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a cat", "a cat"),
        ("  a cat \nin a hat", "a cat"),
        ("a {{colour}} cat", "a"),
        ("{{colour}}", ""),
        ("", ""),
        ("x" * 500, "x" * 200),
    ],
)
def test_a_text_is_searched_by_its_first_words(text: str, words: str) -> None:
    """What the server surely keeps, and what a URL has room for."""
    assert first_words(text) == words


def test_a_list_begins_where_it_is_told() -> None:
    """By id or by offset."""
    page = first_page(TuneFilters(page_size=5, before_id=7))

    assert page.query == [("limit", "5"), ("before_id", "7")]


async def test_an_error_pickles_with_its_object(shop: Shop, tmp_path: Path) -> None:
    """A timeout carries the object as last seen, which reaches no client any more."""
    import pickle

    tune = await shop.tune()
    error: Any = pickle.loads(pickle.dumps(WaitTimeout("late", object=tune)))

    assert error.object == tune
    with pytest.raises(ClientClosed):
        await error.object.download_checkpoint(tmp_path)
