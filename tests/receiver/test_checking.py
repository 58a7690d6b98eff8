"""``Receiver.check()``, from end to end."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest

from astria_async.protocol.errors import ConfigurationError, ConnectionFailed, StoreUnavailable
from astria_async.receiver import Fault, Receiver
from astria_async.receiver.checking import resolve
from astria_async.sandbox.clock import VirtualClock
from astria_async.stores import MemoryStore

pytestmark = pytest.mark.anyio


@attrs.frozen
class Reply:
    """One answer, as a sender gives it back."""

    status: int
    headers: dict
    body: bytes


@pytest.fixture
def send_to(request_app: Callable[..., Any]) -> Any:
    """Makes a sender to an app."""

    def make(app: Any) -> Any:
        async def send(method: str, url: str) -> Any:
            answer = await request_app(app, method, url)
            return Reply(answer.status_code, dict(answer.headers), answer.content)

        return send

    return make


async def public(host: Any) -> Any:
    """Whatever the name, a public address."""
    return ["93.184.216.34"]


async def test_fine(receiver: Receiver, store: Any, send_to: Any) -> None:
    """A receiver that is reached, with its own secret and store, is fine; no trace is left."""
    async with receiver:
        result = await receiver.check(send_to(receiver.app), resolve=public)
        records = await store.records()

    assert result.ok, result
    assert result.status == 204
    assert list(records) == []


async def test_opens_the_store(receiver: Receiver, store: Any, send_to: Any) -> None:
    """A check needs no open receiver, and leaves none."""
    result = await receiver.check(send_to(receiver.app), resolve=public)

    assert result.ok
    assert store.uses == 0


async def test_other_secret(receiver: Receiver, send_to: Any) -> None:
    """A receiver with another secret is told from one that is not there."""
    other = Receiver(receiver.public_url, secret="another secret, long enough")

    async with other:
        result = await receiver.check(send_to(other.app), resolve=public)

    assert Fault.SECRET is result.fault


async def test_other_store(receiver: Receiver, send_to: Any, secret: str) -> None:
    """A receiver that keeps callbacks elsewhere is found out."""
    other = Receiver(receiver.public_url, secret=secret, store=MemoryStore())

    async with other:
        result = await receiver.check(send_to(other.app), resolve=public)

    assert Fault.OTHER_STORE is result.fault


@pytest.mark.parametrize("verb", ["check", "record"])
async def test_store_of_the_receiver_down(
    receiver: Receiver, send_to: Any, secret: str, store: Any, clock: VirtualClock, verb: Any
) -> None:
    """A receiver whose store would keep nothing says so to a probe as to a callback."""
    other = Receiver(receiver.public_url, secret=secret, store=MemoryStore())
    store.broken.add(verb)

    async with receiver:
        result = await other.check(send_to(receiver.app), resolve=public)

    assert (result.status, result.fault) == (503, Fault.STORE)


async def test_own_store_down(receiver: Receiver, store: Any, send_to: Any) -> None:
    """A check whose own store is down says that as an error."""
    store.broken.add("open")

    with pytest.raises(StoreUnavailable):
        await receiver.check(send_to(receiver.app))


async def test_no_connection(receiver: Receiver, store: Any) -> None:
    """An error of the sender's is a finding, and leaves nothing in the store."""

    async def send(method: str, url: str) -> None:
        raise ConnectionFailed("no", method=method, path="/", sent=False) from OSError()

    async with receiver:
        result = await receiver.check(send, resolve=public)
        records = await store.records()

    assert (result.fault, result.status) == (Fault.UNREACHABLE, None)
    assert list(records) == []


async def test_no_answer(receiver: Receiver, clock: VirtualClock) -> None:
    """A sender that hears nothing for 15 seconds is not waited for."""

    async def send(method: str, url: str) -> None:
        await clock.sleep(3600)

    clock.speed = 1000

    result = await receiver.check(send, resolve=public)

    assert Fault.TIMEOUT is result.fault


async def test_private_name(receiver: Receiver, send_to: Any) -> None:
    """A name that resolves to a private address is a fault, unless a sandbox calls."""

    async def private(host: Any) -> Any:
        return ["10.0.0.1"] if host == "hooks.example.com" else []

    send = send_to(receiver.app)
    async with receiver:
        outside = await receiver.check(send, resolve=private)
        inside = await receiver.check(send, resolve=private, local=True)

    assert (outside.fault, inside.ok) == (Fault.PRIVATE, True)


async def test_no_public_url() -> None:
    """There is nothing to check before the URL is known."""
    with pytest.raises(ConfigurationError, match="public URL"):
        await Receiver().check(None)


async def test_resolver() -> None:
    """The system's resolver is asked; a name that it does not know has no address."""
    assert "127.0.0.1" in await resolve("localhost")
    assert list(await resolve("nowhere.invalid")) == []
