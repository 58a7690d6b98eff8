"""Workspaces, the account, inspection, catalogues."""

import io
from typing import Any

import httpx
import pytest
from PIL import Image

pytestmark = pytest.mark.anyio


def picture(color: str = "", size: tuple[int, int] = (640, 640), kind: str = "PNG") -> bytes:
    image = Image.effect_noise(size, 80).convert("RGB")
    out = io.BytesIO()
    (Image.new("RGB", size, color) if color else image).save(out, kind)
    return out.getvalue()


async def inspect(rig: Any, data: bytes, name: str = "man") -> httpx.Response:
    response: httpx.Response = await rig.http.post(
        "/images/inspect", data={"name": name}, files={"file": ("a.png", data)}
    )
    return response


async def test_account_tells_its_balance(rig: Any) -> None:
    """The account shows its balance in millicents, and itself as payer."""
    user = await rig.get("/users")

    assert user["usd_balance_mc"] == user["payer"]["usd_balance_mc"] == 100_000 * 100_000
    assert user["payer"]["self"] is True


async def test_workspaces_are_made_read_and_changed(rig: Any) -> None:
    """A workspace has a title, a slug, and details of its own."""
    made = (await rig.http.post("/workspaces.json", json={"workspace": {"title": "A b"}})).json()
    twin = (await rig.http.post("/workspaces", json={"workspace": {"title": "A b"}})).json()
    changes = {"workspace": {"brief": "calm", "title": None}}

    changed = await rig.http.patch(f"/workspaces/{made['id']}.json", json=changes)

    assert (made["slug"], made["favicon_url"], twin["slug"]) == ("a-b", "", f"a-b-{twin['id']}")
    assert (changed.json()["brief"], changed.json()["title"]) == ("calm", "A b")
    assert (await rig.get(f"/workspaces/{made['id']}"))["brief"] == "calm"
    assert [w["id"] for w in await rig.get("/workspaces.json")] == [twin["id"], made["id"]]


async def test_workspace_header_chooses_what_is_seen(rig: Any) -> None:
    """Objects of a workspace are listed in it, and with 'all', not in the personal space."""
    made = (await rig.http.post("/workspaces", json={"workspace": {"title": "A"}})).json()
    inside, everywhere = {"X-Workspace-Id": str(made["id"])}, {"X-Workspace-Id": "all"}
    await rig.prompt()
    await rig.http.post("/tunes/690204/prompts", json={"prompt": {"text": "x"}}, headers=inside)

    async def count(headers: dict[str, str]) -> int:
        return len((await rig.http.get("/prompts", headers=headers)).json())

    assert (await count(inside), await count({}), await count(everywhere)) == (1, 1, 2)


async def test_prompt_may_name_its_workspace(rig: Any) -> None:
    """A prompt can be put into a workspace by its own parameter."""
    made = (await rig.http.post("/workspaces", json={"workspace": {"title": "A"}})).json()

    prompt = await rig.prompt(workspace_id=made["id"])

    assert prompt["workspace_id"] == made["id"]
    assert await rig.get("/prompts") == []


async def test_workspaces_payer_is_charged(rig: Any) -> None:
    """In a workspace that another account pays, that account's balance counts."""
    world = rig.sandbox.world
    made = (await rig.http.post("/workspaces", json={"workspace": {"title": "A"}})).json()
    world.workspaces.change(made["id"], payer_id=1)
    world.accounts.change(1, balance_mc=1_000_000)
    headers, before = {"X-Workspace-Id": str(made["id"])}, await rig.balance()
    body = {"title": "a", "name": "b", "image_urls": ["https://x.example.com/1.jpg"]}

    await rig.http.post("/tunes", json={"tune": body}, headers=headers)

    user = (await rig.http.get("/users", headers=headers)).json()
    assert user["payer"] == {"id": 1, "name": "Astria", "self": False, "usd_balance_mc": 850_000}
    assert await rig.balance() == before


@pytest.mark.parametrize(("header", "status"), [("x", 400), ("9", 404), ("7", 403)])
async def test_wrong_workspaces(rig: Any, header: str, status: int) -> None:
    """A workspace that makes no sense, is not there, or is somebody else's, is refused."""
    await rig.http.post("/workspaces", json={"workspace": {"title": "A"}})
    workspace = rig.sandbox.world.workspaces[1]
    rig.sandbox.world.workspaces.put(
        type(workspace)(id=7, account_id=1, payer_id=1, title="", slug="")
    )

    response = await rig.http.get("/tunes", headers={"X-Workspace-Id": header})

    assert response.status_code == status
    assert await rig.status("/workspaces/9") == 404
    assert await rig.status("/workspaces/7") == 403


async def test_inspection_of_a_good_picture(rig: Any) -> None:
    """A sharp, large picture of the wanted class has no warning, and traits."""
    found = (await inspect(rig, picture())).json()

    assert (found["name"], found["age"][-2:]) == ("man", "yo")
    assert not any(found[key] for key in ("blurry", "low_resolution", "low_quality"))
    assert len(found) == 21


async def test_inspection_repeats(rig: Any) -> None:
    """The same picture shows the same, and leaves no file behind."""
    data = picture(size=(600, 600))
    before = len(rig.sandbox.world.files)

    assert (await inspect(rig, data)).json() == (await inspect(rig, data)).json()
    assert len(rig.sandbox.world.files) == before


async def test_inspection_of_a_bad_picture(rig: Any) -> None:
    """A small picture of one colour warns, and shows nothing of the class."""
    found = (await inspect(rig, picture("red", (64, 64)), "cat")).json()

    assert (found["name"], found["eye_color"]) == ("", "")
    assert found["blurry"]
    assert found["low_resolution"]
    assert found["low_quality"]


async def test_inspection_by_address(rig: Any) -> None:
    """An image may be given by its address."""
    body = {"name": "woman", "file_url": (await rig.get("/p/811"))["cover_url"]}

    response = await rig.http.post("/images/inspect", json=body)

    assert response.json()["name"] == "woman"


async def test_inspection_needs_an_image(rig: Any) -> None:
    """What is no image, or nothing, is refused by its field."""
    nothing = await rig.http.post("/images/inspect", json={"name": "man"})

    assert (await inspect(rig, b"nonsense")).json() == {"file": ["is not an image"]}
    assert nothing.json() == {"file": ["can't be blank"]}


async def test_catalogue_needs_no_key(rig: Any) -> None:
    """The command line's catalogue is an object, open to anybody; the plugins' needs a key."""
    catalogue = await rig.http.get("/cli/models", headers={"Authorization": ""})
    plugin = await rig.http.get("/plugin/models", headers={"Authorization": ""})

    assert catalogue.json()["models"][catalogue.json()["default"]]["id"] == 1504944
    assert plugin.status_code == 401
    assert len((await rig.get("/plugin/models"))["models"]) == 3


async def test_duplicate_stays_in_its_workspace(rig: Any) -> None:
    """A duplicate belongs where the original does, unless the header names another place."""
    made = [
        (await rig.http.post("/workspaces", json={"workspace": {"title": title}})).json()["id"]
        for title in "ab"
    ]
    prompt = await rig.prompt(workspace_id=made[0])
    path = f"/prompts/{prompt['id']}/duplicate"

    same = await rig.http.post(path)
    other = await rig.http.post(path, headers={"X-Workspace-Id": str(made[1])})

    assert same.json()["workspace_id"] == made[0]
    assert other.json()["workspace_id"] == made[1]
