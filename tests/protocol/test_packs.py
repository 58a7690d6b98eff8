"""Packs: creating and running one as requests, classes and estimates as read from answers."""

from decimal import Decimal
from typing import Any

import pytest

from astria_async.protocol import packs
from astria_async.protocol.calls import Effect
from astria_async.protocol.codec import structure
from astria_async.protocol.errors import InvalidInput
from astria_async.protocol.models.pack import Pack
from astria_async.protocol.packs import NewPack, PackFilters, PackRunParams
from astria_async.protocol.paging import PageRequest

PAGE = PageRequest(limit=20, offset=0)
URL = "https://files.example.com/a.jpg"


def run(pack: int | str = "garden", **fields: Any) -> dict[str, Any]:
    """What a run of a pack sends."""
    params = PackRunParams(**fields)
    call = packs.run_pack(
        pack, params, title="Ada", callback="https://h/t", prompts_callback="https://h/p"
    )
    values: dict[str, Any] = call.content["tune"]
    return values


@pytest.mark.parametrize(
    ("filters", "query"),
    [
        (PackFilters(), []),
        (PackFilters(public=True, listed=False), [("public", "true"), ("listed", "false")]),
        (PackFilters(extra={"new": [1, 2]}), [("new[]", "1"), ("new[]", "2")]),
    ],
)
def test_packs_are_listed_by_offset(filters: PackFilters, query: list[tuple[str, str]]) -> None:
    """Own packs and the gallery take the same flags."""
    own = packs.list_packs(filters, PAGE, gallery=False)
    gallery = packs.list_packs(filters, PAGE, gallery=True)

    assert (own.path, gallery.path) == ("/packs", "/gallery/packs")
    assert own.query == gallery.query == (*query, ("limit", "20"), ("offset", "0"))


@pytest.mark.parametrize(
    ("pack", "path"),
    [(812, "/p/812"), ("garden-portraits", "/p/garden-portraits"), ("a/b ?", "/p/a%2Fb%20%3F")],
)
def test_a_pack_has_an_id_or_a_slug(pack: int | str, path: str) -> None:
    """Either leads to it; a slug cannot lead anywhere else."""
    assert packs.get_pack(pack).path == path


@pytest.mark.parametrize("pack", [0, -1, True, "", " ", None, 1.5])
def test_anything_else_names_no_pack(pack: Any) -> None:
    """What is neither an id nor a slug is refused."""
    with pytest.raises(InvalidInput, match="its id or its slug"):
        packs.get_pack(pack)


def test_a_pack_is_created_under_its_name() -> None:
    """POST /packs, nested as everything is."""
    call = packs.create_pack(NewPack(title="Garden", model_type=None, extra={"new": 1}))

    assert (call.method, call.path, call.effect) == ("POST", "/packs", Effect.CREATES)
    assert call.content == {"pack": {"title": "Garden", "model_type": None, "new": 1}}


def test_a_run_on_images_trains_a_tune() -> None:
    """Images, class word and title make a tune; both callbacks are registered."""
    assert run(name="woman", images=[URL], prompt_attributes={"num_images": 2}) == {
        "name": "woman",
        "prompt_attributes": {"num_images": 2},
        "title": "Ada",
        "image_urls": [URL],
        "callback": "https://h/t",
        "prompts_callback": "https://h/p",
    }


def test_a_run_on_tunes_trains_nothing() -> None:
    """Existing tunes replace title and images, and only the whole run calls back."""
    assert run(tune_ids=[7, 8], prompt_ids=[9], brief="airy", extra={"new": 1}) == {
        "tune_ids": [7, 8],
        "prompt_ids": [9],
        "brief": "airy",
        "prompts_callback": "https://h/p",
        "new": 1,
    }


def test_a_run_without_receiver_registers_nothing() -> None:
    """Without a receiver there is no callback to register."""
    params = PackRunParams(name="cat", images=[b"\xff\xd8\xff"], title="mine")

    call = packs.run_pack(812, params, title="mine", callback=None, prompts_callback=None)

    assert (call.path, call.effect) == ("/p/812/tunes", Effect.CREATES)
    assert [part.name for part in call.parts or ()] == [
        "tune[name]",
        "tune[title]",
        "tune[images][]",
    ]


@pytest.mark.parametrize(
    ("fields", "parameter"),
    [
        ({}, "images"),
        ({"images": [URL], "tune_ids": [7], "name": "cat"}, "images"),
        ({"images": [URL]}, "name"),
        ({"tune_ids": []}, "tune_ids"),
        ({"tune_ids": [7], "metadata": {"sig": "x"}}, "metadata"),
    ],
)
def test_a_run_is_on_images_or_on_tunes(fields: dict[str, Any], parameter: str) -> None:
    """What cannot be right is refused before anything is sent."""
    with pytest.raises(InvalidInput) as caught:
        PackRunParams(**fields)

    assert caught.value.parameter == parameter


@pytest.mark.parametrize(
    ("fields", "classes"),
    [
        ({"costs": {"woman": {}, "man": {}}}, ("woman", "man")),
        ({"cost_mc_hash": {"woman": 1}}, ("woman",)),
        ({"prompts_per_class": {"cat": []}, "costs": {}}, ("cat",)),
        ({"main_class_name": "dog"}, ("dog",)),
        ({}, ()),
    ],
)
def test_classes_are_read_from_whatever_tells_them(
    fields: dict[str, Any], classes: tuple[str, ...]
) -> None:
    """Lists and details, older and newer servers tell the class words in different fields."""
    assert structure(Pack, {"id": 812, **fields}).classes == classes


@pytest.mark.parametrize(
    ("fields", "cost"),
    [
        ({"cost_mc_hash": {"woman": 350_000}}, Decimal("3.5")),
        ({"costs": {"woman": {"cost": 360, "num_images": 24}}}, Decimal("3.6")),
        ({"costs": {"woman": {"cost": 360, "cost_mc": 350_000}}}, Decimal("3.5")),
        ({"costs": {"woman": {}}}, None),
        ({"costs": {"woman": 7}}, None),
        ({"cost_mc_hash": {"man": 1}}, None),
        ({}, None),
    ],
)
def test_estimates_are_dollars(fields: dict[str, Any], cost: Decimal | None) -> None:
    """cost is in cents, cost_mc in millicents; what is not told is not guessed."""
    assert structure(Pack, {"id": 812, **fields}).estimated_cost("woman") == cost


def test_a_pack_keeps_what_it_does_not_know() -> None:
    """Templates come as they are, times as times."""
    raw = {
        "id": 812,
        "public_at": "2025-02-16T17:13:02.204Z",
        "template_prompts": [{"id": 1, "cost_mc": 5}],
        "new": 1,
    }

    pack = structure(Pack, raw)

    assert list(pack.template_prompts or ()) == [{"id": 1, "cost_mc": 5}]
    assert (pack.public_at is not None, pack.extra) == (True, {"new": 1})
