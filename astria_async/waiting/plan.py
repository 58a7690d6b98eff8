"""Which requests to make so that a set of objects is seen: a page for many, a read for one."""

from collections.abc import Collection, Sequence

import attrs

from astria_async.protocol.callbacks import Kind
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


def plan_looks(kind: Kind, ids: Collection[int], *, limit: int) -> list[Look]:
    """
    At most *limit* requests for *ids*.

    A page starts at any id that we choose (``before_id``), so each page is placed at the highest id
    not yet covered. What it does not show, because other objects lie between, is planned again.
    """
    looks: list[Look] = []
    left = sorted(ids, reverse=True)
    while left and len(looks) < limit:
        group, left = tuple(left[:MAX_PAGE]), left[MAX_PAGE:]
        looks.append(Look(kind=kind, ids=group, page=len(group) > 1))
    return looks


def not_shown(look: Look, shown: Sequence[int]) -> tuple[set[int], set[int]]:
    """
    What a page left open: ids that lie beyond it, and ids that it should have shown but did not.

    Args:
        look: The request.
        shown: The ids on the page.
    """
    missing = set(look.ids) - set(shown)
    full = len(shown) >= MAX_PAGE
    beyond = {wanted for wanted in missing if full and wanted < min(shown)}
    return beyond, missing - beyond
