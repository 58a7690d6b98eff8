"""What GET tells."""

import anyio
import pytest

pytestmark = pytest.mark.anyio


async def test_healthy(receiver, request_app) -> None:
    """GET answers 200 while a callback would be kept, and no cache may keep that."""
    async with receiver:
        answer = await request_app(receiver.app, "GET", "http://h/")

    assert (200, {"status": "ok"}) == (answer.status_code, answer.json())
    assert "no-store" == answer.headers["cache-control"]


async def test_head(receiver, request_app) -> None:
    """HEAD answers like GET, without a body."""
    async with receiver:
        answer = await request_app(receiver.app, "HEAD", "http://h/")

    assert (200, b"") == (answer.status_code, answer.content)
    assert "17" == answer.headers["content-length"]


async def test_store_down(receiver, store, request_app) -> None:
    """GET answers 503 while a callback would not be kept."""
    store.broken.add("check")

    async with receiver:
        answer = await request_app(receiver.app, "GET", "http://h/")

    assert (503, {"status": "unavailable"}) == (answer.status_code, answer.json())


async def test_store_hangs(receiver, store, request_app, advance) -> None:
    """A store that does not answer is one that is down."""
    store.hanging.add("check")
    answers = []

    async def get() -> None:
        answers.append(await request_app(receiver.app, "GET", "http://h/"))

    async with receiver, anyio.create_task_group() as tg:
        tg.start_soon(get)
        await advance(5.1)

    assert 503 == answers[0].status_code


async def test_store_is_asked_seldom(receiver, store, request_app, clock) -> None:
    """However many strangers ask, the store is checked once in five seconds."""
    async with receiver:
        for _ in range(20):
            await request_app(receiver.app, "GET", "http://h/")
        clock.advance(5)
        await request_app(receiver.app, "GET", "http://h/")

    assert 2 == store.calls.count("check")


async def test_store_is_asked_once_at_a_time(receiver, store, request_app) -> None:
    """Many who ask at the same moment share one check."""
    async with receiver, anyio.create_task_group() as tg:
        for _ in range(20):
            tg.start_soon(request_app, receiver.app, "GET", "http://h/")

    assert 1 == store.calls.count("check")


async def test_recovery(receiver, store, request_app, clock) -> None:
    """A store that came back is noticed five seconds later at most."""
    store.broken.add("check")

    async with receiver:
        await request_app(receiver.app, "GET", "http://h/")
        store.broken.clear()
        clock.advance(5)
        answer = await request_app(receiver.app, "GET", "http://h/")

    assert 200 == answer.status_code
