"""What only the engine over aiohttp has to see to."""

import math
import traceback
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import anyio
import attrs
import pytest

from astria_async import Astria
from astria_async.protocol.calls import Call, Effect
from astria_async.protocol.errors import ConfigurationError, ConnectionFailed, InvalidInput
from astria_async.sandbox import Sandbox
from astria_async.sandbox.serve import serve
from astria_async.transport.aiohttp_feed import Feed
from astria_async.transport.blocks import Blocks
from astria_async.transport.uploads import Upload

from .conftest import KEY, opened, upload
from .wire import Connection, answering, reset_while_uploading, serving

pytestmark = pytest.mark.anyio
GET = Call(method="GET", path="/tunes", query=(("title", "s3cret"),))
JPEG = b"\xff\xd8\xff\xe0 not much of a picture"
SIGNED = "X-Amz-Signature=a%2Fb%7Ec+d%20e"


@pytest.fixture
def anyio_backend() -> str:
    """aiohttp knows no other."""
    return "asyncio"


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"auth": ("me", "s3cret")}, "auth="),
        ({"auto_decompress": False}, "auto_decompress"),
    ],
)
@pytest.mark.filterwarnings("ignore:The 'auth' parameter is deprecated:DeprecationWarning")
async def test_settings_that_cannot_be_combined_are_refused(
    settings: dict[str, Any], told: str
) -> None:
    """A session that would replace the key, or leave answers packed, is refused at once."""
    async with aiohttp.ClientSession(**settings) as session:
        with pytest.raises(ConfigurationError, match=told) as caught:
            async with Astria(KEY, http_client=session):
                pass

    assert "s3cret" not in str(caught.value)


async def test_a_closed_session_is_refused() -> None:
    """A session that was closed before it was handed in is refused at once."""
    session = aiohttp.ClientSession()
    await session.close()

    with pytest.raises(ConfigurationError, match="closed"):
        async with Astria(KEY, http_client=session):
            pass


async def test_a_whole_job_runs_over_it(tmp_path: Any) -> None:
    """A tune is created from a file, awaited, and its prompt's pictures are downloaded."""
    photo = tmp_path / "a.jpg"
    photo.write_bytes(JPEG)
    async with (
        Sandbox(api_key=KEY, speed=2000) as sandbox,
        serve(sandbox, port=0) as url,
        aiohttp.ClientSession() as session,
        Astria(KEY, base_url=url, http_client=session, clock=sandbox.clock) as astria,
    ):
        tune = await astria.tunes.create(name="cat", images=[photo], branch="fast")
        prompt = await (await tune.wait_ready()).prompts.create(text="a cat")
        files = await (await prompt.wait_ready()).download(tmp_path / "out")

    assert files
    assert all(file.read_bytes() for file in files)


@pytest.mark.parametrize(
    ("url", "target"),
    [
        (f"/a%7Eb?{SIGNED}", f"/a%7Eb?{SIGNED}"),
        ("/a b/ü?c=d e", "/a%20b/%C3%BC?c=d+e"),
    ],
)
async def test_a_url_is_asked_for_as_it_is_spelled(url: str, target: str) -> None:
    """A signature may be over the very bytes; only what is no URL yet is made one."""
    async with (
        serving(answering()) as server,
        aiohttp.ClientSession() as session,
        opened(server.url, http_client=session) as transport,
        transport.download(server.url + url),
    ):
        pass

    assert server.requests[0].target == target


async def test_a_redirect_is_followed_as_it_is_spelled() -> None:
    """The address that a redirect names is not spelled anew either."""

    async def script(connection: Connection) -> None:
        while True:
            await connection.request()
            status = 302 if len(connection.server.requests) == 1 else 200
            await connection.reply(status, b"", Location=f"/b?{SIGNED}")

    async with (
        serving(script) as server,
        aiohttp.ClientSession() as session,
        opened(server.url, http_client=session) as transport,
        transport.download(f"{server.url}/a"),
    ):
        pass

    assert server.requests[1].target == f"/b?{SIGNED}"


async def test_a_proxy_that_refuses_sent_nothing() -> None:
    """A tunnel that was not opened carried nothing."""
    async with (
        serving(answering(502, b"")) as server,
        aiohttp.ClientSession(proxy=server.url) as session,
        opened("https://api.example", http_client=session) as transport,
    ):
        with pytest.raises(ConnectionFailed) as caught:
            await transport.send(Call(method="POST", path="/tunes", effect=Effect.CREATES))

    assert (caught.value.sent, server.requests[0].method) == (False, "CONNECT")


class Unconnected(aiohttp.BaseConnector):
    """Fails as aiohttp's own does when a host does not answer: with the URL in the message."""

    async def connect(self, req: Any, **_: Any) -> Any:
        raise aiohttp.ConnectionTimeoutError(f"Connection timeout to host {req.url}")


async def test_a_url_in_a_message_goes_no_further() -> None:
    """What aiohttp says with a URL in it is neither in our message nor below it in a traceback."""
    async with (
        aiohttp.ClientSession(connector=Unconnected()) as session,
        opened("http://api.example", http_client=session) as transport,
    ):
        with pytest.raises(ConnectionFailed, match=r"within 10 s") as never:
            await transport.send(GET)
    async with (
        serving(reset_while_uploading) as server,
        aiohttp.ClientSession(headers={"X": "1"}) as session,
        opened(server.url, http_client=session) as transport,
    ):
        with pytest.raises(ConnectionFailed) as broken:
            await transport.send(attrs.evolve(upload(bytes(16_000_000)), query=GET.query))

    shown = [*traceback.format_exception(never.value), *traceback.format_exception(broken.value)]
    assert "s3cret" not in "".join(shown)
    assert (never.value.sent, broken.value.sent) == (False, False)


async def test_an_upload_ends_with_the_answer() -> None:
    """A server that refuses an upload early and reads no further is heard at once."""

    async def refuses(connection: Connection) -> None:
        await connection.head()
        await connection.reply(413, b"too large")
        await connection.receive(1_000_000_000)

    with anyio.fail_after(20):
        async with (
            serving(refuses) as server,
            aiohttp.ClientSession() as session,
            opened(server.url, http_client=session) as transport,
        ):
            reply = await transport.send(upload(bytes(16_000_000)))

    assert (reply.status, reply.body) == (413, b"too large")


async def test_a_slow_source_is_waited_for() -> None:
    """The bound is on what the server does not take, not on what a source takes its time for."""
    seen: list[float] = []

    async def source() -> AsyncIterator[bytes]:
        for _ in range(2):
            seen.append(anyio.current_effective_deadline())
            yield JPEG

    (part,) = upload(source()).parts or ()
    async with Feed((await Upload.prepare((part,))).chunks(Blocks()), patience=60) as feed:
        seen += [anyio.current_effective_deadline() async for _ in feed]

    assert seen.count(math.inf) == 2
    assert {deadline <= anyio.current_time() + 60 for deadline in seen} == {True, False}
    assert math.isfinite(seen[-1])


async def test_a_feed_that_was_closed_gives_no_end() -> None:
    """Whoever still asks for more gets an error: an end would look like the body's."""
    (part,) = upload(JPEG).parts or ()
    async with Feed((await Upload.prepare((part,))).chunks(Blocks()), patience=60) as feed:
        await anext(feed)

    with pytest.raises(aiohttp.ClientConnectionError):
        await anext(feed)


async def test_other_errors_of_a_session_are_theirs() -> None:
    """What goes wrong in a user's own tracing is not taken for a closed session."""

    async def broken(*_: Any) -> None:
        raise RuntimeError("the hook is broken")

    config = aiohttp.TraceConfig()
    config.on_request_start.append(broken)
    async with (
        aiohttp.ClientSession(trace_configs=[config]) as session,
        opened("http://127.0.0.1:9", http_client=session) as transport,
    ):
        with pytest.raises(RuntimeError, match="the hook is broken"):
            await transport.send(GET)


async def test_a_header_of_a_session_that_cannot_be_sent_is_bad_input() -> None:
    """A line break in a session's own header is refused before anything is sent, unquoted."""
    async with (
        serving(answering()) as server,
        aiohttp.ClientSession(headers={"X-Mine": "s3cret\r\nX: 1"}) as session,
        opened(server.url, http_client=session) as transport,
    ):
        with pytest.raises(InvalidInput, match="GET '/tunes' cannot be requested") as caught:
            await transport.send(GET)

    assert "s3cret" not in str(caught.value)
    assert server.requests == []
