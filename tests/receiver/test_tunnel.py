"""Tunnels: ours to ngrok, and any other."""

import contextlib
import sys
from collections.abc import Callable
from typing import Any

import anyio
import httpx
import ngrok
import pytest

from astria_async.protocol.addresses import Address
from astria_async.protocol.errors import ConfigurationError
from astria_async.receiver import NgrokTunnel, Receiver

pytestmark = pytest.mark.anyio

TOKEN = "2abcdefToken_of_the_tests"


@pytest.fixture
def anyio_backend() -> str:
    """ngrok's SDK runs on asyncio only, as uvicorn does."""
    return "asyncio"


class TcpTunnel:
    """A real tunnel on this machine: forwards every byte from a port of its own."""

    def __init__(self, suffix: Any = "") -> None:
        self.suffix, self.closed = suffix, False

    @contextlib.asynccontextmanager
    async def open(self, port: Any) -> Any:
        async def forward(outside: Any) -> None:
            inside = await anyio.connect_tcp("127.0.0.1", port)
            async with outside, inside, anyio.create_task_group() as tg:
                tg.start_soon(self._copy, outside, inside)
                await self._copy(inside, outside)
                tg.cancel_scope.cancel()

        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        async with listener, anyio.create_task_group() as tg:
            tg.start_soon(listener.serve, forward)
            own = listener.extra(anyio.abc.SocketAttribute.local_port)
            yield f"http://127.0.0.1:{own}{self.suffix}"
            tg.cancel_scope.cancel()
        self.closed = True

    async def _copy(self, source: Any, target: Any) -> None:
        with contextlib.suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
            async for data in source:
                await target.send(data)


async def test_callback_through_a_tunnel(store: Any, address: Callable[..., Address]) -> None:
    """The tunnel's URL becomes the public one, and callbacks come through it."""
    tunnel, sent = TcpTunnel(), address()
    receiver = Receiver(store=store, path="/astria")

    async with receiver.serve(port=0, tunnel=tunnel) as listening:
        url = receiver.callback_url(sent)
        async with httpx.AsyncClient() as client:
            answer = await client.post(url, content=b"{}")
        kept = await store.find([sent.wait])

    assert answer.status_code == 204
    assert [sent.wait] == [it.wait for it in kept]
    assert url.startswith(f"{listening.public_url}/?")
    assert not listening.public_url.startswith(listening.url)
    assert tunnel.closed


async def test_tunnel_outweighs_the_public_url(receiver: Receiver) -> None:
    """A tunnel that is asked for takes the place of a public URL for as long as it is open."""
    async with receiver.serve(port=0, tunnel=TcpTunnel()):
        during = receiver.public_url

    assert during.startswith("http://127.0.0.1:")
    assert receiver.public_url == "https://hooks.example.com/astria"


async def test_tunnel_with_a_query(store: Any) -> None:
    """A tunnel whose URL has parameters of its own cannot be used: they would not be signed."""
    receiver, tunnel = Receiver(store=store), TcpTunnel("/?key=1")

    with pytest.raises(ConfigurationError, match="query"):
        async with receiver.serve(port=0, tunnel=tunnel):
            pytest.fail("served")

    assert store.uses == 0


async def test_errors_do_not_pass_through_the_tunnel(store: Any) -> None:
    """What the block raises is not wrapped by a tunnel that has a task group."""
    tunnel = TcpTunnel()

    with pytest.raises(LookupError, match="mine"):
        async with Receiver(store=store).serve(port=0, tunnel=tunnel):
            raise LookupError("mine")

    assert tunnel.closed


async def test_unknown_name(store: Any) -> None:
    """A name that stands for no tunnel is an error."""
    with pytest.raises(ConfigurationError, match="ngork"):
        async with Receiver(store=store).serve(port=0, tunnel="ngork"):
            pytest.fail("served")


async def test_no_token(store: Any) -> None:
    """Without a token the error names the variable."""
    with pytest.raises(ConfigurationError, match="NGROK_AUTHTOKEN"):
        async with Receiver(store=store).serve(port=0, tunnel="ngrok"):
            pytest.fail("served")


async def test_no_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ngrok's SDK the error names the extra."""
    monkeypatch.setitem(sys.modules, "ngrok", None)

    with pytest.raises(ConfigurationError, match=r"astria-async\[ngrok\]"):
        async with NgrokTunnel(authtoken=TOKEN).open(8080):
            pytest.fail("opened")


async def test_ngrok_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    """ngrok's own SDK is called, and what it says comes out as an error of ours."""
    monkeypatch.setenv("NGROK_AUTHTOKEN", TOKEN)

    with pytest.raises(ConfigurationError, match=r"could not be opened: .*tcp") as caught:
        async with NgrokTunnel(server="127.0.0.1:1").open(8080):
            pytest.fail("opened")

    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_ngrok_silent() -> None:
    """An ngrok that does not answer is not waited for without end."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(anyio.abc.SocketAttribute.local_port)
    tunnel = NgrokTunnel(authtoken=TOKEN, server=f"127.0.0.1:{port}", opening=0.1)

    async with listener:
        with pytest.raises(ConfigurationError, match=r"no answer in 0\.1 s"):
            async with tunnel.open(8080):
                pytest.fail("opened")


class Sdk:
    """ngrok's SDK as far as a tunnel calls it, its service being this process."""

    def __init__(self, failure: Any = None) -> None:
        self.calls, self.failure = [], failure

    def SessionBuilder(self) -> "Sdk":  # noqa: N802 - the SDK's name
        return self

    def authtoken(self, token: Any) -> Any:
        self.calls.append(("authtoken", token))
        return self

    async def connect(self) -> Any:
        return self

    def http_endpoint(self) -> Any:
        return self

    def domain(self, name: Any) -> Any:
        self.calls.append(("domain", name))
        return self

    async def listen_and_forward(self, url: str) -> Any:
        self.calls.append(("forward", url))
        if self.failure:
            raise self.failure
        return self

    def url(self) -> str:
        return "https://random.ngrok.app"

    async def close(self) -> None:
        self.calls.append(("close",))


async def test_ngrok_opens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK is told token, domain and port; at the end listener and session are closed."""
    sdk = Sdk()
    monkeypatch.setitem(sys.modules, "ngrok", sdk)

    async with NgrokTunnel(authtoken=TOKEN, domain="me.ngrok.app").open(8080) as url:
        calls = list(sdk.calls)

    assert url == "https://random.ngrok.app"
    assert calls == [
        ("authtoken", TOKEN),
        ("domain", "me.ngrok.app"),
        ("forward", "http://127.0.0.1:8080"),
    ]
    assert sdk.calls[3:] == [("close",), ("close",)]


async def test_ngrok_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ngrok says is told without the token that it quotes, and the session is closed."""
    sdk = Sdk(ValueError(f"authentication failed. Your authtoken: {TOKEN}"))
    monkeypatch.setitem(sys.modules, "ngrok", sdk)

    with pytest.raises(ConfigurationError) as caught:
        async with NgrokTunnel(authtoken=TOKEN).open(8080):
            pytest.fail("opened")

    assert (
        str(caught.value)
        == "the ngrok tunnel could not be opened: authentication failed. Your authtoken: …"
    )
    assert sdk.calls[-1] == ("close",)


def test_sdk_has_what_is_called() -> None:
    """The installed SDK has each call that the tunnel makes."""
    builder = ngrok.SessionBuilder()

    assert all(hasattr(builder, name) for name in ("authtoken", "server_addr", "connect"))
    assert all(hasattr(ngrok.Session, name) for name in ("http_endpoint", "close"))
    assert all(hasattr(ngrok.HttpListenerBuilder, it) for it in ("domain", "listen_and_forward"))
    assert all(hasattr(ngrok.Listener, name) for name in ("url", "close"))


def test_repr() -> None:
    """A tunnel does not show its token."""
    assert TOKEN not in repr(NgrokTunnel(authtoken=TOKEN))
