"""Commands run as processes: through pipes, or at a terminal; and a sandbox to talk to."""

import contextlib
import datetime as dt
import email.utils
import fcntl
import io
import json
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, Protocol

import attrs
import pytest
from forking import Forked, Parent, parent

from astria_async.cli import main

PATIENCE = 40.0
"""Seconds after which a process hangs; a bound for a busy machine, not something waited for."""

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@attrs.frozen
class Done:
    """What a process came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, which is one JSON value."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[Any]:
        """Its output, which is one JSON value a line."""
        return [json.loads(line) for line in self.out.splitlines()]


class Run(Protocol):
    """Runs a command through pipes."""

    def __call__(self, *words: str, stdin: str = "", **env: str) -> Done:
        """Run it to its end."""
        ...


@attrs.define
class Terminal:
    """A command at a terminal of 80 by 24."""

    process: Forked
    master: int
    seen: str = ""

    def until(self, text: str) -> str:
        """Read until *text* appears; all that was shown, without colours and cursor movements."""
        end = time.monotonic() + PATIENCE
        while text not in self.shown:
            if not self._read(end - time.monotonic()):
                raise AssertionError(f"{text!r} did not appear in: {self.shown}")
        return self.shown

    def type(self, keys: str) -> None:
        """Press keys; ``\\x03`` is Ctrl-C."""
        os.write(self.master, keys.encode())

    def end(self) -> Done:
        """Read to the end, and see the process off."""
        end = time.monotonic() + PATIENCE
        while self._read(end - time.monotonic()):
            pass
        return Done(self.process.wait(PATIENCE), self.shown, "")

    @property
    def shown(self) -> str:
        return _CONTROL.sub("", self.seen).replace("\r\n", "\n")

    def _read(self, seconds: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0.0, seconds))
        if not ready:
            raise AssertionError(f"the command hangs after: {self.shown}")
        try:
            data = os.read(self.master, 65536)
        except OSError:  # Linux says so when the other side is closed
            data = b""
        self.seen += data.decode(errors="replace")
        return bool(data)


class OpenTerminal(Protocol):
    """Opens a terminal with a command running in it."""

    def __call__(self, *words: str, **env: str) -> Terminal:
        """Begin it."""
        ...


@attrs.frozen
class Served:
    """A sandbox process."""

    url: str
    api_key: str
    dashboard: str
    pid: int

    @property
    def env(self) -> dict[str, str]:
        """What makes a command talk to it."""
        return {"ASTRIA_BASE_URL": self.url, "ASTRIA_API_KEY": self.api_key}


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    """The environment of a user with nothing set up, whose files lie under *tmp_path*."""
    return clean_environment(tmp_path / "home")


def clean_environment(folder: Path) -> dict[str, str]:
    """The process's environment without anything that sets this package up."""
    dropped = ("ASTRIA_", "XDG_", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
    env = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    return env | {"HOME": str(folder), "TERM": "xterm-256color", "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="session")
def forker() -> Iterator[Parent]:
    """What processes are forked from."""
    with parent() as found:
        yield found


@pytest.fixture
def run(tmp_path: Path, home: Mapping[str, str], forker: Parent) -> Run:
    """Run a command in *tmp_path*, its output through pipes."""

    def call(*words: str, stdin: str = "", **env: str) -> Done:
        process = forker.begin(*words, cwd=tmp_path, env={**home, **env})
        out, err = process.communicate(stdin, PATIENCE)
        return Done(process.wait(PATIENCE), out, err)

    return call


@pytest.fixture
def terminal(tmp_path: Path, home: Mapping[str, str], forker: Parent) -> Iterator[OpenTerminal]:
    """Begin a command at a terminal."""
    with contextlib.ExitStack() as stack:

        def begin(*words: str, **env: str) -> Terminal:
            master, slave = pty.openpty()
            fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
            process = forker.begin(
                *words,
                cwd=tmp_path,
                env={**home, **env},
                stdin=slave,
                stdout=slave,
                stderr=slave,
                terminal=True,
            )
            os.close(slave)
            stack.callback(os.close, master)
            stack.callback(_end, process)
            return Terminal(process, master)

        yield begin


def _end(process: Forked) -> None:
    process.kill()
    process.wait(PATIENCE)


FAULTS = [
    # What is named so fails, or never ends.
    {"on": "job", "kind": "tune", "match": "hangs", "reason": ""},
    {"on": "job", "kind": "tune", "match": "fails", "reason": "No face was found."},
    {"on": "job", "kind": "prompt", "match": "fails", "reason": "The text was refused."},
    # Prompts on this tune of the gallery are not answered.
    {"on": "request", "kind": "slow", "path": "/tunes/690204/prompts", "seconds": 10000000},
]


@contextlib.contextmanager
def serving(forker: Parent, folder: Path, *words: str) -> Iterator[Served]:
    """A sandbox process on a free port."""
    process = forker.begin(
        "sandbox", "--port", "0", "--json", *words,
        cwd=folder, env=clean_environment(folder), stdin=0, stderr=2,
    )  # fmt: skip
    assert process.stdout is not None
    with process.stdout:
        try:
            yield Served(**json.loads(process.stdout.readline()))
        finally:
            process.send_signal(signal.SIGINT)
            assert process.wait(PATIENCE) == 0


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory, forker: Parent) -> Iterator[Served]:
    """A sandbox for all tests, where an ordinary tune takes half a second."""
    faults = [word for fault in FAULTS for word in ("--faults", json.dumps(fault))]
    with serving(forker, tmp_path_factory.mktemp("home"), "--speed", "2000", *faults) as served:
        yield served


@pytest.fixture
def another_sandbox(
    tmp_path: Path, forker: Parent
) -> Callable[..., AbstractContextManager[Served]]:
    """A sandbox with settings of its own."""
    return lambda *words: serving(forker, tmp_path, *words)


@pytest.fixture
def cli(
    sandbox: Served,
    tmp_path: Path,
    home: Mapping[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command that talks to the sandbox, in this process, to save the start of one."""
    monkeypatch.chdir(tmp_path)

    def call(*words: str, stdin: str = "", **env: str) -> Done:
        capsys.readouterr()
        with monkeypatch.context() as patch:
            for name in os.environ.keys() - home.keys():
                patch.delenv(name)
            for name, value in {**home, **sandbox.env, **env}.items():
                patch.setenv(name, value)
            patch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
            code = main(words)
        return Done(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def tune(sandbox: Served, forker: Parent, tmp_path_factory: pytest.TempPathFactory) -> int:
    """A tune that is trained."""
    home = tmp_path_factory.mktemp("home")
    return _created(sandbox, forker, home, "tunes", "create", "--name", "cat", _photo())


@pytest.fixture(scope="session")
def prompt(
    sandbox: Served, tune: int, forker: Parent, tmp_path_factory: pytest.TempPathFactory
) -> int:
    """A prompt with two pictures."""
    home = tmp_path_factory.mktemp("home")
    words = ("prompts", "create", str(tune), "ohwx cat in a hat", "--num-images", "2")
    return _created(sandbox, forker, home, *words)


def _created(sandbox: Served, forker: Parent, home: Path, *words: str) -> int:
    env = clean_environment(home) | sandbox.env
    process = forker.begin(*words, "--wait", "--quiet", cwd=home, env=env)
    out, err = process.communicate("", PATIENCE)
    assert process.wait(PATIENCE) == 0, err
    return int(out)


def _photo() -> str:
    return str(next(PHOTOS.glob("*.jpg")))


class Program(HTTPServer):
    """A program that takes callbacks, and remembers them."""

    def __init__(self, status: int = 202) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.seen: list[tuple[str, Any]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook?mine=1"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        server: Any = self.server
        server.seen.append((self.path, json.loads(body)))
        self.send_response(server.status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def program() -> Iterator[Program]:
    """A program on a port of its own."""
    with Program() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


class Answers(HTTPServer):
    """Answers every request alike, with the time that it is told."""

    def __init__(self, status: int, body: bytes, headers: dict[str, str], hours: float) -> None:
        super().__init__(("127.0.0.1", 0), _Answering)
        self.answer = (status, body, headers)
        self.hours = hours


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        server: Any = self.server
        status, body, headers = server.answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def date_time_string(self, timestamp: float | None = None) -> str:
        server: Any = self.server
        now = dt.datetime.now(dt.UTC) + dt.timedelta(hours=server.hours)
        return email.utils.format_datetime(now, usegmt=True)

    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def _answering(
    status: int = 200, body: bytes = b"", hours: float = 0, **headers: str
) -> Iterator[str]:
    """The URL of a server that gives one answer."""
    with Answers(status, body, headers, hours) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def answering() -> Any:
    """A server that gives one answer, at the URL that the block is given."""
    return _answering


@attrs.frozen
class Listener:
    """``listen --events`` as a process."""

    process: Forked
    opening: dict[str, Any]

    def next(self) -> dict[str, Any]:
        """The next event."""
        assert self.process.stdout is not None
        found: dict[str, Any] = json.loads(self.process.stdout.readline())
        return found

    def until(self, event: str, **fields: str) -> dict[str, Any]:
        """The next event of that name with these fields; others before it are passed over."""
        while True:
            found = self.next()
            if found["event"] == event and fields.items() <= found.items():
                return found

    @property
    def env(self) -> dict[str, str]:
        """What it tells a program to set."""
        found: dict[str, str] = self.opening["environment"]
        return found


@pytest.fixture
def listen(tmp_path: Path, home: Mapping[str, str], forker: Parent) -> Any:
    """Begin to listen, with options of one's own."""

    @contextlib.contextmanager
    def begin(*words: str) -> Iterator[Listener]:
        process = forker.begin(
            "listen", "--events", "--port", "0", *words,
            cwd=tmp_path, env=home, stdin=0, stderr=2,
        )  # fmt: skip
        assert process.stdout is not None
        with process.stdout:
            try:
                yield Listener(process, json.loads(process.stdout.readline()))
            finally:
                process.send_signal(signal.SIGINT)
                assert process.wait(PATIENCE) == 0

    return begin


PHOTOS = Path(__file__).parents[2] / "astria_async" / "cli" / "samples"


@pytest.fixture
def photos() -> list[str]:
    """Paths of real photographs."""
    return [str(path) for path in sorted(PHOTOS.glob("*.jpg"))]
