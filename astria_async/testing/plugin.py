"""
The pytest plugin: the fixtures ``astria_sandbox`` and ``astria``.

It is loaded in every run of pytest where this package is installed, so it imports pytest and
nothing else, until one of its fixtures is used.
"""

from collections.abc import AsyncIterator, Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from astria_async.client import Astria
    from astria_async.sandbox import Delivery
    from astria_async.testing.sandbox import Sandbox

_SANDBOX: "pytest.StashKey[Sandbox]" = pytest.StashKey()
_SHOWN = 30


def pytest_configure(config: pytest.Config) -> None:
    """Describe our marks; where pytest-asyncio is there, have fixtures of its kind too."""
    config.addinivalue_line(
        "markers",
        "astria_sandbox(**settings): arguments of astria_async.testing.Sandbox for the fixtures "
        "astria_sandbox and astria",
    )
    config.addinivalue_line(
        "markers",
        "astria(**options): arguments of Sandbox.client for the fixture astria",
    )
    if _test_loop_scope(config) is not None:
        from astria_async.testing import plugin_asyncio

        config.pluginmanager.register(plugin_asyncio, "astria_async_asyncio")


@pytest.fixture
def astria_sandbox(request: pytest.FixtureRequest) -> "Sandbox":
    """
    A running sandbox in the place of Astria, new for each test.

    Its time runs 5000 times as fast as in life; ``@pytest.mark.astria_sandbox(speed=0)`` stops it,
    and then ``await astria_sandbox.advance(seconds)`` moves it. Other arguments of Sandbox go there
    too.
    """
    sandbox: Sandbox = request.getfixturevalue(f"_astria_sandbox_{_loop_of(request)}")
    request.node.stash[_SANDBOX] = sandbox
    return sandbox


@pytest.fixture
def astria(
    request: pytest.FixtureRequest,
    astria_sandbox: "Sandbox",  # noqa: ARG001 - notes the sandbox that the client is of
) -> "Astria":
    """
    An open client of the sandbox, which is called back through a receiver of its own.

    ``@pytest.mark.astria(receiver=None)`` makes it poll; other arguments of Astria go there too.
    """
    client: Astria = request.getfixturevalue(f"_astria_client_{_loop_of(request)}")
    return client


@pytest.fixture
async def _astria_sandbox_anyio(
    request: pytest.FixtureRequest,
    anyio_backend: object,  # noqa: ARG001 - makes it one of anyio's
) -> "AsyncIterator[Sandbox]":
    async with new_sandbox(request) as sandbox:
        yield sandbox


@pytest.fixture
async def _astria_client_anyio(
    request: pytest.FixtureRequest,
    anyio_backend: object,  # noqa: ARG001 - makes it one of anyio's
    astria_sandbox: "Sandbox",
) -> "AsyncIterator[Astria]":
    async with astria_sandbox.client(**marked(request, "astria")) as client:
        yield client


def new_sandbox(request: pytest.FixtureRequest) -> "Sandbox":
    """A sandbox as the marks of a test describe it, not entered yet."""
    from astria_async.testing.sandbox import SPEED, Sandbox

    return Sandbox(**{"speed": SPEED, **marked(request, "astria_sandbox")})


def marked(request: pytest.FixtureRequest, name: str) -> dict[str, Any]:
    """The keywords of all marks of a name; those of the function win over its class's."""
    found: dict[str, Any] = {}
    for mark in reversed(list(request.node.iter_markers(name))):
        found |= mark.kwargs
    return found


def _loop_of(request: pytest.FixtureRequest) -> str:
    """Which of our fixtures live in the event loop that the test runs in."""
    if "anyio_backend" in request.fixturenames:
        return "anyio"
    mark = request.node.get_closest_marker("asyncio")
    usual = _test_loop_scope(request.config)
    if mark is None or usual is None:
        pytest.fail(
            f"{request.node.name} uses the fixture {request.fixturename}, and no plugin runs it as "
            "an async test: mark it with pytest.mark.anyio, or with pytest.mark.asyncio of "
            "pytest-asyncio 0.26 or newer",
            pytrace=False,
        )
    return f"asyncio_{mark.kwargs.get('loop_scope') or usual}"


def _test_loop_scope(config: pytest.Config) -> str | None:
    """The scope of loops that pytest-asyncio runs tests in, where it is there, and new enough."""
    try:
        return str(config.getini("asyncio_default_test_loop_scope"))
    except (KeyError, ValueError):
        return None


# In the older form of wrappers, which any pytest takes: this plugin is loaded for all.
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    """Show with a failed test what its program asked of the sandbox, and what came back."""
    report: pytest.TestReport = (yield).get_result()
    sandbox = item.stash.get(_SANDBOX, None)
    if sandbox is not None and report.failed and call.when == "call":
        report.sections.append(("Astria sandbox", "\n".join(_story(sandbox))))


def _story(sandbox: "Sandbox") -> list[str]:
    asked = [
        (it.received_at, f"{it.method} {it.path} -> {it.status or 'no answer'}")
        for it in sandbox.requests
    ]
    called = [
        (it.due_at, f"callback for {it.kind} {it.object_id} -> {it.status or _why_not(it)}")
        for it in sandbox.deliveries
    ]
    return [f"{at:%H:%M:%S.%f} {what}" for at, what in sorted(asked + called)[-_SHOWN:]]


def _why_not(delivery: "Delivery") -> str:
    return delivery.fault or delivery.error or "on its way"
