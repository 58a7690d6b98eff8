"""Settings: the switches of the account and of the sandbox that may be turned while it runs."""

from collections.abc import Mapping
from typing import Any, get_args

import attrs
from starlette.exceptions import HTTPException
from starlette.requests import Request

from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.forms import Answers, read_form
from astria_async.sandbox.dashboard.page import Gone, Page
from astria_async.sandbox.dashboard.paths import path
from astria_async.sandbox.records import Account
from astria_async.sandbox.settings import CallbackShape, Settings

SHAPES: Mapping[str, str] = {
    "wrapped": "Wrapped in its name, as received in life",
    "bare": "The whole object, as documented",
    "array": "A list with the whole object",
}
FLAGS: Mapping[str, tuple[str, str]] = {
    "failure_callbacks": (
        "Call back failures too",
        "Astria documents no callback for jobs that fail.",
    ),
    "faceid_callbacks": (
        "Call back for FaceID tunes",
        "They are ready when they are created, so Astria sends none.",
    ),
    "retry_after": (
        "429 tells how long to wait",
        "With a Retry-After header.",
    ),
    "plain_unauthorized": (
        "401 as plain text",
        "Also for clients that take JSON.",
    ),
}
_LONGEST = 86400.0 * 365
_MOST_REQUESTS = 1_000_000
_PACES = (0.001, 1_000_000.0)
assert set(SHAPES) == set(get_args(CallbackShape))


async def show(_request: Request, desk: Desk) -> Page:
    """The switches as they are."""
    return _page(desk)


async def save(request: Request, desk: Desk) -> Page | Gone:
    """Turn the switches."""
    form = await read_form(request)
    answers = Answers(form)
    settings = desk.world.settings
    changes: dict[str, Any] = {name: answers.flag(name) for name in FLAGS}
    changes["callback_shape"] = answers.choice("callback_shape", SHAPES, settings.callback_shape)
    changes["rate_limit"] = answers.whole("rate_limit", 0, _MOST_REQUESTS)
    changes["pace"] = answers.number("pace", *_PACES, default=settings.pace)
    lifetime = answers.number("image_url_lifetime", 0, _LONGEST)
    changes["image_url_lifetime"] = lifetime or None
    if answers.errors:
        return _page(desk, form, answers.errors)
    desk.world.settings = desk.control.settings = attrs.evolve(settings, **changes)
    return Gone(path("settings"), "settings-saved")


async def save_account(request: Request, desk: Desk) -> Gone:
    """Turn the account's switches for merging creates."""
    answers = Answers(await read_form(request))
    desk.world.accounts.change(
        _account(desk).id,
        idempotent=answers.flag("idempotent"),
        merge_text_seed=answers.flag("merge_text_seed"),
    )
    await desk.services.commit()
    return Gone(path("settings"), "settings-saved")


def _account(desk: Desk) -> Account:
    account = desk.account()
    if account is None:
        raise HTTPException(404)
    return account


def _page(
    desk: Desk, form: dict[str, str] | None = None, errors: dict[str, str] | None = None
) -> Page:
    settings: Settings = desk.world.settings
    return Page(
        template="settings",
        title="Settings",
        section="settings",
        status=422 if errors else 200,
        context={
            "settings": settings,
            "account": _account(desk),
            "shapes": SHAPES,
            "flags": FLAGS,
            "fixed": {
                "Address": desk.services.base_url(),
                "Seed": settings.seed,
                "Fields of answers": settings.profile,
                "Callbacks to private hosts": "yes" if settings.allow_private_callbacks else "no",
                "Receivers have to answer within": f"{settings.callback_timeout:g} s",
                "Largest upload": f"{settings.max_upload / 2**20:g} MiB",
            },
            "form": form or {},
            "errors": errors or {},
        },
    )
