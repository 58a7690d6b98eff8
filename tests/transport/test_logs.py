"""Logs of the HTTP engine: no key, no signature and no presigned URL, at any level."""

import logging
from contextlib import aclosing

import pytest

from astria_async.protocol.calls import Call

from .conftest import KEY, Opener
from .wire import Connection, answering, serving

pytestmark = pytest.mark.anyio


async def test_no_secret_is_logged_at_any_level(
    engine: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    """Requests, redirects and headers are logged without what would open anything."""
    caplog.set_level(logging.DEBUG)

    async def redirect(connection: Connection) -> None:
        await connection.request()
        target = connection.server.url.replace("127.0.0.1", "localhost")
        await connection.reply(302, b"", Location=f"{target}/b?X-Amz-Signature=s3cret&e='s3cret'")

    async def script(connection: Connection) -> None:
        await (redirect if connection.server.connections == 1 else answering())(connection)

    async with serving(script) as server, engine(server.url) as transport:
        async with (
            transport.download(f"{server.url}/a?sig=s3cret") as answer,
            aclosing(answer.chunks()) as chunks,
        ):
            async for _ in chunks:
                pass
        await transport.send(Call(method="GET", path="/tunes", query=(("title", "s3cret"),)))

    assert "s3cret" not in caplog.text
    assert KEY not in caplog.text


async def test_a_log_without_queries_is_still_a_log(
    own: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    """What was asked for can be seen, and so can the layer below."""
    caplog.set_level(logging.DEBUG)

    async with serving(answering()) as server, own(server.url) as transport:
        await transport.send(Call(method="GET", path="/tunes", query=(("title", "s3cret"),)))

    assert f"HTTP Request: GET {server.url}/tunes?…" in caplog.text
    assert "receive_response_headers.complete" in caplog.text


async def test_other_logs_of_the_engine_stay_as_they_are(
    engine: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    """A log line without a URL is not touched, whatever its arguments are."""
    caplog.set_level(logging.DEBUG)

    async with engine("http://127.0.0.1:9"):
        logging.getLogger("httpx").info("%s of %d? yes", "one", 2)
        logging.getLogger("httpcore.connection").debug({"a": "dict"})
        logging.getLogger("httpx2").info("%(a)s?", {"a": 1})

    assert [record.getMessage() for record in caplog.records[-3:]] == [
        "one of 2? yes",
        "{'a': 'dict'}",
        "1?",
    ]


def test_filters_are_added_once(own: Opener) -> None:
    """However many clients are made, a log line is looked at once."""
    from astria_async.transport.redaction import redact_logs

    redact_logs("httpx")
    before = list(logging.getLogger("httpx").filters)
    redact_logs("httpx")

    assert logging.getLogger("httpx").filters == before
