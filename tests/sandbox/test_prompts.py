"""Prompts: rules, life, and what they look like."""

import io
from typing import Any

import pytest
from PIL import Image

pytestmark = pytest.mark.anyio
HOOK = "https://hooks.example.com/astria"
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


async def test_new_prompt_is_queued(rig: Any) -> None:
    """A create answers with nulls for times and an empty list of images."""
    prompt = await rig.prompt(callback=HOOK)

    assert prompt["started_training_at"] is prompt["trained_at"] is prompt["seed"] is None
    assert (prompt["images"], prompt["tune_id"], prompt["callback"]) == ([], 1504944, HOOK)
    assert prompt["url"].endswith(f"/tunes/1504944/prompts/{prompt['id']}.json")


async def test_done_prompt_has_its_pictures(rig: Any) -> None:
    """Within forty seconds a prompt has as many JPEGs as it asked for, open to anybody."""
    prompt = await rig.prompt(num_images=3)
    await rig.sandbox.advance(40)

    done = await rig.get(f"/prompts/{prompt['id']}")
    picture = await rig.http.get(done["images"][0], headers={"Authorization": ""})

    assert (len(done["images"]), done["content_types"]) == (3, ["image/jpeg"] * 3)
    assert done["trained_at"]
    assert Image.open(io.BytesIO(picture.content)).format == "JPEG"


async def test_running_prompt_tells_its_progress(rig: Any) -> None:
    """Progress is shown only while a prompt runs."""
    prompt = await rig.prompt()
    await rig.sandbox.advance(9)

    running = await rig.get(f"/prompts/{prompt['id']}")

    assert "progress_timing_seconds" not in prompt
    assert 0 <= running["progress_elapsed_seconds"] <= running["progress_timing_seconds"]


async def test_prompt_waits_for_its_tune(rig: Any) -> None:
    """A prompt on a tune in training, or that names one, starts when that is trained."""
    tune = await rig.tune()
    on_it = await rig.prompt(tune["id"])
    naming = await rig.prompt(text=f"<lora:{tune['id']}:0.8> ohwx cat")
    await rig.sandbox.advance(250)
    waiting = [await rig.get(f"/prompts/{p['id']}") for p in (on_it, naming)]
    await rig.sandbox.advance(1100)

    assert [p["started_training_at"] for p in waiting] == [None, None]
    for prompt in (on_it, naming):
        assert (await rig.get(f"/prompts/{prompt['id']}"))["images"]


async def test_prompts_are_listed_under_tunes_they_name(rig: Any) -> None:
    """A tune's list holds its own prompts and those whose text names it."""
    tune = await rig.tune()
    naming = await rig.prompt(text=f"a <faceid:{tune['id']}:1.0> woman")

    listed = await rig.get(f"/tunes/{tune['id']}/prompts")

    assert [prompt["id"] for prompt in listed] == [naming["id"]]
    assert (await rig.get(f"/tunes/{tune['id']}/prompts/{naming['id']}"))["tune_id"] == 1504944
    assert await rig.status(f"/tunes/690204/prompts/{naming['id']}") == 404


@pytest.mark.parametrize(
    ("model_type", "text", "stored"),
    [
        ("lora", "a cat", "<lora:{}:1> a cat"),
        ("lora", "<lora:{}:0.5> a cat", None),
        ("faceid", "a cat", "<faceid:{}:1> a cat"),
        (None, "a cat", "a cat"),
    ],
)
async def test_nested_prompts_of_a_lora_go_to_the_base(
    rig: Any, model_type: str | None, text: str, stored: str | None
) -> None:
    """Nested prompts of an adapter are posted to its base, with its token in front."""
    tune = await rig.tune(
        base_tune_id=690204, model_type=model_type, prompts_attributes=[{"text": text}]
    )
    (prompt,) = await rig.get("/prompts")

    assert prompt["tune_id"] == (690204 if model_type else tune["id"])
    if stored:
        assert prompt["text"] == stored.format(tune["id"])


async def test_nested_lora_scale_is_the_tokens_weight(rig: Any) -> None:
    """The nested form's scale is written into the token."""
    tune = await rig.tune(
        base_tune_id=1504944,
        model_type="lora",
        prompts_attributes=[{"text": "a cat", "lora_scale": "0.8"}],
    )

    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")

    assert prompt["text"] == f"<lora:{tune['id']}:0.8> a cat"


async def test_characteristics_fill_placeholders(rig: Any) -> None:
    """Placeholders are filled from the tune and from those that the text names."""
    tune = await rig.tune(characteristics={"eyes": "blue eyes"})

    direct = await rig.prompt(tune["id"], text="woman, {{eyes}}, {{hair}}")
    naming = await rig.prompt(text=f"<lora:{tune['id']}:1> {{{{ eyes }}}}")

    assert direct["text"] == "woman, blue eyes, {{hair}}"
    assert naming["text"] == f"<lora:{tune['id']}:1> blue eyes"


async def test_settings_are_echoed(rig: Any) -> None:
    """What was asked comes back; decimals as text, as the API writes them."""
    prompt = await rig.prompt(
        seed=5, cfg_scale=3, denoising_strength="0.5", super_resolution="1", w=512, h=768,
        negative_prompt="hat", aspect_ratio="3:4",
    )  # fmt: skip

    assert (prompt["cfg_scale"], prompt["denoising_strength"]) == ("3.0", "0.5")
    assert (prompt["seed"], prompt["w"], prompt["h"], prompt["ar"]) == (5, 512, 768, "1:1")
    assert (prompt["super_resolution"], prompt["negative_prompt"]) == (True, "hat")
    assert prompt["aspect_ratio"] == "3:4"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [("6.5e-7", "0.00000065"), (1e-7, "0.0000001"), (1, "1.0"), ("0.75", "0.75")],
)
async def test_decimals_are_digits(rig: Any, sent: Any, shown: str) -> None:
    """However small a number is, it is shown without an exponent."""
    prompt = await rig.prompt(controlnet_conditioning_scale=sent)

    assert prompt["controlnet_conditioning_scale"] == shown


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"text": ""}, {"text": ["can't be blank"]}),
        ({"num_images": 0}, {"num_images": ["must be greater than or equal to 1"]}),
        ({"aspect_ratio": "7:5"}, {"aspect_ratio": ["is not included in the list"]}),
        ({"w": 500}, {"w": ["must be a multiple of 8"]}),
        ({"seed": 2**32 + 1}, {"seed": ["must be less than or equal to 4294967296"]}),
        ({"controlnet": "pose"}, {"input_image": ["is required with controlnet"]}),
        ({"mask_image": GIF}, {"input_image": ["is required with mask_image"]}),
        ({"pack_id": 811}, {"text": ["must reference a tuned model"]}),
        ({"workspace_id": 9}, {"workspace_id": ["must be your own workspace"]}),
    ],
)
async def test_impossible_prompts_are_refused(
    rig: Any, fields: dict[str, Any], errors: dict[str, Any]
) -> None:
    """What can never be generated is a 422 that names the field."""
    body = {"text": "x"} | fields
    response = await rig.http.post("/tunes/1504944/prompts", json={"prompt": body})

    assert (response.status_code, response.json()) == (422, errors)


async def test_resolution_depends_on_the_model(rig: Any) -> None:
    """A resolution that a model does not offer is refused."""
    body = {"prompt": {"text": "x", "resolution": "4K"}}

    flux = await rig.http.post("/tunes/1504944/prompts", json=body)
    old = await rig.http.post("/tunes/690204/prompts", json=body)

    assert flux.status_code == 201
    assert old.json() == {"resolution": ["is not supported by this model"]}


async def test_inputs_are_stored_and_shown(rig: Any) -> None:
    """Input images, masks and references come back as addresses."""
    prompt = await rig.prompt(
        input_image_base64=GIF,
        mask_image_url="https://x.example.com/mask.png",
        controlnet="pose",
        image_reference_urls=["https://x.example.com/1.png", "https://x.example.com/2.png"],
    )

    assert (await rig.http.get(prompt["input_image"])).content.startswith(b"GIF")
    assert await rig.status(prompt["mask_image"]) == 200
    assert len(prompt["image_references"]) == 2


async def test_bad_input_leaves_no_file(rig: Any) -> None:
    """If one input is wrong, those before it are given up."""
    before = len(rig.sandbox.world.files)
    body = {"text": "x", "input_image": GIF, "mask_image": "data:image/gif;base64,é"}

    response = await rig.http.post("/tunes/690204/prompts", json={"prompt": body})

    assert response.json() == {"mask_image": ["is not valid base64"]}
    assert len(rig.sandbox.world.files) == before


async def test_video_is_one_mp4(rig: Any) -> None:
    """A video model makes one MP4, in minutes; with a first frame the text may be missing."""
    prompt = await rig.prompt(text="", video_model="kling", video_first_frame=GIF)
    await rig.sandbox.advance(240)

    done = await rig.get(f"/prompts/{prompt['id']}")
    video = await rig.http.get(done["images"][0])

    assert done["content_types"] == ["video/mp4"]
    assert done["filenames"][0].endswith(".mp4")
    assert video.content[4:12] == b"ftypisom"


async def test_removed_background_is_a_transparent_png(rig: Any) -> None:
    """A flag in the text makes PNGs with transparency."""
    prompt = await rig.prompt(text="a cat --remove_background", num_images=1)
    await rig.sandbox.advance(40)

    done = await rig.get(f"/prompts/{prompt['id']}")
    picture = Image.open(io.BytesIO((await rig.http.get(done["images"][0])).content))

    assert (picture.format, picture.mode) == ("PNG", "RGBA")


async def test_update_says_where_a_prompt_belongs(rig: Any) -> None:
    """A PATCH sets provenance; a template must name a tuned model."""
    tune = await rig.trained()
    prompt = await rig.prompt(text=f"<lora:{tune['id']}:1> x")
    plain = await rig.prompt()

    good = await rig.http.patch(f"/prompts/{prompt['id']}", json={"prompt": {"pack_id": 900}})
    bad = await rig.http.patch(f"/prompts/{plain['id']}", json={"prompt": {"pack_id": 900}})

    assert good.json()["pack_id"] == 900
    assert bad.json() == {"text": ["must reference a tuned model"]}


async def test_delete_says_so(rig: Any) -> None:
    """A deleted prompt is gone with its pictures; the answer is a message."""
    prompt = await rig.prompt()
    await rig.sandbox.advance(40)
    images = (await rig.get(f"/prompts/{prompt['id']}"))["images"]

    response = await rig.http.delete(f"/tunes/1504944/prompts/{prompt['id']}")

    assert response.json() == {"message": "Prompt removed"}
    assert [await rig.status(f"/prompts/{prompt['id']}"), await rig.status(images[0])] == [404, 404]
    assert await rig.get("/tunes/1504944/prompts") == []


@pytest.mark.parametrize("path", ["likes", "like"])
async def test_likes_can_be_given_and_taken(rig: Any, path: str) -> None:
    """A like answers 201, an unlike 204, both empty and as often as one pleases."""
    prompt = await rig.prompt()
    address = f"/prompts/{prompt['id']}/{path}"

    given = [(await rig.http.post(address)).status_code for _ in range(2)]
    liked = (await rig.get(f"/prompts/{prompt['id']}"))["liked"]
    taken = await rig.http.delete(address)

    assert (given, liked) == ([201, 201], True)
    assert (taken.status_code, taken.content) == (204, b"")
    assert not (await rig.get(f"/prompts/{prompt['id']}"))["liked"]


async def test_duplicate_copies_with_changes(rig: Any) -> None:
    """A duplicate has the original's settings and inputs, but for what the body changes."""
    original = await rig.prompt(input_image=GIF, image_reference_urls=[GIF], seed=7, num_images=2)

    plain = (await rig.http.post(f"/prompts/{original['id']}/duplicate")).json()
    changed = await rig.http.post(
        f"/prompts/{original['id']}/duplicate",
        json={"prompt": {"text": "another", "seed": 8, "input_image": GIF}},
    )

    assert (plain["text"], plain["seed"], plain["orig_prompt_id"]) == (
        "a portrait",
        7,
        original["id"],
    )
    assert plain["input_image"] != original["input_image"]
    assert len(plain["image_references"]) == 1
    assert (changed.status_code, changed.json()["text"], changed.json()["seed"]) == (
        201,
        "another",
        8,
    )


async def test_duplicate_may_animate_an_image(rig: Any) -> None:
    """An image index makes that result the first frame of a video."""
    original = await rig.prompt(num_images=2)
    await rig.sandbox.advance(40)
    address = f"/prompts/{original['id']}/duplicate"
    body = {"image_index": 1, "prompt": {"video_model": "kling"}}

    video = (await rig.http.post(address, json=body)).json()
    beyond = await rig.http.post(address, json={**body, "image_index": 2})
    wrong = await rig.http.post(address, json={**body, "image_index": "x"})

    assert (await rig.http.get(video["video_first_frame"])).headers["content-type"] == "image/jpeg"
    assert beyond.json() == {"image_index": ["is out of range"]}
    assert wrong.json() == {"image_index": ["is not a number"]}


async def test_prompt_goes_on_without_a_deleted_tune(rig: Any) -> None:
    """A prompt that waited for a LoRA which is deleted is generated all the same."""
    tune = await rig.tune(base_tune_id=1504944, model_type="lora")
    prompt = await rig.prompt(text=f"<lora:{tune['id']}:1> x")
    await rig.http.delete(f"/tunes/{tune['id']}")
    await rig.sandbox.advance(60)

    assert (await rig.get(f"/prompts/{prompt['id']}"))["images"]
