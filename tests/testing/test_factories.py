"""Models for tests, made by hand."""

import datetime as dt
import typing

import attrs
import pytest

from astria_async import ClientClosed, Pack, Prompt, Status, Tune
from astria_async.testing import make_callback, make_pack, make_prompt, make_tune
from astria_async.testing.fields import PackFields, PromptFields, TuneFields

OURS = {"extra", "request_id", "_raw", "_binding"}


@pytest.mark.parametrize(
    ("model", "fields"),
    [(Tune, TuneFields), (Prompt, PromptFields), (Pack, PackFields)],
    ids=["tune", "prompt", "pack"],
)
def test_every_field_is_a_typed_keyword(model: type, fields: type) -> None:
    """What a checker lets pass to a factory is what its model has, of the same types."""
    there = {it.name: it.type for it in attrs.fields(model) if it.name not in OURS}

    assert typing.get_type_hints(fields) == there


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("make", [make_tune, make_prompt])
def test_a_status_has_fields_that_fit(make: typing.Any, status: Status) -> None:
    """The status asked for is the one that the model works out."""
    assert make(status).status is status
    assert make(str(status)).status is status


def test_a_ready_prompt_has_the_images_that_were_asked_for() -> None:
    """Two unless the test says how many; a failed one has none, and a reason."""
    assert len(make_prompt().images) == 2
    assert len(make_prompt(num_images=4).images) == 4
    assert make_prompt("failed").images == ()
    assert make_prompt("failed").failure


def test_given_fields_win() -> None:
    """Over all that the status brings along."""
    ended = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)

    prompt = make_prompt(id=7, trained_at=ended, images=("https://x.example.com/a",))

    assert (prompt.id, prompt.trained_at, prompt.images) == (
        7,
        ended,
        ("https://x.example.com/a",),
    )


def test_it_is_as_if_the_api_had_answered() -> None:
    """``to_dict`` has JSON, with times as text."""
    raw = make_tune(trained_at=dt.datetime(2026, 1, 2, tzinfo=dt.UTC)).to_dict()

    assert raw["trained_at"] == "2026-01-02T00:00:00.000Z"
    assert isinstance(raw["orig_images"], list)


def test_ids_differ() -> None:
    """Each object is another."""
    assert make_tune() != make_tune()
    assert make_pack().id != make_pack().id


def test_metadata_is_in_the_callback() -> None:
    """As if it had gone to Astria and back."""
    assert make_prompt(metadata={"user_id": "7"}).metadata == {"user_id": "7"}
    assert make_tune().metadata == {}
    assert make_callback("tune", metadata={"user_id": "7"}).metadata == {"user_id": "7"}


def test_a_pack_tells_its_price() -> None:
    """For each class that it names."""
    pack = make_pack(cost_mc_hash={"cat": 100_000})

    assert pack.classes == ("cat",)
    assert pack.estimated_cost("cat") == 1


@pytest.mark.anyio
async def test_it_reaches_no_client() -> None:
    """What waits or fetches needs a sandbox, and says so."""
    with pytest.raises(ClientClosed, match="made by hand"):
        await make_tune().wait_ready()
