"""``/cli/models``, ``/plugin/models`` and ``/gallery/tunes``: what anybody may use."""

import re
from typing import Any

from astria_async.sandbox.records import Tune
from astria_async.sandbox.web.call import Call
from astria_async.sandbox.web.pages import GALLERY_LIMIT, MAX_TUNE_OFFSET, page
from astria_async.sandbox.web.replies import Reply
from astria_async.sandbox.web.tunes import matches

_DAY = 86_400
_DEFAULT = "flux1-dev"
_VIDEO_MODELS = {
    name: {"id": name, "title": title, "durations": [5, 10]}
    for name, title in (("kling", "Kling"), ("seedance", "Seedance"), ("wan", "Wan"))
}


async def gallery(call: Call) -> Reply:
    """``GET /gallery/tunes``: public models."""
    found = (t for t in call.services.world.tunes.newest() if t.public and matches(t, call))
    shown = page(found, call.query, max_offset=MAX_TUNE_OFFSET, max_limit=GALLERY_LIMIT)
    return Reply([call.show_tune(tune) for tune in shown])


async def cli(call: Call) -> Reply:
    """``GET /cli/models``: no key needed."""
    return Reply(
        {
            "models": {_name(tune): _entry(tune) for tune in _public(call)},
            "default": _DEFAULT,
            "video_models": _VIDEO_MODELS,
            "default_video_model": next(iter(_VIDEO_MODELS)),
            "cache_ttl": _DAY,
            "cli": {},
            "skills": {},
        }
    )


async def plugin(call: Call) -> Reply:
    """``GET /plugin/models``."""
    models = [{**_entry(tune), "name": _name(tune)} for tune in _public(call)]
    return Reply({"models": models, "video_models": list(_VIDEO_MODELS.values())})


def _public(call: Call) -> list[Tune]:
    return [tune for tune in call.services.world.tunes.newest() if tune.public]


def _name(tune: Tune) -> str:
    return re.sub(r"[^a-z0-9]+", "-", tune.title.lower()).strip("-")


def _entry(tune: Tune) -> dict[str, Any]:
    return {"id": tune.id, "title": tune.title, "branch": tune.branch}
