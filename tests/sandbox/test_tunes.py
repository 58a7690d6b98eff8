"""Tunes over HTTP, from creation to expiry."""

from typing import Any

import httpx
import pytest

from astria_async.sandbox import Sandbox

pytestmark = pytest.mark.anyio

JPEG = b"\xff\xd8\xff\xe0 not much of a picture"
PHOTO = ("tune[images][]", ("a.jpg", JPEG, "image/jpeg"))


async def create(api: httpx.AsyncClient, **fields: str) -> dict[str, Any]:
    data = {"tune[title]": "Ada", "tune[name]": "woman"}
    data |= {f"tune[{key}]": value for key, value in fields.items()}
    response = await api.post("/tunes", data=data, files=[PHOTO])
    assert response.status_code == 201, response.text
    tune: dict[str, Any] = response.json()
    return tune


async def test_new_tune_is_queued(api: httpx.AsyncClient) -> None:
    """A create answers 201 with a tune whose training has not begun."""
    tune = await create(api)

    assert (tune["title"], tune["name"], tune["branch"]) == ("Ada", "woman", "sd15")
    assert tune["started_training_at"] is tune["trained_at"] is tune["expires_at"] is None
    assert tune["ckpt_urls"] == []


async def test_training_ends_within_twenty_minutes(
    api: httpx.AsyncClient, sandbox: Sandbox
) -> None:
    """An ordinary tune is trained after five to twenty minutes of the clock."""
    tune = await create(api)
    await sandbox.advance(299)
    before = (await api.get(f"/tunes/{tune['id']}")).json()
    await sandbox.advance(931)

    after = (await api.get(f"/tunes/{tune['id']}")).json()

    assert before["trained_at"] is None
    assert after["trained_at"] is not None
    assert after["expires_at"] > after["trained_at"]
