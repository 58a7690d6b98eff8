"""Parameters of tunes and prompts: what can never be right is refused before anything is sent."""

from collections.abc import Mapping
from typing import Any

import pytest

from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.params import NewPrompt, NewTune
from astria_async.protocol.sources import ImageInputs

JPEG = b"\xff\xd8\xff\xe0 picture"


def refused(cls: Any, *args: Any, **fields: Any) -> InvalidInput:
    """The error that making *cls* raises."""
    with pytest.raises(InvalidInput) as caught:
        cls(*args, **fields)
    return caught.value


@pytest.mark.parametrize("count", [0, -1, 9])
def test_image_counts_outside_the_documented_range_are_refused(count: int) -> None:
    """num_images is from 1 to 8; extra= is the door for anything else."""
    error = refused(NewPrompt, "a cat", num_images=count)

    assert error.parameter == "num_images"
    assert "from 1 to 8" in str(error)
    assert NewPrompt("a cat", extra={"num_images": count}).extra == {"num_images": count}


@pytest.mark.parametrize("seed", [-1, 2**32 + 1])
def test_seeds_outside_the_documented_range_are_refused(seed: int) -> None:
    """A seed is from 0 to 2**32, both included."""
    assert refused(NewPrompt, "a cat", seed=seed).parameter == "seed"
    assert NewPrompt("a cat", seed=2**32).seed == 2**32


@pytest.mark.parametrize(("w", "h"), [(0, 512), (-8, 512), (512, 100), (513, 512)])
def test_sizes_are_positive_multiples_of_eight(w: int, h: int) -> None:
    """No model makes a picture whose edges are not multiples of 8."""
    error = refused(NewPrompt, "a cat", w=w, h=h)

    assert error.parameter in {"w", "h"}


@pytest.mark.parametrize("text", ["", "  ", None])
def test_a_prompt_needs_a_text(text: str | None) -> None:
    """A blank text is refused, and so is none."""
    assert refused(NewPrompt, text).parameter == "text"
    assert refused(NewPrompt).parameter == "text"


@pytest.mark.parametrize(
    "instead",
    [
        {"video_first_frame": JPEG},
        {"source_image_url": "https://x"},
        {"video_model": "seedance", "video_prompt": "a cat runs"},
    ],
    ids=["first frame", "its address", "video prompt"],
)
def test_a_video_needs_no_text(instead: dict[str, Any]) -> None:
    """A first frame or a video_prompt may stand for it (docs.astria.ai/docs/api/prompt/create)."""
    assert NewPrompt(**instead).text != "a cat"


@pytest.mark.parametrize("name", ["", "   "])
def test_a_tune_needs_a_class_word(name: str) -> None:
    """A blank class word is refused here, since the server's message for it is cryptic."""
    assert refused(NewTune, name=name, images=[JPEG]).parameter == "name"


@pytest.mark.parametrize("title", ["", " ", None, 7])
def test_a_title_is_a_text_or_left_out(title: object) -> None:
    """A blank title would merge unrelated tunes of an idempotent account."""
    assert refused(NewTune, name="cat", title=title, images=[JPEG]).parameter == "title"


def test_a_tune_needs_images() -> None:
    """Neither images nor URLs can never be right."""
    assert refused(NewTune, name="cat").parameter == "images"


def test_images_and_image_urls_exclude_each_other() -> None:
    """images takes files and URLs mixed, so that two arguments would only confuse."""
    error = refused(NewTune, name="cat", images=[JPEG], image_urls=["https://x/a"])

    assert "not both" in str(error)


def test_images_may_come_through_the_raw_door() -> None:
    """extra= is sent as it is, and counts as images where it names them."""
    assert NewTune(name="cat", extra={"image_urls": ["https://x/a"]}).extra


@pytest.mark.parametrize("callback", ["", "hooks.example.com/x", "ftp://hooks.example.com"])
def test_a_callback_of_ones_own_is_a_whole_url(callback: str) -> None:
    """What is no http URL could never be called."""
    assert refused(NewPrompt, "a cat", callback=callback).parameter == "callback"
    assert refused(NewTune, name="cat", images=[JPEG], callback=callback).parameter == "callback"
    assert NewPrompt("a cat", callback="https://hooks.example.com/x").callback


@pytest.mark.parametrize(
    "metadata",
    [
        {"kind": "x"},
        {"wait": "x"},
        {"sig": "x"},
        {"": "x"},
        {"user": 7},
        {7: "user"},
        {"user": None},
        {"user": "\ud800"},
        ["user"],
        "user=7",
    ],
)
def test_metadata_maps_free_names_to_strings(metadata: Any) -> None:
    """Reserved names and anything but strings are refused, for tunes and prompts alike."""
    assert refused(NewPrompt, "a cat", metadata=metadata).parameter == "metadata"
    assert refused(NewTune, name="cat", images=[JPEG], metadata=metadata).parameter == "metadata"


def test_nested_prompts_take_three_forms() -> None:
    """A nested prompt is a text, a mapping of fields, or a NewPrompt."""
    tune = NewTune(
        name="cat", images=[JPEG], prompts=["a", {"text": "b", "num_images": 2}, NewPrompt("c")]
    )

    texts = [prompt.text for prompt in tune.nested_prompts()]

    assert texts == ["a", "b", "c"]


def test_without_prompts_there_are_none() -> None:
    """A tune without prompts has an empty list of them."""
    assert NewTune(name="cat", images=[JPEG]).nested_prompts() == []


@pytest.mark.parametrize("prompts", ["a text", {"text": "a"}, NewPrompt("a")])
def test_nested_prompts_are_a_list(prompts: Any) -> None:
    """One prompt alone is refused: its characters or keys would be taken for prompts."""
    error = refused(NewTune(name="cat", images=[JPEG], prompts=prompts).nested_prompts)

    assert (error.parameter, str(error)) == ("prompts", "prompts must be a list")


@pytest.mark.parametrize(
    "bad", [" ", {"text": "a", "num_images": 0}, {"colour": "red", "text": "a"}, {}]
)
def test_a_bad_nested_prompt_is_named_by_its_place(bad: str | Mapping[str, Any]) -> None:
    """The message tells which of the prompts is at fault."""
    error = refused(NewTune(name="cat", images=[JPEG], prompts=["fine", bad]).nested_prompts)

    assert error.parameter == "prompts[1]"
    assert str(error).startswith("prompts[1]: ")


def test_a_nested_prompt_has_no_idempotency_key() -> None:
    """A nested prompt exists exactly when its tune does, so the key is the tune's."""
    nested = NewPrompt("a", idempotency_key="order-1")

    error = refused(NewTune(name="cat", images=[JPEG], prompts=[nested]).nested_prompts)

    assert "give the key to the tune" in str(error)


@pytest.mark.parametrize("images", [[JPEG], JPEG, "a.jpg", ["a.jpg", "https://x/b.jpg", JPEG]])
def test_images_are_not_looked_at_yet(images: ImageInputs) -> None:
    """Parameters are facts: no file is opened until the request is made."""
    assert NewTune(name="cat", images=images).images == images
