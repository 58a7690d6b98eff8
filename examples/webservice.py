"""
A web service that sells portraits, in Starlette.

What: POST /orders takes photographs and starts everything in one request to Astria: a tune, and
    the prompts to run once it is trained. A handler writes each picture into the service's table
    as it becomes ready, whichever process Astria happens to call. GET /orders/{order} shows it.
Needs: pip install '.' python-multipart; ASTRIA_API_KEY; ASTRIA_CALLBACK_URL, this service's https
    URL with /astria at its end; ASTRIA_CALLBACK_SECRET, the same in every process.
Run: uvicorn --app-dir examples webservice:app
    curl -F name=cat -F photos=@one.jpg -F photos=@two.jpg http://127.0.0.1:8000/orders
Offline: start `astria-async sandbox` and set what it prints, and
    ASTRIA_CALLBACK_URL=http://127.0.0.1:8000/astria
"""

import contextlib
import json
import os
import secrets
import sqlite3
from collections.abc import AsyncIterator
from typing import Any

import anyio.to_thread
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from astria_async import (
    Astria,
    Callback,
    InvalidInput,
    NewPrompt,
    Prompt,
    Receiver,
    Tune,
    ValidationError,
)

TEXTS = ("portrait of ohwx {name}, studio light", "ohwx {name} on a mountain, photograph")
TABLE = "CREATE TABLE IF NOT EXISTS pictures (prompt INTEGER PRIMARY KEY, of TEXT, result TEXT)"
KEEP = "INSERT OR REPLACE INTO pictures VALUES (?, ?, ?)"
FIND = "SELECT prompt, result FROM pictures WHERE of = ? ORDER BY prompt"

database = os.environ.get("ORDERS", "orders.db")
receiver = Receiver(store=os.environ.get("ASTRIA_CALLBACK_STORE", "sqlite:///callbacks.db"))


async def execute(statement: str, values: tuple[Any, ...] = ()) -> list[Any]:
    """One statement on the service's own table, in a thread; its rows."""

    def run() -> list[Any]:
        with contextlib.closing(sqlite3.connect(database)) as db, db:
            return db.execute(statement, values).fetchall()

    return await anyio.to_thread.run_sync(run)


@receiver.on_prompt
async def keep(prompt: Prompt, callback: Callback) -> None:
    """Write down how a prompt ended; the primary key makes a second run harmless."""
    result = json.dumps({"failed": prompt.failure} if prompt.failure else {"urls": prompt.images})
    await execute(KEEP, (prompt.id, callback.metadata["order"], result))


@receiver.on_tune
async def look_at_training(tune: Tune, callback: Callback) -> None:
    """Say so where a training failed: the prompts of the order will not come."""
    if tune.failure:
        print(f"order {callback.metadata['order']}: training failed: {tune.failure}")


async def order(request: Request) -> JSONResponse:
    """Take photographs and start everything."""
    number = secrets.token_urlsafe(8)
    async with request.form(max_files=30) as form:
        name = str(form.get("name", "woman"))
        photos = [item.file for item in form.getlist("photos") if isinstance(item, UploadFile)]
        prompts = [
            NewPrompt(text.format(name=name), num_images=2, metadata={"order": number})
            for text in TEXTS
        ]
        try:
            tune = await request.state.astria.tunes.create(
                title=f"order {number}",
                name=name,
                images=photos,
                prompts=prompts,
                metadata={"order": number},
            )
        except (InvalidInput, ValidationError) as error:
            return JSONResponse({"error": str(error)}, status_code=422)
    answer = {"order": number, "tune": tune.id, "pictures": f"/orders/{number}"}
    return JSONResponse(answer, status_code=202)


async def pictures(request: Request) -> JSONResponse:
    """What there is of an order so far."""
    rows = await execute(FIND, (request.path_params["order"],))
    results = {str(prompt): json.loads(result) for prompt, result in rows}
    return JSONResponse({"done": len(results) == len(TEXTS), "prompts": results})


@contextlib.asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[dict[str, Any]]:
    """One client for as long as the service runs; it runs the handlers too."""
    await execute(TABLE)
    async with Astria(receiver=receiver) as astria:
        yield {"astria": astria}


routes = [
    Mount("/astria", receiver.app),
    Route("/orders", order, methods=["POST"]),
    Route("/orders/{order}", pictures),
]
app = Starlette(routes=routes, lifespan=lifespan)
