"""Guides as a reader follows them: applications that are served, suites that are run."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import anyio
import pytest

from astria_async import Astria, Receiver
from astria_async.sandbox import Sandbox

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("uncounted")]

GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def _blocks(guide: str, heading: str = "") -> list[str]:
    text = (GUIDES / guide).read_text()
    section = re.split(r"(?m)^## ", text.partition(f"## {heading}\n")[2])[0] if heading else text
    return re.findall(r"(?s)```python\n(.*?)```", section)


@pytest.mark.parametrize("framework", ["Starlette", "FastAPI", "Django"])
async def test_mounted_in_a_framework(
    framework: str,
    sandbox: Sandbox,
    gateway: Any,
    secret: str,
    visit: Callable[[Any], AbstractAsyncContextManager[Any]],
    run_program: Callable[..., Any],
    django: None,
) -> None:
    """A prompt's callback comes in through the framework, and the handler gets its pictures."""
    told: list[tuple[str, int]] = []
    done = anyio.Event()

    async def notify(user_id: str, images: tuple[str, ...]) -> None:
        told.append((user_id, len(images)))
        done.set()

    names: dict[str, Any] = {"SECRET": secret, "notify": notify}
    text = (GUIDES / "mount.md").read_text()
    await run_program(re.findall(r"(?s)```python\n(.*?)```", text)[0], names)
    await run_program(_blocks("mount.md", "Starlette")[0], names)
    if framework != "Starlette":
        await run_program(_blocks("mount.md", framework)[0], names)
    app = names["application" if framework == "Django" else "app"]
    with anyio.fail_after(30):
        async with visit(app) as site:
            gateway.port = site.port
            await _order(framework, site, names)
            await done.wait()
            await sandbox.settle()

    assert told == [("7", told[0][1])]
    assert told[0][1] > 0
    assert gateway.statuses == [204]


async def _order(framework: str, site: Any, names: dict[str, Any]) -> None:
    if framework == "Django":  # its views are the reader's own; the client is open all the same
        async with Astria(receiver=names["receiver"]) as astria:
            await astria.prompts.create(1504944, "a boat", metadata={"user_id": "7"})
        assert (await site.visitor.get("/nothing")).status_code == 404
        return
    answer = await site.visitor.post("/orders", params={"text": "a boat"})
    assert answer.status_code == 202


@pytest.fixture
def django(monkeypatch: pytest.MonkeyPatch, here: Path) -> None:
    """The project that the guide speaks of, with no page in it."""
    project = here / "shop"
    project.mkdir()
    (project / "__init__.py").touch()
    (project / "urls.py").write_text("urlpatterns = []\n")
    (project / "settings.py").write_text(
        "SECRET_KEY = 'of the tests'\nROOT_URLCONF = 'shop.urls'\nALLOWED_HOSTS = ['*']\n"
    )
    monkeypatch.syspath_prepend(here)


def test_the_suite_of_the_testing_guide(here: Path) -> None:
    """Its blocks, put into one file, are a suite that passes."""
    blocks = [block for block in _blocks("testing.md") if not _awaits_at_the_top(block)]
    (here / "test_guide.py").write_text("\n\n".join(blocks))
    (here / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\nanyio_mode = auto\n")

    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:asyncio", "test_guide.py"],
        cwd=here,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
    )

    # Each of five on two loops, and the case of unittest.
    assert "11 passed" in ran.stdout, ran.stdout
    assert ran.returncode == 0


def _awaits_at_the_top(block: str) -> bool:
    try:
        compile(block, "<block>", "exec")
    except SyntaxError:
        return True
    return False


async def test_the_worker_of_the_fleet_guide(
    sandbox: Sandbox, gateway: Any, secret: str, run_program: Callable[..., Any]
) -> None:
    """A worker handles what another process, which has no handler, created and received."""
    told: list[str] = []
    stop = anyio.Event()

    async def notify(user_id: str, images: tuple[str, ...]) -> None:
        told.append(user_id)
        stop.set()

    store, url = "sqlite:///callbacks.db", "https://example.com/astria"
    names: dict[str, Any] = {"Astria": Astria, "notify": notify, "stop": stop}
    names["receiver"] = Receiver(url, secret=secret, store=store)
    await run_program(_blocks("fleet.md", "Web processes and workers")[0], names)
    web = Receiver(url, secret=secret, store=store)
    with anyio.fail_after(30):
        async with web.serve(port=0) as listening, Astria(receiver=web) as astria:
            gateway.port = listening.port
            async with anyio.create_task_group() as group:
                group.start_soon(names["work"])
                await astria.prompts.create(1504944, "a boat", metadata={"user_id": "7"})

    assert told == ["7"]
