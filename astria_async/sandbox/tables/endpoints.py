"""Every endpoint as a row: how it is reached, what it takes, and what it gives."""

from typing import Literal

import attrs

from astria_async.sandbox.params import Params
from astria_async.sandbox.tables.prompt_params import PROMPT_CREATE, PROMPT_UPDATE
from astria_async.sandbox.tables.queries import PROMPT_LIST, TUNE_LIST
from astria_async.sandbox.tables.tune_params import TUNE_CREATE, TUNE_UPDATE

Method = Literal["GET", "POST", "PATCH", "DELETE"]


@attrs.frozen(kw_only=True)
class Endpoint:
    """
    One operation of the API.

    Attributes:
        operation: Its id, which also finds its handler.
        method: ``PATCH`` is reached by ``PUT`` too.
        paths: The documented path first, then others that do the same.
        summary: One sentence.
        root: The name under which the body's parameters sit; ``None`` for the top level.
        body: The rows of its body.
        query: The rows of its query string.
        success: The status of a good answer.
        returns: The schema of a good answer; ``[Name]`` is a list, ``""`` an empty body.
        refusals: Which statuses it may refuse with, beside 401, 400 and 429.
        public: Whether it needs no key.
        flat: Whether the body may come without its root too.
    """

    operation: str
    method: Method
    paths: tuple[str, ...]
    summary: str
    root: str | None = None
    body: Params = ()
    query: Params = ()
    success: int = 200
    returns: str = ""
    refusals: tuple[int, ...] = ()
    public: bool = False
    flat: bool = False


TUNES = (
    Endpoint(
        operation="createTune",
        method="POST",
        paths=("/tunes",),
        summary="Create a tune and start its training.",
        root="tune",
        body=TUNE_CREATE,
        success=201,
        returns="Tune",
        refusals=(402, 413, 422),
    ),
    Endpoint(
        operation="listTunes",
        method="GET",
        paths=("/tunes",),
        summary="Your tunes, the youngest first.",
        query=TUNE_LIST,
        returns="[Tune]",
    ),
    Endpoint(
        operation="getTune",
        method="GET",
        paths=("/tunes/{tune_id}",),
        summary="One tune.",
        returns="Tune",
        refusals=(403, 404),
    ),
    Endpoint(
        operation="updateTune",
        method="PATCH",
        paths=("/tunes/{tune_id}",),
        summary="Change a tune's title, name, extension or characteristics.",
        root="tune",
        body=TUNE_UPDATE,
        returns="Tune",
        refusals=(403, 404, 413, 422),
    ),
    Endpoint(
        operation="deleteTune",
        method="DELETE",
        paths=("/tunes/{tune_id}",),
        summary="Delete a tune and its training images.",
        refusals=(403, 404),
    ),
)
PROMPTS = (
    Endpoint(
        operation="createPrompt",
        method="POST",
        paths=("/tunes/{tune_id}/prompts",),
        summary="Generate images or a video with a tune.",
        root="prompt",
        body=PROMPT_CREATE,
        success=201,
        returns="Prompt",
        refusals=(402, 403, 404, 413, 422),
    ),
    Endpoint(
        operation="listTunePrompts",
        method="GET",
        paths=("/tunes/{tune_id}/prompts",),
        summary="The prompts of a tune, and those whose text names it.",
        query=PROMPT_LIST,
        returns="[Prompt]",
        refusals=(403, 404),
    ),
    Endpoint(
        operation="listPrompts",
        method="GET",
        paths=("/prompts",),
        summary="Your prompts, the youngest first.",
        query=PROMPT_LIST,
        returns="[Prompt]",
    ),
    Endpoint(
        operation="getPrompt",
        method="GET",
        paths=("/tunes/{tune_id}/prompts/{prompt_id}", "/prompts/{prompt_id}"),
        summary="One prompt.",
        returns="Prompt",
        refusals=(403, 404),
    ),
    Endpoint(
        operation="updatePrompt",
        method="PATCH",
        paths=("/tunes/{tune_id}/prompts/{prompt_id}", "/prompts/{prompt_id}"),
        summary="Change where a prompt belongs.",
        root="prompt",
        body=PROMPT_UPDATE,
        returns="Prompt",
        refusals=(403, 404, 413, 422),
    ),
    Endpoint(
        operation="deletePrompt",
        method="DELETE",
        paths=("/tunes/{tune_id}/prompts/{prompt_id}", "/prompts/{prompt_id}"),
        summary="Delete a prompt and its images.",
        returns="Message",
        refusals=(403, 404),
    ),
)
ACCOUNT = (
    Endpoint(
        operation="getUser",
        method="GET",
        paths=("/users",),
        summary="The account that the key belongs to, and its balance.",
        returns="User",
    ),
)

ENDPOINTS: tuple[Endpoint, ...] = (*TUNES, *PROMPTS, *ACCOUNT)
