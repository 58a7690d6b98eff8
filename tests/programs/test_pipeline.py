"""The README's pipeline, over real sockets."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from astria_async.sandbox import Sandbox

pytestmark = pytest.mark.anyio


@pytest.fixture
def pipeline(
    readme: Callable[..., str], free_port: int, gateway: Any, run_program: Callable[..., Any]
) -> Callable[[], Awaitable[dict[str, Any]]]:
    """Runs it, on a free port in place of 8080, and gives what it defined."""

    async def run() -> dict[str, Any]:
        gateway.port = free_port
        source = readme("A pipeline")
        assert "port=8080" in source
        names: dict[str, Any] = {}
        await run_program(source.replace("port=8080", f"port={free_port}"), names)
        return names

    return run


async def test_downloads_what_was_made(
    pipeline: Callable[[], Awaitable[dict[str, Any]]], is_picture: Callable[[Path], bool]
) -> None:
    """It ends with four whole pictures in the folder that it names."""
    names = await pipeline()

    files = names["files"]
    assert 4 == len(files) == len(set(files))
    assert {Path("out")} == {path.parent for path in files}
    assert all(is_picture(path) for path in files)


async def test_is_called_back(
    pipeline: Callable[[], Awaitable[dict[str, Any]]], sandbox: Sandbox, gateway: Any
) -> None:
    """Its waits end by one callback each, accepted over a socket."""
    names = await pipeline()
    await sandbox.settle()

    sent = [(it.kind, it.object_id, it.status) for it in sandbox.deliveries]
    assert [("tune", names["tune"].id, 204), ("prompt", names["prompt"].id, 204)] == sent
    assert gateway.statuses == [204, 204]


async def test_metadata_comes_back(pipeline: Callable[[], Awaitable[dict[str, Any]]]) -> None:
    """The tune carries the metadata that it was created with."""
    names = await pipeline()

    assert names["tune"].metadata == {"user_id": "7"}
