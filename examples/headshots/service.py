"""
A shop for headshots, in FastAPI, on PostgreSQL, in any number of processes.

What: a page takes photographs and starts everything in one request to Astria; a second page shows
    by server-sent events how far the order is, and each picture as it comes. Astria may call any
    process: handlers write what it says into the database, which tells every other process.
Needs: pip install '.[postgres]' fastapi python-multipart; ASTRIA_API_KEY; ASTRIA_CALLBACK_URL, this
    service's https URL with /astria at its end; ASTRIA_CALLBACK_SECRET, the same in every process;
    DATABASE_URL, such as postgresql://localhost/headshots
Run: uvicorn --app-dir examples/headshots --timeout-graceful-shutdown 3 service:app
    and open http://127.0.0.1:8000
Offline: start `astria-async sandbox` and set what it prints, and
    ASTRIA_CALLBACK_URL=http://127.0.0.1:8000/astria
"""

import contextlib
import json
import os
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, Form, HTTPException, Request, UploadFile
from fastapi.responses import FileResponse, RedirectResponse, StreamingResponse
from orders import Order, Orders

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

TEXTS = (
    "portrait of ohwx {name} in a dark suit, studio light, grey background",
    "ohwx {name} at a desk by a window, soft daylight, photograph",
)
HERE = Path(__file__).parent

database = os.environ.get("DATABASE_URL", "postgresql://localhost/headshots")
receiver = Receiver(store=database)
orders = Orders(database)


@receiver.on_tune
async def trained(tune: Tune, callback: Callback) -> None:
    """Note that training ended; where it failed, so has the order."""
    if tune.failure:
        await orders.fail(callback.metadata["order"], tune.failure)
    else:
        await orders.advance(callback.metadata["order"])


@receiver.on_prompt
async def drawn(prompt: Prompt, callback: Callback) -> None:
    """Keep a result under its prompt's id, which makes a second run harmless."""
    await orders.keep(callback.metadata["order"], prompt.id, prompt.images, prompt.failure)


class State(TypedDict):
    """What every request finds in ``request.state``."""

    astria: Astria


@contextlib.asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
    """One client and one set of connections for as long as the process runs."""
    async with orders.opened(), Astria(receiver=receiver) as astria:
        yield {"astria": astria}


app = FastAPI(lifespan=lifespan)
app.mount("/astria", receiver.app)


def client(request: Request) -> Astria:
    """The client, for whoever depends on it."""
    astria: Astria = request.state.astria
    return astria


@app.get("/")
async def welcome() -> FileResponse:
    """The page with the form."""
    return FileResponse(HERE / "index.html")


@app.post("/orders")
async def place(
    astria: Annotated[Astria, Depends(client)],
    name: Annotated[str, Form(pattern="^(woman|man)$")],
    photos: list[UploadFile],
) -> RedirectResponse:
    """Take photographs, start everything, and send the visitor to the order's page."""
    number = secrets.token_urlsafe(8)
    metadata = {"order": number}
    prompts = [NewPrompt(text.format(name=name), num_images=2, metadata=metadata) for text in TEXTS]
    await orders.place(number, wanted=len(prompts))
    try:
        await astria.tunes.create(
            title=f"headshots {number}",
            name=name,
            images=[photo.file for photo in photos],
            prompts=prompts,
            metadata=metadata,
        )
    except (InvalidInput, ValidationError) as error:
        await orders.fail(number, str(error))
    return RedirectResponse(f"/orders/{number}", status_code=303)


@app.get("/orders/{number}")
async def show(number: str) -> FileResponse:
    """The page that follows an order."""
    await _found(number)
    return FileResponse(HERE / "order.html")


@app.get("/orders/{number}/events")
async def follow(number: str) -> StreamingResponse:
    """The order, and again at each change, until it is done."""
    await _found(number)
    return StreamingResponse(_events(number), media_type="text/event-stream")


async def _events(number: str) -> AsyncIterator[str]:
    async for order in orders.watch(number):
        # A comment now and then keeps proxies from closing what is silent.
        yield f"data: {json.dumps(order.to_dict())}\n\n" if order else ": still there\n\n"


async def _found(number: str) -> Order:
    order = await orders.get(number)
    if order is None:
        raise HTTPException(404, "there is no such order")
    return order
