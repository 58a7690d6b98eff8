"""The sandbox and its clients, introduced to each other."""

import subprocess
import sys
from typing import Any

import pytest
from anyio.lowlevel import checkpoint

from astria_async import AuthenticationError, Receiver, Tune, testing
from astria_async.groups import task_group
from astria_async.testing import Sandbox

pytestmark = pytest.mark.anyio

JPEG = b"\xff\xd8\xff\xe0 not much of a picture"
SECRET = "a secret of the tests, 32 bytes."


async def trained(sandbox: Sandbox, astria: Any) -> Tune:
    """A tune that a client has waited for."""
    tune = await astria.tunes.create(name="cat", images=[JPEG], branch="fast")
    ready: list[Tune] = []

    async def wait() -> None:
        ready.append(await tune.wait_ready())

    async with task_group() as group:
        group.start_soon(wait)
        while not ready:
            for _ in range(10):
                await checkpoint()
            await sandbox.advance(5)
    return ready[0]


async def test_a_client_needs_no_key_and_no_socket() -> None:
    """Callbacks reach its own receiver."""
    async with Sandbox(speed=0) as sandbox, sandbox.client() as astria:
        tune = await trained(sandbox, astria)

        (delivery,) = sandbox.deliveries
        assert tune.is_ready
        assert delivery.status == 204


async def test_each_client_hears_of_its_own_callbacks() -> None:
    """A second one, beside the first or after it, has a host of its own."""
    async with Sandbox(speed=0) as sandbox:
        async with sandbox.client() as first, sandbox.client() as second:
            await trained(sandbox, first)
            await trained(sandbox, second)
        async with sandbox.client() as third:
            await trained(sandbox, third)

        assert [delivery.status for delivery in sandbox.deliveries] == [204] * 3


async def test_a_client_without_a_receiver_polls() -> None:
    """There is no callback then."""
    async with Sandbox(speed=0) as sandbox, sandbox.client(receiver=None) as astria:
        tune = await trained(sandbox, astria)

        assert tune.callback is None
        assert sandbox.deliveries == []


async def test_a_receiver_of_ones_own_gets_the_callbacks_to_its_host() -> None:
    """With its own path, secret and store."""
    async with Sandbox(speed=0) as sandbox:
        receiver = Receiver("https://hooks.example.com/a", secret=SECRET, clock=sandbox.clock)
        async with sandbox.client(receiver=receiver) as astria:
            await trained(sandbox, astria)

        assert [delivery.status for delivery in sandbox.deliveries] == [204]


async def test_a_receiver_that_takes_a_host_over_gets_its_callbacks() -> None:
    """As a process that was started anew does."""
    async with Sandbox(speed=0) as sandbox:
        for _ in range(2):
            receiver = Receiver("https://hooks.example.com/a", secret=SECRET, clock=sandbox.clock)
            async with sandbox.client(receiver=receiver) as astria:
                await trained(sandbox, astria)

        assert [delivery.status for delivery in sandbox.deliveries] == [204] * 2


async def test_what_was_mounted_by_hand_stays() -> None:
    """A web application of one's own, say, with the receiver in it."""
    asked: list[str] = []
    async with Sandbox(speed=0) as sandbox:
        receiver = Receiver("https://hooks.example.com/a", secret=SECRET, clock=sandbox.clock)

        async def app(scope: Any, receive: Any, send: Any) -> None:
            asked.append(scope["path"])
            await receiver.app(scope, receive, send)

        sandbox.mount("https://hooks.example.com", app)
        async with sandbox.client(receiver=receiver) as astria:
            await trained(sandbox, astria)
        sandbox.unmount("https://hooks.example.com")
        async with sandbox.client(receiver=receiver) as astria:
            await trained(sandbox, astria)

    assert asked == ["/a/"]


async def test_nothing_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A developer's own account, workspace and store are not touched."""
    monkeypatch.setenv("ASTRIA_API_KEY", "sd_real")
    monkeypatch.setenv("ASTRIA_BASE_URL", "https://api.astria.ai")
    monkeypatch.setenv("ASTRIA_WORKSPACE_ID", "7")
    monkeypatch.setenv("ASTRIA_CALLBACK_URL", "https://real.example.com/")
    monkeypatch.setenv("ASTRIA_CALLBACK_SECRET", "short")
    monkeypatch.setenv("ASTRIA_CALLBACK_STORE", "postgresql://nowhere/")

    async with Sandbox(speed=0) as sandbox, sandbox.client() as astria:
        tune = await trained(sandbox, astria)

    assert tune.is_ready


async def test_options_go_to_the_client() -> None:
    """Such as a wrong key."""
    async with Sandbox(speed=0) as sandbox, sandbox.client(api_key="sd_wrong") as astria:
        with pytest.raises(AuthenticationError):
            await astria.tunes.list().page()


async def test_without_a_key_any_will_do() -> None:
    """A sandbox that takes every key gives its clients one."""
    async with Sandbox(api_key=None, speed=0) as sandbox, sandbox.client() as astria:
        assert await astria.tunes.list().collect() == []


def test_a_missing_extra_is_named() -> None:
    """The sandbox's libraries are not installed with the client."""
    code = (
        "import sys; sys.modules['python_multipart'] = None; sys.modules['PIL'] = None\n"
        "from astria_async.testing import Sandbox"
    )

    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "pip install 'astria-async[sandbox]'" in ran.stderr


async def test_what_a_program_did_is_there_to_assert_on() -> None:
    """Its tunes and prompts without those of the gallery, and its requests by kind."""
    async with Sandbox(speed=0) as sandbox, sandbox.client() as astria:
        tune = await trained(sandbox, astria)
        await tune.prompts.create("a boat", num_images=3)

        assert [it.name for it in sandbox.tunes] == ["cat"]
        assert [(it.text, it.params["num_images"]) for it in sandbox.prompts] == [("a boat", 3)]
        assert [it.status for it in sandbox.sent("POST")] == [201, 201]
        assert len(sandbox.sent("POST", "/tunes/*/prompts")) == 1
        assert len(sandbox.sent(path="/tunes")) == 1


def test_other_names_are_unknown() -> None:
    """The package imports its names when they are asked for, and has no others."""
    assert set(testing.__all__) <= set(dir(testing))
    assert not hasattr(testing, "Mock")
