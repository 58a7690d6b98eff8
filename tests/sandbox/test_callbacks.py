"""Callbacks: when they are sent, what they hold, and how they are recorded."""

import socket
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
HOOK = "https://hooks.example.com/astria"
TUNE_KEYS = {
    "id", "title", "name", "steps", "trained_at", "started_training_at", "created_at",
    "updated_at", "expires_at",
}  # fmt: skip
PROMPT_KEYS = {
    "id", "text", "negative_prompt", "steps", "tune_id", "trained_at", "started_training_at",
    "created_at", "updated_at", "images",
}  # fmt: skip


async def test_tune_and_prompt_call_back_wrapped(rig: Any) -> None:
    """Bodies are wrapped in the singular name and reduced; the tune's comes before its prompts'."""
    await rig.trained(callback=HOOK, prompts_attributes=[{"text": "x", "callback": HOOK}])

    tune, prompt = [reply.json() for _, reply in rig.received]

    assert (tune.keys(), tune["tune"].keys()) == ({"tune"}, TUNE_KEYS)
    assert (prompt.keys(), prompt["prompt"].keys()) == ({"prompt"}, PROMPT_KEYS)
    assert tune["tune"]["trained_at"]
    assert len(prompt["prompt"]["images"]) == 4


@pytest.mark.parametrize("shape", ["bare", "array"])
async def test_other_shapes(rigged: Rigged, shape: str) -> None:
    """The whole object may be sent bare, or in a list."""
    async with rigged(callback_shape=shape) as rig:
        shown = await rig.trained(callback=HOOK)
        body = rig.received[0][1].json()

        sent = body[0] if shape == "array" else body

        assert (sent["id"], sent["orig_images"]) == (shown["id"], shown["orig_images"])


async def test_run_calls_back_once_with_all_its_prompts(rig: Any) -> None:
    """A prompts_callback comes once, when the last prompt is done, as a bare list."""
    await rig.trained(prompts_callback=HOOK, prompts_attributes=[{"text": "a"}, {"text": "b"}])
    await rig.sandbox.advance(60)

    ((url, reply),) = rig.received

    assert url == HOOK
    assert [prompt["text"] for prompt in reply.json()] == ["a", "b"]
    assert rig.sandbox.deliveries[0].kind == "prompts"


async def test_run_counts_deleted_and_failed_prompts_as_done(rig: Any) -> None:
    """A run's callback does not wait for prompts that are gone or have failed."""
    tune = await rig.tune(
        prompts_callback=HOOK,
        base_tune_id=1504944,
        model_type="lora",
        prompts_attributes=[{"text": "a"}, {"text": "b"}],
    )
    first, second = await rig.get(f"/tunes/{tune['id']}/prompts")
    rig.sandbox.fail_prompt(first["id"], "Refused")
    await rig.http.delete(f"/prompts/{second['id']}")
    await rig.sandbox.advance(5)

    assert [p["images"] for p in rig.received[0][1].json()] == [[]]


async def test_url_is_kept_byte_for_byte(rig: Any) -> None:
    """The query string goes out as it was registered."""
    url = f"{HOOK}?b=2&a=%7B%22x%22%3A1%7D&sig=a-_~.&empty=&a=+"

    await rig.trained(callback=url)

    assert [received for received, _ in rig.received] == [url]


async def test_delivery_is_recorded(rig: Any) -> None:
    """Each callback leaves a record with its body, times and answer."""
    tune = await rig.trained(callback=HOOK)

    (delivery,) = rig.sandbox.deliveries

    assert (delivery.kind, delivery.object_id, delivery.status) == ("tune", tune["id"], 204)
    assert delivery.ok
    assert delivery.body == rig.received[0][1].text
    assert delivery.due_at <= delivery.sent_at <= delivery.answered_at


async def test_replay_sends_again(rig: Any) -> None:
    """A replay sends the same body once more and is recorded as one."""
    await rig.trained(callback=HOOK)
    (first,) = rig.sandbox.deliveries

    again = await rig.sandbox.replay(first)

    assert (again.replay_of, again.status, again.body) == (first.id, 204, first.body)
    assert len(rig.received) == 2


@pytest.mark.parametrize("status", [401, 500, 302])
async def test_callback_is_sent_once_whatever_the_answer(rigged: Rigged, status: int) -> None:
    """An error or a redirect is recorded; nothing is sent a second time."""
    hits: list[str] = []

    async def hook(request: Request) -> Response:
        hits.append(str(request.url))
        if status == 302:
            return RedirectResponse(f"{HOOK}/elsewhere", status)
        return Response("no", status)

    async with rigged(deliver=None) as rig:
        rig.sandbox.mount(HOOK, Starlette(routes=[Route("/{x:path}", hook, methods=["POST"])]))
        await rig.trained(callback=f"{HOOK}?x=1")
        await rig.sandbox.advance(86_400)

        (delivery,) = rig.sandbox.deliveries
        assert (delivery.status, delivery.ok, hits) == (status, False, [f"{HOOK}?x=1"])


async def test_mounted_app_that_breaks_is_a_failed_delivery(rigged: Rigged) -> None:
    """A receiver that raises is recorded as one that broke off, and harms nothing."""

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("ouch")

    async with rigged(deliver=None) as rig:
        rig.sandbox.mount(HOOK, broken)
        await rig.trained(callback=HOOK)
        rig.sandbox.unmount(HOOK)

        assert "ouch" in rig.sandbox.deliveries[0].error


async def test_unreachable_receiver_is_recorded(rigged: Rigged) -> None:
    """A callback to a port where nobody listens ends with a reason."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    async with rigged(deliver=None) as rig:
        await rig.trained(callback=f"http://127.0.0.1:{port}/x")

        (delivery,) = rig.sandbox.deliveries
        assert delivery.status is None
        assert "ConnectError" in delivery.error


async def test_silent_receiver_is_given_up(rigged: Rigged) -> None:
    """A receiver that does not answer in time is given up, in real seconds."""

    async def silent(scope: Any, receive: Any, send: Any) -> None:
        await anyio.sleep_forever()

    async with rigged(deliver=None, callback_timeout=0.01) as rig:
        rig.sandbox.mount(HOOK, silent)
        await rig.trained(callback=HOOK)

        assert rig.sandbox.deliveries[0].error == "no answer within 0.01 s"


async def test_long_answers_are_cut(rigged: Rigged) -> None:
    """Of a receiver's answer the beginning is kept."""

    async def hook(request: Request) -> Response:
        return Response("x" * 5000)

    async with rigged(deliver=None) as rig:
        rig.sandbox.mount(HOOK, Starlette(routes=[Route("/astria", hook, methods=["POST"])]))
        await rig.trained(callback=HOOK)

        assert len(rig.sandbox.deliveries[0].response) == 2048


async def test_own_sender_may_fail(rigged: Rigged) -> None:
    """A deliver function that raises OSError is a receiver that was not reached."""

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        raise ConnectionRefusedError("nobody there")

    async with rigged(deliver=deliver) as rig:
        await rig.trained(callback=HOOK)

        assert rig.sandbox.deliveries[0].error == "nobody there"


async def test_receiver_may_create_while_it_answers(rigged: Rigged) -> None:
    """What a receiver starts in answer to a callback happens within the same advance."""

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        if not made:
            made.append(await rig.prompt(callback=HOOK))
        return 204

    made: list[Any] = []
    async with rigged(deliver=deliver) as rig:
        await rig.trained(callback=HOOK)

        assert [d.kind for d in rig.sandbox.deliveries] == ["tune", "prompt"]


async def test_deliveries_are_concurrent(rigged: Rigged) -> None:
    """A slow receiver does not hold up others."""
    waiting, go = 0, anyio.Event()

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        nonlocal waiting
        waiting += 1
        if waiting == 5:
            go.set()
        with anyio.fail_after(5):
            await go.wait()
        return 204

    async with rigged(deliver=deliver) as rig:
        for _ in range(5):
            await rig.prompt(callback=HOOK)
        rig.sandbox.clock.advance(60)
        await anyio.wait_all_tasks_blocked()
        await rig.sandbox.settle()

        assert [d.status for d in rig.sandbox.deliveries] == [204] * 5


async def test_images_are_fetched_from_private_hosts_only(rigged: Rigged) -> None:
    """Image URLs on mounted or private hosts are downloaded; public ones get a stand-in."""

    async def photo(request: Request) -> Response:
        return Response(b"GIF89a", media_type="image/gif")

    async with rigged() as rig:
        app = Starlette(routes=[Route("/a.gif", photo)])
        rig.sandbox.mount("https://photos.example.com", app)
        urls = ["https://photos.example.com/a.gif", "https://elsewhere.example.com/b.jpg"]
        tune = await rig.tune(image_urls=urls)

        first, second = [await rig.http.get(url) for url in tune["orig_images"]]

        assert first.content == b"GIF89a"
        assert second.headers["content-type"] == "image/jpeg"


@pytest.mark.parametrize(
    ("path", "reason"),
    [("missing.jpg", "status 404"), ("huge.jpg", "too large"), ("slow.jpg", "TimeoutError")],
)
async def test_images_that_cannot_be_fetched(rigged: Rigged, path: str, reason: str) -> None:
    """An image that a reachable host does not give is a 422 that says why."""

    async def photo(request: Request) -> Response:
        if request.url.path == "/slow.jpg":
            await anyio.sleep_forever()
        return Response(b"x" * 200)

    async with rigged(max_upload=100, callback_timeout=0.05) as rig:
        routes = [Route("/huge.jpg", photo), Route("/slow.jpg", photo)]
        rig.sandbox.mount("https://photos.example.com", Starlette(routes=routes))
        body = {"title": "a", "name": "b", "image_urls": [f"https://photos.example.com/{path}"]}

        response = await rig.http.post("/tunes", json={"tune": body})

        assert response.status_code == 422
        assert reason in response.json()["images"][0]
