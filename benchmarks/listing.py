"""A hundred thousand objects as the pager reads them, against their JSON alone and pydantic."""

import asyncio
import datetime as dt
import json
import time
from collections.abc import Callable
from typing import Any

import pydantic

from astria_async.protocol.models import Tune
from astria_async.protocol.replies import Reply, read_list
from benchmarks.measure import Result, Timed, in_turn, quartiles, ratios
from benchmarks.samples import encoded, tune

OBJECTS = 100_000
PAGE = 100
ROUNDS = 3


class PydanticTune(pydantic.BaseModel):
    """The same fields, of the same types."""

    model_config = pydantic.ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    id: int
    title: str | None = None
    name: str | None = None
    is_api: bool | None = None
    token: str | None = None
    eta: dt.datetime | None = None
    callback: str | None = None
    trained_at: dt.datetime | None = None
    started_training_at: dt.datetime | None = None
    failed_at: dt.datetime | None = None
    expires_at: dt.datetime | None = None
    created_at: dt.datetime | None = None
    updated_at: dt.datetime | None = None
    model_type: str | None = None
    base_tune_id: int | None = None
    base_pack_id: int | None = None
    branch: str | None = None
    args: str | None = None
    steps: int | None = None
    preset: str | None = None
    face_crop: bool | None = None
    training_face_correct: bool | None = None
    auto_extend: bool | None = None
    characteristics: dict[str, Any] | None = None
    prompts_callback: str | None = None
    user_error: str | None = None
    cost_mc: int | None = None
    ckpt_url: str | None = None
    ckpt_urls: tuple[str, ...] = ()
    url: str | None = None
    orig_images: tuple[str, ...] = ()


def run() -> list[Result]:
    """
    All pages, read by each, all objects kept until the end.

    Nothing waits here, so the processor's time is what it takes, whatever else the machine does.
    """
    pages = [
        encoded([tune(number) for number in range(first, first + PAGE)])
        for first in range(1, OBJECTS + 1, PAGE)
    ]
    adapter = pydantic.TypeAdapter(list[PydanticTune])

    def timed(read: Callable[[bytes], Any]) -> Timed:
        async def work() -> float:
            kept = []
            began = time.process_time()
            for page in pages:
                kept.append(read(page))  # noqa: PERF401
            return time.process_time() - began

        return work

    def model(page: bytes) -> list[Tune]:
        return read_list(Tune, Reply(status=200, body=page))

    ways = {
        "astria": timed(model),
        "json.loads": timed(json.loads),
        "pydantic": timed(adapter.validate_json),
        "pydantic after json.loads": timed(lambda page: adapter.validate_python(json.loads(page))),
    }
    taken = asyncio.run(in_turn(ways, rounds=ROUNDS))
    per_object = {
        f"{name}, µs": round(quartiles(it)[1] / OBJECTS * 1e6, 1) for name, it in taken.items()
    }
    return [
        Result.of(
            ratios(taken["astria"], taken["json.loads"]),
            what=f"{OBJECTS:,} objects listed and modelled",
            against="json.loads of the same bytes",
            target=4.0,
            bound="most",
            detail=per_object,
        ),
        Result.of(
            ratios(taken["astria"], taken["pydantic"]),
            what=f"{OBJECTS:,} objects listed and modelled",
            against="pydantic models of the same fields",
            target=1.0,
            bound="most",
        ),
    ]
