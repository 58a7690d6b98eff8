"""State over restarts, snapshots and resets."""

import datetime as dt
import sqlite3
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from astria_async.sandbox import RequestFault, StateError, VirtualClock

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
HOOK = "https://hooks.example.com/astria"
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


async def test_state_outlives_the_process(rigged: Rigged, tmp_path: Path) -> None:
    """Records, money, files and time are there again after a restart."""
    file = tmp_path / "state.db"
    async with rigged(state=file) as rig:
        tune = await rig.trained(image_urls=[GIF], prompts_attributes=[{"text": "x"}])
        await rig.sandbox.advance(60)
        prompts, balance = await rig.get("/prompts"), await rig.balance()
        now = rig.sandbox.clock.now()

    async with rigged(state=file) as rig:
        assert await rig.get("/prompts") == prompts
        assert await rig.balance() == balance
        assert (await rig.get(f"/tunes/{tune['id']}"))["trained_at"] == tune["trained_at"]
        assert (await rig.http.get(tune["orig_images"][0])).content.startswith(b"GIF")
        assert rig.sandbox.clock.now() >= now - dt.timedelta(seconds=1)


async def test_jobs_go_on_after_a_restart(rigged: Rigged, tmp_path: Path) -> None:
    """What was queued or running before a restart ends after it, with its callback."""
    file = tmp_path / "state.db"
    async with rigged(state=file) as rig:
        await rig.tune(callback=HOOK)
        await rig.sandbox.advance(60)

    async with rigged(state=file) as rig:
        await rig.sandbox.advance(1300)

        assert [url for url, _ in rig.received] == [HOOK]
        assert (await rig.tune())["id"] > (await rig.get("/tunes"))[1]["id"]


async def test_runs_survive_in_the_middle(rigged: Rigged, tmp_path: Path) -> None:
    """A run whose prompts are still to appear makes them after a restart."""
    file = tmp_path / "state.db"
    async with rigged(state=file) as rig:
        tune = await rig.trained(base_tune_id=1504944, model_type="lora")
        body = {"tune": {"tune_ids": [tune["id"]], "prompt_attributes": {"input_image": GIF}}}
        await rig.http.post("/p/811/tunes", json=body)

    async with rigged(state=file) as rig:
        await rig.sandbox.advance(2)

        prompts = await rig.get(f"/tunes/{tune['id']}/prompts")
        assert len(prompts) == 3
        assert await rig.status(prompts[0]["input_image"]) == 200


async def test_nothing_answered_is_lost(rigged: Rigged, tmp_path: Path) -> None:
    """What was answered is on the disk already, before the sandbox is left."""
    file = tmp_path / "state.db"
    async with rigged(state=file) as rig:
        tune = await rig.tune()
        copy = tmp_path / "copy.db"
        for suffix in ("", "-wal"):
            copy.with_name(f"copy.db{suffix}").write_bytes(
                file.with_name(f"state.db{suffix}").read_bytes()
            )

    async with rigged(state=copy) as rig:
        assert await rig.status(f"/tunes/{tune['id']}") == 200


async def test_key_may_change_between_starts(rigged: Rigged, tmp_path: Path) -> None:
    """The key that a sandbox is started with counts, not the one that its file holds."""
    file = tmp_path / "state.db"
    async with rigged(state=file, api_key="sd_old"):
        pass

    async with rigged(state=file) as rig:
        assert await rig.status("/tunes") == 200


async def test_clock_of_a_restart_never_goes_back(rigged: Rigged, tmp_path: Path) -> None:
    """A restart goes on at the state's time, or at the clock's own, whichever is later."""
    file, later = tmp_path / "state.db", dt.datetime(2040, 1, 1, tzinfo=dt.UTC)
    async with rigged(state=file, clock=VirtualClock(speed=0, start=later)):
        pass
    async with rigged(state=file) as rig:
        first = rig.sandbox.clock.now()

    async with rigged(
        state=file, clock=VirtualClock(speed=0, start=later + dt.timedelta(days=1))
    ) as rig:
        assert first == later
        assert rig.sandbox.clock.now() == later + dt.timedelta(days=1)


async def test_uploads_of_no_file_are_tidied(rigged: Rigged, tmp_path: Path) -> None:
    """What a crash left in the folder of uploads is deleted at the next start."""
    folder = tmp_path / "state.db-files"
    folder.mkdir()
    (folder / "incoming-7").touch()

    async with rigged(state=str(tmp_path / "state.db")):
        pass

    assert list(folder.iterdir()) == []


async def test_one_sandbox_per_file(rigged: Rigged, tmp_path: Path) -> None:
    """A second sandbox on the same file is refused, and the first goes on."""
    file = tmp_path / "state.db"
    async with rigged(state=file) as rig:
        with pytest.raises(StateError, match="another sandbox"):
            async with rigged(state=file):
                pass

        await rig.tune()


@pytest.mark.parametrize("content", [b"no database at all, but long enough to be read as one" * 20])
async def test_broken_file_is_refused(rigged: Rigged, tmp_path: Path, content: bytes) -> None:
    """A file that is no database is refused, and left alone."""
    file = tmp_path / "state.db"
    file.write_bytes(content)

    with pytest.raises(StateError, match=r"state\.db"):
        async with rigged(state=file):
            pass

    assert file.read_bytes() == content


async def test_newer_state_is_refused(rigged: Rigged, tmp_path: Path) -> None:
    """A file of a later version is refused."""
    file = tmp_path / "state.db"
    async with rigged(state=file):
        pass
    with sqlite3.connect(file) as database:
        database.execute("UPDATE meta SET value = '99' WHERE name = 'version'")
    database.close()

    with pytest.raises(StateError, match="version 99"):
        async with rigged(state=file):
            pass


async def test_disk_that_takes_nothing_is_told(rigged: Rigged, tmp_path: Path) -> None:
    """A write that fails is an error, and what it held is written the next time."""
    file = tmp_path / "state.db"
    async with rigged(state=file) as rig:
        store = rig.sandbox._machine._store
        store._file.execute("PRAGMA query_only = 1")
        with pytest.raises(StateError, match="cannot write"):
            await rig.tune()
        store._file.execute("PRAGMA query_only = 0")

    async with rigged(state=file) as rig:
        assert len(await rig.get("/tunes")) == 1


async def test_snapshot_brings_everything_back(rig: Any) -> None:
    """After a restore, objects, money, files, time and what is due are as they were."""
    tune = await rig.tune(image_urls=[GIF], callback=HOOK)
    before = [await rig.get("/tunes"), await rig.balance()]
    snapshot, now = rig.sandbox.snapshot(), rig.sandbox.clock.now()
    await rig.http.delete(f"/tunes/{tune['id']}")
    await rig.sandbox.advance(5000)

    await rig.sandbox.restore(snapshot)

    assert [await rig.get("/tunes"), await rig.balance()] == before
    assert rig.sandbox.clock.now() == now
    assert await rig.status(tune["orig_images"][0]) == 200
    await rig.sandbox.advance(1300)
    assert [url for url, _ in rig.received] == [HOOK]


async def test_snapshot_moves_to_another_sandbox(rigged: Rigged) -> None:
    """A snapshot works elsewhere, but for uploads, which are not in it."""
    async with rigged() as rig:
        tune = await rig.trained(image_urls=[GIF])
        snapshot = rig.sandbox.snapshot()

    async with rigged() as rig:
        await rig.sandbox.restore(snapshot)

        assert (await rig.get(f"/tunes/{tune['id']}"))["title"] == "Ada"
        assert await rig.status(tune["orig_images"][0]) == 404


@pytest.mark.parametrize(
    "document",
    [{"version": 99}, {"now": "x"}, {"now": None}, {"records": {"tunes": [{}]}}, {"records": 5}],
)
async def test_broken_snapshots_change_nothing(rig: Any, document: dict[str, Any]) -> None:
    """What is no snapshot is refused as a whole."""
    tune = await rig.tune()
    whole = {"version": 1, "now": "2025-01-01T00:00:00+00:00", "last_ids": {}, "records": {}}

    with pytest.raises(StateError):
        await rig.sandbox.restore(whole | document)
    with pytest.raises(StateError):
        await rig.sandbox.restore({})

    assert await rig.status(f"/tunes/{tune['id']}") == 200


async def test_reset_begins_anew(rig: Any) -> None:
    """A reset forgets objects, requests, faults and what is due, and keeps the time."""
    tune = await rig.tune(image_urls=[GIF], callback=HOOK)
    rig.sandbox.faults.add(RequestFault(kind="slow"))
    now = rig.sandbox.clock.now()

    await rig.sandbox.reset()
    await rig.sandbox.advance(1300)

    assert await rig.get("/tunes") == rig.received == rig.sandbox.faults.active == []
    assert await rig.status(tune["orig_images"][0]) == 404
    assert await rig.balance() == 10_000_000_000
    assert rig.sandbox.clock.now() == now + dt.timedelta(seconds=1300)
    assert list(rig.sandbox._machine.storage.folder.iterdir()) == []


async def test_reset_and_restore_are_kept_in_the_file(rigged: Rigged, tmp_path: Path) -> None:
    """With a file, a reset is on the disk too."""
    file = tmp_path / "state.db"
    async with rigged(state=file) as rig:
        await rig.tune()
        await rig.sandbox.reset()

    async with rigged(state=file) as rig:
        assert await rig.get("/tunes") == []
