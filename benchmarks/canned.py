"""
An API that costs next to nothing: answers that were made beforehand, from a process of its own.

``/tunes/N`` and ``/prompts/N`` give an object, ``/fine_tuning/jobs/N`` the tune again, ``/files/N``
a picture of 200 KB; whatever is posted is read to its end and answered with a tune.
"""

import asyncio
import contextlib
import re
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.samples import encoded, prompt, tune

PICTURE = b"\xff\xd8\xff\xe0" + bytes(200_000)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def answer(body: bytes, content_type: str = "application/json; charset=utf-8") -> bytes:
    """A whole HTTP answer, with the headers that Rails behind a proxy sends."""
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Date: Fri, 02 Jan 2026 03:04:05 GMT\r\n"
        f"Content-Type: {content_type}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Connection: keep-alive\r\n"
        "Cache-Control: max-age=0, private, must-revalidate\r\n"
        'ETag: W/"8d3f0a1c5e7b9d2f4a6c8e0b1d3f5a7c"\r\n'
        "Referrer-Policy: strict-origin-when-cross-origin\r\n"
        "Vary: Accept, Origin\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "X-Request-Id: 1a2b3c4d-5e6f-7a8b-9c0d-1e2f3a4b5c6d\r\n"
        "X-Runtime: 0.031415\r\n\r\n"
    )
    return head.encode() + body


TUNE = answer(encoded(tune(1)))
PROMPT = answer(encoded(prompt(1)))
FILE = answer(PICTURE, "image/jpeg")


class Canned(asyncio.Protocol):
    """One connection."""

    def __init__(self) -> None:
        self._head = b""
        self._left = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self._left:
            self._left -= len(data)
            if self._left <= 0:
                self._transport.write(TUNE)
            return
        self._head += data
        while b"\r\n\r\n" in self._head:
            head, _, rest = self._head.partition(b"\r\n\r\n")
            length = _LENGTH.search(head)
            left = (int(length[1]) if length else 0) - len(rest)
            if length and left > 0:
                self._left, self._head = left, b""
                return
            self._head = b"" if length else rest
            self._transport.write(self._choose(head))

    @staticmethod
    def _choose(head: bytes) -> bytes:
        if b" /files/" in head[:40]:
            return FILE
        return PROMPT if b" /prompts/" in head[:40] else TUNE


async def serve() -> None:
    """Serve on a free port, and tell which."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Canned, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextlib.contextmanager
def running(module: str = "benchmarks.canned", *arguments: str) -> Iterator[str]:
    """A server in a process of its own, which prints its port first; its URL."""
    command = [sys.executable, "-m", module, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(serve())
