"""Merging of equal creates, by the account's settings."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import pytest

from astria_async.sandbox import RequestFault

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
HOOK = "https://hooks.example.com/astria"


async def test_off_by_default(rig: Any) -> None:
    """Without the setting, equal creates make two objects."""
    tunes, prompts = [await rig.tune() for _ in "ab"], [await rig.prompt(seed=1) for _ in "ab"]

    assert tunes[0]["id"] != tunes[1]["id"]
    assert prompts[0]["id"] != prompts[1]["id"]


async def test_tunes_merge_by_title(rigged: Rigged) -> None:
    """A tune of the same title is answered with the one that is there, with 200, uncharged."""
    async with rigged(idempotent=True) as rig:
        first = await rig.tune()
        balance = await rig.balance()
        body = {"title": "Ada", "name": "man", "image_urls": ["https://x.example.com/2.jpg"]}

        again = await rig.http.post("/tunes", json={"tune": body})

        assert (again.status_code, again.json()["id"]) == (200, first["id"])
        assert await rig.balance() == balance
        assert (await rig.tune(title="Bob"))["id"] != first["id"]


async def test_prompts_merge_by_documented_attributes(rigged: Rigged) -> None:
    """Prompts merge if the listed attributes agree, whatever others say; the callback is one."""
    async with rigged(idempotent=True) as rig:
        first = await rig.prompt(callback=HOOK, seed=0, film_grain=True)

        same = await rig.prompt(callback=HOOK, seed=0, style="Cinematic", super_resolution=False)
        others = [
            await rig.prompt(callback=f"{HOOK}?2", seed=0),
            await rig.prompt(callback=HOOK),
            await rig.prompt(690204, callback=HOOK, seed=0),
            await rig.prompt(callback=HOOK, seed=0, steps=20),
        ]

        assert same["id"] == first["id"]
        assert len({first["id"], *(other["id"] for other in others)}) == 5


async def test_merged_create_gives_up_its_files(rigged: Rigged) -> None:
    """Inputs of a merged create are not kept."""
    async with rigged(idempotent=True) as rig:
        await rig.prompt(input_image="https://x.example.com/1.jpg")
        before = len(rig.sandbox.world.files)

        await rig.prompt(input_image="https://x.example.com/2.jpg")

        assert len(rig.sandbox.world.files) == before


async def test_text_and_seed_merge_by_a_switch_of_their_own(rigged: Rigged) -> None:
    """The vendor's second rule merges equal text and seed in one tune."""
    async with rigged(merge_text_seed=True) as rig:
        first = await rig.prompt(callback=HOOK)

        same = await rig.prompt(num_images=1)
        other = await rig.prompt(seed=3)

        assert same["id"] == first["id"] != other["id"]


async def test_deleted_or_renamed_objects_merge_no_more(rigged: Rigged) -> None:
    """What is gone, or is called otherwise, is not found."""
    async with rigged(idempotent=True) as rig:
        tune, prompt = await rig.tune(), await rig.prompt()
        await rig.http.patch(f"/tunes/{tune['id']}", json={"tune": {"title": "Bob"}})
        await rig.http.delete(f"/prompts/{prompt['id']}")

        assert (await rig.prompt())["id"] != prompt["id"]
        ada = await rig.tune()
        assert ada["id"] != tune["id"]
        await rig.http.delete(f"/tunes/{ada['id']}")
        assert (await rig.tune(title="Bob"))["id"] == tune["id"]


async def test_repeat_during_processing_is_merged_in_the_end(rigged: Rigged) -> None:
    """After a 504 a repeat that overtakes the slow original leaves one tune."""
    async with rigged(idempotent=True) as rig:
        fault = RequestFault(kind="gateway_timeout", processed=True, seconds=60, times=1)
        rig.sandbox.faults.add(fault)
        body = {"title": "Ada", "name": "cat", "image_urls": ["https://x.example.com/1.jpg"]}
        answer = await rig.http.post("/tunes", json={"tune": body})
        again = await rig.http.post("/tunes", json={"tune": body})
        await rig.sandbox.advance(60)

        assert (answer.status_code, again.status_code) == (504, 201)
        assert [tune["id"] for tune in await rig.get("/tunes")] == [again.json()["id"]]


async def test_equal_creates_at_once_make_one(rigged: Rigged) -> None:
    """Creates that run into each other while their images are stored make one tune."""
    gif = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
    async with rigged(idempotent=True) as rig:
        ids: list[int] = []

        async def create() -> None:
            ids.append((await rig.tune(image_urls=[gif, gif]))["id"])

        async with anyio.create_task_group() as tasks:
            for _ in range(5):
                tasks.start_soon(create)

        assert len(set(ids)) == 1
        assert len(rig.sandbox.world.tunes[ids[0]].orig_images) == 2


async def test_setting_can_be_switched_while_running(rig: Any) -> None:
    """The account's setting counts from when it is switched, for objects made before too."""
    prompt = await rig.prompt()
    rig.sandbox.update_account(idempotent=True)

    assert (await rig.prompt())["id"] == prompt["id"]
