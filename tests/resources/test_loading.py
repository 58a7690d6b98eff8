"""From a callback to the object that it is about."""

import json
from typing import Any

import attrs
import pytest
from scripted import Step, answer

from astria_async.protocol.addresses import Kind
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.codec import structure
from astria_async.protocol.errors import Deleted, NotFound, ServerError
from astria_async.protocol.models import Job, Prompt, Tune
from astria_async.resources.loading import Loader, outcome

from .shop import Shop

pytestmark = pytest.mark.anyio

DONE = "2025-03-04T10:29:41.201Z"
IMAGES = ["https://files.example.com/1"]


@attrs.define(eq=False)
class Case:
    """An object of a client with a receiver, and the callbacks that may come for it."""

    shop: Shop
    job: Job
    wait: str

    @property
    def raw(self) -> dict[str, Any]:
        """The object as the server has it."""
        return self.shop.api.objects[self.job.kind][self.job.id - 1]

    def callback(self, *ids: int, kind: Kind | None = None, wait: str = "") -> Callback:
        """A callback whose body is about these."""
        kind = kind or self.job.kind
        inner = "prompt" if kind == "pack" else kind
        body = json.dumps([{inner: {"id": found}} for found in ids]).encode()
        now = self.shop.clock.now()
        return Callback(kind=kind, wait=wait or self.wait, body=body, received_at=now)

    async def load(self, *ids: int, **options: Any) -> Any:
        """What a handler would get."""
        return await Loader(self.shop.core).load(self.callback(*ids, **options))


@pytest.fixture(params=["tune", "prompt"])
async def case(request: pytest.FixtureRequest, called: Shop) -> Case:
    """A tune or a prompt, created with a callback."""
    job = await getattr(called, request.param)()
    return Case(called, job, called.core.wait_of(job) or "")


async def test_the_object_of_the_body_is_loaded(case: Case) -> None:
    """Fresh from the API, once it has ended."""
    case.raw.update(trained_at=DONE, images=IMAGES)

    found = await case.load(case.job.id)

    assert found.id == case.job.id
    assert found.is_ready


async def test_a_job_that_failed_is_loaded_too(case: Case) -> None:
    """Handlers hear of it."""
    case.raw.update(user_error="Refused")

    assert (await case.load(case.job.id)).failure == "Refused"


async def test_what_has_not_ended_is_not_loaded_yet(case: Case) -> None:
    """The callback may be early."""
    assert await case.load(case.job.id) is None


@pytest.mark.parametrize("body", [b"", b"{", b"[1]", b'{"prompt": {"id": "x"}}'])
async def test_a_body_that_names_nothing_is_searched_for(case: Case, body: bytes) -> None:
    """A valid signature says that something happened to the object with this wait id."""
    case.raw.update(trained_at=DONE, images=IMAGES)
    callback = attrs.evolve(case.callback(), body=body)

    found = await Loader(case.shop.core).load(callback)

    assert isinstance(found, Job)
    assert found.id == case.job.id


async def test_a_body_that_names_another_object_is_not_believed(case: Case) -> None:
    """The one that carries the wait id is the one."""
    other = await getattr(case.shop, case.job.kind)()
    case.shop.api.objects[other.kind][other.id - 1].update(trained_at=DONE, images=IMAGES)
    case.raw.update(trained_at=DONE, images=IMAGES)

    assert (await case.load(other.id, 99)).id == case.job.id


async def test_an_object_that_nobody_has_is_looked_for_for_an_hour(case: Case) -> None:
    """Lists may lag behind; after that it counts as gone."""
    stranger = "s" * 22
    callback = case.callback(wait=stranger)
    early = await Loader(case.shop.core).load(callback)
    case.shop.clock.advance(3601)

    with pytest.raises(Deleted, match="wait id"):
        await Loader(case.shop.core).load(callback)

    assert early is None


async def test_a_prompt_that_ended_empty_is_not_loaded_yet(called: Shop) -> None:
    """Its images may lag behind."""
    prompt = await called.prompt()
    case = Case(called, prompt, called.core.wait_of(prompt) or "")
    case.raw.update(trained_at=DONE, images=[])

    assert await case.load(prompt.id) is None


async def test_a_run_is_loaded_when_all_of_it_has_ended(called: Shop) -> None:
    """As the list of its prompts."""
    prompts = [await called.prompt() for _ in range(2)]
    case = Case(called, prompts[0], "r" * 22)
    case.raw.update(trained_at=DONE, images=IMAGES)
    half = await case.load(1, 2, kind="pack")

    called.api.objects["prompt"][1].update(user_error="Refused")
    whole = await case.load(1, 2, kind="pack")

    assert half is None
    assert [prompt.id for prompt in whole] == [1, 2]


async def test_a_run_that_names_no_prompt_is_not_loaded(called: Shop) -> None:
    """There is nothing to hand to a handler."""
    case = Case(called, await called.prompt(), "r" * 22)

    assert await case.load(kind="pack") is None


async def test_errors_come_through(case: Case) -> None:
    """Whoever runs handlers decides when to try again."""
    case.shop.api.reads = [Step(answer(500, {"error": "oops"}))]

    with pytest.raises(ServerError):
        await case.load(case.job.id)


async def test_a_prompt_of_a_run_that_is_gone_is_not_found(called: Shop) -> None:
    """It was deleted meanwhile."""
    case = Case(called, await called.prompt(), "r" * 22)

    with pytest.raises(NotFound):
        await case.load(99, kind="pack")


def test_an_outcome_is_marked_by_what_happened() -> None:
    """A repeated callback gives the same mark, a later success another one."""
    failed = structure(Tune, {"id": 1, "failed_at": DONE, "user_error": "No"})
    ready = structure(Tune, {"id": 1, "failed_at": DONE, "trained_at": "2025-03-05T00:00:00Z"})
    refused = structure(Prompt, {"id": 2, "user_error": "No"})

    marks = [outcome(failed), outcome(ready), outcome([ready, refused])]

    assert marks == [
        "tune:1:failed:2025-03-04T10:29:41.201000+00:00",
        "tune:1:ready:2025-03-05T00:00:00+00:00",
        "tune:1:ready:2025-03-05T00:00:00+00:00;prompt:2:failed:-",
    ]
