"""The servers that the stores' tests run against: started once, ended at the end."""

from collections.abc import Iterator

import pytest

from . import servers


@pytest.fixture(scope="session")
def redis_server() -> Iterator[servers.Server]:
    """A running Redis."""
    server = servers.redis_server()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Server]:
    """A running PostgreSQL."""
    server = servers.postgres_server()
    try:
        server.start()
        yield server
    finally:
        server.stop()
