"""A request's parameters, whatever encoding they came in: multipart, urlencoded or JSON."""

import json
import math
from collections.abc import AsyncIterator
from typing import Any, NoReturn
from urllib.parse import parse_qsl

import anyio
import anyio.to_thread
from python_multipart.multipart import parse_options_header

from astria_async.sandbox.multipart import MultipartReader
from astria_async.sandbox.nested import nest
from astria_async.sandbox.refusals import bad_request, too_large
from astria_async.sandbox.settings import Settings
from astria_async.sandbox.uploads import Spool

MAX_PARAMETERS = 4096
_IN_THREAD_ABOVE = 64 * 1024
_DRAIN_SECONDS = 10


async def read_params(
    stream: AsyncIterator[bytes], content_type: str, spool: Spool, settings: Settings
) -> dict[str, Any]:
    """
    The nested parameters of a body; a body of another type has none, as in Rails.

    Raises:
        Refusal: 400 for what cannot be decoded, 413 over a limit.
    """
    kind, options = parse_options_header(content_type)
    if kind == b"multipart/form-data":
        boundary = options.get(b"boundary", b"")
        return await _multipart(stream, boundary, spool, settings)
    body = await _whole(stream, settings.max_text)
    parse = {
        b"application/json": parse_json,
        b"application/x-www-form-urlencoded": parse_form,
    }.get(kind)
    if parse is None or not body.strip():
        return {}
    if len(body) <= _IN_THREAD_ABOVE:
        return parse(body)
    return await anyio.to_thread.run_sync(parse, body)


def parse_form(body: bytes | str) -> dict[str, Any]:
    """The parameters of an urlencoded body or of a query string."""
    if not body:
        return {}
    try:
        text = body.decode() if isinstance(body, bytes) else body
        pairs = parse_qsl(
            text, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except UnicodeDecodeError:
        raise bad_request("Invalid UTF-8 in a form") from None
    except ValueError:
        raise bad_request(f"more than {MAX_PARAMETERS} parameters") from None
    return nest(pairs)


def parse_json(body: bytes) -> dict[str, Any]:
    """The parameters of a JSON body, which must be an object."""
    try:
        # Half a surrogate pair is JSON but no text: it could never be sent back.
        value = _DECODER.decode(body.decode())
        if b"\\ud" in body or b"\\uD" in body:
            json.dumps(value, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        raise bad_request("There was a problem in the JSON you submitted") from None
    if not isinstance(value, dict):
        raise bad_request("the JSON body must be an object")
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(text)
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)


async def _multipart(
    stream: AsyncIterator[bytes], boundary: bytes, spool: Spool, settings: Settings
) -> dict[str, Any]:
    reader = MultipartReader(boundary, spool, settings)
    received = 0
    async for chunk in stream:
        received += len(chunk)
        if received > settings.max_request:
            raise too_large(settings.max_request)
        reader.feed(chunk)
        await reader.write_out()
    reader.finish()
    await reader.write_out()
    return nest(reader.pairs)


async def _whole(stream: AsyncIterator[bytes], limit: int) -> bytes:
    body = bytearray()
    async for chunk in stream:
        body += chunk
        if len(body) > limit:
            raise too_large(limit)
    return bytes(body)


async def drain(stream: AsyncIterator[bytes], limit: int) -> None:
    """
    Read what is left of a body that was refused, within bounds.

    A client that is still sending would see a broken pipe in place of the answer.
    """
    with anyio.move_on_after(_DRAIN_SECONDS):
        async for chunk in stream:
            limit -= len(chunk)
            if limit < 0:
                return
