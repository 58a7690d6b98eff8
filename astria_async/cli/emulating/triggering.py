"""``astria-async sandbox trigger``: callbacks of every kind, as test events."""

import datetime as dt
import random
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from astria_async.cli import settings, values
from astria_async.cli.addresses import checked
from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.extras import need
from astria_async.cli.helping import documented
from astria_async.cli.listening.forwarding import forward
from astria_async.cli.options import Flag
from astria_async.cli.session import is_local
from astria_async.cli.terminal import put_json, put_line
from astria_async.protocol.addresses import KINDS, Kind, mint_wait_id
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.signing import CallbackSigner
from astria_async.transport.plain import plain_sender

PATIENCE = 30.0
HIGHEST_ID = 999_999_999


@documented
async def trigger(
    kind: Literal["tune", "prompt", "pack"] | None = None,
    /,
    *,
    to: str | None = None,
    object_id: Annotated[int | None, Parameter(name="--id")] = None,
    metadata: Annotated[list[str] | None, Parameter(negative="", metavar="NAME=VALUE")] = None,
    json: Flag = False,
) -> int:
    """
    Send test callbacks to a URL, as Astria would, and show the answers.

    They are about objects that nobody created. With ASTRIA_CALLBACK_SECRET set, or after
    astria-async listen was run once, they carry a signature that a receiver with that secret takes.

    Args:
        kind: Which kind to send. Default: one of each.
        to: Where to. Default: ASTRIA_CALLBACK_URL.
        object_id: Id in the body. Default: a random one.
        metadata: Pairs that the callback URL carries.
        json: Print one JSON object a line.
    """
    need("sandbox", "the sandbox")
    found = settings.load()
    url = to or found.callback_url
    if url is None:
        raise CommandError("nothing says where to: give --to, or set ASTRIA_CALLBACK_URL")
    checked(url, "--to" if to else "ASTRIA_CALLBACK_URL")
    signer = CallbackSigner(found.callback_secret.split(",")) if found.callback_secret else None
    pairs = values.pairs(metadata or [], "--metadata")
    worst = Exit.OK
    async with plain_sender(timeout=PATIENCE, proxies=not is_local(url)) as send:
        for each in KINDS if kind is None else (kind,):
            callback = _example(each, object_id or random.randint(1, HIGHEST_ID), pairs)  # noqa: S311
            how = await forward(callback, url, signer, send)
            worst = max(worst, how.exit)
            if json:
                put_json({"kind": each, "status": how.status, "error": how.error})
            else:
                put_line(f"{each}: {how}{'' if signer else ' (unsigned)'}")
    return worst


def _example(kind: Kind, object_id: int, metadata: dict[str, str]) -> Callback:
    from astria_async.sandbox import callbacks

    now = dt.datetime.now(dt.UTC)
    if kind == "tune":
        content = callbacks.body("tune", _tune(object_id, now), "wrapped")
    elif kind == "prompt":
        content = callbacks.body("prompt", _prompt(object_id, now), "wrapped")
    else:
        content = callbacks.run_body([_prompt(object_id + n, now) for n in range(2)])
    return Callback(
        kind=kind,
        wait=mint_wait_id(),
        metadata=metadata,
        body=callbacks.encode(content).encode(),
        received_at=now,
    )


def _times(now: dt.datetime) -> dict[str, Any]:
    stamp = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return dict.fromkeys(("created_at", "started_training_at", "trained_at", "updated_at"), stamp)


def _tune(object_id: int, now: dt.datetime) -> dict[str, Any]:
    expires = (now + dt.timedelta(days=30)).isoformat(timespec="milliseconds")
    return {
        "id": object_id,
        "title": "A test of callbacks",
        "name": "woman",
        "steps": None,
        "expires_at": expires.replace("+00:00", "Z"),
        **_times(now),
    }


def _prompt(object_id: int, now: dt.datetime) -> dict[str, Any]:
    return {
        "id": object_id,
        "text": "a test of callbacks",
        "negative_prompt": "",
        "steps": None,
        "tune_id": 1504944,
        "images": ["https://files.example.com/a-test"],
        **_times(now),
    }
