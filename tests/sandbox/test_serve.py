"""The sandbox on a real socket."""

import io
import json
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.abc
import httpx
import pytest

from astria_async.sandbox import RequestFault, Sandbox, VirtualClock
from astria_async.sandbox.serve import CannotServe, serve

pytestmark = pytest.mark.anyio
JPEG = b"\xff\xd8\xff\xe0 not much of a picture"
ENDLESS = 1e9


@pytest.fixture
def anyio_backend() -> str:
    """Uvicorn runs on asyncio."""
    return "asyncio"


@asynccontextmanager
async def served(**settings: Any) -> AsyncIterator[tuple[Sandbox, httpx.AsyncClient]]:
    headers = {"Authorization": "Bearer sd_sandbox"}
    async with (
        Sandbox(**{"speed": 0, **settings}) as sandbox,
        serve(sandbox) as url,
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as http,
    ):
        yield sandbox, http


async def test_links_lead_to_the_bound_port() -> None:
    """Served, a sandbox answers over the socket, and its links work there."""
    async with served() as (sandbox, http):
        form = {"tune[title]": "Ada", "tune[name]": "cat"}
        files = [("tune[images][]", ("a.jpg", JPEG, "image/jpeg"))]
        tune = (await http.post("/tunes", data=form, files=files)).json()

        image = await http.get(tune["orig_images"][0])

        assert sandbox.base_url == str(http.base_url).rstrip("/")
        assert tune["url"].startswith(sandbox.base_url)
        assert image.content == JPEG


async def test_callbacks_cross_the_network() -> None:
    """A callback reaches a receiver on a loopback port, as one POST of JSON."""
    received: list[bytes] = []

    async def answer(stream: anyio.abc.SocketStream) -> None:
        async with stream:
            data = b""
            while b"\r\n\r\n" not in data or len(data.split(b"\r\n\r\n", 1)[1]) < 10:
                data += await stream.receive()
            received.append(data)
            await stream.send(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

    async with (
        served() as (sandbox, http),
        await anyio.create_tcp_listener(local_host="127.0.0.1") as listener,
        anyio.create_task_group() as tasks,
    ):
        tasks.start_soon(listener.serve, answer)
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        body = {"text": "x", "callback": f"http://127.0.0.1:{port}/cb?a=%7B&a=2"}
        await http.post("/tunes/690204/prompts", json={"prompt": body})
        await sandbox.advance(60)
        tasks.cancel_scope.cancel()

    head, _, content = received[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /cb?a=%7B&a=2 HTTP/1.1\r\n")
    assert b"content-type: application/json" in head.lower()
    assert json.loads(content)["prompt"]["text"] == "x"


@pytest.mark.parametrize("processed", [False, True])
async def test_reset_cuts_the_connection(processed: bool) -> None:
    """A reset fault breaks the socket without an answer; the next request is served."""
    async with served() as (sandbox, http):
        sandbox.faults.add(RequestFault(kind="reset", processed=processed, times=1))

        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            await http.post("/tunes/690204/prompts", json={"prompt": {"text": "x"}})

        assert len((await http.get("/prompts")).json()) == processed


async def test_large_uploads_stream() -> None:
    """A large upload is stored whole; one too large is a 413 that the client gets to read."""
    async with served(max_upload=2_000_000) as (_, http):
        for size, status in ((2_000_000, 201), (8_000_000, 413)):
            files = [("tune[images][]", ("a.jpg", io.BytesIO(JPEG + bytes(size - len(JPEG)))))]

            answer = await http.post(
                "/tunes", data={"tune[title]": "a", "tune[name]": "cat"}, files=files
            )

            assert answer.status_code == status


async def test_refusal_before_the_body_is_read() -> None:
    """A wrong key is told even to a client that is still sending."""
    async with served() as (_, http):
        files = [("tune[images][]", ("a.jpg", io.BytesIO(bytes(4_000_000))))]

        answer = await http.post("/tunes", files=files, headers={"Authorization": "Bearer no"})

        assert answer.status_code == 401


async def test_taken_port_is_a_clear_error() -> None:
    """A port that is taken, or a host that is not there, is told in words."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        async with Sandbox() as sandbox:
            for host, port in (("127.0.0.1", taken.getsockname()[1]), ("nowhere.invalid", 0)):
                with pytest.raises(CannotServe, match="cannot listen"):
                    async with serve(sandbox, host, port):
                        pass


@pytest.mark.parametrize(
    ("host", "start"), [("0.0.0.0", "http://127.0.0.1:"), ("localhost", "http://localhost:")]
)
async def test_base_url_can_be_reached(host: str, start: str) -> None:
    """Bound to all addresses, the sandbox tells the one of this machine."""
    async with Sandbox() as sandbox, serve(sandbox, host) as url:
        assert url.startswith(start)


async def test_leaving_stops_the_server() -> None:
    """Afterwards nobody listens, and errors of the body come out plain."""
    urls: list[str] = []

    async def run() -> None:
        async with served() as (sandbox, _):
            urls.append(sandbox.base_url)
            raise KeyError("mine")

    with pytest.raises(KeyError):
        await run()

    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(urls[0])


class Telling(VirtualClock):
    """A clock that stands still, and tells when something waits for it without end."""

    def __init__(self) -> None:
        super().__init__(speed=0)
        self.asked = anyio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds >= ENDLESS:
            self.asked.set()
        await super().sleep(seconds)


async def test_leaving_cuts_what_is_held_up(caplog: pytest.LogCaptureFixture) -> None:
    """A request that a fault holds up is cut off with the server, and no error is logged."""
    clock = Telling()
    ends: list[type[BaseException]] = []

    async def ask(url: str) -> None:
        async with httpx.AsyncClient(trust_env=False, timeout=None) as http:
            with pytest.raises(httpx.TransportError) as caught:
                await http.get(f"{url}/tunes")
        ends.append(caught.type)

    async with (
        anyio.create_task_group() as asking,
        Sandbox(clock=clock) as sandbox,
        serve(sandbox) as url,
    ):
        sandbox.faults.add(RequestFault(kind="slow", seconds=ENDLESS))
        asking.start_soon(ask, url)
        await clock.asked.wait()

    assert len(ends) == 1
    assert caplog.records == []


async def test_cancellation_while_starting() -> None:
    """A program that is cancelled before the server is up ends all the same."""
    async with Sandbox(speed=0) as sandbox:
        with anyio.fail_after(5), anyio.CancelScope() as scope:
            scope.cancel()
            async with serve(sandbox):
                raise AssertionError("the block was entered")

        with pytest.raises(OSError, match="attempts failed"):
            await anyio.connect_tcp("127.0.0.1", int(sandbox.base_url.rpartition(":")[2]))


async def test_cancellation_stops_the_server() -> None:
    """A cancelled program closes its sockets."""
    with anyio.fail_after(5):
        with anyio.move_on_after(0.05):
            async with served():
                await anyio.sleep_forever()
