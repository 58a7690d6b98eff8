"""A test case of unittest with a sandbox and a client of it."""

import unittest
from collections.abc import Mapping
from typing import Any, ClassVar

from astria_async.client import Astria
from astria_async.testing.hosting import Hosted
from astria_async.testing.sandbox import SPEED, Sandbox


class AstriaTestCase(unittest.IsolatedAsyncioTestCase):
    """
    A test case whose tests have a sandbox of their own, and a client that speaks with it.

    ::

        class TestPortraits(AstriaTestCase):
            sandbox_settings = {"balance": 5}

            async def test_portrait(self):
                prompt = await self.astria.prompts.create(1504944, "a boat")
                prompt = await prompt.wait_ready()
                self.assertEqual(len(prompt.images), len(self.sandbox.deliveries))

    A subclass that overrides ``asyncSetUp`` awaits this one's first.

    Attributes:
        sandbox_settings: Arguments of :class:`Sandbox`; time runs 5000 times as fast as in life
            unless they say something else.
        client_options: Arguments of :meth:`Sandbox.client`.
        sandbox: In the place of Astria, new for each test.
        astria: An open client of it.
    """

    sandbox_settings: ClassVar[Mapping[str, Any]] = {}
    client_options: ClassVar[Mapping[str, Any]] = {}
    sandbox: Sandbox
    astria: Astria

    async def asyncSetUp(self) -> None:
        """Open the sandbox, and a client."""
        await super().asyncSetUp()
        settings = {"speed": SPEED, **self.sandbox_settings}
        self.sandbox = await self.enterAsyncContext(Hosted(Sandbox(**settings)))
        client = self.sandbox.client(**self.client_options)
        self.astria = await self.enterAsyncContext(Hosted(client))
