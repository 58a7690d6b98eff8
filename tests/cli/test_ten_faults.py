"""The ten ways in which callbacks get lost, each set up for real, and named by ``doctor``."""

import contextlib
import json
import re
import socket
import stat
import threading
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import attrs
import pytest

from astria_async.cli.doctor.callbacks import Serving, look_at_callbacks
from astria_async.cli.settings import Settings
from astria_async.clock import SystemClock

USER = {"id": 1, "name": "Ada", "usd_balance_mc": 10_000_000}
SECRET = "another secret of more than sixteen bytes"


@attrs.frozen
class World:
    """
    What a set-up is made from.

    Attributes:
        listen: Begins a real ``listen`` process.
        answering: Begins a server that gives one answer.
        folder: For files.
    """

    listen: Callable[..., AbstractContextManager[Any]]
    answering: Callable[..., AbstractContextManager[str]]
    folder: Path


Broken = Callable[[World], AbstractContextManager[Mapping[str, str]]]
"""Breaks something for the length of the block; what the user's environment then says."""


@contextlib.contextmanager
def wrong_key(world: World) -> Iterator[Mapping[str, str]]:
    """All is well but for the key."""
    with world.listen() as listener:
        yield {**listener.env, "ASTRIA_API_KEY": "sd_wrong"}


@contextlib.contextmanager
def http_url(world: World) -> Iterator[Mapping[str, str]]:
    """The receiver's own address, given as plain http."""
    with world.listen() as listener:
        yield {**listener.env, "ASTRIA_CALLBACK_URL": "http://hooks.example.com/astria"}


@contextlib.contextmanager
def redirecting_proxy(world: World) -> Iterator[Mapping[str, str]]:
    """A proxy in front that sends everything elsewhere."""
    with (
        world.listen() as listener,
        world.answering(301, Location="https://www.example.com/astria/") as url,
    ):
        yield {**listener.env, "ASTRIA_CALLBACK_URL": f"{url}/astria"}


@contextlib.contextmanager
def other_secret(world: World) -> Iterator[Mapping[str, str]]:
    """The receiver signs with a secret, and this program with another."""
    with world.listen() as listener:
        yield {**listener.env, "ASTRIA_CALLBACK_SECRET": SECRET}


@contextlib.contextmanager
def closed_port(world: World) -> Iterator[Mapping[str, str]]:
    """The receiver has been stopped."""
    with world.listen() as listener:
        env = listener.env
    yield env


@contextlib.contextmanager
def path_404(world: World) -> Iterator[Mapping[str, str]]:
    """The receiver is somewhere else on that server."""
    with world.listen() as listener, world.answering(404) as url:
        yield {**listener.env, "ASTRIA_CALLBACK_URL": f"{url}/hooks"}


@contextlib.contextmanager
def clock_off(world: World) -> Iterator[Mapping[str, str]]:
    """The API's clock, and so everyone's, is an hour ahead of this machine's."""
    with (
        world.listen() as listener,
        world.answering(body=json.dumps(USER).encode(), hours=1) as url,
    ):
        yield {**listener.env, "ASTRIA_BASE_URL": url}


@contextlib.contextmanager
def read_only_store(world: World) -> Iterator[Mapping[str, str]]:
    """The file of callbacks, and its folder, may be read and no more."""
    folder = world.folder / "kept"
    folder.mkdir()
    with world.listen("--store", f"sqlite:///{folder}/callbacks.db") as listener:
        env = listener.env
    for path in (*folder.iterdir(), folder):
        path.chmod(path.stat().st_mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
    yield env
    folder.chmod(0o700)


@contextlib.contextmanager
def dead_tunnel(world: World) -> Iterator[Mapping[str, str]]:
    """The way in is still there, but leads nowhere: connections are taken, and closed."""
    with world.listen() as listener, socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = server.accept()
                    with client:
                        client.recv(65536)

        thread = threading.Thread(target=serve)
        thread.start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        yield {**listener.env, "ASTRIA_CALLBACK_URL": url}
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


class Moving(SystemClock):
    """A clock that others may put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        return super().monotonic() + self.ahead


class Sluggish(HTTPServer):
    """A proxy in front of *target* that takes six seconds, by *clock*, to pass a request on."""

    def __init__(self, target: str, clock: Moving) -> None:
        super().__init__(("127.0.0.1", 0), _Passing)
        self.target, self.clock = target, clock


class _Passing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        server: Any = self.server
        server.clock.ahead += 6.0
        query = self.path.partition("?")[2]
        request = urllib.request.Request(f"{server.target}?{query}", data=b"", method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


FAULTS: Mapping[str, tuple[Broken, str, str, str]] = {
    "wrong key": (
        wrong_key,
        "key",
        "wrong: the API does not know it (401)",
        "Copy it again from the API settings",
    ),
    "http URL": (
        http_url,
        "callbacks",
        "http://hooks.example.com/astria is plain http, and Astria calls https",
        "Set ASTRIA_CALLBACK_URL to the https URL",
    ),
    "redirecting proxy": (
        redirecting_proxy,
        "callbacks",
        "/astria/ redirects to https://www.example.com/astria/ (301), and Astria follows no",
        "Use the URL that it leads to",
    ),
    "other secret": (
        other_secret,
        "secret",
        "has another secret",
        "Set ASTRIA_CALLBACK_SECRET to the same value in every process",
    ),
    "closed port": (
        closed_port,
        "callbacks",
        "the connection was refused",
        "Start the receiver",
    ),
    "404 path": (
        path_404,
        "callbacks",
        "/hooks/ (404)",
        "Mount the receiver there",
    ),
    "clock off by an hour": (
        clock_off,
        "clock",
        "this machine's is 60 min behind",
        "have it set by NTP",
    ),
    "read-only store": (
        read_only_store,
        "store",
        "attempt to write a readonly database",
        "Let this user write there",
    ),
    "dead tunnel": (
        dead_tunnel,
        "callbacks",
        "takes connections and closes them with no answer, as a dead tunnel does",
        "open the tunnel again",
    ),
}
"""How each is set up, what ``doctor`` names, what it says of it, and what it advises."""


MANUAL = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()


def documented() -> dict[str, str]:
    """What the manual says of each fault, as a pattern."""
    (table,) = re.findall(r"(?m)^\| What is wrong \|.*\n\|[-|]+\n((?:\|.*\n)+)", MANUAL)
    found = [line.strip("| ").split(" | ") for line in table.splitlines()]
    return {name: re.escape(said).replace("…", ".*") for name, said in found}


def test_manual_knows_the_ten() -> None:
    """The manual lists these ten."""
    assert sorted(documented()) == sorted([*FAULTS, "slow answer"])


@pytest.mark.parametrize("name", FAULTS)
def test_process_names_the_fault(
    name: str, listen: Any, answering: Any, sandbox: Any, doctor: Any, tmp_path: Path
) -> None:
    """Run as a process, it names that fault and no other, says what to do, and ends with 15."""
    broken, about, said, advice = FAULTS[name]
    with broken(World(listen, answering, tmp_path)) as env:
        done = doctor({**sandbox.env, **env}, "--json")
        shown = doctor({**sandbox.env, **env})

    (found,) = [it for it in json.loads(done[1])["findings"] if it["verdict"] == "fault"]
    assert (done[0], shown[0], done[2] + shown[2]) == (15, 15, "")
    assert found["about"] == about
    assert said in found["said"]
    assert re.fullmatch(documented()[name], f"{about}: {found['said']}")
    assert advice in found["advice"]
    assert f"✗ {about}" in shown[1]
    assert shown[1].endswith("\n1 thing to mend.\n")


@pytest.fixture
def doctor(forker: Any, home: Mapping[str, str], tmp_path: Path) -> Any:
    """Run it as a process to which read-only files are read-only, even if it is root's."""

    def call(env: Mapping[str, str], *words: str) -> tuple[int, str, str]:
        process = forker.begin("doctor", *words, cwd=tmp_path, env={**home, **env}, bound=True)
        out, err = process.communicate("", 60)
        return process.wait(60), out, err

    return call


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_slow_answer(listen: Any, tmp_path: Path) -> None:
    """The tenth, a slow answer: six seconds pass, by the doctor's clock, in a proxy in front."""
    clock = Moving()
    with listen() as listener, Sluggish(listener.opening["url"], clock) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        found = Settings(
            base_url="http://127.0.0.1",
            callback_url=f"http://127.0.0.1:{proxy.server_port}/",
            callback_secret=listener.env["ASTRIA_CALLBACK_SECRET"],
            callback_store=listener.env["ASTRIA_CALLBACK_STORE"],
        )
        findings = await look_at_callbacks(found, Serving(), clock=clock)
        proxy.shutdown()
        thread.join()

    assert [it.verdict for it in findings] == ["ok", "ok", "fault"]
    assert re.search(r"took \d+\.\d s: Astria may not wait so long", findings[-1].said)
    assert re.fullmatch(documented()["slow answer"], f"callbacks: {findings[-1].said}")
    assert "See what is slow: a tunnel" in findings[-1].advice
