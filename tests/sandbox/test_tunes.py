"""Tunes: rules, life, and what they look like."""

import datetime as dt
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
HOOK = "https://hooks.example.com/astria"
URLS = ["https://x.example.com/1.jpg"]


def when(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


async def refused(rig: Any, **fields: Any) -> dict[str, Any]:
    body = {"title": "Ada", "name": "woman", "image_urls": URLS} | fields
    response = await rig.http.post("/tunes", json={"tune": body})
    assert response.status_code == 422, response.text
    errors: dict[str, Any] = response.json()
    return errors


async def test_new_tune_is_queued(rig: Any) -> None:
    """A create answers with a tune whose training has not begun."""
    tune = await rig.tune(callback=f"{HOOK}?a=1&b=%20c")

    assert (tune["title"], tune["name"], tune["branch"]) == ("Ada", "woman", "sd15")
    assert tune["started_training_at"] is tune["trained_at"] is tune["expires_at"] is None
    assert (tune["ckpt_urls"], tune["callback"]) == ([], f"{HOOK}?a=1&b=%20c")
    assert tune["url"].endswith(f"/tunes/{tune['id']}.json")


async def test_training_takes_minutes_of_the_clock(rig: Any) -> None:
    """An ordinary tune starts soon, and is trained five to twenty minutes later."""
    tune = await rig.tune()
    await rig.sandbox.advance(31)
    started = await rig.get(f"/tunes/{tune['id']}")

    trained = await rig.trained()

    assert started["started_training_at"]
    assert not started["trained_at"]
    took = when(trained["trained_at"]) - when(trained["started_training_at"])
    assert dt.timedelta(minutes=5) <= took <= dt.timedelta(minutes=20)


async def test_trained_tune_has_weights_and_thirty_days(rig: Any) -> None:
    """Training ends with a checkpoint, and an expiry thirty days later to the millisecond."""
    tune = await rig.trained()

    left = when(tune["expires_at"]) - when(tune["trained_at"])

    assert left == dt.timedelta(days=30)
    assert tune["ckpt_urls"] == [tune["ckpt_url"]]
    assert when(tune["updated_at"]) > when(tune["trained_at"])


async def test_eta_is_about_right(rig: Any) -> None:
    """The expected end lies after the true one, by a minute at most."""
    eta = when((await rig.tune())["eta"])
    (tune,) = [await rig.get(f"/tunes/{t['id']}") for t in await rig.get("/tunes")]
    await rig.sandbox.advance(1300)

    done = when((await rig.get(f"/tunes/{tune['id']}"))["trained_at"])

    assert dt.timedelta(0) <= eta - done <= dt.timedelta(minutes=1)


async def test_durations_repeat_with_the_seed(rigged: Rigged) -> None:
    """The same requests to a sandbox of the same seed take the same time."""
    took = []
    for seed in (1, 1, 2):
        async with rigged(seed=seed) as rig:
            tune = await rig.trained()
            took.append(when(tune["trained_at"]) - when(tune["created_at"]))

    assert took[0] == took[1] != took[2]


async def test_mock_training_is_quick_and_free(rig: Any) -> None:
    """A tune on branch fast is ready within 35 seconds and costs nothing, as do its prompts."""
    before = await rig.balance()
    tune = await rig.tune(branch="fast", prompts_attributes=[{"text": "x"}])
    await rig.sandbox.advance(35)

    assert (await rig.get(f"/tunes/{tune['id']}"))["trained_at"]
    await rig.sandbox.advance(6)
    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")
    assert (len(prompt["images"]), prompt["cost_mc"]) == (4, 0)
    assert await rig.balance() == before


async def test_pace_divides_the_time_of_jobs(rigged: Rigged) -> None:
    """With a pace, jobs are quicker while timestamps stay those of the clock."""
    async with rigged(pace=1000) as rig:
        tune = await rig.tune(prompts_attributes=[{"text": "x"}])
        await rig.sandbox.advance(1.4)

        trained = await rig.get(f"/tunes/{tune['id']}")

        took = when(trained["trained_at"]) - when(trained["created_at"])
        assert dt.timedelta(seconds=0.3) <= took <= dt.timedelta(seconds=1.3)
        assert abs(when(tune["eta"]) - when(trained["trained_at"])) < dt.timedelta(seconds=1)


async def test_faceid_is_ready_at_creation(rig: Any) -> None:
    """A FaceID tune is trained half a second before it was created, and calls nobody."""
    tune = await rig.tune(model_type="faceid", base_tune_id=690204, callback=HOOK)
    await rig.sandbox.advance(60)

    lead = when(tune["created_at"]) - when(tune["trained_at"])

    assert lead == dt.timedelta(milliseconds=500)
    assert (tune["ckpt_url"], tune["cost_mc"]) == (None, 0)
    assert rig.received == []


async def test_faceid_may_call_back(rigged: Rigged) -> None:
    """A setting lets FaceID tunes call back all the same."""
    async with rigged(faceid_callbacks=True) as rig:
        await rig.tune(model_type="faceid", callback=HOOK)
        await rig.sandbox.advance(1)

        assert [url for url, _ in rig.received] == [HOOK]


@pytest.mark.parametrize(
    ("given", "branch", "model_type"),
    [
        ({}, "sd15", None),
        ({"base_tune_id": 1504944, "model_type": "lora"}, "flux1", "lora"),
        ({"base_tune_id": 666678}, "sdxl1", "pti"),
        ({"branch": "sdxl1", "model_type": "lora"}, "sdxl1", "pti"),
        ({"base_tune_id": 690204, "branch": ""}, "sd15", None),
    ],
)
async def test_branch_comes_from_the_base(
    rig: Any, given: dict[str, Any], branch: str, model_type: str | None
) -> None:
    """Without a branch the base model's counts, else sd15; SDXL forces pti."""
    tune = await rig.tune(**given)

    assert (tune["branch"], tune["model_type"]) == (branch, model_type)


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"title": ""}, {"title": ["can't be blank"]}),
        ({"name": "b_d"}, {"name": ["only English letters, numbers and spaces allowed"]}),
        ({"image_urls": []}, {"images": ["must contain at least one image"]}),
        ({"image_urls": ["nonsense"]}, {"image_urls": ["is not a valid URL"]}),
        ({"image_urls": ["data:image/png;base64,é"]}, {"images": ["is not valid base64"]}),
        ({"branch": "sd99"}, {"branch": ["is not included in the list"]}),
        ({"callback": "hooks.example.com"}, {"callback": ["is not a valid URL"]}),
        ({"callback": "http://example.com"}, {"callback": ["must be an https URL"]}),
        (
            {"prompts_callback": "http://example.com"},
            {"prompts_callback": ["must be an https URL"]},
        ),
        (
            {"base_tune_id": 5},
            {"base_tune_id": ["must be your own tune or one of the gallery"]},
        ),
        (
            {"prompts_attributes": [{"num_images": 9, "text": "x"}]},
            {"prompts.num_images": ["must be less than or equal to 8"]},
        ),
        ({"prompts_attributes": [{"num_images": 1}]}, {"prompts.text": ["can't be blank"]}),
        (
            {"prompts_attributes": [{"text": "x"}] * 101},
            {"prompts_attributes": ["is too long (maximum is 100)"]},
        ),
    ],
)
async def test_impossible_tunes_are_refused(
    rig: Any, fields: dict[str, Any], errors: dict[str, Any]
) -> None:
    """What can never be trained is a 422 that names each wrong field."""
    assert await refused(rig, **fields) == errors
    assert await rig.get("/tunes") == []


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9/x", "http://localhost/x", "http://app:3000/", "http://10.1.2.3/"]
)
async def test_plain_http_is_for_this_machine_and_its_network(rig: Any, url: str) -> None:
    """Callbacks without TLS are taken for loopback, private addresses and bare host names."""
    assert (await rig.tune(callback=url))["callback"] == url


async def test_private_callbacks_can_be_refused(rigged: Rigged) -> None:
    """With private hosts switched off, loopback is refused over https too."""
    async with rigged(allow_private_callbacks=False) as rig:
        errors = await refused(rig, callback="https://127.0.0.1/")

        assert errors == {"callback": ["must be reachable from the internet"]}


async def test_inline_images_are_decoded(rig: Any) -> None:
    """An image may come as a data URL, and can be downloaded again."""
    tune = await rig.tune(image_urls=["data:image/gif;base64,R0lGODlhAQABAAAAACw="])

    download = await rig.http.get(tune["orig_images"][0])

    assert download.headers["content-type"] == "image/gif"
    assert download.content.startswith(b"GIF89a")


async def test_too_large_an_inline_image(rigged: Rigged) -> None:
    """A data URL is under the same limit as an uploaded file."""
    async with rigged(max_upload=4) as rig:
        body = {"title": "a", "name": "b", "image_urls": ["data:image/gif;base64,R0lGODlhAQAB"]}

        response = await rig.http.post("/tunes", json={"tune": body})

        assert response.status_code == 413


async def test_own_pictures_can_be_trained_on(rig: Any) -> None:
    """An address of the sandbox's own is taken from its storage, whatever it holds."""
    inline = (await rig.tune(image_urls=["data:image/gif;base64,R0lGODlhAQABAAAAACw="]))[
        "orig_images"
    ]
    pack = await rig.get("/p/studio-portraits")

    tune = await rig.tune(image_urls=[inline[0], pack["cover_url"]])

    copies = [await rig.http.get(url) for url in tune["orig_images"]]
    assert copies[0].content.startswith(b"GIF89a")
    assert copies[1].headers["content-type"] == "image/jpeg"


async def test_update_changes_what_it_names(rig: Any) -> None:
    """A PATCH changes title, name, extension and characteristics, and nothing else."""
    tune = await rig.tune()
    changes = {"title": "Bob", "auto_extend": "true", "characteristics": {"a": "b"}, "branch": "x"}

    response = await rig.http.patch(f"/tunes/{tune['id']}", json={"tune": changes})

    changed = response.json()
    assert (changed["title"], changed["auto_extend"], changed["branch"]) == ("Bob", True, "sd15")
    assert changed["characteristics"] == {"a": "b"}


async def test_update_clears_only_what_may_be_empty(rig: Any) -> None:
    """Null clears characteristics, switches extension off, and leaves a title alone; PUT works."""
    tune = await rig.tune(characteristics={"a": "b"}, auto_extend=True)
    changes = {"title": None, "auto_extend": None, "characteristics": None}

    response = await rig.http.put(f"/tunes/{tune['id']}", json={"tune": changes})

    changed = response.json()
    assert (changed["title"], changed["auto_extend"]) == ("Ada", False)
    assert changed["characteristics"] is None


async def test_deleting_a_checkpoint_takes_its_prompts(rig: Any) -> None:
    """A deleted checkpoint is gone with its images and its prompts; the answer is empty."""
    tune = await rig.trained(prompts_attributes=[{"text": "x"}])
    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")

    response = await rig.http.delete(f"/tunes/{tune['id']}")

    assert (response.status_code, response.content) == (200, b"")
    gone = [f"/tunes/{tune['id']}", f"/prompts/{prompt['id']}", tune["orig_images"][0]]
    assert [await rig.status(path) for path in gone] == [404, 404, 404]


async def test_deleting_a_lora_leaves_prompts_that_name_it(rig: Any) -> None:
    """Prompts of a deleted LoRA stay, and their pictures live thirty days from their own end."""
    tune = await rig.trained(
        base_tune_id=1504944, model_type="lora", prompts_attributes=[{"text": "x"}]
    )
    (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")
    await rig.http.delete(f"/tunes/{tune['id']}")

    assert await rig.status(f"/prompts/{prompt['id']}") == 200
    await rig.sandbox.advance(31 * 86_400)
    assert await rig.status(f"/prompts/{prompt['id']}") == 404


async def test_deleting_while_training_ends_it(rig: Any) -> None:
    """A tune that is deleted while it trains never calls back."""
    tune = await rig.tune(callback=HOOK)
    await rig.sandbox.advance(60)
    await rig.http.delete(f"/tunes/{tune['id']}")

    await rig.sandbox.advance(1300)

    assert rig.received == []


async def test_profile_of_2022(rigged: Rigged) -> None:
    """The old profile shows few keys, with training images under their old name."""
    async with rigged(profile="2022") as rig:
        tune = await rig.trained(prompts_attributes=[{"text": "x"}])
        (prompt,) = await rig.get(f"/tunes/{tune['id']}/prompts")

        assert "images" in tune
        assert "orig_images" not in tune
        assert "branch" not in tune
        assert "cost_mc" not in prompt
        assert "seed" in prompt
