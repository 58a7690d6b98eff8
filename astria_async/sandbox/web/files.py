"""``/files/<key>``: what results, uploads and weights are downloaded from, without a key."""

import re

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from astria_async.sandbox.refusals import Refusal, not_found
from astria_async.sandbox.services import Services
from astria_async.sandbox.views import filename
from astria_async.sandbox.web.replies import refuse

_RANGE = re.compile(r"bytes=([0-9]{1,18})-([0-9]{0,18})")
_HEADERS = {
    "Accept-Ranges": "bytes",
    "Cache-Control": "public, max-age=3600",
    # An upload is whatever somebody sent: as a page of this host it may show, and run nothing.
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox"
    ),
    "X-Content-Type-Options": "nosniff",
}


async def serve_file(request: Request, services: Services) -> Response:
    """One stored file, whole or by a range of bytes."""
    try:
        file = services.storage.open(request.path_params["key"], request.query_params)
        if file is None:
            raise not_found()
    except Refusal as refusal:
        return refuse(request, refusal)
    headers = {**_HEADERS, "ETag": f'"{file.id}"'}
    if file.signed:
        headers["Content-Disposition"] = f'attachment; filename="{filename(file)}"'
    path = services.storage.path(file)
    if path is not None:
        # A snapshot from elsewhere names files whose bytes are not here.
        if not await anyio.Path(path).exists():
            return refuse(request, not_found())
        return FileResponse(path, media_type=file.content_type, headers=headers)
    return _part(request, await services.storage.content(file), file.content_type, headers)


def _part(request: Request, content: bytes, content_type: str, headers: dict[str, str]) -> Response:
    asked = _RANGE.fullmatch(request.headers.get("range", ""))
    if asked is None:
        return Response(content, 200, headers, content_type)
    first, last = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1)
    if first > last:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return Response(content[first : last + 1], 206, headers, content_type)
