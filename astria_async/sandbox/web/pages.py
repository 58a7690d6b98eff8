"""Lists in pages: docs.astria.ai/docs/api/overview, "Pagination"."""

import itertools
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from astria_async.sandbox.records import Prompt, Tune
from astria_async.sandbox.refusals import bad_request

DEFAULT_LIMIT = 20
MAX_LIMIT = 120
GALLERY_LIMIT = 200
MAX_TUNE_OFFSET = 200
MAX_PROMPT_OFFSET = 10_000
_R = TypeVar("_R", Tune, Prompt)


def page(
    found: Iterable[_R], query: Mapping[str, Any], *, max_offset: int, max_limit: int = MAX_LIMIT
) -> list[_R]:
    """
    One page of what was found, the youngest first; ``before_id`` wins over ``offset``.

    A ``limit`` above the maximum is cut to it.

    Raises:
        Refusal: 400, for an offset that is too deep.
    """
    limit = min(query.get("limit", DEFAULT_LIMIT) or 0, max_limit)
    offset = query.get("offset") or 0
    if offset > max_offset:
        raise bad_request(f"offset must not exceed {max_offset}: use before_id instead")
    before_id = query.get("before_id")
    if before_id is not None:
        found, offset = (record for record in found if record.id < before_id), 0
    return list(itertools.islice(found, offset, offset + limit))
