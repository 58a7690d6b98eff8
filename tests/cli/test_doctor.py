"""``doctor``: what is set up wrongly, in words, with what to do about it."""

import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from astria_async.cli.doctor.callbacks import Serving, look_at_callbacks
from astria_async.cli.settings import Settings
from astria_async.clock import SystemClock

SECRET = "a secret of more than sixteen bytes"
USER = {"id": 1, "name": "Ada", "usd_balance_mc": 300_000}


def faults(done: Any) -> dict[str, str]:
    """What is to be mended, by what it is about: what was found and what to do."""
    assert done.code == (15 if done.json["faults"] else 0)
    found = [it for it in done.json["findings"] if it["verdict"] == "fault"]
    assert all(it["advice"] for it in found)
    return {it["about"]: f"{it['said']} | {it['advice']}" for it in found}


def closed() -> str:
    """A URL at which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_all_is_well(cli: Any, listen: Any) -> None:
    """With a receiver that runs, and a store and a secret that are shared, nothing is to mend."""
    with listen() as listener:
        done = cli("doctor", **listener.env)

    assert done.code == 0
    assert done.out.endswith("All is well.\n")
    for about in ("api", "key", "balance", "clock", "store", "callbacks"):
        assert f"✓ {about} " in done.out


def test_receiver_of_its_own(cli: Any) -> None:
    """``--port`` serves a receiver for the time of the check."""
    done = cli("doctor", "--port", "0")

    assert done.code == 0
    assert "✓ callbacks" in done.out


def test_nothing_is_set_up(cli: Any) -> None:
    """Without a callback URL that is worth a note, and no fault."""
    done = cli("doctor")

    assert done.code == 0
    assert "· callbacks  no URL is set up, so waiting polls\n" in done.out


def test_other_secret(cli: Any, listen: Any) -> None:
    """A receiver with another secret is told as one; without any secret here, that is told."""
    with listen() as listener:
        other = cli("doctor", "--json", **{**listener.env, "ASTRIA_CALLBACK_SECRET": SECRET})
        store = {"ASTRIA_CALLBACK_STORE": "memory:", "HOME": "/nowhere"}
        none = cli("doctor", "--json", **{**listener.env, "ASTRIA_CALLBACK_SECRET": "", **store})

    assert "has another secret" in faults(other)["secret"]
    assert "none is set up here" in faults(none)["secret"]


def test_its_own_memory(cli: Any, listen: Any) -> None:
    """A receiver whose store is not the one here is told, unless there is none here."""
    with listen() as listener:
        other = {"ASTRIA_CALLBACK_STORE": "sqlite:///other.db"}
        apart = cli("doctor", "--json", **{**listener.env, **other})
        memory = cli("doctor", **{**listener.env, "ASTRIA_CALLBACK_STORE": ""})

    assert "keeps callbacks in another store" in faults(apart)["callbacks"]
    assert memory.code == 0
    assert "in a store of its own" in memory.out


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (301, {"Location": "https://example.com/login"}, "redirects to https://example.com/login"),
        (404, {}, "/astria/ (404)"),
        (401, {}, "wants a login"),
        (502, {}, "or what stands in front of it, failed (502)"),
        (200, {"Content-Type": "text/html"}, "a web page answers in place of the receiver"),
    ],
)
def test_what_stands_in_front(
    cli: Any, answering: Any, status: int, headers: dict[str, str], said: str
) -> None:
    """A proxy that redirects, has no such path, wants a login or fails is named."""
    with answering(status, **headers) as url:
        done = cli(
            "doctor", "--json", "--callback-url", f"{url}/astria", ASTRIA_CALLBACK_SECRET=SECRET
        )

    assert said in faults(done)["callbacks"]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://hooks.example.com/astria", "is plain http, and Astria calls https"),
        ("{closed}", "the connection was refused"),
        ("https://gone.tunnel.invalid/astria", "does not resolve"),
        ("nonsense", "is not an absolute URL"),
    ],
)
def test_callback_url(cli: Any, url: str, said: str) -> None:
    """Plain http, a closed port, and a tunnel that died are named."""
    done = cli(
        "doctor",
        "--json",
        ASTRIA_CALLBACK_URL=url.format(closed=closed()),
        ASTRIA_CALLBACK_SECRET=SECRET,
    )

    assert said in faults(done)["callbacks"]


class Slow(SystemClock):
    """A clock on which whatever happens takes six seconds more each time that it is read."""

    def __init__(self) -> None:
        self.extra = 0.0

    def monotonic(self) -> float:
        self.extra += 6.0
        return super().monotonic() + self.extra


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_slow_answer() -> None:
    """An answer that takes longer than Astria may wait is named."""
    found = Settings(callback_secret=SECRET, base_url="http://127.0.0.1")

    findings = await look_at_callbacks(found, Serving(port=0), clock=Slow())

    assert findings[-1].verdict == "fault"
    assert "Astria may not wait so long" in findings[-1].said


@pytest.mark.parametrize(
    ("secret", "said"),
    [("short", "has 5 bytes"), ("", "a store that lasts needs one")],
)
def test_secret(cli: Any, secret: str, said: str) -> None:
    """A secret that is too short, or missing where the store lasts, is told before any probe."""
    done = cli("doctor", "--json", "--port", "0", "--store", "sqlite:///x.db",
               ASTRIA_CALLBACK_SECRET=secret)  # fmt: skip

    assert said in faults(done)["secret"]
    assert "ASTRIA_CALLBACK_SECRET" in faults(done)["secret"]


def test_broken_receiver(cli: Any) -> None:
    """A receiver that cannot be served for the check is a fault of its own."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = cli("doctor", "--json", "--port", str(taken.getsockname()[1]))

    assert "the port is in use" in faults(done)["callbacks"]


@pytest.mark.parametrize(
    ("store", "said"),
    [
        ("sqlite:////proc/callbacks.db", "/proc"),
        ("sqlit:///x.db", "did you mean 'sqlite'?"),
    ],
)
def test_store(cli: Any, store: str, said: str) -> None:
    """A store that cannot be written to, does not run, or is mistyped is named."""
    done = cli("doctor", "--json", "--port", "0", "--store", store, ASTRIA_CALLBACK_SECRET=SECRET)

    assert said in faults(done)["store"]
    assert done.json["findings"][-1]["said"] == "not looked at: they need the store"


def test_wrong_key(cli: Any) -> None:
    """A key that the API does not know is named, and where it is set; the clock is looked at."""
    done = cli("doctor", "--json", ASTRIA_API_KEY="sd_wrong")

    assert list(faults(done)) == ["key"]
    assert faults(done)["key"].endswith("and set ASTRIA_API_KEY.")
    assert "clock" in {it["about"] for it in done.json["findings"]}


def test_no_key(cli: Any) -> None:
    """A missing key is named, with where to get one."""
    assert "astria-async login" in faults(cli("doctor", "--json", ASTRIA_API_KEY=""))["key"]


@pytest.mark.parametrize(
    ("hours", "said"),
    [(1, "this machine's is 60 min behind"), (-3, "this machine's is 3.0 h ahead")],
)
def test_clock(cli: Any, answering: Any, hours: float, said: str) -> None:
    """A clock that differs from the API's is named, with by how much."""
    with answering(body=json.dumps(USER).encode(), hours=hours) as url:
        done = cli("doctor", "--json", "--base-url", url)

    assert said in faults(done)["clock"]


@pytest.mark.parametrize(
    ("balance", "verdict", "said"),
    [
        (0, "fault", "0.00 USD: what costs is refused"),
        (300_000, "note", "3.00 USD, which is not much"),
        (10_000_000, "ok", "100.00 USD"),
        (None, "note", "the API does not tell it"),
    ],
)
def test_balance(cli: Any, answering: Any, balance: int | None, verdict: str, said: str) -> None:
    """An empty balance is a fault, and a low one worth a note."""
    with answering(body=json.dumps({**USER, "usd_balance_mc": balance}).encode()) as url:
        done = cli("doctor", "--json", "--base-url", url)

    (found,) = (it for it in done.json["findings"] if it["about"] == "balance")
    assert (found["verdict"], found["said"]) == (verdict, said)


@pytest.mark.parametrize(
    ("status", "body", "about", "said"),
    [
        (404, b"", "api", "is not Astria's API (404)"),
        (200, b"<html>", "api", "what answers is not Astria's API"),
        (503, b"", "api", "answers 503"),
    ],
)
def test_other_api(
    cli: Any, answering: Any, status: int, body: bytes, about: str, said: str
) -> None:
    """What is not Astria's API, or does not work, is named."""
    with answering(status, body) as url:
        done = cli("doctor", "--json", "--base-url", url)

    assert said in faults(done)[about]


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("{closed}", "nothing listens there"),
        ("http://no.such.invalid", "its name does not resolve"),
        ("nonsense", "is not an absolute URL"),
    ],
)
def test_base_url(cli: Any, url: str, said: str) -> None:
    """An API that cannot be reached is named, with why."""
    done = cli("doctor", "--json", "--base-url", url.format(closed=closed()))

    assert said in faults(done)["api"]


def test_tls(cli: Any, answering: Any) -> None:
    """A server that speaks no TLS where it should is named."""
    with answering() as url:
        done = cli("doctor", "--json", "--base-url", url.replace("http:", "https:"))

    assert "TLS certificate" in faults(done)["api"]


def test_workspace(cli: Any, answering: Any) -> None:
    """A workspace that the key does not open is named; one that it opens is told."""
    with answering(403) as url:
        closed_one = cli("doctor", "--json", "--base-url", url, "--workspace", "7")
    with answering(body=json.dumps(USER).encode()) as url:
        open_one = cli("doctor", "--base-url", url, ASTRIA_WORKSPACE_ID="7")

    assert "7 is not open to this key (403)" in faults(closed_one)["workspace"]
    assert "✓ workspace  7 is open to this key" in open_one.out


def test_exposed_settings(cli: Any, home: dict[str, str]) -> None:
    """A settings file that others can read is named, with the command that mends it."""
    path = Path(home["HOME"]) / ".config" / "astria-async" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text("")
    path.chmod(0o640)

    assert f"chmod 600 {path}" in faults(cli("doctor", "--json"))["settings"]


def test_people_see_what_to_do(cli: Any) -> None:
    """What to do stands under each fault, and the last line counts them."""
    done = cli("doctor", ASTRIA_API_KEY="sd_wrong", ASTRIA_CALLBACK_URL=closed())

    assert done.code == 15
    assert "✗ key        wrong: the API does not know it (401)\n" in done.out
    assert "             Copy it again from the API settings of your Astria account" in done.out
    assert done.out.endswith("2 things to mend.\n")


def test_terminal(terminal: Any, sandbox: Any) -> None:
    """At a terminal what is long goes on where it began, and words stay whole."""
    screen = terminal("doctor", "--base-url", f"{closed()}/a/path", ASTRIA_API_KEY="sd_test")

    done = screen.end()

    assert done.code == 15
    assert "Looking at the API" in done.out
    assert re.search(r"· settings   no file\n {13}/\S+/config.toml;\n {13}the env", done.out)
    assert re.search(r"✗ api        http://\S+: nothing listens there\n {13}Check", done.out)


def test_tunnel_needs_port(cli: Any) -> None:
    """A tunnel leads to a receiver that is served for the check, so a port is needed."""
    assert cli("doctor", "--tunnel", "ngrok").code == 2
