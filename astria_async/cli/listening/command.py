"""``astria-async listen``, as it is typed."""

import contextlib
import os
from collections.abc import Iterator
from typing import Annotated, Literal

from cyclopts import Parameter

from astria_async.cli import keeping, settings
from astria_async.cli.addresses import checked
from astria_async.cli.exits import Exit
from astria_async.cli.helping import documented
from astria_async.cli.interrupts import interrupted
from astria_async.cli.listening.arrivals import Arrivals
from astria_async.cli.listening.forwarding import forward
from astria_async.cli.listening.views import Events, Lines, Opening, ReceiverLog, View
from astria_async.cli.options import Flag, Port
from astria_async.cli.session import is_local
from astria_async.cli.terminal import console
from astria_async.clock import SystemClock
from astria_async.groups import task_group
from astria_async.protocol.callbacks import Callback
from astria_async.receiver import Listening, Receiver
from astria_async.receiver.log import logger
from astria_async.stores.base import Record
from astria_async.transport.plain import plain_sender

PATIENCE = 30.0
"""Seconds that a program has to answer a callback that is passed on."""


@documented
async def listen(
    *,
    host: str = "127.0.0.1",
    port: Port = 8080,
    public_url: str | None = None,
    tunnel: Literal["ngrok"] | None = None,
    forward_to: str | None = None,
    store: str | None = None,
    events: Annotated[
        bool, Parameter(name=["--events", "--json"], negative="", show_default=False)
    ] = False,
    bodies: Flag = False,
) -> int:
    """
    Receive callbacks and show them as they come, until Ctrl-C, which ends it with exit code 0.

    Every callback is kept, for astria-async callbacks to list, show and replay. What a program
    needs to have its callbacks come here is printed, ready to paste.

    Args:
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        public_url: The https URL by which Astria reaches that port, of a proxy or tunnel of yours.
        tunnel: Open a tunnel to that port; ngrok needs NGROK_AUTHTOKEN.
        forward_to: Pass each callback on to this URL, signed anew, and show its answer.
        store: Where to keep callbacks, such as sqlite:///callbacks.db. Default:
            ASTRIA_CALLBACK_STORE, else a file of yours.
        events: Print one JSON object a line: listening, callback, forwarded, refused, trouble.
        bodies: Show bodies whole.
    """
    if forward_to is not None:
        checked(forward_to, "--forward-to")
    if public_url is not None:
        checked(public_url, "--public-url", plain=False)
    found = settings.load()
    secret, url = keeping.secret_of(found), keeping.store_url(store, found)
    keeping.open_durable(url)
    # What the environment says of an earlier listener on this machine is not this one's URL.
    os.environ.pop("ASTRIA_CALLBACK_URL", None)
    known = found.callback_url if found.callback_url and not is_local(found.callback_url) else None
    receiver = Receiver(public_url or known, secret=secret.split(","), store=url)
    view: View = Events() if events else Lines(console(), whole=bodies)
    told: set[str] = set()
    async with receiver.serve(host, port, tunnel=tunnel) as listening:
        opening = _opening(listening, url, secret, forward_to)
        with _warnings(view):
            async with task_group() as group:
                group.start_soon(_show, receiver, view, forward_to, told)
                await interrupted(lambda: view.opened(opening))
                group.cancel_scope.cancel()
    view.closed(len(told))
    return Exit.OK


def _opening(listening: Listening, store: str, secret: str, forward_to: str | None) -> Opening:
    environment = {
        "ASTRIA_CALLBACK_URL": listening.public_url,
        "ASTRIA_CALLBACK_SECRET": secret,
        "ASTRIA_CALLBACK_STORE": store,
    }
    return Opening(
        url=listening.url,
        public_url=listening.public_url,
        store=keeping.shown(store),
        environment=environment,
        forward_to=forward_to,
    )


@contextlib.contextmanager
def _warnings(view: View) -> Iterator[None]:
    handler = ReceiverLog(view)
    logger.addHandler(handler)
    propagated, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.propagate = propagated
        logger.removeHandler(handler)


async def _show(receiver: Receiver, view: View, forward_to: str | None, told: set[str]) -> None:
    arrivals = Arrivals(receiver.store, SystemClock().now())
    local = forward_to is not None and is_local(forward_to)
    async with (
        plain_sender(timeout=PATIENCE, proxies=not local) as send,
        task_group() as group,
    ):

        async def pass_on(callback: Callback, url: str) -> None:
            view.forwarded(callback, await forward(callback, url, receiver.signer, send))

        def tell(record: Record) -> None:
            told.add(record.callback.wait)
            view.arrived(record)
            if forward_to is not None:
                group.start_soon(pass_on, record.callback, forward_to)

        await arrivals.follow(tell)
