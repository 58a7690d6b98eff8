"""What the sandbox takes, told by its tables, and what it answers, told by its answers."""

import io
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import anyio
import httpx
from PIL import Image

from astria_async.sandbox import Sandbox
from astria_async.sandbox.params import Params
from astria_async.sandbox.tables.endpoint import Endpoint
from astria_async.sandbox.tables.endpoints import ENDPOINTS

HOOK = "https://hooks.example.com/astria"
FLUX = 1504944
Answers = dict[str, set[str]]


def endpoint(call: str) -> Endpoint | None:
    """The row of a documented method and path."""
    method, _, path = call.removesuffix(".json").partition(" ")
    wanted = re.sub(r":\w+", "{}", path)
    for row in ENDPOINTS:
        paths = {re.sub(r"\{\w+\}", "{}", it) for it in row.paths}
        if row.method == method and wanted in paths:
            return row
    return None


def taken(call: str, root: str) -> set[str]:
    """The parameters that an endpoint takes under *root*, nested ones with dots."""
    row = endpoint(call)
    if row is None:
        return set()
    if row.root != (root or None):
        return {*_names(row.top), *_names(row.query)}
    return {*_names(row.body), *_names(row.query)}


def _names(rows: Params, above: str = "") -> Iterator[str]:
    for row in rows:
        for name in (row.name, *row.aliases, *row.twins):
            yield above + name
        yield from _names(row.rows, f"{above}{row.name}.")


@cache
def answers() -> Answers:
    """The keys of each kind of object, as a running sandbox gives them."""
    return anyio.run(_collect)


async def _collect() -> Answers:
    bodies: list[dict[str, Any]] = []

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        bodies.append(httpx.Response(200, content=body).json())
        return 204

    async with (
        Sandbox(speed=0, deliver=deliver) as sandbox,
        httpx.AsyncClient(
            transport=sandbox.transport(),
            base_url=sandbox.base_url,
            headers={"Authorization": "Bearer sd_sandbox"},
        ) as http,
    ):
        world = _World(sandbox, http)
        found = await world.jobs() | await world.packs() | await world.others()
    for kind in ("tune", "prompt"):
        found[f"callback of a {kind}"] = set().union(*(it[kind] for it in bodies if kind in it))
    return found


class _World:
    """A sandbox with one of everything."""

    def __init__(self, sandbox: Sandbox, http: httpx.AsyncClient) -> None:
        self.sandbox = sandbox
        self.http = http

    async def get(self, path: str) -> Any:
        return (await self.http.get(path)).raise_for_status().json()

    async def post(self, path: str, body: Any) -> Any:
        return (await self.http.post(path, json=body)).raise_for_status().json()

    async def tune(self, name: str) -> Any:
        values = {"title": name, "name": name, "model_type": "lora", "base_tune_id": FLUX}
        values |= {"image_urls": ["https://files.example.com/a.jpg"], "callback": HOOK}
        return await self.post("/tunes", {"tune": values})

    async def jobs(self) -> Answers:
        made = await self.post(
            f"/tunes/{FLUX}/prompts", {"prompt": {"text": "a", "callback": HOOK}}
        )
        while "progress_timing_seconds" not in (
            running := await self.get(f"/prompts/{made['id']}")
        ):
            await self.sandbox.advance(1)
        await self.sandbox.advance(600)
        (listed, *_) = await self.get("/prompts?expand[]=debug_images")
        tune = await self.tune("cat")
        missing = (await self.http.get("/tunes/1")).json()
        removed = (await self.http.delete(f"/prompts/{made['id']}")).json()
        return {
            "prompt": {*running, *listed},
            "tune": {*tune},
            "deleted prompt": {*removed},
            "error": {*missing},
        }

    async def packs(self) -> Answers:
        (listed, *_) = await self.get("/gallery/packs")
        whole = await self.get(f"/p/{listed['slug']}")
        woman, man = await self.tune("woman"), await self.tune("man")
        await self.sandbox.advance(3600)
        run = {"title": "t", "name": "woman", "image_urls": ["https://files.example.com/a.jpg"]}
        trained = await self.post(f"/p/{whole['id']}/tunes", {"tune": run})
        started = await self.post(f"/p/{whole['id']}/tunes", {"tune": {"tune_ids": [woman["id"]]}})
        duo = await self.post("/packs", {"pack": {"title": "Duo"}})
        text = f"<lora:{woman['id']}:1> and <lora:{man['id']}:1>"
        await self.post(f"/tunes/{FLUX}/prompts", {"prompt": {"text": text, "pack_id": duo["id"]}})
        both = {"tune_ids": [woman["id"], man["id"]]}
        ordered = await self.post(f"/p/{duo['id']}/tunes", {"tune": both})
        await self.sandbox.advance(3600)
        return {
            "pack in a list": {*listed},
            "pack by itself": {*whole},
            "template prompt of a pack": {*whole["template_prompts"][0]},
            "costs of a pack by class": {*next(iter(whole["costs"].values()))},
            "tune of a pack run": {*trained},
            "pack run on tunes": {*started},
            "pack run with an order": {*ordered},
            "order": {*ordered["order"]},
        }

    async def others(self) -> Answers:
        user = await self.get("/users")
        space = await self.post("/workspaces.json", {"workspace": {"title": "Spring"}})
        (listed, *_) = await self.get("/workspaces.json")
        picture = io.BytesIO()
        Image.new("RGB", (600, 600), "teal").save(picture, "JPEG")
        seen = await self.http.post(
            "/images/inspect", data={"name": "woman"}, files={"file": picture.getvalue()}
        )
        return {
            "user": {*user},
            "payer": {*user["payer"]},
            "workspace in a list": {*listed},
            "workspace by itself": {*await self.get(f"/workspaces/{space['id']}.json")},
            "catalogue": {*await self.get("/cli/models")},
            "inspection": {*seen.json()},
        }
