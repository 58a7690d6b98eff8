"""``astria.request``: endpoints that this version does not know."""

from decimal import Decimal
from typing import Any

import pytest

from astria_async import Astria, InvalidInput, NotFound
from astria_async.testing import Sandbox

pytestmark = pytest.mark.anyio


async def test_an_unknown_endpoint_can_be_asked(polling: Astria, sandbox: Sandbox) -> None:
    """With the key, the retries and the errors of everything else."""
    reply = await polling.request("get", "_sandbox/status", query={"verbose": True})

    (request,) = sandbox.requests
    assert (reply.status, request.query) == (200, "verbose=true")
    assert isinstance(reply.content(), dict)
    assert reply.request_id == request.request_id


@pytest.mark.parametrize(
    ("body", "summary"),
    [
        ({"json": {"balance_mc": 5, "on": True}}, '{"balance_mc": 5, "on": true}'),
        ({"form": {"balance_mc": 5, "on": True}}, "balance_mc=5&on=true"),
    ],
)
async def test_a_body_is_json_or_a_form(
    polling: Astria, sandbox: Sandbox, body: dict[str, Any], summary: str
) -> None:
    """As the endpoint wants it; nested names are written as Rails reads them."""
    await polling.request("PATCH", "/_sandbox/account", **body)

    (request,) = sandbox.requests
    assert request.summary == summary
    assert sandbox.account.balance_mc == 5


async def test_both_bodies_are_one_too_many(polling: Astria) -> None:
    """Nobody could tell which is meant."""
    with pytest.raises(InvalidInput, match="not both"):
        await polling.request("POST", "/tunes", json={}, form={})


async def test_a_post_is_sent_once(polling: Astria, sandbox: Sandbox) -> None:
    """What may create something is not repeated; an error is the endpoint's own."""
    with pytest.raises(NotFound):
        await polling.request("POST", "/generate", json={"text": "x"})

    assert len(sandbox.requests) == 1


async def test_parameters_of_tomorrow_pass(polling: Astria, sandbox: Sandbox) -> None:
    """extra= reaches the server as it is, through every endpoint that we do know."""
    await polling.prompts.create(
        1504944, "x", extra={"brand_new": {"deep": [1, Decimal("0.5")]}, "seed": -1}
    )

    (request,) = sandbox.requests
    assert '"brand_new": {"deep": [1, "0.5"]}' in request.summary
    assert '"seed": -1' in request.summary
