"""The sandbox as a whole: entering, advancing, watching."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import httpx
import pytest

from astria_async.sandbox import RequestFault, Sandbox, VirtualClock

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
HOOK = "https://hooks.example.com/astria"


async def test_sandbox_has_to_be_entered() -> None:
    """Outside of its context a sandbox says so, to requests and to calls."""
    sandbox = Sandbox()
    async with httpx.AsyncClient(transport=sandbox.transport(), base_url="http://x") as http:
        with pytest.raises(RuntimeError, match="async with"):
            await http.get("/tunes")

    with pytest.raises(RuntimeError, match="async with"):
        await sandbox.advance(1)


async def test_errors_of_the_body_come_out_plain() -> None:
    """What is raised inside leaves as it is, with no group around it."""
    with pytest.raises(KeyError):
        async with Sandbox():
            raise KeyError("mine")


async def test_errors_of_the_sandbox_come_out_plain(rigged: Rigged) -> None:
    """A callback sender that breaks the rules ends the sandbox with its own error."""

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        raise ZeroDivisionError

    async def run() -> None:
        async with rigged(deliver=deliver, speed=1e6) as rig:
            await rig.tune(callback=HOOK)
            await anyio.sleep_forever()

    with anyio.fail_after(5), pytest.raises(ZeroDivisionError):
        await run()


async def test_leaving_ends_what_is_in_flight(rigged: Rigged) -> None:
    """Deliveries that hang do not keep a sandbox from ending, nor does a cancellation."""

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        await anyio.sleep_forever()
        raise AssertionError

    with anyio.fail_after(5):
        async with rigged(deliver=deliver) as rig:
            await rig.tune(callback=HOOK)
            rig.sandbox.clock.advance(1300)
            await anyio.wait_all_tasks_blocked()
        with anyio.move_on_after(0.01):
            async with rigged():
                await anyio.sleep_forever()


async def test_running_clock_trains_by_itself(rigged: Rigged) -> None:
    """With a clock that runs, jobs end and callbacks come with nobody advancing."""
    called = anyio.Event()

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        called.set()
        return 204

    async with rigged(deliver=deliver, speed=100_000) as rig:
        with anyio.fail_after(5):
            tune = await rig.tune(callback=HOOK)
            await called.wait()

        assert (await rig.get(f"/tunes/{tune['id']}"))["trained_at"]


async def test_engine_wakes_for_earlier_events(rig: Any) -> None:
    """Something scheduled sooner than what the engine waits for is not late."""
    slow, quick = await rig.tune(), await rig.tune(branch="fast")

    rig.sandbox.clock.advance(3.1)
    await anyio.wait_all_tasks_blocked()

    assert (await rig.get(f"/tunes/{quick['id']}"))["started_training_at"]
    assert not (await rig.get(f"/tunes/{slow['id']}"))["started_training_at"]


async def test_advance_stops_at_each_event(rigged: Rigged) -> None:
    """While time is advanced, each callback is sent at its own virtual time."""
    seen: list[float] = []

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        seen.append(rig.sandbox.clock.monotonic())
        return 204

    async with rigged(deliver=deliver) as rig:
        await rig.prompt(callback=HOOK)
        await rig.tune(callback=HOOK)
        await rig.sandbox.advance(5000)

        assert len(seen) == 2
        assert seen[0] < 45
        assert 300 < seen[1] < 1300
        assert rig.sandbox.clock.monotonic() == pytest.approx(5000)


async def test_many_events_at_once(rig: Any) -> None:
    """Hundreds of jobs due by then are all done when an advance returns."""
    for _ in range(100):
        await rig.prompt(callback=HOOK)

    rig.sandbox.clock.advance(120)
    await rig.sandbox.advance(1)

    assert len(rig.received) == 100


async def test_clock_can_be_shared() -> None:
    """A sandbox goes by the clock that it is given."""
    clock = VirtualClock(speed=0)
    async with Sandbox(clock=clock) as sandbox:
        await sandbox.advance(5)

    assert sandbox.clock is clock
    assert clock.monotonic() == 5


async def test_base_url_can_be_set(rig: Any) -> None:
    """The sandbox's own base URL is used where no request tells the host."""
    rig.sandbox.base_url = "http://127.0.0.1:8787/"

    assert rig.sandbox.base_url == "http://127.0.0.1:8787"


async def test_slow_requests_do_not_stop_time(rig: Any) -> None:
    """A request that waits for the clock is served while time is advanced."""
    rig.sandbox.faults.add(RequestFault(kind="slow", seconds=10, times=1))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(rig.tune)
        await anyio.wait_all_tasks_blocked()
        await rig.sandbox.advance(10)

    assert len(await rig.get("/tunes")) == 1


async def test_requests_are_recorded(rig: Any) -> None:
    """The latest requests can be asserted on, by method, path, status and body."""
    await rig.http.post("/tunes?x=1", content=b"tune[title]=a%20b",
                        headers={"Content-Type": "application/x-www-form-urlencoded"})  # fmt: skip
    await rig.http.get("/nothing")

    first, second = rig.sandbox.requests

    assert (first.method, first.path, first.query, first.status) == ("POST", "/tunes", "x=1", 422)
    assert (first.summary, first.body_size) == ("tune[title]=a b", 17)
    assert first.answered_at >= first.received_at
    assert (second.status, len(rig.sandbox.requests)) == (404, 2)


async def test_deliveries_are_kept_within_bounds(rig: Any) -> None:
    """Of very many callbacks the latest are kept."""
    rig.sandbox.world.deliveries.limit = 3
    for _ in range(5):
        await rig.prompt(callback=HOOK)
    await rig.sandbox.advance(60)

    assert len(rig.received) == 5
    assert [delivery.id for delivery in rig.sandbox.deliveries] == [3, 4, 5]


async def test_whoever_watches_is_told(rig: Any) -> None:
    """A change of anything ends the wait of all who watch for one."""
    seen: list[int] = []

    async def watch(*, task_status: Any) -> None:
        task_status.started()
        await rig.sandbox.changed()
        seen.append(len(rig.sandbox.world.tunes))

    async with anyio.create_task_group() as tasks:
        with anyio.fail_after(5):
            for _ in range(2):
                await tasks.start(watch)
            before = len(rig.sandbox.world.tunes)
            await rig.tune()

    assert seen == [before + 1] * 2
