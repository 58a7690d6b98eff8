"""A short chaos run on each durable store; ``nox -s chaos`` runs long ones."""

import pytest
from chaos.run import play

pytestmark = [pytest.mark.anyio, pytest.mark.external_service]


@pytest.fixture
def anyio_backend() -> str:
    """Subprocesses and uvicorn are asyncio's."""
    return "asyncio"


@pytest.mark.parametrize("store", ["sqlite", "redis", "postgres"])
async def test_everything_adds_up_after_kills_and_faults(store: str) -> None:
    """Kills, lost callbacks and refused requests leave one object and one outcome for each job."""
    books = await play(store, seed=7, jobs=6, kills=4)

    assert books.problems == []
    assert books.created == 12
    assert books.kills == 4
