"""The comparison with the real API, with a second sandbox on loopback in its place."""

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from astria_async.sandbox import RequestFault, Sandbox
from astria_async.sandbox.serve import serve

from .live.shapes import differences

pytestmark = pytest.mark.anyio
RUN = Path(__file__).parent / "live" / "run.py"


@pytest.fixture
def anyio_backend() -> str:
    """Uvicorn runs on asyncio."""
    return "asyncio"


async def live(**variables: str) -> tuple[int, str]:
    """The exit code of a run, and all that it said."""
    kept = {k: it for k, it in os.environ.items() if not k.startswith("ASTRIA_")}
    environment = {**kept, "NO_PROXY": "*", "PYTHONIOENCODING": "utf-8", **variables}
    done = await anyio.run_process([sys.executable, str(RUN)], env=environment, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()


@asynccontextmanager
async def real(**settings: Any) -> AsyncIterator[tuple[Sandbox, dict[str, str]]]:
    """What stands in for the real API, and the variables that lead there."""
    async with Sandbox(speed=1000, api_key="sd_real", **settings) as there, serve(there) as url:
        names = {"ASTRIA_API_KEY": "sd_real", "ASTRIA_BASE_URL": url, "ASTRIA_LIVE_PAUSE": "0.05"}
        yield there, names


async def test_equals_do_not_differ() -> None:
    """An API that answers as the sandbox does has no differences, and is left as it was found."""
    async with real() as (there, variables):
        code, said = await live(**variables)

        assert (code, said.splitlines()[-1][-13:]) == (0, "0 differences")
        assert "≠" not in said
        assert [it.title for it in there.world.tunes if "astria-async" in (it.title or "")] == []


async def test_differences_are_told() -> None:
    """A field that is missing in life, and a status that differs, are printed with their place."""
    async with real(profile="2022") as (there, variables):
        fault = RequestFault(kind="server_error", method="GET", path="/users")
        there.faults.add(fault)
        code, said = await live(**variables)

        lines = said.splitlines()
        assert code == 1
        assert lines[lines.index("≠ GET /users: the account") + 1].strip() == (
            "status 500 in life, 200 in the sandbox"
        )
        assert "    branch is text in the sandbox, and not in life" in lines
        assert "sd_real" not in said


async def test_who_cannot_be_asked_is_told() -> None:
    """An address at which nobody listens ends the run with one line."""
    code, said = await live(ASTRIA_API_KEY="sd_real", ASTRIA_BASE_URL="http://127.0.0.1:9")

    assert code == 3
    assert said.splitlines()[-1].startswith("http://127.0.0.1:9 could not be asked")
    assert "Traceback" not in said


async def test_without_a_key_nothing_is_asked() -> None:
    """Without a key there is one clear line, and an exit code of its own."""
    code, said = await live()

    assert code == 2
    assert said.splitlines() == [
        "ASTRIA_API_KEY is not set: this compares the sandbox with the real API, and needs a key"
    ]


@pytest.mark.parametrize(
    ("real_", "ours", "told"),
    [
        ({"a": 1}, {"a": 2}, []),
        ({"a": None, "b": []}, {"a": "x", "b": [1]}, []),
        ({"a": 1}, {"a": "1"}, ["a is a whole number in life, a number as text in the sandbox"]),
        ({"a": True}, {"a": 1}, ["a is true or false in life, a whole number in the sandbox"]),
        ([{"a": 1}, {"b": ""}], [{"a": 1}], ["[].b is null in life, and not in the sandbox"]),
        ({"a": {"b": 1.5}}, {"a": {}}, ["a.b is a number in life, and not in the sandbox"]),
        ({"costs": {"man": {"x": 1}}}, {"costs": {"cat": {"x": 2}}}, []),
        ({"costs": {"man": 1}}, {"costs": {"cat": "c"}},
         ["costs.* is a whole number in life, text in the sandbox"]),
        ("2025-03-04T10:20:30.456Z", "https://x.example.com/",
         ["the answer is a time in life, a URL in the sandbox"]),
    ],
    ids=str,
)  # fmt: skip
def test_shapes_differ(real_: Any, ours: Any, told: list[str]) -> None:
    """Types and keys are compared, values are not, and what is empty says nothing."""
    assert list(differences(real_, ours)) == told
