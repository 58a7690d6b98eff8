"""
A web service that draws on request, in FastAPI.

What: POST /pictures creates a prompt on a model of Astria's gallery; GET /pictures/{id}?wait=20
    answers as soon as it is ready, or after so many seconds with how far it is. Any number of
    visitors may wait for the same picture: they share one look at Astria.
Needs: pip install '.' fastapi; ASTRIA_API_KEY; ASTRIA_CALLBACK_URL, this service's https URL with
    /astria at its end; ASTRIA_CALLBACK_SECRET, if it is to know its prompts after a restart.
Run: uvicorn --app-dir examples fastapi_service:app
    curl -X POST -H 'content-type: application/json' -d '{"text": "a red bicycle"}' \
        http://127.0.0.1:8000/pictures
Offline: start `astria-async sandbox` and set what it prints, and
    ASTRIA_CALLBACK_URL=http://127.0.0.1:8000/astria
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, HTTPException, Query, Request, Response
from pydantic import BaseModel, Field

from astria_async import Astria, NotFound, Prompt, PromptFailed, Receiver, WaitTimeout

FLUX = 1504944

receiver = Receiver()


class State(TypedDict):
    """What every request finds in ``request.state``."""

    astria: Astria


class Wish(BaseModel):
    """What is to be drawn."""

    text: str = Field(min_length=1, max_length=1000)
    num_images: int = Field(default=1, ge=1, le=8)


class Picture(BaseModel):
    """How far a wish is."""

    id: int
    status: str
    images: tuple[str, ...] = ()
    reason: str | None = None

    @classmethod
    def of(cls, prompt: Prompt) -> "Picture":
        """From what Astria says."""
        return cls(id=prompt.id, status=prompt.status, images=prompt.images, reason=prompt.failure)


@contextlib.asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[State]:
    """One client for as long as the service runs."""
    async with Astria(receiver=receiver) as astria:
        yield {"astria": astria}


def client(request: Request) -> Astria:
    """The client, for whoever depends on it."""
    astria: Astria = request.state.astria
    return astria


Client = Annotated[Astria, Depends(client)]
Seconds = Annotated[float, Query(ge=0, le=60)]

app = FastAPI(lifespan=lifespan)
app.mount("/astria", receiver.app)


@app.post("/pictures", status_code=202)
async def draw(wish: Wish, astria: Client) -> Picture:
    """Start drawing."""
    return Picture.of(await astria.prompts.create(FLUX, wish.text, num_images=wish.num_images))


@app.get("/pictures/{number}")
async def look(number: int, astria: Client, response: Response, wait: Seconds = 0) -> Picture:
    """A picture; 202 while it is not ready."""
    try:
        prompt = await astria.prompts.get(number)
        return Picture.of(await prompt.wait_ready(timeout=wait) if wait else prompt)
    except NotFound as error:
        raise HTTPException(404, "there is no such picture") from error
    except WaitTimeout as error:
        response.status_code = 202
        return Picture.of(error.object)
    except PromptFailed as error:
        return Picture.of(error.object)
