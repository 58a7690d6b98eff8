"""Stored pictures, whole or small, for the pages and for those who may see the pages."""

import hashlib
import io
import json
from pathlib import Path

import anyio
import anyio.to_thread
import attrs
from PIL import Image, ImageOps
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from astria_async.sandbox import pictures
from astria_async.sandbox.dashboard.desk import Desk
from astria_async.sandbox.dashboard.rendering import FOLDER
from astria_async.sandbox.records import File
from astria_async.sandbox.views import filename

SMALL = 320
MAX_PIXELS = 60_000_000
_QUALITY = 80
_SHOWN = {"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/bmp"}
_HEADERS = {
    "Cache-Control": "private, no-cache",
    # An upload is whatever somebody sent: as a document it may run nothing.
    "Content-Security-Policy": "default-src 'none'; sandbox",
}


async def whole(request: Request, desk: Desk) -> Response:
    """A stored file as it is; what is no picture is offered for saving."""
    file, headers = _find(request, desk)
    if _is_known(request, headers):
        return Response(status_code=304, headers=headers)
    media_type = file.content_type
    if media_type not in _SHOWN:
        media_type = "application/octet-stream"
        name = json.dumps(filename(file).encode("ascii", "replace").decode())
        headers["Content-Disposition"] = f"attachment; filename={name}"
    path = desk.services.storage.path(file)
    if path is None:
        content = await desk.services.storage.content(file)
        return Response(content, headers=headers, media_type=media_type)
    return FileResponse(path, headers=headers, media_type=media_type)


@attrs.define(eq=False)
class Thumbnails:
    """Makes pictures small, few at a time, because large ones take much memory to read."""

    _limiter: anyio.CapacityLimiter | None = None

    async def small(self, request: Request, desk: Desk) -> Response:
        """A stored picture, at most ``SMALL`` pixels wide and high; a stand-in for what is none."""
        file, headers = _find(request, desk)
        if _is_known(request, headers):
            return Response(status_code=304, headers=headers)
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(2)
        source = desk.services.storage.path(file)
        content = await anyio.to_thread.run_sync(_shrink, file, source, limiter=self._limiter)
        if content is None:
            stand_in = FOLDER / "static" / "unreadable.svg"
            return FileResponse(stand_in, headers=headers, media_type="image/svg+xml")
        return Response(content, headers=headers, media_type="image/webp")


def _find(request: Request, desk: Desk) -> tuple[File, dict[str, str]]:
    file = desk.world.files.get(request.path_params["key"])
    if file is None:
        raise HTTPException(404)
    made = json.dumps(dict(file.recipe or {}), sort_keys=True, default=str) or file.size
    tag = hashlib.sha256(f"{desk.boot}:{file.id}:{made}".encode(errors="replace")).hexdigest()
    return file, {**_HEADERS, "ETag": f'"{tag[:24]}"'}


def _is_known(request: Request, headers: dict[str, str]) -> bool:
    return headers["ETag"] in request.headers.get("if-none-match", "")


def _shrink(file: File, source: Path | None) -> bytes | None:
    try:
        with Image.open(_data(file, source)) as image:
            if image.width * image.height > MAX_PIXELS:
                return None
            image.draft("RGB", (SMALL * 2, SMALL * 2))
            upright = ImageOps.exif_transpose(image)
            upright.thumbnail((SMALL, SMALL))
            if upright.mode not in {"RGB", "RGBA"}:
                upright = upright.convert("RGBA" if "transparency" in image.info else "RGB")
            out = io.BytesIO()
            upright.save(out, "WEBP", quality=_QUALITY)
    except Exception:  # noqa: BLE001 - Pillow raises whatever its decoders run into
        return None
    return out.getvalue()


def _data(file: File, source: Path | None) -> Path | io.BytesIO:
    if source is not None:
        return source
    recipe = dict(file.recipe or {})
    if recipe.get("kind") == "video":
        recipe["seed"] = f"{recipe['seed']}:0"
    return io.BytesIO(pictures.render(recipe))
