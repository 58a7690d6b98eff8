"""A page before it is written: what its template gets, and which parts of it stay live."""

from collections.abc import Mapping
from typing import Any

import attrs


@attrs.frozen(kw_only=True)
class Page:
    """
    What a handler gives back.

    Attributes:
        template: The file's name, without its ending.
        title: For the window and the top of the page.
        parts: The pieces, each a template of its own, that browsers ask for again and again.
        context: What the templates get.
        status: Of the answer.
        section: Which entry of the navigation it belongs to.
    """

    template: str
    title: str
    section: str
    parts: tuple[str, ...] = ()
    context: Mapping[str, Any] = attrs.field(factory=dict)
    status: int = 200


@attrs.frozen
class Gone:
    """
    The page to go to after a form was taken.

    Attributes:
        address: One of the dashboard's.
        said: What happened, as a key of ``notices.NOTICES``.
    """

    address: str
    said: str
