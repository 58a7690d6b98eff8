"""Files and addresses in a request's parameters."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from astria_async.sandbox.refusals import invalid
from astria_async.sandbox.tables.prompt_params import FILE_FIELDS
from astria_async.sandbox.transport import is_private
from astria_async.sandbox.web.call import Call

_CALLBACKS = ("callback", "prompts_callback")


def check_callbacks(call: Call, *tables: Mapping[str, Any]) -> None:
    """
    Refuse callbacks that Astria could not reach.

    Plain http passes on this machine and its network only, and neither does if private hosts are
    switched off.

    Raises:
        Refusal: 422.
    """
    private_allowed = call.services.world.settings.allow_private_callbacks
    for values in tables:
        for field in _CALLBACKS:
            url = values.get(field)
            if not url:
                continue
            parts = urlsplit(url)
            private = is_private(parts.hostname or "")
            if private and not private_allowed:
                raise invalid({field: ["must be reachable from the internet"]})
            if parts.scheme != "https" and not private:
                raise invalid({field: ["must be an https URL"]})


async def take_inputs(call: Call, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """
    Keep a prompt's input files: their keys by field, and all keys, for giving them up again.

    Raises:
        Refusal: 422.
    """
    inputs: dict[str, Any] = {}
    kept: list[str] = []
    try:
        for field in FILE_FIELDS:
            given = values.get(field)
            if not given:
                continue
            many = isinstance(given, list)
            keys = await call.services.storage.take(
                field, given if many else [given], call.spool, call.origin
            )
            kept += keys
            inputs[field] = keys if many else keys[0]
    except BaseException:
        call.services.storage.release(kept)
        raise
    return inputs, kept


async def copy_inputs(call: Call, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Keep stored input files a second time, for a prompt of its own; as ``take_inputs``."""
    storage = call.services.storage
    copies: dict[str, Any] = {}
    kept: list[str] = []
    try:
        for field, keys in inputs.items():
            one = isinstance(keys, str)
            copied = [await storage.copy(key) for key in ([keys] if one else keys)]
            kept += copied
            copies[field] = copied[0] if one else copied
    except BaseException:
        storage.release(kept)
        raise
    return copies, kept
