"""From a URL to a store."""

import subprocess
import sys
from pathlib import Path

import pytest

from astria_async.protocol.errors import ConfigurationError
from astria_async.stores import MemoryStore, open_store
from astria_async.stores.postgres import PostgresStore
from astria_async.stores.redis import RedisStore
from astria_async.stores.sqlite import SQLiteStore
from astria_async.testing.stores import HandClock

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("memory:", MemoryStore),
        ("MEMORY:", MemoryStore),
        (" memory://", MemoryStore),
        ("sqlite:///callbacks.db", SQLiteStore),
        ("redis://localhost", RedisStore),
        ("rediss://:pw@localhost:6380/1", RedisStore),
        ("postgresql://me@localhost/app", PostgresStore),
        ("postgres://localhost/app?sslmode=require", PostgresStore),
    ],
)
def test_scheme_names_the_store(url: str, kind: type) -> None:
    """A URL's scheme says which store it is, without connecting to anything."""
    assert type(open_store(url, clock=HandClock())) is kind


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///a.db", Path("a.db").absolute()),
        ("sqlite:///sub/a.db", Path("sub/a.db").absolute()),
        ("sqlite:////var/lib/a.db", Path("/var/lib/a.db")),
        ("sqlite:///with%20space%3F.db", Path("with space?.db").absolute()),
    ],
)
def test_sqlite_path(url: str, path: Path) -> None:
    """Three slashes begin a relative path and four an absolute one, percent-encoded."""
    assert repr(open_store(url)) == f"<SQLiteStore {path}>"


def test_own_store_is_passed_on() -> None:
    """A store of the user's own comes back as it is."""
    store = MemoryStore()

    assert open_store(store) is store


@pytest.mark.parametrize(
    ("url", "guess"),
    [
        ("sqllite:///a.db", "did you mean 'sqlite'"),
        ("postgre://u:hunter2@h/d", "did you mean 'postgres'"),
        ("postgress://u:hunter2@h/d", "did you mean 'postgres'"),
        ("rediss+x://:hunter2@h", "did you mean 'rediss'"),
        ("mysql://u:hunter2@h/d", "use one of memory:"),
        ("u hunter2:x", "use one of memory:"),
        ("callbacks.db", "the store is not a URL"),
        ("", "the store is not a URL"),
    ],
)
def test_typo_in_the_scheme(url: str, guess: str) -> None:
    """An unknown scheme is an error that names the nearest one, and never quotes the rest."""
    with pytest.raises(ConfigurationError, match=guess) as caught:
        open_store(url)

    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:a.db",
        "sqlite://a.db",
        "sqlite:///",
        "sqlite://",
        "sqlite:///a.db?mode=ro",
        "sqlite:///a.db#x",
        "redis:localhost",
        "redis://:hunter2@localhost:port/0",
        "redis://:hunter2@localhost:0/0",
        "redis://:hunter2@[::1/0",
        "postgresql:app",
        "postgresql://u:hunter2@localhost:99999999/app",
    ],
)
def test_url_that_lacks_a_part(url: str) -> None:
    """A URL that cannot be read says how it should look, without its password."""
    with pytest.raises(ConfigurationError) as caught:
        open_store(url)

    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize("scheme", ["redis", "postgresql"])
def test_repr_hides_the_password(scheme: str) -> None:
    """A store's repr shows where it is, and no user or password."""
    shown = repr(open_store(f"{scheme}://me:{SECRET}@db.example.com:6000/7?x={SECRET}"))

    assert "db.example.com:6000/7" in shown
    assert SECRET not in shown


@pytest.mark.parametrize(
    ("driver", "url", "extra"),
    [
        ("redis", "redis://localhost", "redis"),
        ("asyncpg", "postgresql://localhost/app", "postgres"),
    ],
)
def test_driver_not_installed(driver: str, url: str, extra: str) -> None:
    """Without its driver a store's URL is an error that names the extra to install."""
    program = f"""
import sys
sys.modules[{driver!r}] = None
from astria_async.stores import open_store
try:
    open_store({url!r})
except Exception as exc:
    print(type(exc).__name__, exc)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.startswith("ConfigurationError")
    assert f"pip install 'astria-async[{extra}]'" in ran.stdout


def test_drivers_are_not_loaded() -> None:
    """Importing the stores loads no database's driver."""
    program = """
import sys
before = set(sys.modules)  # who counts coverage has loaded sqlite3
import astria_async.stores
print(sorted({"redis", "asyncpg", "sqlite3"} & set(sys.modules) - before))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout.strip() == "[]"
