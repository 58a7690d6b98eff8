"""What a row of the endpoint table says."""

from typing import Literal

import attrs

from astria_async.sandbox.params import Params

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
        optional: Whether the body may be left out.
        top: Rows of the body outside the root.
        either: Parameters of which the body has to hold one at least.
        extra: More good answers, as (status, schema).
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
    optional: bool = False
    top: Params = ()
    either: tuple[str, ...] = ()
    extra: tuple[tuple[int, str], ...] = ()
