"""The README's web service under uvicorn, in Starlette and in FastAPI."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import anyio
import attrs
import httpx
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream

from astria_async import Receiver
from astria_async.sandbox import Sandbox
from astria_async.stores import State

pytestmark = pytest.mark.anyio

News = tuple[str, tuple[str, ...]]


@attrs.define
class Service:
    """
    The running service.

    Attributes:
        visitor: Places orders.
        told: What the handler told users, in order: who, and the URLs of the pictures.
        receiver: Of the program.
    """

    visitor: httpx.AsyncClient
    told: MemoryObjectReceiveStream[News]
    receiver: Receiver

    async def order(self, user_id: str, text: str) -> int:
        """Order a picture; the prompt's id."""
        query = {"user_id": user_id, "text": text}
        answer = await self.visitor.post("/orders", params=query)
        assert answer.status_code == 202, answer.text
        number: int = answer.json()["prompt"]
        return number

    async def handled(self, wait: str) -> None:
        """Return once the handlers are done with everything that came to a callback URL."""
        with anyio.fail_after(10):
            while True:
                record = await self.receiver.store.record(wait)
                if record is not None and record.state is State.DONE:
                    return
                await anyio.sleep(0.01)


@pytest.fixture(params=["starlette", "fastapi"])
async def service(
    request: pytest.FixtureRequest,
    readme: Callable[..., str],
    run_program: Callable[..., Any],
    secret: str,
    gateway: Any,
    visit: Callable[[Any], AbstractAsyncContextManager[Any]],
) -> AsyncIterator[Service]:
    """The program, served; its ``notify`` tells us."""
    tell, told = anyio.create_memory_object_stream[News](100)

    async def notify(user_id: str, images: tuple[str, ...]) -> None:
        await tell.send((user_id, images))

    names: dict[str, Any] = {"SECRET": secret, "notify": notify}
    await run_program(readme("A web service"), names)
    if request.param == "fastapi":
        await run_program(readme("A web service", 1), names)
    with tell, told:
        async with visit(names["app"]) as site:
            gateway.port = site.port
            yield Service(site.visitor, told, names["receiver"])


async def test_handler_gets_the_result(service: Service, sandbox: Sandbox) -> None:
    """An order ends with the handler, which has the user from the metadata and the pictures."""
    number = await service.order("7", "a lighthouse at dusk")

    with anyio.fail_after(10):
        user_id, images = await service.told.receive()
    assert user_id == "7"
    assert len(images) == len(sandbox.world.prompts[number].images) > 0


async def test_callback_is_accepted_on_its_mount(service: Service, sandbox: Sandbox) -> None:
    """The mounted app answers 204 on the first try: there is no redirect to a trailing slash."""
    await service.order("7", "a lighthouse at dusk")
    with anyio.fail_after(10):
        await service.told.receive()
    await sandbox.settle()

    assert [it.status for it in sandbox.deliveries] == [204]


async def test_once_for_each_outcome(service: Service, sandbox: Sandbox) -> None:
    """However often an outcome is told, in the same words or in others, the handler runs once."""
    for user_id in ("7", "8"):
        await service.order(user_id, f"a lighthouse, number {user_id}")
    with anyio.fail_after(10):
        users = {(await service.told.receive())[0] for _ in range(2)}
    await sandbox.settle()

    for delivery in sandbox.deliveries:
        await sandbox.replay(delivery)
        changed = attrs.evolve(delivery, body=json.dumps({"prompt": {"id": delivery.object_id}}))
        await sandbox.replay(changed)
        await service.handled(parse_qs(urlsplit(delivery.url).query)["wait"][0])

    assert {"7", "8"} == users
    assert service.told.statistics().current_buffer_used == 0
