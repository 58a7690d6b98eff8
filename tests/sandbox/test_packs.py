"""Packs, their runs, and themes."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
HOOK = "https://hooks.example.com/astria"
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="
GALLERY = "/p/studio-portraits"


async def run(rig: Any, pack: Any = "studio-portraits", **tune: Any) -> Any:
    return await rig.http.post(f"/p/{pack}/tunes", json={"tune": tune})


async def lora(rig: Any, name: str = "woman", **fields: Any) -> dict[str, Any]:
    fields = {"base_tune_id": 1504944, "model_type": "lora", "name": name} | fields
    tune: dict[str, Any] = await rig.trained(**fields)
    return tune


async def own_pack(rig: Any, *texts: str) -> int:
    """A pack of the account's own, with prompts of these texts as templates."""
    pack = (await rig.http.post("/packs", json={"pack": {"title": "Mine"}})).json()
    for text in texts:
        await rig.prompt(text=text, pack_id=pack["id"])
    number: int = pack["id"]
    return number


async def test_gallery_has_a_pack(rig: Any) -> None:
    """A fresh account sees a public pack, with costs in both units, and none of its own."""
    (pack, *_) = await rig.get("/gallery/packs")

    assert pack["cost_mc_hash"]["woman"] == pack["costs"]["woman"]["cost_mc"] == 167_250
    assert pack["costs"]["woman"]["cost"] == 167
    assert await rig.get("/packs") == []


async def test_pack_by_slug_and_id(rig: Any) -> None:
    """A pack answers to its slug and its id, with example prompts per class."""
    pack = await rig.get(GALLERY)

    assert await rig.get(f"/p/{pack['id']}") == pack
    assert pack["prompts_per_class"].keys() == {"woman", "man"}
    example = pack["prompts_per_class"]["woman"][0]["images"][0]
    assert await rig.status(example) == 200
    assert len(pack["template_prompts"]) == 6


async def test_flags_of_lists(rig: Any) -> None:
    """Public and listed packs can be asked for; own packs are neither at first."""
    await own_pack(rig)

    assert len(await rig.get("/packs")) == 1
    assert await rig.get("/packs", public="true") == await rig.get("/packs", listed="true") == []
    assert len(await rig.get("/gallery/packs", listed="true", public="true")) == 1
    assert len(await rig.get("/gallery/packs", offset=1)) == 2
    assert await rig.get("/gallery/packs", offset=3) == []


async def test_created_packs_have_slugs_of_their_own(rig: Any) -> None:
    """Slugs come from titles, and two of the same title differ."""
    packs = [
        (await rig.http.post("/packs", json={"pack": {"title": title}})).json()
        for title in ("Wild West!", "Wild West!", "42")
    ]

    assert [pack["slug"] for pack in packs] == ["wild-west", "wild-west-2", "42-2"]
    assert packs[0]["base_tune_id"] == 1504944


async def test_pack_needs_a_model_one_may_use(rig: Any) -> None:
    """A pack on an unknown model is refused; so is one without a title."""
    body = {"pack": {"title": "a", "base_tune_id": 5}}

    assert (await rig.http.post("/packs", json=body)).status_code == 422
    assert (await rig.http.post("/packs", json={"pack": {"subtitle": "x"}})).json() == {
        "title": ["can't be blank"]
    }


async def test_others_private_packs_are_forbidden(rig: Any) -> None:
    """A pack that is somebody else's and not public is 403."""
    rig.sandbox.world.packs.change(811, public_at=None)

    assert await rig.status(GALLERY) == 403
    assert 811 not in [pack["id"] for pack in await rig.get("/gallery/packs")]


@pytest.mark.parametrize("pack", [260, 43])
async def test_packs_of_the_documents(rig: Any, pack: int) -> None:
    """The packs that Astria's samples name are there, for each class that they name."""
    shown = await rig.get(f"/p/{pack}")
    first = {"characteristics": {"eye_color": "blue eyes"}}
    tunes = [
        await run(
            rig, pack, title=name, name=name, image_urls=["https://x.example.com/1.jpg"], **first
        )
        for name in ("man", "cat")
    ]
    await rig.sandbox.advance(3600)
    texts = [(await rig.get(f"/tunes/{it.json()['id']}/prompts"))[0]["text"] for it in tunes]

    assert shown["title"].startswith("Corporate headshots")
    assert all("blue eyes" in text for text in texts)


async def test_run_trains_and_makes_the_class_prompts(rig: Any) -> None:
    """A run with images answers with a short tune; its prompts name it and their templates."""
    response = await run(
        rig, title="Ada", name="woman", image_urls=["https://x.example.com/1.jpg"],
        callback=HOOK, prompts_callback=f"{HOOK}?all",
        prompt_attributes={"num_images": 1, "callback": f"{HOOK}?each"},
    )  # fmt: skip
    tune = response.json()
    await rig.sandbox.advance(1400)
    prompts = await rig.get(f"/tunes/{tune['id']}/prompts")

    assert (response.status_code, "branch" in tune) == (201, False)
    assert {(p["num_images"], p["base_pack_id"]) for p in prompts} == {(1, 811)}
    assert sorted(p["orig_prompt_id"] for p in prompts) == [18770001, 18770002, 18770003]
    assert all(p["text"].startswith(f"<lora:{tune['id']}:1> ") for p in prompts)
    assert rig.received[0][0] == HOOK
    assert sorted(url for url, _ in rig.received[1:]) == [f"{HOOK}?all", *[f"{HOOK}?each"] * 3]


async def test_run_on_existing_tunes_tells_no_ids(rig: Any) -> None:
    """A run on tunes answers with a message; the prompts are listed a moment later."""
    tune = await lora(rig)
    response = await run(rig, tune_ids=[tune["id"]], prompts_callback=HOOK, brief="calm")
    at_once = await rig.get(f"/tunes/{tune['id']}/prompts")
    await rig.sandbox.advance(2)

    assert response.json() == {"status": 201, "message": "3 prompts are being created"}
    assert at_once == []
    assert len(await rig.get(f"/tunes/{tune['id']}/prompts")) == 3
    await rig.sandbox.advance(60)
    assert len(rig.received[0][1].json()) == 3


async def test_run_of_some_templates(rig: Any) -> None:
    """A run may be limited to some of the pack's prompts, and to no others."""
    tune = await lora(rig)
    await run(rig, tune_ids=[tune["id"]], prompt_ids=[18770002])
    await rig.sandbox.advance(2)

    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")
    wrong = await run(rig, tune_ids=[tune["id"]], prompt_ids=[1])

    assert prompt["orig_prompt_id"] == 18770002
    assert wrong.json() == {"prompt_ids": ["must be prompts of this pack"]}


async def test_multi_reference_pack_orders(rig: Any) -> None:
    """A pack whose prompts name several tunes answers with an order and the prompts' ids."""
    woman, man = await lora(rig), await lora(rig, "man")
    pack = await own_pack(rig, f"<lora:{woman['id']}:1> with <lora:{man['id']}:0.9> at sea")
    other, another = await lora(rig, "man"), await lora(rig)

    response = await run(rig, pack, tune_ids=[other["id"], another["id"]])

    order, (prompt_id,) = response.json()["order"], response.json()["prompt_ids"]
    assert order["tune_ids"] == [other["id"], another["id"]]
    prompt = await rig.get(f"/prompts/{prompt_id}")
    assert prompt["text"] == f"<lora:{another['id']}:1> with <lora:{other['id']}:0.9> at sea"
    assert order["total_cost_mc"] == prompt["cost_mc"]


async def test_multi_reference_pack_needs_enough_tunes(rig: Any) -> None:
    """Such a pack cannot be trained, nor run on fewer tunes than its prompts name."""
    woman, man = await lora(rig), await lora(rig, "man")
    pack = await own_pack(rig, f"<lora:{woman['id']}:1> with <lora:{man['id']}:0.9>")

    trained = await run(rig, pack, title="a", name="woman", image_urls=[GIF])
    few = await run(rig, pack, tune_ids=[woman["id"]])

    assert (trained.status_code, list(trained.json())) == (422, ["tune_ids"])
    assert few.json() == {"tune_ids": ["must name 2 tunes for this pack"]}


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"name": "woman"}, {"title": ["can't be blank"]}),
        ({"title": "a", "name": "cat"}, {"name": ["must be one of man, woman"]}),
        ({"title": "a", "name": "woman"}, {"images": ["must contain at least one image"]}),
        ({"tune_ids": [5]}, {"tune_ids": ["must be your own tunes"]}),
        ({"callback": "http://example.com"}, {"callback": ["must be an https URL"]}),
    ],
)  # fmt: skip
async def test_impossible_runs_are_refused(
    rig: Any, fields: dict[str, Any], errors: dict[str, Any]
) -> None:
    """A run that cannot be is a 422 that names the field."""
    response = await run(rig, **fields)

    assert (response.status_code, response.json()) == (422, errors)


async def test_run_checks_its_prompts(rig: Any) -> None:
    """Attributes that no prompt of the run can have are refused before anything is made."""
    tune = await lora(rig)

    response = await run(rig, tune_ids=[tune["id"]], prompt_attributes={"controlnet": "pose"})

    assert response.json() == {"prompts.input_image": ["is required with controlnet"]}


async def test_runs_prompts_have_files_of_their_own(rig: Any) -> None:
    """Each prompt of a run has its own copy of a shared input, and of its template's."""
    tune = await lora(rig)
    pack = await own_pack(rig)
    text = f"<lora:{tune['id']}:1> x"
    await rig.prompt(text=text, pack_id=pack, mask_image=GIF, input_image=GIF)
    await rig.prompt(text=text, pack_id=pack)
    await run(rig, pack, tune_ids=[tune["id"]], prompt_attributes={"input_image": GIF})
    await rig.sandbox.advance(2)

    made = await rig.get("/prompts", base_pack_id=pack)
    await rig.http.delete(f"/prompts/{made[0]['id']}")

    assert len({prompt["input_image"] for prompt in made}) == 2
    assert await rig.status(made[1]["input_image"]) == 200
    assert await rig.status(made[1]["mask_image"]) == 200
    trained = await run(rig, pack, title="a", name="woman", image_urls=[GIF],
                        prompt_attributes={"input_image": GIF})  # fmt: skip
    assert trained.status_code == 201


async def test_run_that_nobody_can_pay(rigged: Rigged) -> None:
    """A run beyond the balance is a 402, and leaves no file, in each of its modes."""
    async with rigged() as rig:
        tune = await lora(rig)
        rig.sandbox.update_account(balance_mc=1000)
        before = len(rig.sandbox.world.files)
        shared = {"input_image": GIF}

        on_tunes = await run(rig, tune_ids=[tune["id"]], prompt_attributes=shared)
        trained = await run(
            rig, title="a", name="woman", image_urls=[GIF], prompt_attributes=shared
        )

        assert (on_tunes.status_code, trained.status_code) == (402, 402)
        assert len(rig.sandbox.world.files) == before


async def test_run_that_becomes_too_dear_is_cut_short(rig: Any) -> None:
    """If the money goes between a run and its prompts, those that nobody pays are not made."""
    tune = await lora(rig)
    await run(rig, tune_ids=[tune["id"]])
    rig.sandbox.update_account(balance_mc=6000)

    await rig.sandbox.advance(2)

    assert len(await rig.get(f"/tunes/{tune['id']}/prompts")) == 1


async def test_run_on_a_tune_that_goes(rig: Any) -> None:
    """Prompts of a checkpoint that is deleted before they appear are not made."""
    tune = await rig.trained(name="woman", branch="fast")
    await run(rig, tune_ids=[tune["id"]])
    await rig.http.delete(f"/tunes/{tune['id']}")

    await rig.sandbox.advance(2)

    assert await rig.get("/prompts") == []


async def test_pack_whose_model_is_gone(rig: Any) -> None:
    """A pack whose base model was deleted cannot be run."""
    base = await rig.trained()
    body = {"pack": {"title": "a", "base_tune_id": base["id"]}}
    pack = (await rig.http.post("/packs", json=body)).json()
    await rig.http.delete(f"/tunes/{base['id']}")

    response = await run(rig, pack["id"], title="a", name="woman", image_urls=[GIF])

    assert response.json() == {"base": ["the pack's model is gone"]}


async def test_like_credits_the_template(rig: Any) -> None:
    """A like of a pack's prompt counts for the template that it came from."""
    tune = await lora(rig)
    await run(rig, tune_ids=[tune["id"]], prompt_ids=[18770001])
    await rig.sandbox.advance(2)
    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")
    await rig.http.post(f"/prompts/{prompt['id']}/likes")

    pack = await rig.get(GALLERY)

    assert pack["template_prompts"][0] == {"id": 18770001, "cost_mc": 5750, "likes_count": 1}


@pytest.mark.parametrize("flat", [True, False])
async def test_theme_makes_ten_prompts_per_tune(rig: Any, flat: bool) -> None:
    """A theme answers 201 with nothing, and ten prompts per tune follow."""
    tune = await lora(rig)
    body = {"theme": "beach", "tune_ids": [tune["id"]], "prompt_attributes": {"num_images": 1}}

    response = await rig.http.post("/themes", json=body if flat else {"theme": body})
    await rig.sandbox.advance(2)

    prompts = await rig.get(f"/tunes/{tune['id']}/prompts")
    assert (response.status_code, response.content, len(prompts)) == (201, b"", 10)
    assert {(p["theme"], p["num_images"]) for p in prompts} == {("beach", 1)}


async def test_theme_as_a_form(rig: Any) -> None:
    """A theme may come as a form, as one sample shows."""
    tune = await lora(rig)
    form = {"theme[theme]": "beach", "theme[tune_ids][]": str(tune["id"])}

    assert (await rig.http.post("/themes", data=form)).status_code == 201


async def test_theme_is_for_men_and_women(rig: Any) -> None:
    """Themes work on tunes of class man or woman."""
    tune = await lora(rig, "cat")

    response = await rig.http.post("/themes", json={"theme": "x", "tune_ids": [tune["id"]]})

    assert response.json() == {"tune_ids": ["must be of class man or woman"]}


async def test_a_run_that_breaks_off_leaves_no_file(rig: Any) -> None:
    """A template whose input file is gone ends its run with a 404, and nothing of it is kept."""
    tune = await lora(rig)
    pack = (await rig.http.post("/packs", json={"pack": {"title": "Coats"}})).json()
    text = f"<lora:{tune['id']}:1> a coat"
    template = await rig.prompt(text=text, pack_id=pack["id"], input_image=GIF)
    rig.sandbox.world.files.remove(template["input_image"].rpartition("/")[2])
    before = len(rig.sandbox.world.files)

    answer = await run(
        rig, pack["id"], tune_ids=[tune["id"]], prompt_attributes={"mask_image": GIF}
    )

    assert answer.status_code == 404
    assert len(rig.sandbox.world.files) == before
