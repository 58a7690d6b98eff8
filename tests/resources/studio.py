"""A client of a sandbox in this process, whose time passes while something is awaited."""

from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import attrs
from anyio.lowlevel import checkpoint

from astria_async import Astria, Prompt, Tune
from astria_async.groups import task_group
from astria_async.testing import Sandbox

T = TypeVar("T")

JPEG = b"\xff\xd8\xff\xe0 not much of a picture"
STEP = 5.0


@attrs.define(eq=False)
class Studio:
    """A sandbox, and a client of it."""

    sandbox: Sandbox
    astria: Astria

    async def passing(self, call: Awaitable[T]) -> T:
        """What *call* gives, while virtual time passes."""
        results: list[T] = []

        async def run() -> None:
            results.append(await call)

        async with task_group() as group:
            group.start_soon(run)
            while not results:
                for _ in range(10):
                    await checkpoint()
                await self.sandbox.advance(STEP)
        return results[0]

    async def tune(self, **options: Any) -> Tune:
        """A fresh tune of one picture."""
        settings: dict[str, Any] = {"name": "cat", "images": [JPEG], "branch": "fast"}
        return await self.astria.tunes.create(**(settings | options))

    async def trained(self, **options: Any) -> Tune:
        """A tune that is ready."""
        tune = await self.tune(**options)
        return await self.passing(tune.wait_ready())

    async def prompt(self, text: str = "a cat", **options: Any) -> Prompt:
        """A fresh prompt on a model of the gallery."""
        return await self.astria.prompts.create(1504944, text, **options)

    async def generated(self, text: str = "a cat", **options: Any) -> Prompt:
        """A prompt that is ready."""
        prompt = await self.prompt(text, **options)
        return await self.passing(prompt.wait_ready())

    def requests(self) -> list[tuple[str, str]]:
        """Method and path of every request so far."""
        return [(it.method, it.path) for it in self.sandbox.requests]


@asynccontextmanager
async def opened(*, client: dict[str, Any] | None = None, **settings: Any) -> AsyncIterator[Studio]:
    """A studio whose time stands still by itself."""
    async with (
        Sandbox(speed=0, **settings) as sandbox,
        sandbox.client(**(client or {})) as astria,
    ):
        yield Studio(sandbox, astria)
