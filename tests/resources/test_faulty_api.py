"""The main verbs over an API that fails, in every way that the sandbox knows."""

from pathlib import Path
from typing import Any

import pytest

from astria_async import DownloadFailed, OutcomeUnknown, RetryPolicy, ServerError, ValidationError
from astria_async.sandbox import CallbackFault, JobFault, RequestFault

from .studio import Studio, opened

pytestmark = pytest.mark.anyio

LOST: list[dict[str, Any]] = [
    {"kind": kind, "processed": processed}
    for kind in ("gateway_timeout", "reset", "html", "server_error")
    for processed in (True, False)
]


def posts(studio: Studio) -> int:
    """How many creates were sent."""
    return sum(method == "POST" for method, _ in studio.requests())


@pytest.mark.parametrize("fault", LOST)
@pytest.mark.parametrize("receiver", [True, False])
async def test_a_lost_create_makes_one_object(fault: dict[str, Any], *, receiver: bool) -> None:
    """Whether it was processed or not, and whatever tells the object from others."""
    async with opened(client={} if receiver else {"receiver": None}) as studio:
        studio.sandbox.faults.add(RequestFault(method="POST", times=1, **fault))

        tune = await studio.passing(studio.tune())

        assert [found.id async for found in studio.astria.tunes.list()] == [tune.id]
        assert posts(studio) == (1 if fault["processed"] else 2)


async def test_a_create_that_is_processed_late_makes_one_object(studio: Studio) -> None:
    """The gateway gave up, and the server went on for half a minute."""
    studio.sandbox.faults.add(
        RequestFault(kind="gateway_timeout", method="POST", processed=True, seconds=30, times=1)
    )

    prompt = await studio.passing(studio.prompt())

    assert [found.id async for found in studio.astria.prompts.list()] == [prompt.id]


async def test_looking_for_a_lost_create_costs_a_page(studio: Studio) -> None:
    """Though hundreds of objects are as new: what was there before it was sent cannot be it."""
    for number in range(300):
        await studio.prompt(f"a cat {number}")
    before = len(studio.requests())
    studio.sandbox.faults.add(RequestFault(kind="server_error", method="POST", times=1))

    await studio.passing(studio.prompt())

    assert [method for method, _ in studio.requests()[before:]] == ["POST", "GET", "POST"]


async def test_a_rate_limit_is_waited_out(studio: Studio) -> None:
    """429 was not processed."""
    studio.sandbox.faults.add(RequestFault(kind="rate_limited", retry_after=20, times=3))

    prompt = await studio.passing(studio.prompt())

    assert [found.id async for found in studio.astria.prompts.list()] == [prompt.id]


async def test_a_refusal_is_not_sent_again(studio: Studio) -> None:
    """422 is final."""
    studio.sandbox.faults.add(RequestFault(kind="invalid", method="POST"))

    with pytest.raises(ValidationError):
        await studio.passing(studio.prompt())

    assert posts(studio) == 1


async def test_an_idempotent_account_merges_what_is_sent_again() -> None:
    """After a minute, without a look."""
    async with opened(idempotent=True, client={"idempotent": True}) as studio:
        studio.sandbox.faults.add(
            RequestFault(kind="gateway_timeout", method="POST", processed=True, times=1)
        )

        prompt = await studio.passing(studio.prompt())

        assert [found.id async for found in studio.astria.prompts.list()] == [prompt.id]
        assert posts(studio) == 2


async def test_an_api_that_is_down_leaves_the_outcome_unknown() -> None:
    """Nothing is sent again blindly."""
    async with opened(client={"retry": RetryPolicy(attempts=1)}) as studio:
        studio.sandbox.faults.add(RequestFault(kind="reset"))

        with pytest.raises(OutcomeUnknown):
            await studio.passing(studio.prompt())

        assert posts(studio) == 1


async def test_reads_are_tried_again(studio: Studio) -> None:
    """They change nothing."""
    prompt = await studio.prompt()
    for kind in ("server_error", "gateway_timeout", "reset", "html"):
        studio.sandbox.faults.add(RequestFault(kind=kind, times=1))

    again = await studio.passing(prompt.refresh())

    assert again.id == prompt.id


async def test_tries_come_to_an_end(studio: Studio) -> None:
    """With the last error."""
    prompt = await studio.prompt()
    studio.sandbox.faults.add(RequestFault(kind="server_error"))

    with pytest.raises(ServerError):
        await studio.passing(prompt.refresh())


@pytest.mark.parametrize(
    "fault",
    [
        CallbackFault(kind="drop"),
        CallbackFault(kind="delay", seconds=1000),
        CallbackFault(kind="duplicate"),
        CallbackFault(kind="reorder"),
        CallbackFault(kind="early"),
        CallbackFault(kind="truncate"),
        CallbackFault(kind="blank"),
    ],
)
async def test_no_callback_decides_over_a_wait(studio: Studio, fault: CallbackFault) -> None:
    """Lost, late, twice, early or mangled: the object is waited for, and is as it is."""
    studio.sandbox.faults.add(fault)
    tune = await studio.tune(prompts=["a cat", "a dog"])

    ready = await studio.passing(tune.wait_ready())
    prompts = [await studio.passing(prompt.wait_ready()) async for prompt in tune.prompts.list()]

    assert ready.is_ready
    assert [len(prompt.images) for prompt in prompts] == [4, 4]


async def test_a_job_that_hangs_ends_by_its_deadline(studio: Studio) -> None:
    """Nothing at Astria ever tells."""
    studio.sandbox.faults.add(JobFault(kind="prompt", reason=""))
    prompt = await studio.prompt()

    with pytest.raises(TimeoutError, match="not ready by the deadline"):
        await studio.passing(prompt.wait_ready(timeout=600))


async def test_downloads_survive_a_bad_network(studio: Studio, tmp_path: Path) -> None:
    """Each file is tried several times."""
    prompt = await studio.generated(num_images=4)
    studio.sandbox.faults.add(RequestFault(kind="reset", path="/files/*", times=3))
    studio.sandbox.faults.add(RequestFault(kind="html", path="/files/*", times=3))

    paths = await studio.passing(prompt.download(tmp_path))

    assert len(paths) == 4


async def test_downloads_end_where_nothing_comes(studio: Studio, tmp_path: Path) -> None:
    """And leave no partial file."""
    prompt = await studio.generated(num_images=2)
    studio.sandbox.faults.add(RequestFault(kind="reset", path="/files/*"))

    with pytest.raises(DownloadFailed):
        await studio.passing(prompt.download(tmp_path))

    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a moment
