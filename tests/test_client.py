"""The client: its settings, its block, and what it hides."""

import datetime as dt
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from anyio.lowlevel import checkpoint

from astria_async import (
    Astria,
    AstriaError,
    AuthenticationError,
    Callback,
    ClientClosed,
    ConfigurationError,
    ConnectionFailed,
    GatewayTimeout,
    InvalidInput,
    NotFound,
    OutcomeUnknown,
    Prompt,
    Receiver,
    RetryPolicy,
    WaitPolicy,
)
from astria_async.groups import task_group
from astria_async.sandbox import CallbackFault, RequestFault, VirtualClock
from astria_async.stores import MemoryStore
from astria_async.stores.sqlite import SQLiteStore
from astria_async.testing import Sandbox

pytestmark = pytest.mark.anyio

JPEG = b"\xff\xd8\xff\xe0 not much of a picture"
KEY = "sd_S3cr3tKey"
SECRET = "a secret of the tests, 32 bytes."
VARIABLES = ("API_KEY", "BASE_URL", "WORKSPACE_ID", "CALLBACK_URL", "CALLBACK_SECRET")


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No variable of the developer's own reaches a test."""
    for name in VARIABLES:
        monkeypatch.delenv(f"ASTRIA_{name}", raising=False)


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    """A sandbox whose time stands still until the test moves it."""
    async with Sandbox(speed=0) as sandbox:
        yield sandbox


class Recorder(httpx.AsyncBaseTransport):
    """A network on which every request is answered with an empty list, and kept."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json=[], request=request)

    async def aclose(self) -> None:
        self.closed = True


@asynccontextmanager
async def recorded(**options: Any) -> AsyncIterator[tuple[Astria, Recorder]]:
    """A client on such a network."""
    network = Recorder()
    clock = VirtualClock(speed=0)
    async with (
        httpx.AsyncClient(transport=network) as http_client,
        Astria(http_client=http_client, clock=clock, **options) as astria,
    ):
        yield astria, network


async def tick(sandbox: Sandbox, seconds: float = 5.0) -> None:
    """Let some time pass, and everybody react to it."""
    for _ in range(20):
        await checkpoint()
    await sandbox.advance(seconds)


# Settings


@pytest.mark.parametrize("key", ["", "   ", "\n"])
def test_a_missing_key_is_said_before_anything_else(key: str) -> None:
    """With where to find one."""
    with pytest.raises(ConfigurationError, match="ASTRIA_API_KEY"):
        Astria(key)
    with pytest.raises(ConfigurationError, match="API settings"):
        Astria()


@pytest.mark.parametrize("key", [" sd_1", "sd_1\n", "sd 1", "sd_\u00fc", "sd_\0"])
def test_a_key_that_was_copied_badly_is_refused(key: str) -> None:
    """It could not even be sent; the message does not show it."""
    with pytest.raises(ConfigurationError, match="copy it again") as caught:
        Astria(key)

    assert key.strip() not in str(caught.value)


@pytest.mark.parametrize("workspace_id", ["a b", "1\r\nX-Other: 2"])
def test_a_workspace_that_cannot_be_sent_is_refused(workspace_id: str) -> None:
    """No header can be smuggled in."""
    with pytest.raises(ConfigurationError, match="workspace_id"):
        Astria(KEY, workspace_id=workspace_id)


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan")])
def test_a_timeout_that_could_never_work_is_refused(timeout: float) -> None:
    """Each try needs some time."""
    with pytest.raises(ConfigurationError, match="timeout"):
        Astria(KEY, timeout=timeout)


@pytest.mark.parametrize("base_url", ["api.astria.ai", "/", "ftp://api.astria.ai", "https://", "x"])
async def test_a_base_url_that_is_none_is_refused(base_url: str) -> None:
    """When the client is entered, and nothing is left open."""
    with pytest.raises(ConfigurationError, match="base_url"):
        async with Astria(KEY, base_url=base_url):
            pass


@pytest.mark.parametrize("public_url", ["hooks.example.com", "https://", "http://a.example.com"])
def test_a_public_url_that_could_not_be_called_is_refused(public_url: str) -> None:
    """Astria needs a whole https address."""
    with pytest.raises(ConfigurationError, match="public_url"):
        Receiver(public_url)


async def test_an_http_client_of_another_library_is_refused() -> None:
    """It names the two that will do."""
    with pytest.raises(ConfigurationError, match="httpx2"):
        async with Astria(KEY, http_client=object()):
            pass


async def test_the_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Key, base URL and workspace."""
    monkeypatch.setenv("ASTRIA_API_KEY", KEY)
    monkeypatch.setenv("ASTRIA_BASE_URL", "https://sandbox.example.com/api/")
    monkeypatch.setenv("ASTRIA_WORKSPACE_ID", "7")

    async with recorded() as (astria, network):
        await astria.tunes.list().page()

    (request,) = network.requests
    assert str(request.url).startswith("https://sandbox.example.com/api/tunes?")
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["x-workspace-id"] == "7"


async def test_arguments_pass_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty workspace is the personal one."""
    monkeypatch.setenv("ASTRIA_API_KEY", "sd_other")
    monkeypatch.setenv("ASTRIA_WORKSPACE_ID", "7")

    async with recorded(api_key=KEY, workspace_id="") as (astria, network):
        await astria.tunes.list().page()

    (request,) = network.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.url.host == "api.astria.ai"
    assert "x-workspace-id" not in request.headers


@pytest.mark.parametrize("workspace_id", [7, "all"])
async def test_a_workspace_is_sent_with_every_request(workspace_id: int | str) -> None:
    """Its id, or all of them."""
    async with recorded(api_key=KEY, workspace_id=workspace_id) as (astria, network):
        await astria.prompts.list().page()

    assert network.requests[0].headers["x-workspace-id"] == str(workspace_id)


async def test_a_wrong_key_is_an_authentication_error(sandbox: Sandbox) -> None:
    """It says where to look, and is not tried again."""
    async with sandbox.client(api_key="sd_wrong") as astria:
        with pytest.raises(AuthenticationError, match="ASTRIA_API_KEY"):
            await astria.tunes.get(1)

    assert len(sandbox.requests) == 1


# The block


def test_outside_of_its_block_a_client_is_closed() -> None:
    """The message shows how to use it."""
    astria = Astria(KEY)

    for use in (lambda: astria.tunes, lambda: astria.prompts, lambda: astria.wait_all([])):
        with pytest.raises(ClientClosed, match="async with Astria"):
            use()


async def test_after_its_block_a_client_is_closed(sandbox: Sandbox) -> None:
    """What it gave is so too."""
    async with sandbox.client() as astria:
        tune = await astria.tunes.create(name="cat", images=[JPEG])

    for use in (tune.refresh, tune.wait_ready, tune.delete, astria.tunes.list().collect):
        with pytest.raises(ClientClosed):
            await use()


async def test_a_client_may_be_entered_again(sandbox: Sandbox) -> None:
    """After it was left; what it gave before stays closed."""
    async with httpx.AsyncClient(transport=sandbox.transport()) as http_client:
        astria = Astria("sd_sandbox", base_url=sandbox.base_url, http_client=http_client)
        async with astria:
            tune = await astria.tunes.create(name="cat", images=[JPEG])

        async with astria:
            again = await astria.tunes.get(tune.id)

            with pytest.raises(ClientClosed):
                await tune.refresh()
    assert again.id == tune.id


async def test_a_client_is_not_entered_twice_at_once(sandbox: Sandbox) -> None:
    """It has one task group."""
    async with sandbox.client() as astria:
        with pytest.raises(ConfigurationError, match="open already"):
            await astria.__aenter__()

        assert await astria.tunes.list().collect() == []


async def test_a_client_that_could_not_be_entered_may_be_tried_again() -> None:
    """Nothing of the first try is left."""
    astria = Astria(KEY, base_url="nonsense")
    for _ in range(2):
        with pytest.raises(ConfigurationError, match="base_url"):
            await astria.__aenter__()

    assert await astria.__aexit__(None, None, None) is None


@pytest.mark.parametrize("error", [ValueError("mine"), ExceptionGroup("mine", [ValueError("x")])])
async def test_an_error_in_the_block_comes_out_as_it_is(sandbox: Sandbox, error: Exception) -> None:
    """The very same, and not in a group, be it a group itself."""

    async def work() -> None:
        async with sandbox.client():
            await checkpoint()
            raise error

    with pytest.raises(type(error)) as caught:
        await work()

    assert caught.value is error


async def test_cancellation_ends_the_block(sandbox: Sandbox) -> None:
    """And what waits in it."""
    with anyio.CancelScope() as scope:
        async with sandbox.client() as astria:
            tune = await astria.tunes.create(name="cat", images=[JPEG])
            scope.cancel()
            await tune.wait_ready()

    assert scope.cancelled_caught


async def test_what_the_user_handed_in_stays_open(sandbox: Sandbox) -> None:
    """We close only what we opened."""
    network = Recorder()
    async with httpx.AsyncClient(transport=network) as http_client:
        async with Astria(KEY, http_client=http_client):
            pass

        assert not network.closed
        assert not http_client.is_closed


async def test_httpx2_will_do(sandbox: Sandbox) -> None:
    """Its successor has the same interface."""

    def handle(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json=[], request=request)

    async with (
        httpx2.AsyncClient(transport=httpx2.MockTransport(handle)) as http_client,
        Astria(KEY, http_client=http_client) as astria,
    ):
        assert await astria.tunes.list().collect() == []


async def test_leaving_ends_what_others_wait_for(sandbox: Sandbox) -> None:
    """Tasks outside of the block get an error, and do not hang."""
    errors: list[BaseException] = []

    async def wait(tune: Any) -> None:
        try:
            await tune.wait_ready()
        except ClientClosed as error:
            errors.append(error)

    async with anyio.create_task_group() as group, sandbox.client() as astria:
        tune = await astria.tunes.create(name="cat", images=[JPEG])
        for _ in range(3):
            group.start_soon(wait, tune)
        for _ in range(10):
            await checkpoint()

    assert len(errors) == 3


async def test_leaving_during_a_create_leaves_its_outcome_unknown(sandbox: Sandbox) -> None:
    """Its answer is lost, and nobody looks any more: it says so, rather than "closed"."""
    sandbox.faults.add(RequestFault(kind="gateway_timeout", method="POST", processed=True))
    errors: list[BaseException] = []

    async def create(astria: Astria) -> None:
        try:
            await astria.tunes.create(name="cat", images=[JPEG])
        except AstriaError as error:
            errors.append(error)

    async with anyio.create_task_group() as group:
        async with sandbox.client() as astria:
            group.start_soon(create, astria)
            while not len(sandbox.requests):
                await checkpoint()
            await tick(sandbox, 1)
        while not errors:
            await tick(sandbox, 60)

    assert [type(error) for error in errors] == [OutcomeUnknown]


async def test_leaving_during_a_download_leaves_no_partial_file(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    """It fails as a closed client's, and cleans up."""
    errors: list[BaseException] = []

    async def download(prompt: Prompt) -> None:
        try:
            await prompt.download(tmp_path)
        except AstriaError as error:
            errors.append(error)

    async with anyio.create_task_group() as group:
        async with sandbox.client() as astria:
            created = await astria.prompts.create(1504944, "a cat", num_images=1)
            await tick(sandbox, 60)
            prompt = await created.refresh()
            sandbox.faults.add(RequestFault(kind="reset", path="/files/*"))
            group.start_soon(download, prompt)
            while sandbox.requests and not list(sandbox.requests)[-1].path.startswith("/files/"):
                await checkpoint()
        while not errors:
            await tick(sandbox, 1)

    assert [type(error) for error in errors] == [ClientClosed]
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - a moment


async def test_two_clients_share_a_receiver(sandbox: Sandbox) -> None:
    """Each hears of its own objects; the first to leave takes nothing along."""
    receiver = Receiver("https://hooks.example.com/", secret=SECRET, clock=sandbox.clock)
    async with sandbox.client(receiver=receiver) as staying:
        async with sandbox.client(receiver=receiver) as leaving:
            await leaving.tunes.create(name="cat", images=[JPEG], branch="fast")
        tune = await staying.tunes.create(name="cat", images=[JPEG], branch="fast")
        ready: list[Any] = []

        async def wait() -> None:
            ready.append(await tune.wait_ready())

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            while not ready or len(sandbox.deliveries) < 2:
                await tick(sandbox)

    assert [delivery.status for delivery in sandbox.deliveries] == [204, 204]


async def test_a_failed_start_is_the_users_to_see(sandbox: Sandbox) -> None:
    """A store that cannot be opened ends the block before it begins."""

    class Closed(MemoryStore):
        async def open(self) -> None:
            raise ConfigurationError("wrong password")

    receiver = Receiver("https://hooks.example.com/", secret=SECRET, store=Closed())
    with pytest.raises(ConfigurationError, match="wrong password"):
        async with sandbox.client(receiver=receiver):
            pass


async def test_a_broken_watch_does_not_end_the_client(sandbox: Sandbox) -> None:
    """Polling covers for a store of the user's own that fails in a way of its own."""

    class Broken(MemoryStore):
        def watch(self) -> Any:
            raise RuntimeError("a driver's own error")

    store = Broken(clock=sandbox.clock)
    receiver = Receiver(
        "https://hooks.example.com/", secret=SECRET, store=store, clock=sandbox.clock
    )
    async with sandbox.client(receiver=receiver) as astria:
        tune = await astria.tunes.create(name="cat", images=[JPEG], branch="fast")
        ready: list[Any] = []

        async def wait() -> None:
            ready.append(await tune.wait_ready())

        async with task_group() as group:
            group.start_soon(wait)
            while not ready:
                await tick(sandbox)

    assert ready[0].is_ready


# Handlers


async def test_a_lost_callback_is_made_good_for_handlers(sandbox: Sandbox) -> None:
    """They run though nobody waits, and once for each outcome."""
    sandbox.faults.add(CallbackFault(kind="drop"))
    receiver = Receiver("https://hooks.example.com/", secret=SECRET, clock=sandbox.clock)
    heard: list[tuple[int, str]] = []

    @receiver.on_prompt
    async def hear(prompt: Prompt, callback: Callback) -> None:
        heard.append((prompt.id, callback.metadata["n"]))

    async with sandbox.client(receiver=receiver) as astria:
        prompt = await astria.prompts.create(1504944, "a cat", metadata={"n": "1"})
        for _ in range(300):
            await tick(sandbox)

    assert heard == [(prompt.id, "1")]


async def test_a_create_that_was_never_answered_reaches_its_handler(sandbox: Sandbox) -> None:
    """Its object is searched for by the wait id that was noted before it was sent."""
    sandbox.faults.add(RequestFault(kind="reset", method="POST", processed=True, times=1))
    sandbox.faults.add(RequestFault(kind="server_error", method="GET", times=20))
    sandbox.faults.add(CallbackFault(kind="drop"))
    receiver = Receiver("https://hooks.example.com/", secret=SECRET, clock=sandbox.clock)
    heard: list[int] = []

    @receiver.on_prompt
    async def hear(prompt: Prompt, _: Callback) -> None:
        heard.append(prompt.id)

    async with sandbox.client(receiver=receiver, retry=RetryPolicy(attempts=1)) as astria:

        async def create() -> None:
            with pytest.raises(OutcomeUnknown):
                await astria.prompts.create(1504944, "a cat")

        async with anyio.create_task_group() as group:
            group.start_soon(create)
            for _ in range(500):
                await tick(sandbox, 10)

    assert len(heard) == 1


class Told(SQLiteStore):
    """A file that tells when it was pruned."""

    def __init__(self, path: Path, clock: VirtualClock) -> None:
        super().__init__(path, clock=clock)
        self.pruned = anyio.Event()

    async def prune(self, *, before: dt.datetime) -> int:
        deleted = await super().prune(before=before)
        self.pruned.set()
        return deleted


async def test_a_durable_store_forgets_what_is_old(sandbox: Sandbox, tmp_path: Path) -> None:
    """A client prunes the store of its receiver after the receiver's retention."""
    store = Told(tmp_path / "callbacks.db", sandbox.clock)
    receiver = Receiver(
        "https://hooks.example.com/", secret=SECRET, store=store, retention=86_400.0
    )
    old = sandbox.clock.now() - dt.timedelta(days=2)
    async with sandbox.client(receiver=receiver):
        await store.put(Callback(kind="tune", wait="w" * 22, body=b"{}", received_at=old))
        await tick(sandbox, 100)

        with anyio.fail_after(10):
            await store.pruned.wait()
        left = await store.records()

    assert left == []


async def test_a_handler_that_comes_too_late_is_refused(sandbox: Sandbox) -> None:
    """A client that is open would not run it, and silence would hide that."""
    receiver = Receiver("https://hooks.example.com/", secret=SECRET)

    async def publish(*_: object) -> None: ...

    async with sandbox.client(receiver=receiver):
        with pytest.raises(ConfigurationError, match="publish comes too late"):
            receiver.on_prompt(publish)
    receiver.on_prompt(publish)

    assert receiver.handled_kinds == {"prompt"}


async def test_handlers_that_are_let_finish_can_still_send(sandbox: Sandbox) -> None:
    """A client that is being left waits for them, and serves them meanwhile."""
    receiver = Receiver("https://hooks.example.com/", secret=SECRET, clock=sandbox.clock)
    begun, go = anyio.Event(), anyio.Event()
    found: list[int] = []

    @receiver.on_prompt
    async def hear(prompt: Prompt, _: Callback) -> None:
        begun.set()
        await go.wait()
        found.append((await prompt.refresh()).id)

    async with anyio.create_task_group() as group, sandbox.client(receiver=receiver) as astria:
        prompt = await astria.prompts.create(1504944, "a cat")
        while not begun.is_set():
            await tick(sandbox)

        async def release() -> None:
            for _ in range(20):
                await checkpoint()
            go.set()

        group.start_soon(release)

    assert found == [prompt.id]


# Requests that this version does not know


async def test_any_endpoint_can_be_called(sandbox: Sandbox) -> None:
    """With a query, with JSON, or with a form."""
    async with sandbox.client() as astria:
        made = await astria.request("post", "workspaces", json={"workspace": {"title": "Spring"}})
        again = await astria.request("POST", "/workspaces", form={"workspace": {"title": "Fall"}})
        listed = await astria.request("GET", "/tunes", query={"limit": 1, "name": ["cat", "dog"]})

    assert (made.content()["title"], again.content()["title"]) == ("Spring", "Fall")
    assert listed.content() == []
    assert listed.request_id


async def test_errors_of_any_endpoint_are_typed(sandbox: Sandbox) -> None:
    """As everywhere."""
    async with sandbox.client() as astria:
        with pytest.raises(NotFound):
            await astria.request("GET", "/generate")


async def test_an_unknown_post_is_not_sent_twice(sandbox: Sandbox) -> None:
    """It may create something."""
    sandbox.faults.add(RequestFault(kind="gateway_timeout", path="/workspaces"))
    async with sandbox.client() as astria:
        with pytest.raises(GatewayTimeout):
            await astria.request("POST", "/workspaces", json={"workspace": {"title": "Spring"}})

    assert len(sandbox.requests) == 1


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"path": "/tunes?limit=1"}, "query"),
        ({"json": {"x": 1}, "form": {"x": 1}}, "not both"),
        ({"json": {"x": object()}}, "JSON"),
        ({"json": {"x": float("nan")}}, "JSON"),
    ],
)
async def test_a_request_that_cannot_be_sent_is_refused(
    sandbox: Sandbox, options: dict[str, Any], problem: str
) -> None:
    """Before it is."""
    settings: dict[str, Any] = {"method": "POST", "path": "/tunes"} | options
    async with sandbox.client() as astria:
        with pytest.raises(InvalidInput, match=problem):
            await astria.request(**settings)

    assert len(sandbox.requests) == 0


# Waiting


async def test_many_are_awaited_as_they_finish(sandbox: Sandbox) -> None:
    """Tunes and prompts together."""
    async with sandbox.client() as astria:
        tune = await astria.tunes.create(name="cat", images=[JPEG], branch="flux1")
        prompt = await astria.prompts.create(1504944, "a cat")
        seen: list[str] = []

        async def wait() -> None:
            async for job in astria.wait_all([tune, prompt]):
                seen.append(job.kind)  # noqa: PERF401 - seen by the test at once

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            while len(seen) < 2:
                await tick(sandbox)

    assert seen == ["prompt", "tune"]


async def test_failures_are_yielded_if_wanted(sandbox: Sandbox) -> None:
    """They carry their objects."""
    async with sandbox.client() as astria:
        good, bad = [await astria.prompts.create(1504944, "a cat") for _ in range(2)]
        sandbox.fail_prompt(bad.id, "Refused")
        seen: list[Any] = []

        async def wait() -> None:
            async for found in astria.wait_all([good, bad], timeout=600, return_exceptions=True):
                seen.append(found)  # noqa: PERF401 - seen by the test at once

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            while len(seen) < 2:
                await tick(sandbox)

    failed = next(found for found in seen if isinstance(found, AstriaError))
    assert failed.object.id == bad.id  # type: ignore[attr-defined]


async def test_polling_alone_will_do(sandbox: Sandbox) -> None:
    """Without a receiver, and paced by the client's own policy."""
    policy = WaitPolicy(prompt_poll=(1.0, 1.0))
    async with sandbox.client(receiver=None, wait=policy) as astria:
        prompt = await astria.prompts.create(1504944, "a cat")
        ready: list[Prompt] = []

        async def wait() -> None:
            ready.append(await prompt.wait_ready())

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            while not ready:
                await tick(sandbox, 1)

    assert ready[0].images


async def test_a_trusted_body_spares_the_fetch(sandbox: Sandbox) -> None:
    """trust_body takes the callback's word."""
    receiver = Receiver(
        "https://hooks.example.com/", secret=SECRET, trust_body=True, clock=sandbox.clock
    )
    async with sandbox.client(receiver=receiver) as astria:
        prompt = await astria.prompts.create(1504944, "a cat")
        ready: list[Prompt] = []

        async def wait() -> None:
            ready.append(await prompt.wait_ready())

        async with anyio.create_task_group() as group:
            group.start_soon(wait)
            while not ready:
                await tick(sandbox)

    assert ready[0].images
    assert len(sandbox.requests) == 1


# What is hidden


def test_a_client_shows_no_key() -> None:
    """In its repr, nor does what it is made of."""
    astria = Astria(KEY, base_url="https://api.example.com", budget=Decimal(1))

    assert repr(astria) == "<Astria https://api.example.com closed>"
    assert KEY not in repr(vars(astria).get("_wait"))


async def test_an_open_client_says_so(sandbox: Sandbox) -> None:
    """In its repr, too."""
    async with sandbox.client() as astria:
        inside = repr(astria)

    assert inside.endswith(" open>")
    assert repr(astria).endswith(" closed>")


async def test_a_network_that_is_down_is_an_error_of_ours(sandbox: Sandbox) -> None:
    """After its retries, and without a URL's query."""
    sandbox.faults.add(RequestFault(kind="reset"))
    policy = RetryPolicy(attempts=1)
    async with sandbox.client(retry=policy) as astria:
        with pytest.raises(ConnectionFailed) as caught:
            await astria.tunes.list(title="private").page()

    assert "private" not in str(caught.value)
