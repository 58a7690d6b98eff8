"""``astria-async sandbox``: the emulator on a port, until it is told to stop."""

import os
import secrets
from decimal import Decimal
from typing import Annotated

from cyclopts import Parameter

from astria_async.cli.exits import CommandError, Exit
from astria_async.cli.extras import need
from astria_async.cli.interrupts import interrupted
from astria_async.cli.options import Factor, Port
from astria_async.cli.terminal import put_json, put_line


async def sandbox(
    *,
    host: str = "127.0.0.1",
    port: Port = 8787,
    api_key: str | None = None,
    speed: Factor = 1000.0,
    balance: Decimal = Decimal(1000),
    idempotent: Annotated[bool, Parameter(negative="")] = False,
    seed: int = 0,
    json: Annotated[bool, Parameter(negative="")] = False,
) -> int:
    """
    Serve an emulator of the Astria API until Ctrl-C, which ends it with exit code 0.

    Programs use it through ASTRIA_BASE_URL and ASTRIA_API_KEY; what to set them to is printed.
    Callbacks go out over plain http to this machine and its network.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        api_key: The key that it takes. Default: a random one.
        speed: Divides the time that training and generation take: at 1000 an ordinary tune is
            trained in about a second, at 1 in its true minutes.
        balance: What the account holds, in US dollars.
        idempotent: Switch on the account's idempotency setting.
        seed: What durations and pictures derive from.
        json: Print one JSON object with url, api_key and pid when it is up, and nothing else.
    """
    need("sandbox", "the sandbox")
    from astria_async.sandbox import Sandbox
    from astria_async.sandbox.serve import CannotServe, serve

    key = f"sd_{secrets.token_urlsafe(16)}" if api_key is None else api_key
    emulator = Sandbox(
        api_key=key, speed=1.0, pace=speed, balance=balance, idempotent=idempotent, seed=seed
    )
    try:
        async with emulator, serve(emulator, host, port) as url:
            _tell(url, key, json=json)
            await interrupted()
    except CannotServe as exc:
        raise CommandError(f"{exc}; --port 0 takes a free one") from exc
    if not json:
        put_line("stopped")
    return Exit.OK


def _tell(url: str, key: str, *, json: bool) -> None:
    if json:
        put_json({"url": url, "api_key": key, "pid": os.getpid()})
        return
    put_line(
        f"Sandbox at {url}\n"
        f"API key    {key}\n\n"
        "Try it:\n"
        f"  curl -H 'Authorization: Bearer {key}' {url}/tunes\n\n"
        "Use it from any program:\n"
        f"  export ASTRIA_BASE_URL={url}\n"
        f"  export ASTRIA_API_KEY={key}\n\n"
        "Ctrl-C stops it."
    )
