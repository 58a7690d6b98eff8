"""``store``: the tables are made, and what is old is deleted."""

import datetime as dt
from pathlib import Path
from typing import Any

import anyio
import pytest

from astria_async.protocol.callbacks import Callback
from astria_async.stores import open_store

NEWS = "twenty-two-characters-"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A SQLite file that is not there yet."""
    return f"sqlite:///{tmp_path / 'callbacks.db'}"


async def keep(url: str, *, days: float) -> None:
    """Put a callback into the store that came so many days ago."""
    store = open_store(url)
    await store.open()
    at = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
    await store.put(Callback(kind="tune", wait=NEWS, body=b"{}", received_at=at))
    await store.aclose()


def test_init(run: Any, url: str, tmp_path: Path) -> None:
    """The tables are made, and a second time is no harm."""
    first, second = run("store", "init", "--store", url), run("store", "init", "--store", url)

    assert first.out == second.out == f"{url} is ready.\n"
    assert (tmp_path / "callbacks.db").stat().st_size > 0


def test_init_as_the_environment_says(run: Any, url: str) -> None:
    """The store is the one that programs use."""
    done = run("store", "init", "--json", ASTRIA_CALLBACK_STORE=url)

    assert done.json == {"store": url, "ready": True}


def test_away(run: Any, terminal: Any, sandbox: Any) -> None:
    """A server that cannot be reached is named without what opens it: code 14, or a finding."""
    away = "redis://:hunter2@127.0.0.1:1"
    screen = terminal("doctor", "--store", away, **sandbox.env)  # both wait as long as it may take
    done = run("store", "init", "--store", away)
    shown = screen.end()

    assert (done.code, shown.code) == (14, 15)
    assert "127.0.0.1" in done.err
    assert "✗ store      it would not keep a callback: the Redis store" in shown.out
    assert "hunter2" not in done.out + done.err + shown.out


def test_init_of_memory(run: Any) -> None:
    """There is nothing to make ready in a process that ends at once."""
    done = run("store", "init", "--store", "memory:")

    assert (done.code, done.out) == (3, "")
    assert "gone with their process" in done.err


@pytest.mark.parametrize(
    ("options", "said"),
    [((), "Deleted 1 callback."), (("--days", "60"), "Deleted 0 callbacks.")],
)
def test_prune(run: Any, url: str, options: tuple[str, ...], said: str) -> None:
    """What is older than a month is deleted, or than as many days as are given."""
    anyio.run(lambda: keep(url, days=45))

    done = run("store", "prune", "--store", url, *options)

    assert done.out == f"{said}\n"


def test_prune_tells_programs(run: Any, url: str) -> None:
    """How many there were is a number in JSON."""
    anyio.run(lambda: keep(url, days=3))

    done = run("store", "prune", "--days", "2", "--json", "--store", url)

    assert done.json == {"store": url, "deleted": 1}


@pytest.mark.parametrize("days", ["0", "-3", "0.5", "nan"])
def test_prune_of_what_is_new(run: Any, url: str, days: str) -> None:
    """Callbacks that a program may wait for cannot be deleted by a slip."""
    done = run("store", "prune", "--store", url, f"--days={days}")

    assert done.code == 2
    assert "--days is at least 1" in done.err
