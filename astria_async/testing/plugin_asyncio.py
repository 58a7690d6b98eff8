"""
The fixtures behind ``astria_sandbox`` and ``astria`` for tests that pytest-asyncio runs.

It is imported wherever that plugin is, so it imports nothing else of us until a fixture is used.
"""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, Literal

import pytest
import pytest_asyncio

from astria_async.testing.plugin import marked, new_sandbox

if TYPE_CHECKING:
    from astria_async.client import Astria
    from astria_async.testing.sandbox import Sandbox

Scope = Literal["function", "class", "module", "package", "session"]
SCOPES: tuple[Scope, ...] = ("function", "class", "module", "package", "session")


def _sandbox_in(scope: Scope) -> Any:
    @pytest_asyncio.fixture(loop_scope=scope, name=f"_astria_sandbox_asyncio_{scope}")
    async def open_sandbox(request: pytest.FixtureRequest) -> "AsyncIterator[Sandbox]":
        from astria_async.testing.hosting import Hosted

        async with Hosted(new_sandbox(request)) as sandbox:
            yield sandbox

    return open_sandbox


def _client_in(scope: Scope) -> Any:
    @pytest_asyncio.fixture(loop_scope=scope, name=f"_astria_client_asyncio_{scope}")
    async def open_client(
        request: pytest.FixtureRequest, astria_sandbox: "Sandbox"
    ) -> "AsyncIterator[Astria]":
        from astria_async.testing.hosting import Hosted

        async with Hosted(astria_sandbox.client(**marked(request, "astria"))) as client:
            yield client

    return open_client


# A test may run in the loop of its module, say, and what it uses has to live there too.
for _scope in SCOPES:
    globals()[f"sandbox_{_scope}"] = _sandbox_in(_scope)
    globals()[f"client_{_scope}"] = _client_in(_scope)
