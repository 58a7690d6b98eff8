"""Users, workspaces, the catalogue, themes and inspection: their requests and their answers."""

from decimal import Decimal
from typing import Any

import pytest

from astria_async.protocol import account
from astria_async.protocol.account import NewTheme, NewWorkspace, WorkspaceChanges
from astria_async.protocol.calls import Call, Effect
from astria_async.protocol.codec import structure, structure_fact
from astria_async.protocol.errors import DecodeError, InvalidInput
from astria_async.protocol.forms import Field
from astria_async.protocol.models import Catalog, Inspection, User, Workspace

JPEG = b"\xff\xd8\xff\xe0 picture"


@pytest.mark.parametrize(
    ("call", "method", "path", "content", "effect"),
    [
        (account.get_user(), "GET", "/users", None, Effect.NONE),
        (account.get_catalog(), "GET", "/cli/models", None, Effect.NONE),
        (account.list_workspaces(), "GET", "/workspaces.json", None, Effect.NONE),
        (account.get_workspace(41), "GET", "/workspaces/41.json", None, Effect.NONE),
        (
            account.create_workspace(NewWorkspace(title="Spring", extra={"new": 1})),
            "POST",
            "/workspaces.json",
            {"workspace": {"title": "Spring", "new": 1}},
            Effect.CREATES,
        ),
        (
            account.update_workspace(41, WorkspaceChanges(brief=None)),
            "PATCH",
            "/workspaces/41.json",
            {"workspace": {"brief": None}},
            Effect.NONE,
        ),
        (
            account.create_theme(NewTheme(theme="Cyberpunk", tune_ids=(7, 8))),
            "POST",
            "/themes",
            {"theme": {"theme": "Cyberpunk", "tune_ids": [7, 8]}},
            Effect.CREATES,
        ),
    ],
)
def test_requests_are_as_the_vendors_own(
    call: Call, method: str, path: str, content: Any, effect: Effect
) -> None:
    """Each endpoint has its path, its nesting and its body in JSON."""
    assert (call.method, call.path, call.content, call.effect) == (method, path, content, effect)


def test_a_workspace_needs_a_change() -> None:
    """Changing nothing is a mistake."""
    with pytest.raises(InvalidInput, match="nothing to change"):
        account.update_workspace(41, WorkspaceChanges())


@pytest.mark.parametrize("tune_ids", [[], [0], ["7"], [7, None]])
def test_a_theme_needs_tunes(tune_ids: Any) -> None:
    """A theme without tunes, or with something else for one, is refused."""
    with pytest.raises(InvalidInput):
        NewTheme(theme="Cyberpunk", tune_ids=tune_ids)


@pytest.mark.parametrize(
    ("image", "field", "value"),
    [(JPEG, "file", None), ("https://x/a.jpg", "file_url", "https://x/a.jpg")],
)
def test_inspection_has_its_parameters_at_the_top(image: Any, field: str, value: object) -> None:
    """A file or a URL goes beside the class word, in a form without nesting."""
    call = account.inspect_image("woman", image)

    name, picture = call.parts or ()
    assert (call.method, call.path, call.effect) == ("POST", "/images/inspect", Effect.NONE)
    assert name == Field("name", "woman")
    assert (picture.name, getattr(picture, "value", None)) == (field, value)


def test_inspection_needs_a_class_word() -> None:
    """A blank class word can never be found."""
    with pytest.raises(InvalidInput, match="class word"):
        account.inspect_image(" ", JPEG)


@pytest.mark.parametrize(
    ("fields", "balance"),
    [
        ({"usd_balance_mc": 1_250_000}, Decimal("12.5")),
        ({"usd_balance_mc": 1, "payer": {"usd_balance_mc": 200_000}}, Decimal(2)),
        ({"usd_balance_mc": 5, "payer": {"usd_balance_mc": None}}, Decimal("0.00005")),
        ({"payer": {"id": 7}}, None),
        ({}, None),
    ],
)
def test_the_balance_is_that_of_whoever_pays(
    fields: dict[str, Any], balance: Decimal | None
) -> None:
    """In a workspace that someone else pays for, their balance counts."""
    assert structure(User, {"id": 77, **fields}).balance == balance


def test_a_workspace_is_a_resource() -> None:
    """Its fields are attributes, unknown ones are kept."""
    found = structure(Workspace, {"id": 41, "slug": "spring", "favicon_url": "", "new": 1})

    assert (found.id, found.slug, found.extra) == (41, "spring", {"new": 1})


def test_the_catalogue_is_a_fact_without_id() -> None:
    """What has no id is read all the same, with its unknown keys."""
    raw = {"models": {"m": {"id": 1}}, "default": "m", "cache_ttl": 86400, "skills": [], "new": 1}

    found = structure_fact(Catalog, raw)

    assert (found.models, found.default, found.cache_ttl) == (raw["models"], "m", 86400)
    assert (found.cli, found.skills, found.extra) == (None, [], {"new": 1})


@pytest.mark.parametrize("raw", [None, [], "x", {"models": 7}, {"default": 7}])
def test_a_fact_of_another_shape_is_refused(raw: Any) -> None:
    """A catalogue that is none says what is wrong with it."""
    with pytest.raises(DecodeError, match="Catalog"):
        structure_fact(Catalog, raw)


def test_an_inspection_tells_flaws_and_characteristics() -> None:
    """Booleans are warnings; texts describe who is seen."""
    raw = {"name": "woman", "age": "30 yo", "blurry": True, "selfie": False, "new": 1}

    found = structure_fact(Inspection, raw)

    assert (found.name, found.warnings, found.extra) == ("woman", ("blurry",), {"new": 1})
    assert found.characteristics == {"age": "30 yo"}
