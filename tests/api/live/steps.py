"""
What is asked of both sides, in order.

All of it is free: each tune is one of ``branch=fast``, which trains nothing, and each prompt is on
that tune. What is made is deleted again.
"""

from collections.abc import Mapping
from typing import Any

import attrs

Body = Mapping[str, Any]


@attrs.frozen(kw_only=True)
class Step:
    """
    One request.

    Attributes:
        does: What it is, in a few words.
        method: Of HTTP.
        path: With ``{tune}`` and ``{prompt}`` for what was made before, and ``{run}`` for a text
            that is this run's own.
        json: The body; texts in it are filled in as the path is.
        form: The fields of a multipart body.
        photo: The field that a picture is uploaded under.
        keep: The name under which the id of what was made is kept.
        done: Ask again until the object is finished, and compare that.
        key: Whether the key goes with it.
    """

    does: str
    method: str
    path: str
    json: Body | None = None
    form: Mapping[str, str] | None = None
    photo: str | None = None
    keep: str | None = None
    done: bool = False
    key: bool = True


def _get(does: str, path: str, *, done: bool = False, key: bool = True) -> Step:
    return Step(does=does, method="GET", path=path, done=done, key=key)


TUNE = {"tune[title]": "astria-async {run}", "tune[name]": "woman", "tune[branch]": "fast"}
NAMELESS = {"title": "astria-async {run}, wrong", "name": "no_word", "branch": "fast"}
PROMPT = "ohwx woman in a garden"

READING = (
    _get("the account", "/users"),
    _get("workspaces", "/workspaces.json"),
    _get("own packs", "/packs?limit=3"),
    _get("public packs", "/gallery/packs?limit=3"),
    _get("public models", "/gallery/tunes?limit=3"),
    _get("models of the command line, without a key", "/cli/models", key=False),
)
REFUSED = (
    _get("a list without a key", "/tunes", key=False),
    _get("a tune that is not there", "/tunes/1"),
    _get("too deep an offset into tunes", "/tunes?offset=201"),
    _get("too deep an offset into prompts", "/prompts?offset=10001"),
    Step(does="a tune without anything", method="POST", path="/tunes", json={}),
    Step(
        does="a tune without pictures", method="POST", path="/tunes",
        json={"tune": {**NAMELESS, "name": "woman"}}, keep="wrong",
    ),
    Step(
        does="a tune whose class is no word", method="POST", path="/tunes", photo="tune[images][]",
        form={f"tune[{name}]": value for name, value in NAMELESS.items()}, keep="misnamed",
    ),
)  # fmt: skip
WORK = (
    Step(
        does="a tune in parts, with a picture", method="POST", path="/tunes", form=TUNE,
        photo="tune[images][]", keep="tune",
    ),
    _get("tunes, newest first", "/tunes?limit=2"),
    _get("tunes by title", "/tunes?title=astria-async+{run}"),
    _get("the tune, trained", "/tunes/{tune}", done=True),
    _get("the tune with a suffix", "/tunes/{tune}.json"),
    Step(
        does="a changed title", method="PATCH", path="/tunes/{tune}",
        json={"tune": {"title": "astria-async {run}, changed"}},
    ),
    Step(
        does="a prompt", method="POST", path="/tunes/{tune}/prompts", keep="prompt",
        json={"prompt": {"text": PROMPT, "num_images": 1, "seed": 7, "cfg_scale": 3}},
    ),
    Step(
        does="a prompt of nine images", method="POST", path="/tunes/{tune}/prompts", keep="nine",
        json={"prompt": {"text": PROMPT, "num_images": 9}},
    ),
    _get("the prompt, done", "/tunes/{tune}/prompts/{prompt}", done=True),
    _get("the prompt without its tune", "/prompts/{prompt}"),
    _get("the tune's prompts", "/tunes/{tune}/prompts"),
    _get("own prompts by text", "/prompts?limit=2&text=garden"),
    Step(does="a like", method="POST", path="/prompts/{prompt}/likes"),
    Step(does="no more like", method="DELETE", path="/prompts/{prompt}/likes"),
)  # fmt: skip
TIDYING = (
    Step(does="the prompt deleted", method="DELETE", path="/tunes/{tune}/prompts/{prompt}"),
    _get("the deleted prompt", "/prompts/{prompt}"),
    Step(does="the tune deleted", method="DELETE", path="/tunes/{tune}"),
    _get("the deleted tune", "/tunes/{tune}"),
)
STEPS = (*READING, *REFUSED, *WORK, *TIDYING)
