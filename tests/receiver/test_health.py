"""What GET tells."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from astria_async.receiver import Receiver
from astria_async.sandbox.clock import VirtualClock

pytestmark = pytest.mark.anyio


async def test_healthy(receiver: Receiver, request_app: Callable[..., Any]) -> None:
    """GET answers 200 while a callback would be kept, and no cache may keep that."""
    async with receiver:
        answer = await request_app(receiver.app, "GET", "http://h/")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["cache-control"] == "no-store"


async def test_head(receiver: Receiver, request_app: Callable[..., Any]) -> None:
    """HEAD answers like GET, without a body."""
    async with receiver:
        answer = await request_app(receiver.app, "HEAD", "http://h/")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "17"


async def test_store_down(receiver: Receiver, store: Any, request_app: Callable[..., Any]) -> None:
    """GET answers 503 while a callback would not be kept."""
    store.broken.add("check")

    async with receiver:
        answer = await request_app(receiver.app, "GET", "http://h/")

    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


async def test_store_hangs(
    receiver: Receiver, store: Any, request_app: Callable[..., Any], advance: Callable[[float], Any]
) -> None:
    """A store that does not answer is one that is down."""
    store.hanging.add("check")
    answers = []

    async def get() -> None:
        answers.append(await request_app(receiver.app, "GET", "http://h/"))

    async with receiver, anyio.create_task_group() as tg:
        tg.start_soon(get)
        await advance(5.1)

    assert answers[0].status_code == 503


async def test_store_is_asked_seldom(
    receiver: Receiver, store: Any, request_app: Callable[..., Any], clock: VirtualClock
) -> None:
    """However many strangers ask, the store is checked once in five seconds."""
    async with receiver:
        for _ in range(20):
            await request_app(receiver.app, "GET", "http://h/")
        clock.advance(5)
        await request_app(receiver.app, "GET", "http://h/")

    assert store.calls.count("check") == 2


async def test_store_is_asked_once_at_a_time(
    receiver: Receiver, store: Any, request_app: Callable[..., Any]
) -> None:
    """Many who ask at the same moment share one check."""
    async with receiver, anyio.create_task_group() as tg:
        for _ in range(20):
            tg.start_soon(request_app, receiver.app, "GET", "http://h/")

    assert store.calls.count("check") == 1


async def test_recovery(
    receiver: Receiver, store: Any, request_app: Callable[..., Any], clock: VirtualClock
) -> None:
    """A store that came back is noticed five seconds later at most."""
    store.broken.add("check")

    async with receiver:
        await request_app(receiver.app, "GET", "http://h/")
        store.broken.clear()
        clock.advance(5)
        answer = await request_app(receiver.app, "GET", "http://h/")

    assert answer.status_code == 200
