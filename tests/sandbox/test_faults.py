"""Faults on requests, callbacks and jobs."""

import json
import re
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import httpx
import pytest

from astria_async.sandbox import CallbackFault, Faults, JobFault, RequestFault

pytestmark = pytest.mark.anyio
HOOK = "https://hooks.example.com/astria"
Rigged = Callable[..., AbstractAsyncContextManager[Any]]


def kinds(rig: Any) -> list[str]:
    return [next(iter(reply.json())) for _, reply in rig.received]


@pytest.mark.parametrize(
    "fault",
    [
        {"on": "request", "kind": "slow", "path": 5},
        {"on": "request", "kind": "slow", "method": ["GET"]},
        {"on": "request", "kind": "slow", "seconds": "5"},
        {"on": "request", "kind": "slow", "seconds": 1e300},
        {"on": "request", "kind": "slow", "processed": "yes"},
        {"on": "request", "kind": "rate_limited", "retry_after": "soon"},
        {"on": "request", "kind": "html", "status": "502"},
        {"on": "request", "kind": "html", "status": 204},
        {"on": "request", "kind": "html", "status": 99},
        {"on": "request", "kind": "invalid", "message": {}},
        {"on": "request", "kind": "invalid", "times": 1.5},
        {"on": "callback", "kind": "drop", "match": 5},
        {"on": "callback", "kind": "drop", "subject": "tunes"},
        {"on": "callback", "kind": "delay", "seconds": None},
        {"on": "job", "kind": "tune", "reason": None},
        {"on": "job", "kind": ["tune"]},
        {"on": "job"},
        {"on": ["job"], "kind": "tune"},
    ],
    ids=str,
)
async def test_a_fault_that_could_not_be_played_is_refused(rig: Any, fault: Any) -> None:
    """A fault with a value of the wrong kind is a 422 that names it, and is not switched on."""
    answer = await rig.http.post("/_sandbox/faults", json={"fault": fault})

    assert answer.status_code == 422
    (message,) = answer.json()["fault"]
    assert re.match(r"'\w+' must be |missing 1 required .* 'kind'", message)
    assert await rig.get("/_sandbox/faults") == []


@pytest.mark.parametrize("kind", [RequestFault, CallbackFault, JobFault])
def test_a_fault_of_an_unknown_kind_is_refused(kind: Any) -> None:
    """A kind that there is not is refused when the fault is made, with those that there are."""
    with pytest.raises(ValueError, match="must be one of"):
        kind(kind="delayed")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (RequestFault(kind="invalid"), 422),
        (RequestFault(kind="rate_limited"), 429),
        (RequestFault(kind="server_error"), 500),
        (RequestFault(kind="gateway_timeout"), 504),
        (RequestFault(kind="html", status=503), 503),
    ],
)
async def test_refusing_fault_leaves_nothing_behind(
    rig: Any, fault: RequestFault, status: int
) -> None:
    """A request that a fault refuses is answered with its status and not carried out."""
    rig.sandbox.faults.add(fault)
    response = await rig.http.post("/tunes/1504944/prompts", json={"prompt": {"text": "x"}})
    rig.sandbox.faults.clear()

    assert response.status_code == status
    assert await rig.get("/prompts") == []


async def test_rate_limited_says_how_long_to_wait_only_if_told(rig: Any) -> None:
    """A 429 carries Retry-After when the fault has one, and no such header otherwise."""
    rig.sandbox.faults.add(RequestFault(kind="rate_limited", times=1, retry_after=3))
    rig.sandbox.faults.add(RequestFault(kind="rate_limited", times=1))

    first, second = [await rig.http.get("/tunes") for _ in range(2)]

    assert first.headers["retry-after"] == "3"
    assert "retry-after" not in second.headers


async def test_gateway_timeout_after_processing_leaves_the_object(rig: Any) -> None:
    """A 504 that was processed is an HTML page, and the tune is there."""
    rig.sandbox.faults.add(RequestFault(kind="gateway_timeout", processed=True, times=1))
    body = {"title": "Ada", "name": "woman", "image_urls": ["https://x.example.com/1.jpg"]}

    response = await rig.http.post("/tunes", json={"tune": body})

    assert (response.status_code, response.headers["content-type"][:9]) == (504, "text/html")
    assert [tune["title"] for tune in await rig.get("/tunes")] == ["Ada"]


async def test_slow_processing_finishes_after_the_504(rig: Any) -> None:
    """With seconds, the object appears that long after the 504, and not before."""
    fault = RequestFault(kind="gateway_timeout", processed=True, seconds=40, times=1)
    rig.sandbox.faults.add(fault)
    await rig.http.post("/tunes/1504944/prompts", json={"prompt": {"text": "x"}})
    await rig.sandbox.advance(39)
    before = await rig.get("/prompts")

    await rig.sandbox.advance(1)

    assert before == []
    assert len(await rig.get("/prompts")) == 1


async def test_slow_processing_of_a_bad_request_leaves_nothing(rig: Any) -> None:
    """A request that is invalid is a 504 too when the gateway gave up on it."""
    fault = RequestFault(kind="gateway_timeout", processed=True, seconds=40, times=1)
    rig.sandbox.faults.add(fault)

    response = await rig.http.post("/tunes/1504944/prompts", json={"prompt": {"steps": 99}})

    assert response.status_code == 504
    await rig.sandbox.advance(60)
    assert await rig.get("/prompts") == []


@pytest.mark.parametrize("processed", [False, True])
async def test_reset_is_a_read_error(rig: Any, processed: bool) -> None:
    """A cut connection shows as httpx shows one, whether the request was carried out or not."""
    rig.sandbox.faults.add(RequestFault(kind="reset", processed=processed, times=1))

    with pytest.raises(httpx.ReadError):
        await rig.http.post("/tunes/1504944/prompts", json={"prompt": {"text": "x"}})

    assert len(await rig.get("/prompts")) == processed


async def test_slow_answer_comes_with_the_clock(rig: Any) -> None:
    """A slow answer waits for its virtual seconds."""
    rig.sandbox.faults.add(RequestFault(kind="slow", seconds=5, times=1))
    answered = []

    async def ask() -> None:
        answered.append(await rig.status("/tunes"))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await anyio.wait_all_tasks_blocked()
        assert answered == []
        await rig.sandbox.advance(5)

    assert answered == [200]


async def test_slow_answer_runs_into_the_clients_timeout(rig: Any) -> None:
    """A client's own read timeout ends the wait for a slow answer, in real time."""
    rig.sandbox.faults.add(RequestFault(kind="slow", seconds=5, times=1))

    with pytest.raises(httpx.ReadTimeout):
        await rig.http.get("/tunes", timeout=0.01)


async def test_fault_fits_method_and_path(rig: Any) -> None:
    """A fault strikes only the requests that its method and pattern name."""
    rig.sandbox.faults.add(RequestFault(kind="server_error", method="get", path="/tunes/*"))

    assert await rig.status("/tunes/690204") == 500
    assert await rig.status("/tunes") == 200
    assert (await rig.http.delete("/tunes/1")).status_code == 404


async def test_files_are_spared_unless_named(rig: Any) -> None:
    """A fault for every path leaves downloads alone; one that names them does not."""
    rig.sandbox.faults.add(RequestFault(kind="server_error"))
    spared = await rig.status("/files/unknown")
    rig.sandbox.faults.add(RequestFault(kind="server_error", path="/files/*"))

    assert (spared, await rig.status("/files/unknown")) == (404, 500)


async def test_skip_and_times_bound_a_fault(rig: Any) -> None:
    """A fault passes over its first occasions, and ends after so many times."""
    number = rig.sandbox.faults.add(RequestFault(kind="server_error", skip=1, times=2))

    statuses = [await rig.status("/tunes") for _ in range(5)]

    assert statuses == [200, 500, 500, 200, 200]
    rig.sandbox.faults.remove(number)
    assert rig.sandbox.faults.active == []


def test_probability_repeats_with_the_seed() -> None:
    """A chance falls the same way for the same seed, and about as often as it says."""

    def strikes(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add(RequestFault(kind="reset", probability=0.25))
        return [faults.on_request("GET", "/tunes") is not None for _ in range(400)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 60 < sum(strikes(1)) < 140


async def test_requests_record_their_fault(rig: Any) -> None:
    """The record of a request tells which fault was played on it."""
    rig.sandbox.faults.add(RequestFault(kind="html", times=1))
    await rig.http.get("/tunes")

    assert [(r.fault, r.status) for r in rig.sandbox.requests] == [("html", 502)]


async def test_dropped_callback_is_recorded_and_not_sent(rig: Any) -> None:
    """A dropped callback leaves a record with no answer."""
    rig.sandbox.faults.add(CallbackFault(kind="drop"))
    await rig.trained(callback=HOOK)

    (delivery,) = rig.sandbox.deliveries

    assert (delivery.fault, delivery.sent_at, delivery.status) == ("drop", None, None)
    assert rig.received == []


async def test_delayed_callback_comes_later(rig: Any) -> None:
    """A delayed callback is sent so many seconds after its time."""
    rig.sandbox.faults.add(CallbackFault(kind="delay", seconds=3600))
    await rig.trained(callback=HOOK)
    before = len(rig.received)

    await rig.sandbox.advance(3600)

    assert (before, len(rig.received)) == (0, 1)
    assert rig.sandbox.deliveries[0].status == 204


async def test_duplicated_callback_comes_twice(rig: Any) -> None:
    """A duplicated callback is sent twice with the same body, and recorded twice."""
    rig.sandbox.faults.add(CallbackFault(kind="duplicate", subject="tune"))
    await rig.trained(callback=HOOK)

    (_, first), (_, second) = rig.received

    assert first.content == second.content
    assert [d.fault for d in rig.sandbox.deliveries] == ["duplicate", "duplicate"]


async def test_reordered_callback_comes_after_the_next(rig: Any) -> None:
    """A reordered callback of a tune is overtaken by that of its prompt."""
    rig.sandbox.faults.add(CallbackFault(kind="reorder", subject="tune", seconds=600))
    await rig.trained(callback=HOOK, prompts_attributes=[{"text": "x", "callback": HOOK}])

    assert kinds(rig) == ["prompt", "tune"]


async def test_reordered_callback_with_none_to_overtake_comes_by_itself(rig: Any) -> None:
    """With no other callback in sight, a reordered one is sent after its seconds, once."""
    rig.sandbox.faults.add(CallbackFault(kind="reorder", seconds=60))
    await rig.trained(callback=HOOK)
    await rig.sandbox.advance(60)

    assert kinds(rig) == ["tune"]


async def test_early_tune_callback_beats_the_answer(rig: Any) -> None:
    """An early callback arrives before the create's answer, which shows the tune as untrained."""
    rig.sandbox.faults.add(CallbackFault(kind="early", subject="tune"))

    tune = await rig.tune(callback=HOOK)

    assert (kinds(rig), tune["trained_at"]) == (["tune"], None)
    await rig.sandbox.advance(1300)
    assert kinds(rig) == ["tune"]


async def test_early_prompt_callback_needs_a_trained_tune(rig: Any) -> None:
    """A prompt is early only where it could run at all."""
    rig.sandbox.faults.add(CallbackFault(kind="early", subject="prompt"))
    tune = await rig.tune()
    await rig.prompt(tune["id"], callback=HOOK)
    waiting = kinds(rig)

    await rig.prompt(callback=HOOK)

    assert (waiting, kinds(rig)) == ([], ["prompt"])


async def test_truncated_callback_is_no_json(rig: Any) -> None:
    """A truncated body breaks off in the middle."""
    rig.sandbox.faults.add(CallbackFault(kind="truncate"))
    await rig.trained(callback=HOOK)

    with pytest.raises(json.JSONDecodeError):
        rig.received[0][1].json()


async def test_blank_callback_has_no_times(rig: Any) -> None:
    """A blank callback of a tune has null where the vendor's starter types null."""
    rig.sandbox.faults.add(CallbackFault(kind="blank"))
    await rig.trained(callback=HOOK)

    body = rig.received[0][1].json()["tune"]

    assert body["trained_at"] is body["started_training_at"] is body["expires_at"] is None
    assert body["created_at"] is not None


async def test_callback_fault_fits_url(rig: Any) -> None:
    """A callback fault strikes only the URLs that hold its text."""
    rig.sandbox.faults.add(CallbackFault(kind="drop", match="order=1"))
    await rig.trained(callback=f"{HOOK}?order=1")
    await rig.trained(callback=f"{HOOK}?order=2")

    assert [url for url, _ in rig.received] == [f"{HOOK}?order=2"]


async def test_job_fault_fails_by_title(rig: Any) -> None:
    """A tune whose title fits ends with user_error and failed_at, and without trained_at."""
    rig.sandbox.faults.add(JobFault(kind="tune", match="ada", reason="Too blurry"))

    failed, good = await rig.trained(), await rig.trained(title="Bob")

    assert (failed["user_error"], failed["trained_at"]) == ("Too blurry", None)
    assert failed["failed_at"] is not None
    assert good["failed_at"] is None


async def test_job_fault_fails_by_text(rig: Any) -> None:
    """A prompt whose text fits ends with user_error, without images and without cost."""
    rig.sandbox.faults.add(JobFault(kind="prompt", match="boat"))
    prompt = await rig.prompt(text="on a Boat")
    await rig.sandbox.advance(60)

    failed = await rig.get(f"/prompts/{prompt['id']}")

    assert failed["user_error"]
    assert (failed["images"], failed["cost_mc"]) == ([], 0)
    assert failed["trained_at"] is not None


async def test_job_fault_without_reason_hangs(rig: Any) -> None:
    """A job may also never end, and never say why."""
    rig.sandbox.faults.add(JobFault(kind="tune", reason=""))
    rig.sandbox.faults.add(JobFault(kind="prompt", reason=""))
    prompt = await rig.prompt()

    tune = await rig.trained()

    assert tune["started_training_at"] is not None
    assert tune["trained_at"] is tune["failed_at"] is tune["user_error"] is None
    assert (await rig.get(f"/prompts/{prompt['id']}"))["trained_at"] is None


async def test_failing_a_tune_by_hand_fails_its_prompts(rig: Any) -> None:
    """A tune that is failed by hand fails at once, with the prompts that wait for it."""
    tune = await rig.tune(prompts_attributes=[{"text": "x"}])

    rig.sandbox.fail_tune(tune["id"], "No face")

    assert (await rig.get(f"/tunes/{tune['id']}"))["user_error"] == "No face"
    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")
    assert "No face" in prompt["user_error"]
    with pytest.raises(ValueError, match="settled"):
        rig.sandbox.fail_tune(tune["id"], "again")


async def test_failing_a_prompt_by_hand(rig: Any) -> None:
    """A prompt that is failed by hand fails at once, and only once."""
    prompt = await rig.prompt()

    rig.sandbox.fail_prompt(prompt["id"], "Refused")

    assert (await rig.get(f"/prompts/{prompt['id']}"))["user_error"] == "Refused"
    with pytest.raises(ValueError, match="settled"):
        rig.sandbox.fail_prompt(prompt["id"], "again")


async def test_failures_call_back_only_if_told(rigged: Rigged) -> None:
    """Failed jobs are silent by default; a setting lets them call back."""
    async with rigged(failure_callbacks=True) as rig:
        tune = await rig.tune(callback=HOOK, prompts_attributes=[{"text": "x", "callback": HOOK}])
        rig.sandbox.fail_tune(tune["id"], "No face")
        await rig.sandbox.advance(1)

        assert sorted(kinds(rig)) == ["prompt", "tune"]
        assert rig.received[-1][1].json()["prompt"]["images"] == []
