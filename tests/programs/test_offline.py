"""The README's offline program, on both event loops."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    """It needs no server, so trio will do."""
    backend: str = request.param
    return backend


@pytest.fixture
def offline(readme: Callable[..., str]) -> str:
    """The program, with the import that it has from the first one."""
    return "from pathlib import Path\n\n" + readme("Offline")


async def test_makes_pictures(
    offline: str, run_program: Callable[..., Any], is_picture: Callable[[Path], bool]
) -> None:
    """It trains, generates and downloads without network, key or server."""
    names: dict[str, Any] = {}

    await run_program(offline, names)

    assert names["prompt"].is_ready
    assert len(names["files"]) == len(names["prompt"].images) > 0
    assert all(is_picture(path) for path in names["files"])


async def test_is_called_back(offline: str, run_program: Callable[..., Any]) -> None:
    """Its waits end by callbacks, which the receiver of the sandbox's client took."""
    names: dict[str, Any] = {}

    await run_program(offline, names)

    answers = [(it.kind, it.status) for it in names["sandbox"].deliveries]
    assert answers == [("tune", 204), ("prompt", 204)]


async def test_leaves_nothing_running(offline: str, run_program: Callable[..., Any]) -> None:
    """Afterwards the client refuses to be used, in words."""
    names: dict[str, Any] = {}

    await run_program(offline, names)

    with pytest.raises(Exception, match="the client was closed") as caught:
        await names["tune"].refresh()
    assert type(caught.value).__name__ == "ClientClosed"
