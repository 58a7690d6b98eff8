"""Lists: pages, filters and order."""

from typing import Any

import pytest

pytestmark = pytest.mark.anyio


async def fill(rig: Any, count: int) -> list[int]:
    return [(await rig.prompt(text=f"number {n}"))["id"] for n in range(count)]


async def test_lists_are_newest_first_by_twenty(rig: Any) -> None:
    """A list holds the twenty youngest, the youngest first, as a bare array."""
    ids = await fill(rig, 25)

    listed = await rig.get("/prompts")

    assert [prompt["id"] for prompt in listed] == ids[:4:-1]


async def test_before_id_pages_without_gap(rig: Any) -> None:
    """Following before_id till an empty page sees each object once, whatever comes meanwhile."""
    ids, seen, before = await fill(rig, 7), [], {}

    while page := await rig.get("/prompts", limit=3, **before):
        seen += [prompt["id"] for prompt in page]
        before = {"before_id": seen[-1]}
        await rig.prompt()

    assert seen == ids[::-1]


async def test_offset_counts_from_the_newest(rig: Any) -> None:
    """An offset passes over so many; before_id wins over it."""
    ids = await fill(rig, 3)

    assert [p["id"] for p in await rig.get("/prompts", offset=2)] == ids[:1]
    both = await rig.get("/prompts", offset=2, before_id=ids[2])
    assert [p["id"] for p in both] == ids[1::-1]


@pytest.mark.parametrize(
    ("path", "deepest"),
    [("/tunes", 200), ("/prompts", 10_000), ("/tunes/1504944/prompts", 10_000)],
)
async def test_deep_offsets_are_refused(rig: Any, path: str, deepest: int) -> None:
    """Past its depth an offset is a 400 that points at before_id."""
    response = await rig.http.get(path, params={"offset": deepest + 1})

    assert response.status_code == 400
    assert "before_id" in response.json()["error"]
    assert await rig.get(path, offset=deepest) == []


async def test_limit_is_cut_to_120(rig: Any) -> None:
    """More than 120 may be asked for, and 120 come; a limit of none gives none."""
    await fill(rig, 121)

    assert len(await rig.get("/prompts", limit=500)) == 120
    assert await rig.get("/prompts", limit=0) == []


@pytest.mark.parametrize(
    "query", ["limit=x", "limit=-1", "offset=-1", "before_id=abc", "limit[]=a", "limit=%ff"]
)
async def test_bad_page_parameters_are_400(rig: Any, query: str) -> None:
    """A page that makes no sense is a bad request."""
    assert (await rig.http.get(f"/tunes?{query}")).status_code == 400


async def test_tunes_are_filtered(rig: Any) -> None:
    """Tunes can be found by a part of the title, class words, type and branch."""
    await rig.tune(title="Ada 1")
    await rig.tune(title="Bob", name="man", branch="fast", model_type="lora")

    async def titles(query: str) -> list[str]:
        return [t["title"] for t in (await rig.http.get(f"/tunes?{query}")).json()]

    assert await titles("title=da") == ["Ada 1"]
    assert await titles("name[]=man&name[]=cat") == ["Bob"]
    assert await titles("model_type=lora&branch=fast") == ["Bob"]
    assert await titles("branch=sd15") == ["Ada 1"]


async def test_prompts_are_filtered(rig: Any) -> None:
    """Prompts can be found by text, tune, account, flags and origin."""
    first = await rig.prompt(690204, text="A garden")
    second = await rig.prompt(text="a boat", video_model="kling")
    await rig.http.post(f"/prompts/{first['id']}/likes")

    async def ids(**query: Any) -> list[int]:
        return [p["id"] for p in await rig.get("/prompts", **query)]

    assert await ids(text="GARDEN") == await ids(tune_id=690204) == await ids(liked="true")
    assert await ids(text="GARDEN") == [first["id"]]
    assert await ids(is_video="true") == [second["id"]]
    assert await ids(user_id=1) == await ids(orig_prompt_id=5) == []
    assert len(await ids(today="true", is_api="true")) == 2
    await rig.sandbox.advance(86_400)
    assert await ids(today="true") == []


async def test_expanding_adds_keys(rig: Any) -> None:
    """Expanded lists carry debug images and comments."""
    await rig.prompt()

    response = await rig.http.get("/prompts?expand[]=debug_images&expand[]=prompt.comments")

    assert response.json()[0]["debug_images"] == response.json()[0]["comments"] == []


async def test_gallery_holds_the_public_models(rig: Any) -> None:
    """Public models are listed in the gallery, with limits up to 200, and not among one's own."""
    listed = await rig.get("/gallery/tunes", limit=200, title="flux")

    assert [tune["id"] for tune in listed] == [1504944]
    assert await rig.get("/tunes") == []
