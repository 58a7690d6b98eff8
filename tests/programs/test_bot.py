"""The bot that draws: what it says to whom, and when."""

import importlib.util
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import attrs
import pytest

from astria_async.sandbox import JobFault
from astria_async.testing import RequestFault, Sandbox

pytestmark = pytest.mark.anyio

FILE = Path(__file__).parents[2] / "examples" / "bot.py"
Start = Callable[..., AbstractAsyncContextManager[Any]]


@pytest.fixture(scope="module")
def module() -> ModuleType:
    """The example, imported."""
    spec = importlib.util.spec_from_file_location("bot", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@attrs.define(eq=False)
class Chat:
    """
    A conversation.

    Attributes:
        sandbox: Astria; its time stands still.
        said: What the bot said, in order: to whom, and what.
    """

    sandbox: Sandbox
    bot: Any
    said: list[tuple[str, str]] = attrs.field(factory=list)

    async def hear(self, user: str, words: str) -> str:
        """What the bot answers at once."""
        await self.bot.hear(user, words)
        return self.said[-1][1]

    async def until(self, beginning: str) -> str:
        """What the bot says that begins so; time goes on meanwhile."""
        with anyio.fail_after(10):
            while True:
                for _, words in self.said:
                    if words.startswith(beginning):
                        return words
                await self.sandbox.advance(5)


@pytest.fixture
async def chat(module: ModuleType) -> AsyncIterator[Chat]:
    """A bot that is listening."""
    async with (
        Sandbox(speed=0) as sandbox,
        sandbox.client() as astria,
        anyio.create_task_group() as tasks,
    ):

        async def say(user: str, words: str) -> None:
            chat.said.append((user, words))

        chat = Chat(sandbox, module.Bot(astria, tasks, say))
        yield chat
        tasks.cancel_scope.cancel()


async def test_draws(chat: Chat) -> None:
    """It says that it has begun, and then where the picture is, to the one who asked."""
    assert await chat.hear("ada", "/draw a boat") == "drawing a boat"

    link = await chat.until("a boat: ")
    assert link.startswith("a boat: https://")
    assert {user for user, _ in chat.said} == {"ada"}


async def test_tells_how_far_it_is(chat: Chat) -> None:
    """To each person what is theirs."""
    await chat.hear("ada", "/draw a boat")

    assert await chat.hear("ada", "/status") == "drawing a boat"
    assert await chat.hear("bob", "/status") == "drawing nothing"


async def test_draws_a_few_at_a_time_for_each(chat: Chat) -> None:
    """A fourth picture is refused, and the same one again; another person's is not."""
    for text in ("one", "two", "three"):
        await chat.hear("ada", f"/draw {text}")

    assert (await chat.hear("ada", "/draw four")).startswith("one at a time")
    assert await chat.hear("bob", "/draw four") == "drawing four"
    assert await chat.hear("bob", "/draw four") == "I am at it: four"


async def test_drops_what_is_cancelled(chat: Chat) -> None:
    """Nothing is said of it any more, and there is room for others."""
    for text in ("one", "two", "three"):
        await chat.hear("ada", f"/draw {text}")

    assert await chat.hear("ada", "/cancel") == "dropped 3"
    await chat.sandbox.advance(3600)
    await chat.hear("ada", "/draw four")
    await chat.until("four: ")
    assert not [words for _, words in chat.said if words.startswith(("one:", "two:", "three:"))]


async def test_tells_of_failures(chat: Chat, capsys: pytest.CaptureFixture[str]) -> None:
    """What Astria says of a picture goes to the person, what is wrong here to the log."""
    chat.sandbox.faults.add(JobFault(kind="prompt", match="cat", reason="No cats."))
    await chat.hear("ada", "/draw a cat")
    assert await chat.until("a cat did") == "a cat did not work: No cats."

    chat.sandbox.faults.add(RequestFault(kind="invalid", method="POST"))
    await chat.hear("ada", "/draw a dog")
    assert (await chat.until("a dog did")).endswith("it is not your fault")
    assert "ValidationError" in capsys.readouterr().err


async def test_stops_waiting(chat: Chat) -> None:
    """A picture that never comes is given up in words."""
    chat.sandbox.faults.add(JobFault(kind="prompt", reason=""))
    await chat.hear("ada", "/draw a boat")

    assert await chat.until("a boat takes too long")


async def test_anything_else_is_answered_with_help(chat: Chat) -> None:
    """And so is a wish without words."""
    assert (await chat.hear("ada", "hello")).startswith("/draw TEXT")
    assert (await chat.hear("ada", "/draw  ")).startswith("/draw TEXT")


@pytest.mark.usefixtures("uncounted")
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_at_the_terminal(start: Start, here: Path, sandbox: Any) -> None:
    """It reads lines, draws, and ends with its last picture once nothing more comes."""
    async with start(FILE, stdin=subprocess.PIPE) as script:
        await script.process.stdin.send(b"/draw a boat\n/status\n")
        await script.process.stdin.aclose()
        with anyio.fail_after(60):
            lines = await script.rest()

    assert lines[0].startswith("/draw TEXT")
    assert lines[1:3] == ["drawing a boat", "drawing a boat"]
    assert lines[3].startswith("a boat: http")
    assert len(lines) == 4
