"""When the store is open."""

from collections.abc import Callable
from typing import Any

import anyio
import pytest

from astria_async.protocol.addresses import Address
from astria_async.protocol.errors import StoreUnavailable
from astria_async.receiver import Receiver
from astria_async.receiver.lifetime import StoreUse

pytestmark = pytest.mark.anyio


async def test_entered_twice(receiver: Receiver, store: Any) -> None:
    """A receiver may be entered any number of times; the last to leave closes the store."""
    async with receiver as one, receiver as two:
        assert store.uses == 2

    assert one is two is receiver
    assert store.uses == 0


async def test_opened_by_a_request(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """A receiver that no one entered opens its store at the first request, once."""
    for _ in range(2):
        answer = await request_app(receiver.app, "POST", receiver.callback_url(address()))
    uses = store.uses
    await receiver.aclose()

    assert answer.status_code == 204
    assert (uses, store.uses) == (1, 0)


async def test_opened_once_by_many(store: Any) -> None:
    """Requests that come together open the store once."""
    use = StoreUse(store)

    async with anyio.create_task_group() as tg:
        for _ in range(10):
            tg.start_soon(use.ensure)

    assert store.uses == 1


async def test_last_to_leave_ends_the_lazy_use(
    receiver: Receiver, store: Any, request_app: Callable[..., Any]
) -> None:
    """What a request opened is closed with the last 'async with'."""
    await request_app(receiver.app, "GET", "http://h/")

    async with receiver:
        assert store.uses == 2

    assert store.uses == 0


async def test_cannot_open(receiver: Receiver, store: Any) -> None:
    """Entering fails with the store's own error, and leaves nothing open."""
    store.broken.add("open")

    with pytest.raises(StoreUnavailable):
        async with receiver:
            pytest.fail("entered")

    assert store.uses == 0


async def test_cannot_open_at_a_request(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """A request that cannot open the store gets a 503, and the next one tries again."""
    store.broken.add("open")
    first = await request_app(receiver.app, "POST", receiver.callback_url(address()))
    store.broken.clear()

    second = await request_app(receiver.app, "POST", receiver.callback_url(address()))

    assert (first.status_code, second.status_code) == (503, 204)


async def test_cancelled_while_leaving(receiver: Receiver, store: Any) -> None:
    """Cancellation does not keep the store open."""
    with anyio.CancelScope() as scope:
        async with receiver:
            scope.cancel()
            await anyio.sleep_forever()

    assert store.uses == 0


@pytest.fixture
def live() -> Any:
    """Runs an app's lifespan: ``async with live(app) as sent``."""

    class Lifespan:
        def __init__(self, app: Any) -> None:
            self.app, self.sent = app, []
            self.inbox, self.feed = anyio.create_memory_object_stream(2)

        async def run(self) -> list:
            async with self.inbox, self.feed:
                await self.inbox.send({"type": "lifespan.startup"})
                await self.inbox.send({"type": "lifespan.shutdown"})
                await self.app({"type": "lifespan"}, self.feed.receive, self.keep)
            return self.sent

        async def keep(self, message: Any) -> None:
            self.sent.append(message)

    return Lifespan


async def test_lifespan(receiver: Receiver, store: Any, live: Callable[..., Any]) -> None:
    """Served by itself, the app opens and closes the store with the server."""
    sent = await live(receiver.app).run()

    assert store.calls == ["open", "aclose"]
    assert [it["type"] for it in sent] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


async def test_lifespan_fails(receiver: Receiver, store: Any, live: Callable[..., Any]) -> None:
    """A server does not start over a store that cannot be opened."""
    store.broken.add("open")

    sent = await live(receiver.app).run()

    assert sent == [{"type": "lifespan.startup.failed", "message": "the database went away"}]


async def test_websocket(receiver: Receiver) -> None:
    """A websocket is turned away."""
    sent = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await receiver.app({"type": "websocket"}, receive, send)

    assert sent == [{"type": "websocket.close", "code": 1008}]


async def test_unknown_protocol(receiver: Receiver) -> None:
    """Anything else that ASGI may bring is an error of the server's."""
    with pytest.raises(RuntimeError, match="mqtt"):
        await receiver.app({"type": "mqtt"}, None, None)


async def test_close_that_hangs(store: Any, logged: Callable[[], list[str]]) -> None:
    """A store that does not close cannot hold up the program, and the log says so."""
    store.hanging.add("aclose")
    use = StoreUse(store, closing=0.01)
    await use.enter()

    await use.leave()

    assert logged() == ["store.not_closed seconds=0.01"]
