"""Which callbacks are to come, noted for handlers before the create is sent."""

import datetime as dt
import logging
from collections.abc import Iterable

import attrs

from astria_async.events import log_event
from astria_async.protocol.errors import StoreUnavailable
from astria_async.stores import Expectation, State, Store
from astria_async.waiting import Marks

logger: logging.Logger = logging.getLogger("astria_async.creating")


@attrs.frozen
class Ledger:
    """
    Notes the callbacks of one create.

    Args:
        store: Where; ``None`` where nobody would read it.
    """

    store: Store | None

    async def expect(self, creates: Iterable[Marks]) -> None:
        """
        Note the callbacks that are to come.

        Raises:
            StoreUnavailable: It could not be noted; better to stop here than after paying.
        """
        if self.store is not None:
            for marks in creates:
                if marks.wait is not None:
                    await self.store.expect(_expectation(marks, None))

    async def claim(self, marks: Marks) -> dt.datetime | None:
        """
        Begin a create that others may begin too; ``None`` when it is ours to send.

        Otherwise when another, or we in an earlier life, began one that has no answer yet.

        Raises:
            StoreUnavailable: The store does not answer.
        """
        if self.store is None or marks.wait is None:
            return None
        while not await self.store.expect(_expectation(marks, None)):
            record = await self.store.record(marks.wait)
            if record is None:
                continue  # dropped just now by another who proved it absent
            if record.state is not State.EXPECTED or record.object_id is not None:
                # It was made once, and its object is gone: a new one is wanted.
                return None
            return record.callback.received_at
        return None

    async def drop(self, marks: Marks, *, began: dt.datetime) -> None:
        """Give up a create that is proven absent, unless it was begun anew meanwhile."""
        if self.store is not None and marks.wait is not None:
            await self.store.forget(marks.wait, since=began)

    async def created(self, marks: Marks, object_id: int) -> None:
        """Note the id that the answer told; without it the object is searched for if need be."""
        if self.store is not None and marks.wait is not None:
            try:
                await self.store.expect(_expectation(marks, object_id))
            except StoreUnavailable:
                log_event(logger, logging.WARNING, "store.unavailable", object_id=object_id)

    async def forget(self, creates: Iterable[Marks]) -> None:
        """Drop what surely did not happen; what stays is found to be absent later."""
        if self.store is not None:
            try:
                for marks in creates:
                    if marks.wait is not None:
                        await self.store.forget(marks.wait)
            except StoreUnavailable:
                log_event(logger, logging.WARNING, "store.unavailable")


def _expectation(marks: Marks, object_id: int | None) -> Expectation:
    assert marks.wait is not None
    assert marks.since is not None
    return Expectation(
        kind=marks.kind,
        wait=marks.wait,
        metadata=dict(marks.metadata),
        object_id=object_id,
        since=marks.since,
    )
