"""Looking for the object of a create whose answer was lost."""

import datetime as dt
from collections.abc import Sequence
from typing import Any

import attrs
import pytest

from astria_async.protocol.errors import OutcomeUnknown
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.protocol.paging import Pager, PageRequest
from astria_async.waiting import Marks, Reconciler
from astria_async.waiting.reconcile import carried_wait

from .bench import START

pytestmark = pytest.mark.anyio

WAIT, OTHER = "w" * 22, "o" * 22


def url(wait: str, kind: str = "tune") -> str:
    """A callback URL with that wait id."""
    return f"https://hooks.example.com/astria?user=7&kind={kind}&wait={wait}&sig=x"


def minutes(number: float) -> dt.datetime:
    """So many minutes after the beginning."""
    return START + dt.timedelta(minutes=number)


def tune(number: int, title: str = "Ada", age: float = 0, **fields: Any) -> Tune:
    """A tune that was created *age* minutes before the beginning."""
    return Tune(id=number, title=title, created_at=minutes(-age), **fields)


def prompt(number: int, text: str = "a cat", age: float = 0, **fields: Any) -> Prompt:
    """A prompt on tune 5, likewise."""
    options = {"tune_id": 5, "created_at": minutes(-age)} | fields
    return Prompt(id=number, text=text, **options)


@attrs.define
class Listing:
    """A list of objects, newest first, in pages of two."""

    jobs: list[Job]
    pages: int = 0

    def __call__(self, _: Marks) -> Pager[Any]:
        """A pager through all of it."""
        return Pager(self._fetch, key=lambda job: job.id, start=PageRequest(limit=2))

    async def _fetch(self, page: PageRequest) -> Sequence[Job]:
        self.pages += 1
        ordered = sorted(self.jobs, key=lambda job: -job.id)
        below = [job for job in ordered if page.before_id is None or job.id < page.before_id]
        return below[: page.limit]


def reconciler(*jobs: Job) -> Reconciler:
    """Looks among *jobs*."""
    return Reconciler(Listing(list(jobs)))


async def test_the_wait_id_tells_one_object_from_all_others() -> None:
    """Whatever else is alike."""
    mine = tune(2, callback=url(WAIT))
    others = [tune(1, callback=url(OTHER)), tune(3, callback=url(OTHER)), tune(4)]
    marks = Marks(kind="tune", wait=WAIT, title="Ada", since=START)

    assert await reconciler(mine, *others).find(marks) is mine


async def test_an_object_with_another_wait_id_is_not_it() -> None:
    """Though its title is the same."""
    marks = Marks(kind="tune", wait=WAIT, title="Ada", since=START)

    assert await reconciler(tune(1, callback=url(OTHER))).find(marks) is None


async def test_lists_that_hide_callbacks_leave_the_title() -> None:
    """An object whose callback is not shown may be it, if it is the only one."""
    marks = Marks(kind="tune", wait=WAIT, title="Ada", since=START)

    assert await reconciler(tune(1)).find(marks) == tune(1)
    with pytest.raises(OutcomeUnknown):
        await reconciler(tune(1), tune(2)).find(marks)


async def test_an_object_from_long_before_is_not_it() -> None:
    """The search ends there, so that it costs a page or two."""
    listing = Listing([tune(number, age=100 - number) for number in range(1, 61)])
    marks = Marks(kind="tune", title="Ada", since=START)

    found = await Reconciler(listing).find(marks)

    assert found is None
    assert listing.pages == 1


async def test_an_object_that_was_there_before_is_not_it() -> None:
    """Ids go up: the search ends at one that was given before, however new that object is."""
    listing = Listing([tune(number, callback=url(OTHER)) for number in range(1, 61)])
    marks = Marks(kind="tune", wait=WAIT, since=START, above=59)

    found = await Reconciler(listing).find(marks)

    assert found is None
    assert listing.pages == 1


async def test_clocks_may_differ() -> None:
    """By minutes; where the wait id tells, by more."""
    late = tune(1, age=1.5)
    far = tune(1, age=20, callback=url(WAIT))

    assert await reconciler(late).find(Marks(kind="tune", title="Ada", since=START)) is late
    assert await reconciler(far).find(Marks(kind="tune", wait=WAIT, since=START)) is far


async def test_without_a_date_the_whole_list_is_searched() -> None:
    """An idempotency key may be from any time."""
    old = tune(1, age=60 * 24, callback=url(WAIT))
    newer = [tune(number) for number in range(2, 8)]

    assert await reconciler(old, *newer).find(Marks(kind="tune", wait=WAIT)) is old


async def test_an_object_without_a_date_is_looked_at() -> None:
    """It is not taken for an old one."""
    undated = attrs.evolve(tune(1), created_at=None)

    assert await reconciler(undated).find(Marks(kind="tune", title="Ada", since=START)) is undated


async def test_several_candidates_are_an_unknown_outcome() -> None:
    """The error names them."""
    marks = Marks(kind="prompt", text="a cat", tune_id=5, since=START)

    with pytest.raises(OutcomeUnknown) as caught:
        await reconciler(prompt(1), prompt(2), prompt(3, "a dog")).find(marks)

    assert caught.value.candidates == (2, 1)
    assert caught.value.sent == {"text": "a cat"}


async def test_a_title_of_ones_own_making_is_proof() -> None:
    """It is nobody else's."""
    marks = Marks(kind="tune", title="Ada", unique=True, since=START)

    assert await reconciler(tune(1), tune(2)).find(marks) == tune(2)


async def test_what_other_creates_made_is_not_it() -> None:
    """A create that was answered has its object already."""
    marks = Marks(kind="prompt", text="a cat", tune_id=5, since=START)

    found = await reconciler(prompt(1), prompt(2)).find(marks, others={2})

    assert found == prompt(1)


async def test_a_callback_of_ones_own_narrows_the_search() -> None:
    """An object with another one is not it."""
    mine = prompt(1, callback="https://my.example.com/1")
    other = prompt(2, callback="https://my.example.com/2")
    marks = Marks(
        kind="prompt", text="a cat", tune_id=5, since=START, callback="https://my.example.com/1"
    )

    assert await reconciler(mine, other).find(marks) is mine


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("a cat", "a cat"),
        ("  a   cat\n", "a cat"),
        ("a cat", "<lora:12:1> a cat"),
        ("<lora:12:1.0> a cat", "<lora:12:1.0> a cat"),
        ("a cat", "<lora:12:1><faceid:9:1> a cat"),
        ("a {{colour}} cat", "a black cat"),
        ("{{who}} with {{colour}} eyes, {{mood}}", "<lora:12:1> Ada with green eyes, merry"),
        ("a {{colour}} cat", "a  cat"),
    ],
)
async def test_a_text_is_known_again(sent: str, stored: str) -> None:
    """The server folds blanks, fills placeholders and puts tokens in front."""
    marks = Marks(kind="prompt", text=sent, tune_id=5, since=START)

    assert await reconciler(prompt(1, stored)).find(marks) is not None


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("cat", "black cat"),
        ("a cat", "a cat, smiling"),
        ("a cat", ""),
        ("a {{colour}} cat", "the black cat"),
        ("one {{x}} two {{y}} three", "one a three"),
        ("{{x}} aba {{y}} aba", "z aba"),
    ],
)
async def test_another_text_is_not_it(sent: str, stored: str) -> None:
    """Though it holds the same words."""
    marks = Marks(kind="prompt", text=sent, tune_id=5, since=START)

    assert await reconciler(prompt(1, stored)).find(marks) is None


async def test_a_prompt_of_another_tune_is_not_it() -> None:
    """Unless its text names the tune, as prompts on a LoRA do."""
    marks = Marks(kind="prompt", text="a cat", tune_id=5, since=START)
    elsewhere = prompt(1, tune_id=6)
    named = prompt(2, "<lora:5:1> a cat", tune_id=1504944)

    assert await reconciler(elsewhere, named).find(marks) is named


@pytest.mark.parametrize(
    ("marks", "findable"),
    [
        (Marks(kind="tune", title="Ada"), True),
        (Marks(kind="tune"), False),
        (Marks(kind="tune", wait=WAIT), True),
        (Marks(kind="prompt", text="a cat", tune_id=5), True),
        (Marks(kind="prompt", text="a cat"), False),
        (Marks(kind="prompt", tune_id=5), False),
        (Marks(kind="prompt", wait=WAIT), True),
    ],
)
def test_some_marks_tell_nothing(marks: Marks, *, findable: bool) -> None:
    """A prompt without a text, say: that it cannot be found proves nothing."""
    assert marks.findable is findable


@pytest.mark.parametrize(
    ("callback", "wait"),
    [
        (url(WAIT), WAIT),
        (url(WAIT, "prompt"), None),
        (None, None),
        ("https://hooks.example.com/", None),
        ("https://[", None),
        (f"https://hooks.example.com/?kind=tune&wait={WAIT}&wait={OTHER}", None),
    ],
)
def test_a_wait_id_is_read_without_its_signature(callback: str | None, wait: str | None) -> None:
    """Only who holds the account's key can have put it there; the secret may be another now."""
    assert carried_wait(tune(1, callback=callback)) == wait


async def test_many_are_found_in_one_go() -> None:
    """The list is read once, whatever their number."""
    listing = Listing([prompt(n, callback=url(f"{n:022}", "prompt")) for n in range(1, 9)])
    since = {f"{n:022}": START for n in (2, 5, 99)}

    found = await Reconciler(listing).find_all("prompt", since)

    assert {wait: job.id for wait, job in found.items()} == {f"{2:022}": 2, f"{5:022}": 5}
    assert listing.pages == 5


async def test_the_search_for_many_ends_with_the_last() -> None:
    """Or where the list is older than any of them."""
    listing = Listing([prompt(n, callback=url(f"{n:022}", "prompt")) for n in range(1, 9)])
    older = Listing([prompt(n, age=60 * n) for n in range(1, 9)])

    await Reconciler(listing).find_all("prompt", {f"{8:022}": START})
    await Reconciler(older).find_all("prompt", {WAIT: START})

    assert (listing.pages, older.pages) == (1, 1)


async def test_looking_for_nothing_asks_nothing() -> None:
    """An empty search costs no request."""
    listing = Listing([tune(1)])

    assert await Reconciler(listing).find_all("tune", {}) == {}
    assert listing.pages == 0
