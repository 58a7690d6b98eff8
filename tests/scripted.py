"""An API of few lines behind the transport's seam, whose answers a test scripts."""

import datetime as dt
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import anyio
import attrs
from anyio.lowlevel import checkpoint

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import ConnectionFailed
from astria_async.protocol.replies import Reply
from astria_async.sandbox.clock import VirtualClock

START = dt.datetime(2025, 3, 4, 10, 20, 30, tzinfo=dt.UTC)


class SwiftClock(VirtualClock):
    """A clock that moves ahead by whatever is slept, at once: for one task alone."""

    def __init__(self) -> None:
        super().__init__(speed=0, start=START)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        """Move time ahead."""
        self.slept.append(seconds)
        self.advance(max(0.0, seconds))
        await checkpoint()


def lost(*, sent: bool = True) -> ConnectionFailed:
    """A connection that broke."""
    return ConnectionFailed("the connection was reset", method="POST", path="/tunes", sent=sent)


def answer(status: int, body: Any = None, **headers: str) -> Reply:
    """An answer with JSON."""
    found = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=found, body=json.dumps(body).encode())


@attrs.frozen
class Step:
    """
    What becomes of one request.

    Attributes:
        end: The answer, or the error in its place; ``None`` answers as the API would.
        processed: Whether a create makes its object.
        after: How many later requests pass before it does, where the server is slow.
        hangs: Whether there is never an answer.
    """

    end: Reply | Exception | None = None
    processed: bool = False
    after: int = 0
    hangs: bool = False


@attrs.define(eq=False)
class Scripted:
    """
    A transport, and the objects behind it.

    Attributes:
        creates: What becomes of the next POST requests; then they are answered.
        reads: The same for GET requests.
        calls: Every request so far.
        objects: What there is, by kind, as JSON.
        downloads: What is behind each URL: answers in turn, the last one for good.
        fetched: The paths of all downloads so far.
        open_files: How many downloads are under way.
    """

    clock: VirtualClock
    creates: list[Step] = attrs.field(factory=list)
    reads: list[Step] = attrs.field(factory=list)
    calls: list[Call] = attrs.field(factory=list)
    objects: dict[str, list[dict[str, Any]]] = attrs.field(
        factory=lambda: {"tune": [], "prompt": []}
    )
    downloads: dict[str, list["File"]] = attrs.field(factory=dict)
    fetched: list[str] = attrs.field(factory=list)
    open_files: int = 0
    closed: bool = False
    _late: list[tuple[int, Call]] = attrs.field(factory=list)

    def posts(self) -> list[Call]:
        """The creates that were sent."""
        return [call for call in self.calls if call.method == "POST"]

    async def send(self, call: Call) -> Reply:
        """Answer one request as the script says."""
        await checkpoint()
        self.calls.append(call)
        self._late = [(left - 1, late) for left, late in self._late]
        for left, late in list(self._late):
            if left == 0:
                self._late.remove((left, late))
                self._make(late)
        script = self.creates if call.method == "POST" else self.reads
        step = script.pop(0) if script else Step(processed=True)
        made = None
        if call.method == "POST" and step.processed and step.after:
            self._late.append((step.after, call))
        elif call.method == "POST" and step.processed:
            made = self._make(call)
        if step.hangs:
            await anyio.sleep_forever()
        if isinstance(step.end, Exception):
            raise step.end
        if step.end is not None:
            return step.end
        return answer(201, made) if made else self._read(call)

    def _make(self, call: Call) -> dict[str, Any]:
        kind = "prompt" if "prompt" in call.path else "tune"
        values = dict(call.content[kind]) if call.content else {}
        for part in call.parts or ():
            value = getattr(part, "value", None)
            if isinstance(value, str):
                values[part.name.partition("[")[2].rstrip("]")] = value
        values.pop("images", None)
        values.pop("image_urls", None)
        nested = values.pop("prompts_attributes", [])
        if kind == "prompt":
            values["tune_id"] = int(call.path.split("/")[2])
        made = self.put(kind, **values)
        for prompt in nested:
            self.put("prompt", tune_id=made["id"], **prompt)
        return made

    def put(self, kind: str, **values: Any) -> dict[str, Any]:
        """Make an object, now."""
        created_at = self.clock.now().isoformat()
        number = len(self.objects[kind]) + 1
        made = {"id": number, "created_at": created_at, "trained_at": None} | values
        self.objects[kind].append(made)
        return made

    def _read(self, call: Call) -> Reply:
        kind = "prompt" if "/prompts" in call.path else "tune"
        last = call.path.rpartition("/")[2]
        if call.method == "DELETE":
            return answer(200)
        if last.isdecimal():
            found = [it for it in self.objects[kind] if it["id"] == int(last)]
            return answer(200, found[0]) if found else answer(404, {"error": "Not Found"})
        query = dict(call.query)
        before = int(query.get("before_id", 10**9))
        text = query.get("title", query.get("text", ""))
        listed = [
            it
            for it in reversed(self.objects[kind])
            if it["id"] < before and text in str(it.get("title", it.get("text", "")))
        ]
        return answer(200, listed[: int(query.get("limit", 20))])

    @asynccontextmanager
    async def download(self, url: str) -> AsyncIterator["File"]:
        """Open a file as the script says."""
        await checkpoint()
        self.fetched.append(urlsplit(url).path)
        script = self.downloads[url]
        file = script.pop(0) if len(script) > 1 else script[0]
        if file.error is not None:
            raise file.error
        self.open_files += 1
        try:
            yield file
        finally:
            self.open_files -= 1

    async def aclose(self) -> None:
        """Note that it was closed."""
        self.closed = True


@attrs.define(eq=False)
class File:
    """
    One answer to a download.

    Attributes:
        content: Its bytes, in pieces.
        error: Raised in place of an answer.
        breaks: Raised after the last piece.
        gate: Waited for after the first piece.
        midway: Called after the first piece.
    """

    content: tuple[bytes, ...] = ()
    status: int = 200
    content_type: str | None = "image/jpeg"
    length: int | None = None
    error: Exception | None = None
    breaks: Exception | None = None
    gate: anyio.Event | None = None
    midway: Callable[[], None] | None = None

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """The pieces."""
        for number, piece in enumerate(self.content):
            yield piece
            if number == 0 and self.midway is not None:
                self.midway()
            if number == 0 and self.gate is not None:
                await self.gate.wait()
        if self.breaks is not None:
            raise self.breaks
