"""Which requests to make so that a set of objects is seen: a page for many, a read for one."""

from collections.abc import Collection, Sequence

import attrs

from astria_async.protocol.addresses import Kind
from astria_async.protocol.paging import MAX_PAGE


@attrs.frozen(kw_only=True)
class Look:
    """
    One request.

    Attributes:
        kind: What is looked at.
        ids: The objects that it is hoped to show, highest first.
        page: Whether to ask for the page that begins with the first of them, or for it alone.
    """

    kind: Kind
    ids: tuple[int, ...]
    page: bool


def plan_looks(kind: Kind, ids: Collection[int]) -> list[Look]:
    """
    Requests for *ids*.

    A page starts at any id that we choose (``before_id``), so each page is placed at the highest id
    not yet covered. What it does not show, because other objects lie between, is planned again.
    """
    looks: list[Look] = []
    left = sorted(ids, reverse=True)
    while left:
        group, left = tuple(left[:MAX_PAGE]), left[MAX_PAGE:]
        looks.append(Look(kind=kind, ids=group, page=len(group) > 1))
    return looks


def not_shown(look: Look, shown: Sequence[int]) -> tuple[set[int], set[int]]:
    """
    What a page left open: ids that lie beyond it, and ids that it should have shown but did not.

    The highest id asked for is never beyond, so what is planned again is less each time. A page
    with nothing below it is the end of the list, or of a server that does not page by id.

    Args:
        look: The request.
        shown: The ids on the page.
    """
    missing = set(look.ids) - set(shown)
    below = [found for found in shown if found <= look.ids[0]]
    beyond = {wanted for wanted in missing if below and wanted < min(below)}
    return beyond, missing - beyond
