"""
A bot that draws, for any chat.

What: understands /draw TEXT, /status, /cancel and /help. It answers at once, draws in the
    background, a few pictures for each person at a time, and says when one is ready, has failed or
    takes too long. Bot knows no chat: give it a function that says something to somebody, and call
    hear() with what they write. Here the chat is this terminal.
Needs: pip install '.'; ASTRIA_API_KEY
Run: python examples/bot.py
Offline: start `astria-async sandbox` and set what it prints.
"""

import asyncio
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable

import anyio
import anyio.abc
import attrs

from astria_async import Astria, AstriaError, PromptFailed, WaitTimeout

FLUX = 1504944
AT_ONCE = 3
PATIENCE = 600.0
"""Seconds that a picture may take."""

HELP = "/draw TEXT makes a picture, /status tells how far yours are, /cancel drops them"

Say = Callable[[str, str], Awaitable[None]]


@attrs.define
class Bot:
    """
    The bot's half of every conversation.

    Attributes:
        tasks: Where pictures are drawn; the bot ends with it.
        say: Says something to somebody: ``await say(user, text)``.
        drawing: What each person waits for, and how to call that off.
    """

    astria: Astria
    tasks: anyio.abc.TaskGroup
    say: Say
    drawing: defaultdict[str, dict[str, anyio.CancelScope]] = attrs.field(
        factory=lambda: defaultdict(dict)
    )

    async def hear(self, user: str, words: str) -> None:
        """Answer somebody."""
        command, _, rest = words.strip().partition(" ")
        if command == "/draw" and rest.strip():
            await self._draw(user, rest.strip())
        elif command == "/status":
            waiting = ", ".join(self.drawing[user]) or "nothing"
            await self.say(user, f"drawing {waiting}")
        elif command == "/cancel":
            mine = self.drawing.pop(user, {})
            for scope in mine.values():
                scope.cancel()
            await self.say(user, f"dropped {len(mine)}")
        else:
            await self.say(user, HELP)

    async def _draw(self, user: str, text: str) -> None:
        mine = self.drawing[user]
        if len(mine) >= AT_ONCE:
            await self.say(user, f"one at a time, please: {AT_ONCE} of yours are under way")
        elif text in mine:
            await self.say(user, f"I am at it: {text}")
        else:
            mine[text] = scope = anyio.CancelScope()
            await self.say(user, f"drawing {text}")
            self.tasks.start_soon(self._deliver, user, text, scope)

    async def _deliver(self, user: str, text: str, scope: anyio.CancelScope) -> None:
        try:
            with scope:
                await self.say(user, await self._result(text))
        finally:
            # Somebody may have dropped it, and asked for it again.
            if self.drawing[user].get(text) is scope:
                del self.drawing[user][text]

    async def _result(self, text: str) -> str:
        try:
            prompt = await self.astria.prompts.create(FLUX, text, num_images=1)
            prompt = await prompt.wait_ready(timeout=PATIENCE)
        except PromptFailed as error:
            return f"{text} did not work: {error.reason}"
        except WaitTimeout:
            return f"{text} takes too long, I have stopped waiting"
        except AstriaError as error:
            # What is wrong is for whoever runs the bot; people learn that something is.
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            return f"{text} did not work, and it is not your fault"
        return f"{text}: {prompt.images[0]}"


async def main() -> None:
    """Talk with the person at the terminal, until they close it."""

    async def say(_user: str, words: str) -> None:
        print(words, flush=True)

    async with Astria() as astria, anyio.create_task_group() as tasks:
        bot = Bot(astria, tasks, say)
        await say("you", HELP)
        async for line in anyio.wrap_file(sys.stdin):
            await bot.hear("you", line)


if __name__ == "__main__":
    asyncio.run(main())
