"""The app inside other applications, and by itself."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Mount, Route, Router

from astria_async.protocol.addresses import Address
from astria_async.receiver import Receiver

pytestmark = pytest.mark.anyio


def _fastapi(app: Any) -> Any:
    outer = FastAPI()
    outer.mount("/astria", app)
    return outer


APPS = {
    "alone": lambda app: app,
    "starlette": lambda app: Starlette(routes=[Mount("/astria", app)]),
    "starlette, slash": lambda app: Starlette(routes=[Mount("/astria/", app)]),
    "starlette, strict": lambda app: Router([Mount("/astria", app)], redirect_slashes=False),
    "starlette, nested": lambda app: Router([Mount("/", Router([Mount("/astria", app)]))]),
    "starlette, middleware": lambda app: Starlette(
        routes=[Mount("/astria", app)], middleware=[Middleware(GZipMiddleware)]
    ),
    "fastapi": _fastapi,
}


@pytest.mark.parametrize(
    "public_url", ["https://h.example.com/astria", "https://h.example.com/astria/"]
)
@pytest.mark.parametrize("kind", APPS)
async def test_mounted(
    store: Any,
    address: Callable[..., Address],
    request_app: Callable[..., Any],
    secret: str,
    kind: str,
    public_url: str,
) -> None:
    """Mounted under the path of its public URL, with or without a slash, it gets its callbacks."""
    receiver = Receiver(public_url, secret=secret, store=store)
    outer = APPS[kind](receiver.app)
    sent = address()

    async with receiver:
        answer = await request_app(outer, "POST", receiver.callback_url(sent), content=b"{}")
        kept = await store.find([sent.wait])

    assert answer.status_code == 204
    assert [sent.wait] == [it.wait for it in kept]


async def test_exact_route(
    store: Any, address: Callable[..., Address], request_app: Callable[..., Any], secret: str
) -> None:
    """Behind a route that matches exactly, trailing_slash=False keeps the path as it is."""
    receiver = Receiver("https://h.example.com/astria", secret=secret, trailing_slash=False)
    outer = Starlette(routes=[Route("/astria", receiver.app)])

    async with receiver:
        answer = await request_app(outer, "POST", receiver.callback_url(address()))

    assert answer.status_code == 204


async def test_entered_by_the_outer_lifespan(
    receiver: Receiver, store: Any, address: Callable[..., Address], request_app: Callable[..., Any]
) -> None:
    """The outer application's lifespan opens and closes the store."""

    @contextlib.asynccontextmanager
    async def lifespan(_: object) -> Any:
        async with receiver:
            yield

    outer = Starlette(routes=[Mount("/astria", receiver.app)], lifespan=lifespan)

    async with outer.router.lifespan_context(outer):
        answer = await request_app(outer, "POST", receiver.callback_url(address()))

    assert answer.status_code == 204
    assert store.calls == ["open", "put", "aclose"]
