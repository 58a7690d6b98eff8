"""Which requests are the dashboard's; the only part that is loaded before somebody looks."""

import anyio
import anyio.to_thread
import attrs
from starlette.types import ASGIApp, Receive, Scope, Send

from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.paths import HOME

_ENTRANCES = {"/_sandbox", "/_sandbox/", HOME}


@attrs.define(eq=False)
class Dashboard:
    """
    An ASGI app that shows pages under a path of its own and leaves the rest to the API.

    Browsers that ask for ``/`` are sent to the pages; programs get the API's answer there. What
    people look at is neither recorded among the requests nor touched by faults.

    Args:
        api: Who answers everything else.
        desk: What the pages show and do.
    """

    api: ASGIApp
    desk: Desk
    _pages: ASGIApp | None = None
    _lock: anyio.Lock = attrs.field(factory=anyio.Lock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and _is_ours(scope):
            pages = await self._load()
            await pages(scope, receive, send)
        else:
            await self.api(scope, receive, send)

    async def _load(self) -> ASGIApp:
        async with self._lock:
            if self._pages is None:
                # Templates are read and compiled here, which takes a moment and the disk.
                self._pages = await anyio.to_thread.run_sync(_build, self.desk)
            return self._pages


def _build(desk: Desk) -> ASGIApp:
    from astria_async.sandbox.dashboard.app import build_pages

    return build_pages(desk)


def _is_ours(scope: Scope) -> bool:
    path = scope["path"]
    if path.startswith(f"{HOME}/"):
        return True
    if scope["method"] not in {"GET", "HEAD"}:
        return False
    return path in _ENTRANCES or (path == "/" and _wants_html(scope))


def _wants_html(scope: Scope) -> bool:
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
    return b"text/html" in accept.lower()
