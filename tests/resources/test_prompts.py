"""``astria.prompts``, and what a prompt can do itself, on the sandbox."""

import io
from pathlib import Path

import pytest
from PIL import Image

from astria_async.protocol.errors import InvalidInput, NotFound, PromptFailed, ValidationError
from astria_async.protocol.models import Prompt

from .studio import JPEG, Studio, opened

pytestmark = pytest.mark.anyio


async def test_a_prompt_is_created_on_a_tune_or_its_id(studio: Studio) -> None:
    """Of one's own, or of the gallery."""
    tune = await studio.tune()
    prompts = studio.astria.prompts

    made = [
        await tune.prompts.create("a cat"),
        await prompts.create(tune, "a cat"),
        await prompts.create(1504944, "a cat"),
    ]

    assert [prompt.tune_id for prompt in made] == [tune.id, tune.id, 1504944]


async def test_a_prompt_waits_for_its_tune(studio: Studio) -> None:
    """It is created while training goes on, and runs afterwards."""
    tune = await studio.tune()
    prompt = await tune.prompts.create("a cat", num_images=1)

    ready = await studio.passing(prompt.wait_ready())

    assert len(ready.images) == 1


async def test_pictures_go_up_with_a_prompt(studio: Studio) -> None:
    """As files or URLs."""
    prompt = await studio.prompt(
        input_image=JPEG, mask_image="https://example.com/mask.png", denoising_strength=0.5
    )

    assert prompt.input_image is not None
    assert prompt.denoising_strength == 0.5


async def test_references_are_files_or_urls(studio: Studio) -> None:
    """Their order counts, so they are not mixed."""
    with pytest.raises(InvalidInput, match="image_references"):
        await studio.prompt(image_references=[io.BytesIO(JPEG), "https://example.com/1.jpg"])


async def test_all_results_are_downloaded(studio: Studio, tmp_path: Path) -> None:
    """As pictures that open, named after the prompt."""
    prompt = await studio.generated(num_images=4)

    paths = await studio.passing(prompt.download(tmp_path))

    assert [path.name for path in paths] == [f"{prompt.id}-{number}.jpg" for number in range(4)]
    for path in paths:
        with Image.open(path) as picture:
            picture.verify()


async def test_a_second_download_asks_for_nothing(studio: Studio, tmp_path: Path) -> None:
    """What is there is whole."""
    prompt = await studio.generated(num_images=2)
    first = await studio.passing(prompt.download(tmp_path))
    asked = len(studio.sandbox.requests)

    second = await prompt.download(tmp_path)

    assert second == first
    assert len(studio.sandbox.requests) == asked


async def test_results_are_downloaded_though_their_urls_have_expired(tmp_path: Path) -> None:
    """Fresh ones are asked for, once."""
    async with opened(image_url_lifetime=600) as studio:
        prompt = await studio.generated(num_images=3)
        await studio.sandbox.advance(601)
        asked = studio.requests().count(("GET", f"/prompts/{prompt.id}"))

        paths = await studio.passing(prompt.download(tmp_path))

        assert len(paths) == 3
        assert studio.requests().count(("GET", f"/prompts/{prompt.id}")) == asked + 1


async def test_a_prompt_without_results_yet_is_looked_at(studio: Studio, tmp_path: Path) -> None:
    """An object from before they were there will do."""
    prompt = await studio.prompt()
    await studio.sandbox.advance(100)

    assert len(await studio.passing(prompt.download(tmp_path))) == 4


async def test_a_failed_prompt_says_why(studio: Studio) -> None:
    """In the server's words."""
    prompt = await studio.prompt()
    studio.sandbox.fail_prompt(prompt.id, "The provider refused this text.")

    with pytest.raises(PromptFailed, match="refused this text"):
        await studio.passing(prompt.wait_ready(timeout=600))


async def test_prompts_are_listed_and_filtered(studio: Studio) -> None:
    """All of them, or those of one tune."""
    tune = await studio.tune()
    for number in range(3):
        await tune.prompts.create(f"a cat {number}")
    other = await studio.prompt("a dog")

    everything = await studio.astria.prompts.list(page_size=2).collect()
    own = await tune.prompts.list(page_size=2).collect()
    some = await studio.astria.prompts.list(text="CAT 1", tune_id=tune.id).collect()

    assert (len(everything), everything[0].id) == (4, other.id)
    assert [prompt.text for prompt in own] == ["a cat 2", "a cat 1", "a cat 0"]
    assert [prompt.text for prompt in some] == ["a cat 1"]


async def test_a_prompt_is_got_changed_and_deleted(studio: Studio) -> None:
    """By its id, or by itself; twice is no error."""
    prompts, prompt = studio.astria.prompts, await studio.prompt()

    got = await prompts.get(prompt.id)
    changed = await got.update(orig_prompt_id=prompt.id)
    again = await prompts.update(prompt.id, orig_prompt_id=None)
    await changed.delete()
    await prompts.delete(prompt.id)

    assert (changed.orig_prompt_id, again.orig_prompt_id) == (prompt.id, None)
    with pytest.raises(NotFound):
        await prompts.get(prompt.id)


async def test_references_in_the_text_are_read(studio: Studio) -> None:
    """The LoRA tokens of a prompt name its tunes."""
    tune = await studio.trained()

    prompt = await studio.prompt(f"<lora:{tune.id}:1> a cat")

    assert prompt.referenced_tune_ids == (tune.id,)
    assert [found.id for found in await tune.prompts.list().collect()] == [prompt.id]


async def test_an_unknown_value_is_the_servers_to_refuse(studio: Studio) -> None:
    """Such as an aspect ratio; the message is readable."""
    with pytest.raises(ValidationError, match="aspect_ratio"):
        await studio.prompt(aspect_ratio="1:99")


async def test_what_is_new_can_be_sent(studio: Studio) -> None:
    """extra= passes what this version does not know."""
    prompt = await studio.prompt(extra={"resolution": "1K"})

    assert isinstance(prompt, Prompt)


@pytest.mark.parametrize("num_images", [0, 9])
async def test_what_can_never_be_right_is_not_sent(studio: Studio, num_images: int) -> None:
    """num_images goes from 1 to 8."""
    with pytest.raises(InvalidInput, match="num_images"):
        await studio.prompt(num_images=num_images)

    assert studio.requests() == []


async def test_a_copy_is_waited_for_like_any_other(studio: Studio) -> None:
    """It has a callback of its own."""
    prompt = await studio.generated()

    copy = await studio.astria.prompts.duplicate(prompt, num_images=1)
    ready = await studio.passing(copy.wait_ready())

    assert copy.id != prompt.id
    assert len(ready.images) == 1
