"""``draft``: the exact request that a create would send, and nothing else."""

import json
from pathlib import Path

import pytest

from astria_async import Astria, InvalidInput, NewPrompt, Receiver
from astria_async.testing import Sandbox

from .conftest import FLUX

pytestmark = pytest.mark.anyio
URL = "https://files.example.com/a.jpg"


async def test_a_draft_is_what_would_be_sent(polling: Astria, sandbox: Sandbox) -> None:
    """The same keywords give the same request, which is not sent."""
    draft = polling.tunes.draft(title="Ada", name="woman", images=[URL], branch="fast")

    assert len(sandbox.requests) == 0
    assert (draft.method, draft.path, draft.form) == ("POST", "/tunes", None)
    assert draft.json == {
        "tune": {"name": "woman", "branch": "fast", "title": "Ada", "image_urls": [URL]}
    }
    await polling.tunes.create(title="Ada", name="woman", images=[URL], branch="fast")
    (request,) = sandbox.requests
    assert json.loads(request.summary) == draft.json


async def test_a_draft_opens_nothing(polling: Astria, tmp_path: Path) -> None:
    """A file that is not there stands by its name all the same; the create would refuse it."""
    missing = tmp_path / "nowhere" / "a.jpg"
    given = {"title": "Ada", "name": "woman", "images": [missing, b"\xff\xd8"]}

    draft = polling.tunes.draft(**given)  # type: ignore[arg-type]

    assert draft.json is None
    assert draft.form == (
        ("tune[name]", "woman"),
        ("tune[title]", "Ada"),
        ("tune[images][]", "<a.jpg>"),
        ("tune[images][]", "<image>"),
    )
    with pytest.raises(InvalidInput):
        await polling.tunes.create(**given)  # type: ignore[arg-type]


@pytest.mark.parametrize("picture", [URL, b"\xff\xd8"])
async def test_a_draft_hides_signatures(sandbox: Sandbox, picture: str | bytes) -> None:
    """The callback URL is shown with its metadata; what would forge one is not, however nested."""
    receiver = Receiver("https://hooks.example.com/a", secret="a secret of thirty-two characters")
    async with sandbox.client(receiver=receiver) as astria:
        draft = astria.tunes.draft(
            name="woman",
            images=[picture],
            metadata={"user_id": "7"},
            prompts=[NewPrompt("ohwx woman", metadata={"n": "1"})],
        )

    shown = repr(draft)
    assert shown.count("https://hooks.example.com/a/?") == 2
    assert ("user_id=7" in shown, "n=1" in shown) == (True, True)
    assert shown.count("&sig=…") == shown.count("sig=") == 2


async def test_prompts_have_drafts_too(polling: Astria) -> None:
    """By a tune or its id, at the address that the create would use."""
    tune = await polling.tunes.get(FLUX)

    by_id = polling.prompts.draft(FLUX, "a garden", seed=7)

    assert by_id == polling.prompts.draft(tune, "a garden", seed=7)
    assert (by_id.path, by_id.json) == (
        f"/tunes/{FLUX}/prompts",
        {"prompt": {"text": "a garden", "seed": 7}},
    )
