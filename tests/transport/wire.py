"""A server that does with each connection what a test's script says, down to the bytes."""

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager

import anyio
import anyio.abc
import attrs
from anyio.abc import SocketAttribute
from python_multipart.multipart import MultipartParser, parse_options_header


@attrs.frozen
class Request:
    """A request as it came over the wire."""

    line: str
    headers: dict[str, str]
    body: bytes

    @property
    def method(self) -> str:
        return self.line.split()[0]

    @property
    def target(self) -> str:
        return self.line.split()[1]


@attrs.define(eq=False)
class Connection:
    """One accepted connection."""

    stream: anyio.abc.SocketStream
    server: "Server"
    _buffer: bytearray = attrs.field(factory=bytearray)

    async def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._buffer += await self.stream.receive()
        return self._take(self._buffer.index(mark) + len(mark))[: -len(mark)]

    async def _exactly(self, size: int) -> bytes:
        while len(self._buffer) < size:
            self._buffer += await self.stream.receive()
        return self._take(size)

    def _take(self, size: int) -> bytes:
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    async def head(self) -> Request:
        """The request line and the headers; the body is left where it is."""
        line, *lines = (await self._until(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        pairs = (entry.split(": ", 1) for entry in lines)
        return Request(line, {name.lower(): value for name, value in pairs}, b"")

    async def request(self) -> Request:
        """A whole request, which is written down too."""
        head = await self.head()
        if head.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(await self._until(b"\r\n"), 16):
                body += (await self._exactly(size + 2))[:-2]
            await self._until(b"\r\n")
        else:
            body = await self._exactly(int(head.headers.get("content-length", 0)))
        whole = attrs.evolve(head, body=body)
        self.server.requests.append(whole)
        return whole

    async def reply(
        self,
        status: int = 200,
        body: bytes = b"{}",
        *,
        length: int | None = None,
        **headers: str,
    ) -> None:
        """An answer; *length* may lie about the body's."""
        named = "".join(f"{name.replace('_', '-')}: {text}\r\n" for name, text in headers.items())
        size = len(body) if length is None else length
        head = f"HTTP/1.1 {status} OK\r\n{named}Content-Length: {size}\r\n\r\n"
        await self.stream.send(head.encode() + body)

    async def receive(self, size: int) -> None:
        """Take *size* bytes of whatever comes, and keep none of them."""
        size -= len(self._buffer)
        self._buffer.clear()
        while size > 0:
            size -= len(await self.stream.receive())

    def reset(self) -> None:
        """Have the connection end with a reset instead of an orderly close."""
        raw = self.stream.extra(SocketAttribute.raw_socket)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Script = Callable[[Connection], Awaitable[None]]


@attrs.define(eq=False)
class Server:
    """
    A server on a loopback port.

    Attributes:
        requests: Those that came whole.
        connections: How many were accepted.
    """

    port: int
    requests: list[Request] = attrs.field(factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Server]:
    """A server that runs *script* for each connection, and closes it afterwards."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    server = Server(listener.extra(SocketAttribute.local_port))

    async def handle(stream: anyio.abc.SocketStream) -> None:
        server.connections += 1
        async with stream:
            # A client that goes away in the middle is what many tests are about.
            with contextmanager(_gone)():
                await script(Connection(stream, server))

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield server
        group.cancel_scope.cancel()


def _gone() -> Iterator[None]:
    try:
        yield
    except (anyio.EndOfStream, anyio.BrokenResourceError):
        return


def answering(status: int = 200, body: bytes = b"{}", **headers: str) -> Script:
    """Gives every request the same answer."""

    async def script(connection: Connection) -> None:
        while True:
            await connection.request()
            await connection.reply(status, body, **headers)

    return script


async def reset_while_uploading(connection: Connection) -> None:
    """Cut an upload off."""
    await connection.head()
    await connection.receive(1_000_000)
    connection.reset()


@contextmanager
def deaf_port() -> Iterator[int]:
    """A port on which nobody listens, nor can begin to: it is taken for the length of the block."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@attrs.frozen
class FormPart:
    """A part of a multipart body as the server reads it."""

    name: str
    filename: str | None
    content_type: str | None
    content: bytes


def parts_of(request: Request) -> list[FormPart]:
    """The parts of a multipart body, by a parser that others wrote."""
    _, options = parse_options_header(request.headers["content-type"])
    found: list[tuple[dict[str, bytes], bytearray]] = []
    name = bytearray()
    parser = MultipartParser(
        options[b"boundary"],
        {
            "on_part_begin": lambda: found.append(({}, bytearray())),
            "on_header_begin": name.clear,
            "on_header_field": lambda data, start, end: name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: found[-1][0].__setitem__(
                name.decode().lower(), data[start:end]
            ),
            "on_part_data": lambda data, start, end: found[-1][1].extend(data[start:end]),
        },
    )
    parser.write(request.body)
    parser.finalize()
    return [_part(headers, bytes(content)) for headers, content in found]


def _part(headers: dict[str, bytes], content: bytes) -> FormPart:
    _, options = parse_options_header(headers["content-disposition"])
    filename, declared = options.get(b"filename"), headers.get("content-type")
    return FormPart(
        options[b"name"].decode(),
        None if filename is None else filename.decode(),
        None if declared is None else declared.decode(),
        content,
    )
