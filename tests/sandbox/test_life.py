"""Corners of life: what is due may find its object gone, changed, or settled."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from astria_async.sandbox import CallbackFault, RequestFault

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
HOOK = "https://hooks.example.com/astria"
BAD = "data:image/gif;base64,é"
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


async def until(rig: Any, moment: str | None, seconds: float = 0) -> None:
    """Advance to *seconds* after a time that an answer shows."""
    assert moment is not None
    at = dt.datetime.fromisoformat(moment) + dt.timedelta(seconds=seconds)
    await rig.sandbox.advance((at - rig.sandbox.clock.now()).total_seconds())


async def finish(rig: Any, path: str) -> dict[str, Any]:
    """Advance event by event until the object is trained, and no further."""
    while (shown := await rig.get(path))["trained_at"] is None:
        await until(rig, rig.sandbox.world.next_due().at.isoformat())
    result: dict[str, Any] = shown
    return result


@pytest.mark.parametrize("kind", ["tunes", "prompts"])
async def test_object_deleted_before_its_callback(rig: Any, kind: str) -> None:
    """What is deleted between its end and its callback is not called back."""
    made = await (rig.tune if kind == "tunes" else rig.prompt)(callback=HOOK)
    await finish(rig, f"/{kind}/{made['id']}")
    await rig.http.delete(f"/{kind}/{made['id']}")

    await rig.sandbox.advance(60)

    assert rig.received == rig.sandbox.deliveries == []


async def test_run_reset_before_its_callback(rig: Any) -> None:
    """A run that is forgotten before its callback is not called back."""
    tune = await rig.tune(branch="fast", prompts_callback=HOOK, prompts_attributes=[{"text": "x"}])
    await finish(rig, f"/tunes/{tune['id']}")
    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")
    await finish(rig, f"/prompts/{prompt['id']}")
    rig.sandbox.world.orders.remove(prompt["order_id"])

    await rig.sandbox.advance(60)

    assert rig.received == []


async def test_job_failed_by_hand_does_not_end_again(rig: Any) -> None:
    """A job that was failed stays failed when its time comes, and is paid back once."""
    tune, prompt = await rig.tune(), await rig.prompt()
    await rig.sandbox.advance(9)
    rig.sandbox.fail_tune(tune["id"], "No face")
    rig.sandbox.fail_prompt(prompt["id"], "Refused")
    await rig.sandbox.advance(1300)

    assert (await rig.get(f"/tunes/{tune['id']}"))["trained_at"] is None
    assert (await rig.get(f"/prompts/{prompt['id']}"))["images"] == []
    assert [e.kind for e in rig.sandbox.ledger].count("refund") == 2


async def test_early_finish_leaves_its_schedule_behind(rig: Any) -> None:
    """A prompt that was early is not started or ended a second time."""
    rig.sandbox.faults.add(CallbackFault(kind="early"))
    prompt = await rig.prompt(callback=HOOK)
    first = await rig.get(f"/prompts/{prompt['id']}")

    await rig.sandbox.advance(60)

    assert await rig.get(f"/prompts/{prompt['id']}") == first
    assert len(rig.received) == 1


async def test_failing_tune_spares_prompts_that_are_done(rig: Any) -> None:
    """Only prompts that wait fail with a tune; it may fail before others that need it finish."""
    first, second = await rig.tune(), await rig.tune()
    text = f"<lora:{first['id']}:1> <lora:{second['id']}:1>"
    prompt = await rig.prompt(text=text)
    rig.sandbox.fail_prompt(prompt["id"], "Refused")

    rig.sandbox.fail_tune(first["id"], "No face")

    assert (await rig.get(f"/prompts/{prompt['id']}"))["user_error"] == "Refused"


async def test_trained_tune_leaves_settled_prompts_alone(rig: Any) -> None:
    """A prompt that failed while it waited is not started when its tune is ready."""
    tune = await rig.tune()
    prompt = await rig.prompt(tune["id"])
    rig.sandbox.fail_prompt(prompt["id"], "Refused")

    await rig.sandbox.advance(1300)

    assert (await rig.get(f"/prompts/{prompt['id']}"))["images"] == []


async def test_prompt_waits_for_all_its_tunes(rig: Any) -> None:
    """A prompt that names two tunes starts when the later is trained."""
    quick = await rig.tune(branch="fast")
    slow = await rig.tune()
    prompt = await rig.prompt(text=f"<lora:{quick['id']}:1> <lora:{slow['id']}:1>")
    await rig.sandbox.advance(60)
    waiting = await rig.get(f"/prompts/{prompt['id']}")

    await rig.sandbox.advance(1300)

    assert waiting["started_training_at"] is None
    assert (await rig.get(f"/prompts/{prompt['id']}"))["images"]


async def test_expiring_tune_leaves_what_another_keeps(rig: Any) -> None:
    """A prompt on two own tunes goes with the one that keeps it, not with the other."""
    first = await rig.trained(base_tune_id=1504944, model_type="lora", auto_extend=True)
    second = await rig.trained(base_tune_id=1504944, model_type="lora")
    prompt = await rig.prompt(text=f"<lora:{first['id']}:1> <lora:{second['id']}:1>")

    await rig.sandbox.advance(32 * 86_400)

    assert await rig.status(f"/tunes/{second['id']}") == 404
    assert await rig.status(f"/prompts/{prompt['id']}") == 200
    await rig.http.delete(f"/tunes/{first['id']}")
    await rig.sandbox.advance(60)
    assert await rig.status(f"/prompts/{prompt['id']}") == 404


async def test_running_prompt_outlives_its_deleted_lora(rig: Any) -> None:
    """A prompt that runs when its LoRA is deleted ends, and then expires by its own end."""
    tune = await rig.trained(base_tune_id=1504944, model_type="lora")
    prompt = await rig.prompt(text=f"<lora:{tune['id']}:1> x")
    await rig.sandbox.advance(9)
    await rig.http.delete(f"/tunes/{tune['id']}")
    await rig.sandbox.advance(60)
    done = await rig.get(f"/prompts/{prompt['id']}")

    await rig.sandbox.advance(30 * 86_400)

    assert done["images"]
    assert await rig.status(f"/prompts/{prompt['id']}") == 404


async def test_extended_by_hand_tune_survives_its_first_date(rig: Any) -> None:
    """An expiry that was moved on by hand is kept."""
    tune = await rig.trained()
    later = rig.sandbox.clock.now() + dt.timedelta(days=60)
    rig.sandbox.world.tunes.change(tune["id"], expires_at=later)

    await rig.sandbox.advance(40 * 86_400)

    assert await rig.status(f"/tunes/{tune['id']}") == 200


async def test_delivery_forgotten_while_it_waits(rig: Any) -> None:
    """A delayed callback whose record is gone is not sent."""
    rig.sandbox.faults.add(CallbackFault(kind="delay", seconds=600))
    await rig.prompt(callback=HOOK)
    await rig.sandbox.advance(60)
    rig.sandbox.world.deliveries.remove(rig.sandbox.deliveries[0].id)

    await rig.sandbox.advance(600)

    assert rig.received == []


async def test_delivery_forgotten_in_flight(rigged: Rigged) -> None:
    """A delivery whose record goes while it is sent harms nothing."""

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        rig.sandbox.world.deliveries.remove(rig.sandbox.deliveries[0].id)
        return 204

    async with rigged(deliver=deliver) as rig:
        await rig.prompt(callback=HOOK)
        await rig.sandbox.advance(60)

        assert rig.sandbox.deliveries == []


async def test_held_request_is_forgotten_by_a_reset(rig: Any) -> None:
    """A request that a gateway gave up on does not come back after a reset."""
    fault = RequestFault(kind="gateway_timeout", processed=True, seconds=60)
    rig.sandbox.faults.add(fault)
    await rig.http.post("/tunes/690204/prompts", json={"prompt": {"text": "x"}})
    await rig.sandbox.reset()

    await rig.sandbox.advance(120)

    assert await rig.get("/prompts") == []


@pytest.mark.parametrize("first", [GIF, BAD])
async def test_bad_second_file_gives_up_the_first(rig: Any, first: str) -> None:
    """A list of files of which one is wrong is given up as a whole."""
    before = len(rig.sandbox.world.files)
    nested = [{"text": "x", "input_image": first}, {"text": "y", "input_image": BAD}]
    body = {"title": "a", "name": "cat", "image_urls": [GIF], "prompts_attributes": nested}

    response = await rig.http.post("/tunes", json={"tune": body})

    assert (response.status_code, len(rig.sandbox.world.files)) == (422, before)


async def test_duplicate_that_cannot_be_paid_gives_up_its_copies(rig: Any) -> None:
    """Copies made for a duplicate go when it is refused."""
    original = await rig.prompt(input_image=GIF)
    before = len(rig.sandbox.world.files)
    rig.sandbox.update_account(balance_mc=0)

    response = await rig.http.post(f"/prompts/{original['id']}/duplicate")

    assert (response.status_code, len(rig.sandbox.world.files)) == (402, before)


async def test_original_that_expires_while_copied(rig: Any) -> None:
    """A stored input that is gone makes a duplicate impossible, not a crash."""
    original = await rig.prompt(input_image=GIF)
    key = rig.sandbox.world.prompts[original["id"]].inputs["input_image"]
    rig.sandbox.world.files.remove(key)

    response = await rig.http.post(f"/prompts/{original['id']}/duplicate")

    assert response.status_code == 404


async def test_order_of_sandboxes_numbers(rig: Any) -> None:
    """Ids grow, with gaps, in each kind of its own."""
    tunes = [(await rig.tune())["id"] for _ in range(5)]
    prompts = [(await rig.prompt())["id"] for _ in range(5)]

    assert tunes == sorted(set(tunes))
    assert tunes[-1] - tunes[0] > 4
    assert min(prompts) > max(tunes)


async def test_other_protocols_are_passed_on(rig: Any) -> None:
    """What is no HTTP request goes to the app as it is, such as a server's start and stop."""
    sent: list[str] = []
    messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    await rig.sandbox.app({"type": "lifespan", "asgi": {}, "state": {}}, receive, send)

    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def test_refusing_fault_on_a_client_that_is_gone(rig: Any) -> None:
    """A fault that would answer finds nobody, and answers nothing."""
    rig.sandbox.faults.add(RequestFault(kind="server_error"))

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/tunes", "query_string": b"", "headers": []}
    await rig.sandbox.app(scope, receive, send)

    assert sent == []


async def test_prompt_on_a_failed_tune_fails(rig: Any) -> None:
    """A prompt that is posted to a tune that could not be trained fails soon, and says why."""
    tune = await rig.tune()
    rig.sandbox.fail_tune(tune["id"], "No face")
    prompt = await rig.prompt(tune["id"])
    await rig.sandbox.advance(30)

    failed = await rig.get(f"/prompts/{prompt['id']}")

    assert failed["user_error"] == f"Model {tune['id']} could not be trained"


async def test_prompt_moves_to_own_workspaces_only(rig: Any) -> None:
    """A PATCH puts a prompt into a workspace of the account's, or back, and nowhere else."""
    made = (await rig.http.post("/workspaces", json={"workspace": {"title": "A"}})).json()
    prompt = await rig.prompt()

    async def move(workspace_id: int | None) -> Any:
        body = {"prompt": {"workspace_id": workspace_id}}
        return await rig.http.patch(f"/prompts/{prompt['id']}", json=body)

    assert (await move(made["id"])).json()["workspace_id"] == made["id"]
    assert (await move(99)).status_code == 422
    assert (await move(None)).json()["workspace_id"] is None
