"""
Models for tests, made as the API would answer: decoded from JSON, with fields that fit together.

What they give is not bound to a client: a handler, a template or a table can be tried with it. What
waits or fetches is better tried on a sandbox.
"""

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any, Literal, Unpack
from urllib.parse import urlencode

from astria_async.protocol.addresses import Kind, mint_wait_id
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.codec import structure
from astria_async.protocol.models import Pack, Prompt, Status, Tune
from astria_async.testing.fields import PackFields, PromptFields, TuneFields

StatusName = Literal["queued", "running", "ready", "failed", "expired"]

FLUX = 1504944
LIFETIME = dt.timedelta(days=30)
_NUMBERS = itertools.count(1)


def make_tune(
    status: Status | StatusName = "ready",
    *,
    metadata: Mapping[str, str] | None = None,
    **fields: Unpack[TuneFields],
) -> Tune:
    """
    A tune.

    Args:
        status: Where it stands now; the times are chosen to fit.
        metadata: What ``metadata=`` of its create was; its ``callback`` carries it.
        fields: Any field of :class:`~astria_async.Tune`; these win over all else.
    """
    number = next(_NUMBERS)
    usual: dict[str, Any] = {
        "id": number,
        "title": f"Tune {number}",
        "name": "woman",
        "is_api": True,
        "token": "ohwx",
        "branch": "flux1",
        "model_type": "lora",
        "base_tune_id": FLUX,
        "orig_images": (f"https://files.example.com/sample-{number}",),
        "callback": _callback_url("tune", metadata),
        **_times(Status(status)),
    }
    if status == Status.FAILED:
        usual |= {"trained_at": None, "user_error": "No face in the photographs."}
    elif usual["trained_at"] is not None:
        usual["expires_at"] = usual["trained_at"] + LIFETIME
    return structure(Tune, _as_json({**usual, **fields}))


def make_prompt(
    status: Status | StatusName = "ready",
    *,
    metadata: Mapping[str, str] | None = None,
    **fields: Unpack[PromptFields],
) -> Prompt:
    """
    A prompt; a ready one has as many images as ``num_images``, two by default.

    Args:
        status: Where it stands now; the times and images are chosen to fit.
        metadata: What ``metadata=`` of its create was; its ``callback`` carries it.
        fields: Any field of :class:`~astria_async.Prompt`; these win over all else.
    """
    number = next(_NUMBERS)
    count = fields.get("num_images") or 2
    usual: dict[str, Any] = {
        "id": number,
        "tune_id": FLUX,
        "text": "portrait of ohwx woman",
        "num_images": count,
        "callback": _callback_url("prompt", metadata),
        **_times(Status(status)),
    }
    if status == Status.FAILED:
        usual |= {"failed_at": None, "user_error": "The provider refused this text."}
    elif usual["trained_at"] is not None:
        usual["images"] = [f"https://files.example.com/{number}-{n}" for n in range(count)]
    return structure(Prompt, _as_json({**usual, **fields}))


def make_pack(**fields: Unpack[PackFields]) -> Pack:
    """
    A pack.

    Args:
        fields: Any field of :class:`~astria_async.Pack`.
    """
    number = next(_NUMBERS)
    usual: dict[str, Any] = {
        "id": number,
        "slug": f"pack-{number}",
        "title": f"Pack {number}",
        "base_tune_id": FLUX,
        "model_type": "lora",
        "token": "ohwx",
        "cost_mc_hash": {"woman": 350_000, "man": 310_000},
    }
    return structure(Pack, _as_json({**usual, **fields}))


def make_callback(
    kind: Kind = "prompt",
    *,
    metadata: Mapping[str, str] | None = None,
    body: bytes = b"",
    received_at: dt.datetime | None = None,
    attempt: int = 1,
) -> Callback:
    """
    A callback, as a handler gets it beside the object.

    Args:
        kind: What it is about.
        metadata: As passed to the create.
        body: As received.
        received_at: When it came; now by default.
        attempt: Which run of the handler this is, from 1.
    """
    return Callback(
        kind=kind,
        wait=mint_wait_id(),
        metadata=dict(metadata or {}),
        body=body,
        received_at=received_at or _now(),
        attempt=attempt,
    )


def _now() -> dt.datetime:
    now = dt.datetime.now(dt.UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _times(status: Status) -> dict[str, Any]:
    ended = _now() - dt.timedelta(minutes=1)
    if status is Status.EXPIRED:
        ended -= LIFETIME
    created, started = ended - dt.timedelta(minutes=10), ended - dt.timedelta(minutes=8)
    over = status in {Status.READY, Status.FAILED, Status.EXPIRED}
    return {
        "created_at": created,
        "updated_at": ended if over else created,
        "started_training_at": None if status is Status.QUEUED else started,
        "trained_at": ended if over else None,
        "failed_at": ended if status is Status.FAILED else None,
    }


def _callback_url(kind: Kind, metadata: Mapping[str, str] | None) -> str | None:
    if metadata is None:
        return None
    query = {**metadata, "kind": kind, "wait": mint_wait_id(), "sig": mint_wait_id()}
    return f"https://hooks.example.com/astria/?{urlencode(query)}"


def _as_json(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _json_value(value) for name, value in fields.items()}


def _json_value(value: Any) -> Any:
    if isinstance(value, dt.datetime):
        moment = value.astimezone(dt.UTC).isoformat(timespec="milliseconds")
        return moment.replace("+00:00", "Z")
    return list(value) if isinstance(value, tuple) else value
