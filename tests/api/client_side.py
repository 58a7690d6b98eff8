"""What the client sends, told by the requests that leave it, and what its models show."""

import json
import re
from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import anyio
import attrs
import httpx

from astria_async import APIError, Astria, Callback, PackRun
from astria_async.protocol import models
from astria_async.protocol.account import NewTheme, NewWorkspace, WorkspaceChanges
from astria_async.protocol.packs import NewPack, PackFilters, PackRunParams
from astria_async.protocol.params import (
    NewPrompt,
    NewTune,
    PromptChanges,
    PromptFilters,
    PromptOverrides,
    TuneChanges,
    TuneFilters,
)
from astria_async.protocol.replies import Reply

JPEG = b"\xff\xd8\xff\xe0 a picture"
LINK = "https://files.example.com/a"
DATA_URL = "data:image/jpeg;base64,/9j/4AA="
_OTHERS = {"APIError": APIError, "Callback": Callback, "PackRun": PackRun, "Reply": Reply}

Verb = Callable[[Astria], Awaitable[object]]


def everything(cls: Any, picture: Any, **instead: Any) -> dict[str, Any]:
    """Every parameter of a class, each with a value that can be sent; ``None`` leaves it out."""
    values = {
        field.name: _sample(field, picture)
        for field in attrs.fields(cls)
        if field.metadata["wire"] is not None
    }
    return {k: v for k, v in (values | instead).items() if v is not None}


def _sample(field: Any, picture: Any) -> Any:
    kind = str(field.type)
    by_name: dict[str, Any] = {
        "callback": LINK,
        "prompts_callback": LINK,
        "image_urls": [LINK],
        "prompts": [everything(NewPrompt, picture)] if field.name == "prompts" else None,
        "prompt_attributes": dict.fromkeys(_MERGED, 8) | {"callback": LINK},
        "characteristics": {"eye_color": "green"},
        "source_image_url": LINK,
        "tune_ids": [1],
        "prompt_ids": [2],
        "expand": ["debug_images"],
    }
    if field.name in by_name:
        return by_name[field.name]
    if "ImageInput" in kind or "PathLike" in kind:
        return [picture] if field.name in {"images", "image_references"} else picture
    if "bool" in kind:
        return True
    return 8 if re.search(r"\bint\b|\bfloat\b", kind) else "x"


_MERGED = ("num_images", "aspect_ratio", "resolution", "inpaint_faces", "w", "h")


async def _create_tunes(astria: Astria) -> None:
    await astria.tunes.create(**everything(NewTune, JPEG, image_urls=None))
    await astria.tunes.create(**everything(NewTune, LINK, images=None))


async def _create_prompts(astria: Astria) -> None:
    for picture in (JPEG, LINK):
        await astria.prompts.create(1, **everything(NewPrompt, picture, lora_scale=None))
    await astria.prompts.create(1, "x", input_image=DATA_URL)


async def _duplicate(astria: Astria) -> None:
    for picture in (JPEG, LINK):
        await astria.prompts.duplicate(1, **everything(PromptOverrides, picture, image_index=0))
    await astria.prompts.duplicate(1, input_image=DATA_URL)


async def _run_packs(astria: Astria) -> None:
    for picture in (JPEG, LINK):
        await astria.packs.run(1, **everything(PackRunParams, picture, tune_ids=None))
    await astria.packs.run("a-pack", tune_ids=[1])


async def _inspect(astria: Astria) -> None:
    for picture in (JPEG, LINK):
        await astria.images.inspect("woman", picture)


async def _list_prompts_of_a_tune(astria: Astria) -> None:
    tune = await astria.tunes.get(1)
    await tune.prompts.list(before_id=9).page()
    await tune.prompts.list(offset=9).page()


def _pages(cls: Any, pager: Callable[[Astria, Any], Any], *ways: dict[str, int]) -> Verb:
    async def read(astria: Astria) -> None:
        for way in ways:
            await pager(astria, everything(cls, LINK) | way).page()

    return read


_ID, _OFFSET = {"before_id": 9}, {"offset": 9}

VERBS: dict[str, Verb] = {
    "tunes.create": _create_tunes,
    "tunes.list": _pages(TuneFilters, lambda it, f: it.tunes.list(**f), _ID, _OFFSET),
    "tunes.get": lambda it: it.tunes.get(1),
    "tunes.update": lambda it: it.tunes.update(1, **everything(TuneChanges, LINK)),
    "tunes.delete": lambda it: it.tunes.delete(1),
    "gallery.tunes": _pages(TuneFilters, lambda it, f: it.gallery.tunes(**f), _ID, _OFFSET),
    "prompts.create": _create_prompts,
    "Tune.prompts.list": _list_prompts_of_a_tune,
    "prompts.list": _pages(PromptFilters, lambda it, f: it.prompts.list(**f), _ID, _OFFSET),
    "prompts.get": lambda it: it.prompts.get(1),
    "prompts.update": lambda it: it.prompts.update(1, **everything(PromptChanges, LINK)),
    "prompts.delete": lambda it: it.prompts.delete(1),
    "prompts.duplicate": _duplicate,
    "prompts.like": lambda it: it.prompts.like(1),
    "prompts.unlike": lambda it: it.prompts.unlike(1),
    "packs.list": _pages(PackFilters, lambda it, f: it.packs.list(**f), _OFFSET),
    "gallery.packs": _pages(PackFilters, lambda it, f: it.gallery.packs(**f), _OFFSET),
    "packs.get": lambda it: it.packs.get("a-pack"),
    "packs.create": lambda it: it.packs.create(**everything(NewPack, LINK)),
    "packs.run": _run_packs,
    "images.inspect": _inspect,
    "themes.create": lambda it: it.themes.create(**everything(NewTheme, LINK)),
    "users.me": lambda it: it.users.me(),
    "users.catalog": lambda it: it.users.catalog(),
    "users.plugin_catalog": lambda it: it.users.plugin_catalog(),
    "workspaces.list": lambda it: it.workspaces.list(),
    "workspaces.get": lambda it: it.workspaces.get(1),
    "workspaces.create": lambda it: it.workspaces.create(**everything(NewWorkspace, LINK)),
    "workspaces.update": lambda it: it.workspaces.update(1, **everything(WorkspaceChanges, LINK)),
}


@attrs.frozen
class Sent:
    """One request as it left: method, path, and the names in it, nested ones with dots."""

    method: str
    path: str
    names: frozenset[str]


@cache
def sent(verb: str) -> tuple[Sent, ...]:
    """Every request of a verb that is given everything that it takes."""
    return anyio.run(_record, verb)


async def _record(verb: str) -> tuple[Sent, ...]:
    found: list[Sent] = []

    async def answer(request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        names = frozenset((*_query(request.url.query), *_body(request, body)))
        found.append(Sent(request.method, request.url.path, names))
        listing = re.search(r"/(tunes|prompts|packs|workspaces\.json)$", request.url.path)
        return httpx.Response(200, json=[] if listing and request.method == "GET" else {"id": 1})

    transport = httpx.MockTransport(answer)
    async with (
        httpx.AsyncClient(transport=transport) as http,
        Astria("sd_x", base_url="https://api.example.com", http_client=http) as astria,
    ):
        await VERBS[verb](astria)
    return tuple(found)


def _query(query: bytes) -> set[str]:
    return {name.removesuffix("[]") for name, _ in parse_qsl(query.decode())}


def _body(request: httpx.Request, body: bytes) -> set[str]:
    if request.headers.get("content-type", "").startswith("multipart/"):
        names = re.findall(rb'; name="([^"]*)"', body)
        return set().union(*(_prefixes(name.decode()) for name in names))
    if "urlencoded" in request.headers.get("content-type", ""):
        return set().union(*(_prefixes(name) for name, _ in parse_qsl(body.decode())))
    return set(_keys(json.loads(body))) if body else set()


def _prefixes(name: str) -> set[str]:
    parts = [part for part in re.split(r"[\[\]]+", name) if part and not part.isdigit()]
    return {".".join(parts[:n]) for n in range(1, len(parts) + 1)}


def _keys(value: Any, above: str = "") -> list[str]:
    if isinstance(value, list):
        return [key for item in value for key in _keys(item, above)]
    if not isinstance(value, dict):
        return []
    found = []
    for key, item in value.items():
        name = f"{above}.{key}" if above else key
        found += [name, *_keys(item, name)]
    return found


def shows(path: str, field: str) -> bool:
    """Whether a model has a field: ``Model``, or ``Model.attribute`` for one that is kept whole."""
    name, _, attribute = path.partition(".")
    cls = _OTHERS.get(name) or getattr(models, name)
    if attribute:
        return attribute in _attributes(cls)
    return field in _attributes(cls)


def _attributes(cls: type) -> set[str]:
    own = set(attrs.fields_dict(cls)) if attrs.has(cls) else set()
    made = {it for base in cls.__mro__ for it in vars(base)}
    if issubclass(cls, APIError):
        made |= {"body", "status"}  # set by its constructor
    # Methods such as Tune.prompts are no fields, though they have a field's name.
    return own | (made if not own or cls in _OTHERS.values() else set())
