"""Requests as values: method, path and body of each endpoint."""

import io
import math
import types
from typing import Any

import pytest

from astria_async.protocol import calls
from astria_async.protocol.calls import Call, Effect
from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.forms import Field, File
from astria_async.protocol.options import NOT_GIVEN
from astria_async.protocol.paging import PageRequest
from astria_async.protocol.params import (
    NewPrompt,
    NewTune,
    PromptChanges,
    PromptFilters,
    PromptOverrides,
    TuneChanges,
    TuneFilters,
)

JPEG = b"\xff\xd8\xff\xe0 picture"
URL = "https://files.example.com/a.jpg"


def new_tune(*, callback: str | None = None, prompts: Any = (), **fields: Any) -> Call:
    """A call that creates a tune."""
    params = NewTune(name="woman", **fields)
    return calls.create_tune(params, title="Ada", callback=callback, prompts=prompts)


def new_prompt(*, callback: str | None = None, **fields: Any) -> dict[str, Any]:
    """What a call that creates a prompt sends, as JSON."""
    call = calls.create_prompt(7, NewPrompt("a cat", **fields), callback=callback)
    values: dict[str, Any] = call.content["prompt"]
    return values


def fields_of(call: Call) -> list[tuple[str, str]]:
    """Names of all parts, with their texts or their files' names."""
    return [
        (part.name, part.value if isinstance(part, Field) else part.source.filename)
        for part in call.parts or ()
    ]


def test_a_tune_of_urls_is_json() -> None:
    """With nothing to upload the body is JSON, which tells null and numbers from text."""
    call = new_tune(image_urls=[URL], base_tune_id=1504944, model_type=None)

    assert (call.method, call.path, call.effect, call.parts) == (
        "POST",
        "/tunes",
        Effect.CREATES,
        None,
    )
    assert call.content == {
        "tune": {
            "name": "woman",
            "base_tune_id": 1504944,
            "model_type": None,
            "title": "Ada",
            "image_urls": [URL],
        }
    }


def test_a_tune_with_files_is_multipart() -> None:
    """One file makes the whole body a form."""
    call = new_tune(images=[JPEG, "dir/b.jpg"], face_crop=True)

    assert call.content is None
    assert fields_of(call) == [
        ("tune[name]", "woman"),
        ("tune[face_crop]", "true"),
        ("tune[title]", "Ada"),
        ("tune[images][]", "image"),
        ("tune[images][]", "b.jpg"),
    ]


def test_files_and_urls_may_be_mixed() -> None:
    """Files go into images, URLs into image_urls, each in its order."""
    call = new_tune(images=iter(["a.jpg", URL, "b.jpg", f"{URL}?2"]))

    assert fields_of(call)[2:] == [
        ("tune[images][]", "a.jpg"),
        ("tune[images][]", "b.jpg"),
        ("tune[image_urls][]", URL),
        ("tune[image_urls][]", f"{URL}?2"),
    ]


@pytest.mark.parametrize("given", [{"images": []}, {"image_urls": ()}, {"images": iter(())}])
def test_an_empty_list_of_images_is_refused(given: dict[str, Any]) -> None:
    """A glob that matched nothing, or a generator that was used up, is the usual cause."""
    with pytest.raises(InvalidInput, match="at least one image is needed"):
        new_tune(**given)


@pytest.mark.parametrize("given", [["a.jpg"], [URL, JPEG]])
def test_image_urls_are_urls(given: list[Any]) -> None:
    """A file among image_urls is refused by its place."""
    with pytest.raises(InvalidInput, match=r"image_urls\[\d\]: not an http or https URL"):
        new_tune(image_urls=given)


def test_a_directory_of_one_url_is_a_list_of_one() -> None:
    """One URL alone is taken for a list of it."""
    assert new_tune(image_urls=URL).content["tune"]["image_urls"] == [URL]


def test_the_receivers_callback_is_registered() -> None:
    """The signed URL goes with the create, unless the user gave one of their own."""
    ours = new_tune(image_urls=[URL], callback="https://h/ours")
    theirs = new_tune(
        image_urls=[URL], callback="https://h/ours", extra={"callback": "https://h/theirs"}
    )

    assert ours.content["tune"]["callback"] == "https://h/ours"
    assert theirs.content["tune"]["callback"] == "https://h/theirs"
    assert new_prompt(callback="https://h/ours")["callback"] == "https://h/ours"


def test_a_callback_of_ones_own_stands() -> None:
    """callback= of the user is sent instead of the receiver's."""
    params = NewTune(name="cat", image_urls=[URL], callback="https://h/theirs")

    call = calls.create_tune(params, title="Ada", callback="https://h/ours", prompts=())

    assert call.content["tune"]["callback"] == "https://h/theirs"


def test_nested_prompts_are_numbered_in_forms() -> None:
    """Files of nested prompts go along, each under its prompt's number."""
    nested = [
        calls.prompt_values(NewPrompt("a", num_images=2), callback="https://h/1"),
        calls.prompt_values(NewPrompt("b", input_image=JPEG), callback=None),
    ]

    call = new_tune(image_urls=[URL], prompts=nested)

    assert fields_of(call)[3:] == [
        ("tune[prompts_attributes][0][text]", "a"),
        ("tune[prompts_attributes][0][num_images]", "2"),
        ("tune[prompts_attributes][0][callback]", "https://h/1"),
        ("tune[prompts_attributes][1][text]", "b"),
        ("tune[prompts_attributes][1][input_image]", "image"),
    ]


def test_nested_prompts_are_a_list_in_json() -> None:
    """Without files they are JSON objects in a list, under the API's name."""
    call = new_tune(image_urls=[URL], prompts=[{"text": "a"}])

    assert call.content["tune"]["prompts_attributes"] == [{"text": "a"}]


def test_unknown_parameters_are_sent_as_they_are() -> None:
    """extra= goes last, and may override what we would send."""
    call = new_tune(image_urls=[URL], extra={"brand_new": {"a": [1]}, "title": "mine"})

    assert call.content["tune"] | {"brand_new": {"a": [1]}, "title": "mine"} == call.content["tune"]


def test_mappings_of_any_kind_become_json() -> None:
    """What is a mapping or sequence is an object or array, whatever its class."""
    call = new_tune(
        image_urls=(URL,), characteristics=types.MappingProxyType({"eye_color": "blue"})
    )

    assert call.body is not None
    assert b'"characteristics": {"eye_color": "blue"}' in call.body


def test_a_prompt_is_created_under_its_tune() -> None:
    """POST /tunes/:id/prompts, with the text first."""
    call = calls.create_prompt(7, NewPrompt("a cat", seed=0, cfg_scale=None), callback=None)

    assert (call.method, call.path, call.effect) == ("POST", "/tunes/7/prompts", Effect.CREATES)
    assert call.content == {"prompt": {"text": "a cat", "seed": 0, "cfg_scale": None}}


@pytest.mark.parametrize("name", calls.SINGLE_IMAGES)
def test_every_image_has_a_url_twin(name: str) -> None:
    """A URL goes into x_url, a file into x."""
    form = calls.create_prompt(7, NewPrompt("a", **{name: JPEG}), callback=None)

    assert new_prompt(**{name: URL})[f"{name}_url"] == URL
    assert fields_of(form)[1:] == [(f"prompt[{name}]", "image")]


def test_only_the_input_image_goes_as_a_data_url() -> None:
    """input_image_base64 takes it as it is; for any other image it is decoded."""
    data = "data:image/jpeg;base64,/9j/4A=="

    form = calls.create_prompt(7, NewPrompt("a", mask_image=data), callback=None)

    assert new_prompt(input_image=data)["input_image_base64"] == data
    assert fields_of(form)[1:] == [("prompt[mask_image]", "image")]


def test_a_single_image_is_not_a_list() -> None:
    """Two input images are refused by name."""
    with pytest.raises(InvalidInput, match="input_image: an image is"):
        new_prompt(input_image=[URL, URL])


def test_references_are_files_or_urls() -> None:
    """They are ordered, so that a mix could not be told apart at the other end."""
    form = calls.create_prompt(7, NewPrompt("a", image_references=["a.jpg", JPEG]), callback=None)

    assert new_prompt(image_references=[URL, URL])["image_reference_urls"] == [URL, URL]
    assert fields_of(form)[1:] == [
        ("prompt[image_references][]", "a.jpg"),
        ("prompt[image_references][]", "image"),
    ]
    with pytest.raises(InvalidInput, match="files or URLs, not both"):
        new_prompt(image_references=[URL, "a.jpg"])


@pytest.mark.parametrize(
    ("call", "method", "path", "content"),
    [
        (calls.get_one("tune", 7), "GET", "/tunes/7", None),
        (calls.get_one("prompt", 8), "GET", "/prompts/8", None),
        (calls.delete_one("prompt", 8), "DELETE", "/prompts/8", None),
        (
            calls.update_tune(7, TuneChanges(title="B", extra={"new": 1})),
            "PATCH",
            "/tunes/7",
            {"tune": {"title": "B", "new": 1}},
        ),
        (
            calls.update_prompt(8, PromptChanges(pack_id=None)),
            "PATCH",
            "/prompts/8",
            {"prompt": {"pack_id": None}},
        ),
    ],
)
def test_one_object_has_one_address(call: Call, method: str, path: str, content: Any) -> None:
    """Reads, changes and deletions go to the object's own path, and may be repeated."""
    assert (call.method, call.path, call.content) == (method, path, content)
    assert call.effect is Effect.NONE


def test_a_duplicate_has_what_is_different() -> None:
    """Overrides are nested, the index of an image is not; without any there is no empty hash."""
    plain = calls.duplicate_prompt(8, PromptOverrides(), callback=None)
    json = calls.duplicate_prompt(8, PromptOverrides(seed=1, image_index=0), callback="https://h")
    form = calls.duplicate_prompt(
        8, PromptOverrides(input_image=JPEG, image_index=2), callback=None
    )

    assert (plain.path, plain.effect) == ("/prompts/8/duplicate", Effect.CREATES)
    assert plain.content == {}
    assert json.content == {"prompt": {"seed": 1, "callback": "https://h"}, "image_index": 0}
    assert fields_of(form) == [("prompt[input_image]", "image"), ("image_index", "2")]


def test_likes_are_given_and_taken_back() -> None:
    """Both may be repeated: the end is the same."""
    like, unlike = calls.like_prompt(8, liked=True), calls.like_prompt(8, liked=False)

    assert (like.method, like.path, like.effect) == ("POST", "/prompts/8/likes", Effect.NONE)
    assert (unlike.method, unlike.path) == ("DELETE", "/prompts/8/likes")


def test_the_gallery_takes_the_same_filters() -> None:
    """Public models are listed as one's own are."""
    call = calls.list_gallery_tunes(TuneFilters(name="cat"), PageRequest(limit=120))

    assert (call.path, call.query) == ("/gallery/tunes", (("name[]", "cat"), ("limit", "120")))


def test_changing_nothing_is_refused() -> None:
    """An update without a change is a mistake."""
    with pytest.raises(InvalidInput, match="nothing to change"):
        calls.update_tune(7, TuneChanges())


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        (TuneFilters(), []),
        (TuneFilters(title="a b"), [("title", "a b")]),
        (TuneFilters(name="man"), [("name[]", "man")]),
        (TuneFilters(name=["man", "cat"]), [("name[]", "man"), ("name[]", "cat")]),
        (TuneFilters(extra={"new": True}), [("new", "true")]),
    ],
)
def test_tunes_are_listed_by_filters(filters: TuneFilters, query: list[tuple[str, str]]) -> None:
    """Filters come before the page; the class word is an array even of one."""
    call = calls.list_tunes(filters, PageRequest(limit=20))

    assert (call.method, call.path) == ("GET", "/tunes")
    assert call.query == (*query, ("limit", "20"))


def test_prompts_are_listed_all_or_by_tune() -> None:
    """The nested path lists one tune's prompts and those that mention it."""
    filters = PromptFilters(text="cat", liked=True, expand="debug_images")

    everywhere = calls.list_prompts(filters, PageRequest(limit=20, before_id=9))
    nested = calls.list_prompts(PromptFilters(), PageRequest(limit=1), tune_id=7)

    assert everywhere.path == "/prompts"
    assert everywhere.query == (
        ("text", "cat"),
        ("liked", "true"),
        ("expand[]", "debug_images"),
        ("limit", "20"),
        ("before_id", "9"),
    )
    assert (nested.path, nested.query) == ("/tunes/7/prompts", (("limit", "1"),))


@pytest.mark.parametrize("value", [0, -1, True, "7", 7.0, None])
def test_ids_are_positive_integers(value: Any) -> None:
    """Anything else is refused before it becomes a path."""
    with pytest.raises(InvalidInput, match="a tune's id is a positive integer") as caught:
        calls.get_one("tune", value)

    assert caught.value.parameter == "tune_id"


@pytest.mark.parametrize("path", ["tunes", ".evil.example/x", "/tunes?limit=3", "/tunes#x", ""])
def test_a_path_stays_on_its_host(path: str) -> None:
    """A path that could change the host, or carries a query, is refused."""
    with pytest.raises(InvalidInput, match="must begin with /"):
        Call(method="GET", path=path)


def test_a_json_body_is_utf8() -> None:
    """Text goes as it is, without escapes."""
    assert Call(method="POST", path="/x", content={"a": "ä"}).body == '{"a": "ä"}'.encode()
    assert Call(method="GET", path="/x").body is None


@pytest.mark.parametrize("content", [{"a": math.nan}, {"a": {1}}, {"a": "\ud800"}])
def test_what_is_no_json_is_refused(content: Any) -> None:
    """The raw door refuses what no server could read."""
    with pytest.raises(InvalidInput, match="cannot be written as JSON"):
        _ = Call(method="POST", path="/x", content=content).body


def test_a_call_can_be_repeated_if_its_files_can() -> None:
    """One stream among the files is enough to forbid a second try."""

    async def stream() -> Any:
        yield JPEG

    assert new_tune(images=[JPEG, "a.jpg", io.BytesIO(JPEG), URL]).replayable
    assert not new_tune(images=[JPEG, stream()]).replayable
    assert new_tune(image_urls=[URL]).replayable


def test_values_not_given_are_not_sent() -> None:
    """Left out differs from null in the request too."""
    call = calls.create_prompt(7, NewPrompt("a", style=NOT_GIVEN, theme=None), callback=None)

    assert call.content == {"prompt": {"text": "a", "theme": None}}


def test_an_uploaded_file_is_told_by_its_argument() -> None:
    """Messages about a file name the argument and the place that it came from."""
    (part,) = [part for part in new_tune(images=[URL, JPEG]).parts or () if isinstance(part, File)]

    assert part.source.parameter == "images[1]"
