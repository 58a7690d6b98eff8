"""``listen``, ``callbacks`` and ``sandbox trigger``: callbacks over real sockets."""

import contextlib
import datetime as dt
import re
import socket
import sqlite3
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from astria_async.protocol.addresses import Address
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.signing import CallbackSigner
from astria_async.stores import open_store

BODY = b'{"tune": {"id": 5}}'


def test_callbacks_are_shown_kept_and_passed_on(
    cli: Any, listen: Any, program: Any, photos: list[str]
) -> None:
    """From a create to a replay: seen live, passed on signed, listed, shown, sent again."""
    words = ("tunes", "create", photos[0], "--name", "cat", "--metadata", "user_id=7")
    with listen("--forward-to", program.url) as listener:
        tune = cli(*words, "--wait", "-q", **listener.env).out.strip()
        came, passed_on = listener.next(), listener.next()
    shown = cli("callbacks", "show", tune)
    listed = cli("callbacks", "list")
    as_json = cli("callbacks", "show", came["wait"][:6], "--json").json
    replayed = cli("callbacks", "replay", tune, "--to", program.url)

    assert (came["event"], came["ids"], came["count"]) == ("callback", [int(tune)], 1)
    assert came["metadata"] == {"user_id": "7"}
    assert came["body"]["tune"]["id"] == int(tune)
    assert (passed_on["event"], passed_on["status"]) == ("forwarded", 202)
    assert re.search(rf"tune +{tune}  pending  user_id=7", listed.out)
    assert "user_id=7" in shown.out
    assert as_json["wait"] == came["wait"]
    assert replayed.out.startswith(f"Sent to {program.url}: 202 in ")
    paths = [path for path, _ in program.seen]
    assert len(paths) == 2
    assert all(path.startswith("/hook?mine=1&user_id=7&kind=tune&wait=") for path in paths)


def test_refused_and_repeated(listen: Any) -> None:
    """A forged request is shown as refused; the same callback a second time is counted."""
    with listen() as listener:
        url = listener.opening["public_url"]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            post(f"{url}?kind=tune&wait={'a' * 22}&sig=forged")
        refused = listener.next()
        signed = sign(listener, url)
        post(signed)
        first = listener.next()
        post(signed)
        second = listener.next()

    assert (refused["event"], refused["client"]) == ("refused", "127.0.0.1")
    assert [first["count"], second["count"]] == [1, 2]
    assert first["body"] == {"tune": {"id": 5}}


def test_callback_that_is_not_kept(listen: Any, tmp_path: Path) -> None:
    """A store that fails while it is used is told at once: that callback is lost."""
    with listen("--store", "sqlite:///kept.db") as listener:
        with contextlib.closing(sqlite3.connect(tmp_path / "kept.db")) as file:
            file.execute("ALTER TABLE astria_async_callbacks RENAME TO elsewhere")
        with pytest.raises(urllib.error.HTTPError, match="503"):
            post(sign(listener, listener.opening["public_url"]))
        told = listener.until("trouble", what="callback.not_kept")
        with contextlib.closing(sqlite3.connect(tmp_path / "kept.db")) as file:
            file.execute("ALTER TABLE elsewhere RENAME TO astria_async_callbacks")
        post(sign(listener, listener.opening["public_url"]))
        came = listener.until("callback")

    assert "no such table" in told["error"]
    assert came["body"] == {"tune": {"id": 5}}


SDK = """
import atexit, os
atexit.register(os.abort)  # as its threads may do to an interpreter that is torn down

class Part:
    def __getattr__(self, name):
        return lambda *_: self  # authtoken, http_endpoint, ...
    async def connect(self):
        if os.environ["NGROK_AUTHTOKEN"] == "wrong":
            raise ValueError("failed to connect session", "authentication failed")
        return self
    async def listen_and_forward(self, address):
        self.url = lambda: address
        return self
    async def close(self):
        pass

SessionBuilder = Part
"""
"""Stands in for ngrok's SDK, without its service: the tunnel leads nowhere but here."""


def test_tunnel(listen: Any, run: Any, home: dict[str, str], tmp_path: Path) -> None:
    """``--tunnel ngrok`` listens where the SDK says, and its way to end a process is not ours."""
    (tmp_path / "sdk").mkdir()
    (tmp_path / "sdk" / "ngrok.py").write_text(SDK)
    home |= {"PYTHONPATH": str(tmp_path / "sdk"), "NGROK_AUTHTOKEN": "right"}
    with listen("--tunnel", "ngrok") as listener:
        post(sign(listener, listener.opening["public_url"]))
        came = listener.next()

    refused = run("listen", "--tunnel", "ngrok", "--port", "0", NGROK_AUTHTOKEN="wrong")

    assert came["ids"] == [5]
    assert refused.code == 3
    assert "the ngrok tunnel could not be opened: ('failed to connect" in refused.err


def post(url: str) -> None:
    """Call back."""
    request = urllib.request.Request(url, data=BODY, method="POST")
    with urllib.request.urlopen(request, timeout=30):
        pass


def sign(listener: Any, url: str) -> str:
    """A callback URL with the listener's secret."""
    signer = CallbackSigner([listener.env["ASTRIA_CALLBACK_SECRET"]])
    return signer.url(url, Address(kind="tune", wait="w" * 22))


def test_terminal(terminal: Any, run: Any, program: Any) -> None:
    """People see where it listens, the line to export, each callback, and how it was passed on."""
    program.status = 500
    screen = terminal("listen", "--port", "0", "--forward-to", program.url, TZ="UTC")
    shown = screen.until("Ctrl-C stops it.")
    env = dict(re.findall(r"(ASTRIA_\w+)=(\S+)", shown.replace("\n", "")))

    sent = run("sandbox", "trigger", "tune", "--id", "12", "--metadata", "a=b", **env)
    screen.until("passed on: 500")
    run("sandbox", "trigger", "pack", "--id", "30", **env)
    screen.until("pack 30 and 1 more passed on")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        post(f"{env['ASTRIA_CALLBACK_URL']}?kind=tune")
    screen.until("refused a request from 127.0.0.1")
    screen.type("\x03")
    done = screen.end()

    assert done.code == 0
    assert sent.out.startswith("tune: 204 in ")
    assert "Listening on  http://127.0.0.1:" in done.out
    assert re.search(r"\d\d:\d\d:\d\d  tune 12  a=b  signature ok", done.out)
    assert '{"tune": {"id": 12, "title"' in done.out
    assert "\nstopped; 2 callbacks came" in done.out


def test_whole_bodies(terminal: Any, run: Any) -> None:
    """``--bodies`` shows a body whole, over several lines."""
    screen = terminal("listen", "--port", "0", "--bodies", "--store", "sqlite:///kept.db")
    shown = screen.until("Ctrl-C stops it.")
    env = dict(re.findall(r"(ASTRIA_\w+)=(\S+)", shown.replace("\n", "")))

    run("sandbox", "trigger", "prompt", "--id", "31", **env)

    screen.until('"images": [')
    screen.type("\x03")
    assert screen.end().code == 0


def test_relay_in_front(listen: Any, run: Any) -> None:
    """With a tunnel of one's own, ``--public-url`` is what programs register, and it works."""
    with (
        relay() as (address, connect_to),
        listen("--public-url", f"http://{address}/astria") as listener,
    ):
        connect_to(int(listener.opening["url"].rpartition(":")[2]))
        sent = run("sandbox", "trigger", "tune", "--json", **listener.env)
        came = listener.next()

    assert listener.env["ASTRIA_CALLBACK_URL"] == f"http://{address}/astria"
    assert sent.json["status"] == 204
    assert came["kind"] == "tune"


@contextlib.contextmanager
def relay() -> Iterator[Any]:
    """A TCP tunnel: what comes in on its port goes to another, once that is known."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        target: list[int] = []
        threads: list[threading.Thread] = []

        def pump(source: socket.socket, sink: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65536):
                    sink.sendall(data)
            for end in (source, sink):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

        def serve() -> None:
            with contextlib.suppress(OSError):
                inside, _ = server.accept()
                with inside, socket.create_connection(("127.0.0.1", target[0])) as outside:
                    back = threading.Thread(target=pump, args=(outside, inside))
                    back.start()
                    pump(inside, outside)
                    back.join()

        def connect_to(port: int) -> None:
            target.append(port)
            thread = threading.Thread(target=serve)
            thread.start()
            threads.append(thread)

        yield f"127.0.0.1:{server.getsockname()[1]}", connect_to
        for thread in threads:
            thread.join()


def test_replay_for_handlers(cli: Any, listen: Any) -> None:
    """Without ``--to`` a callback is marked as new; one that is new already stays so."""
    with listen() as listener:
        post(sign(listener, listener.opening["public_url"]))
        listener.next()

    done = cli("callbacks", "replay", "w" * 22)
    as_json = cli("callbacks", "replay", "www", "--json").json

    assert done.out.startswith("Callback wwwwwwww is pending already: no program has run its")
    assert as_json == {"wait": "w" * 22, "pending": True, "changed": False}


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_replay_of_what_is_done(cli: Any, tmp_path: Path) -> None:
    """A callback whose handlers ran is pending again after a replay, if its body is no JSON too."""
    store = open_store(f"sqlite:///{tmp_path}/kept.db")
    await store.open()
    now = dt.datetime.now(dt.UTC)
    await store.put(Callback(kind="tune", wait="w" * 22, body=b"?", received_at=now))
    (record,) = await store.claim("me", kinds=["tune"], limit=1, lease=60)
    await store.finish(record, handled="x")
    await store.aclose()
    words = ("--store", f"sqlite:///{tmp_path}/kept.db")

    listed, shown, done = await anyio.to_thread.run_sync(
        lambda: [
            cli("callbacks", "list", "--state", "done", *words),
            cli("callbacks", "show", "w", *words),
            cli("callbacks", "replay", "w", *words),
        ]
    )

    assert "wwwwwwww" in listed.out
    assert shown.out.endswith('\n"?"\n')
    assert done.out == "Callback wwwwwwww is pending again: its handlers will run.\n"


def test_list_by_state(cli: Any, listen: Any) -> None:
    """Callbacks are listed by state, as JSON lines too."""
    with listen() as listener:
        post(sign(listener, listener.opening["public_url"]))
        listener.next()

    assert cli("callbacks", "list", "--state", "done").out == "There are none.\n"
    assert [it["ids"] for it in cli("callbacks", "list", "--json").lines] == [[5]]


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["callbacks", "show", "abc"], 5, "no callback abc is kept here"),
        (["callbacks", "list", "--store", "memory:"], 3, "callbacks in memory are gone"),
        (["callbacks", "list", "--store", "sqlit:///x"], 3, "did you mean 'sqlite'?"),
        (["callbacks", "list", "--store", "sqlite:////nowhere/x.db"], 3, "nowhere"),
        (["callbacks", "list", "--state", "don"], 2, 'Did you mean "done"?'),
        (["listen", "--store", "memory:"], 3, "callbacks in memory are gone"),
        (["listen", "--forward-to", "nonsense"], 2, "--forward-to: the URL 'nonsense' is not an"),
        (["listen", "--public-url", "http://example.com"], 2, "and Astria calls https alone"),
        (["listen", "--tunnel", "ngrk"], 2, 'Did you mean "ngrok"?'),
        (["listen", "--tunnel", "ngrok", "--port", "0"], 3, "NGROK_AUTHTOKEN"),
        (["sandbox", "trigger"], 3, "nothing says where to"),
        (["sandbox", "trigger", "tun", "--to", "http://127.0.0.1:9"], 2, 'Did you mean "tune"?'),
        (["sandbox", "trigger", "tune", "--to", "http://127.0.0.1:9", "--json"], 8, ""),
    ],
)
def test_bad_input(cli: Any, words: list[str], code: int, message: str) -> None:
    """What cannot be is told in one line, with its code."""
    done = cli(*words, NGROK_AUTHTOKEN="")

    assert done.code == code
    assert message in done.err
    assert done.err.count("\n") == (1 if message else 0)


def test_port_in_use(cli: Any) -> None:
    """A port that is taken is told in one line."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = cli("listen", "--port", str(taken.getsockname()[1]))

    assert done.code == 3
    assert "in use" in done.err


def test_ambiguous_and_unsigned(cli: Any, run: Any, listen: Any, program: Any) -> None:
    """The beginning of several wait ids is refused; without a secret nothing is sent on."""
    with listen() as listener:
        signer = CallbackSigner([listener.env["ASTRIA_CALLBACK_SECRET"]])
        for last in "ab":
            address = Address(kind="tune", wait="w" * 21 + last)
            post(signer.url(listener.opening["public_url"], address))
            listener.next()
        store = listener.env["ASTRIA_CALLBACK_STORE"]

    ambiguous = cli("callbacks", "show", "ww")
    unsigned = run(
        "callbacks", "replay", "w" * 21 + "a", "--to", program.url, "--store", store,
        HOME="/nowhere",
    )  # fmt: skip

    assert (ambiguous.code, "2 callbacks begin with ww" in ambiguous.err) == (2, True)
    assert (unsigned.code, "no secret to sign it with" in unsigned.err) == (3, True)
