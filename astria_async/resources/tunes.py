"""``astria.tunes``."""

import attrs

from astria_async.protocol import calls
from astria_async.protocol.models import Tune
from astria_async.protocol.options import accepts, accepts_after
from astria_async.protocol.paging import Pager
from astria_async.protocol.params import NewTune, TuneChanges, TuneFilters
from astria_async.protocol.sources import ImageInputs
from astria_async.resources.checking import Finding, check_images
from astria_async.resources.core import Core
from astria_async.resources.drafts import Draft, draft

list_ = list  # the class has a method of that name


@attrs.frozen(eq=False)
class Tunes:
    """Fine-tuned models (docs.astria.ai/docs/api/tune)."""

    _core: Core

    @accepts(NewTune)
    async def create(self, params: NewTune) -> Tune:
        """
        Create a tune and start its training; it is created once, whatever the network does.

        Raises:
            InvalidInput: A parameter can never be right, or a file cannot be read; nothing was
                sent.
            ValidationError: The server refused a parameter; ``.errors`` says which.
            PaymentRequired: The balance does not suffice.
            OutcomeUnknown: Whether it was created could not be settled.
        """
        return await self._core.creator.tune(params)

    @accepts(NewTune)
    def draft(self, params: NewTune) -> Draft:
        """The request that :meth:`create` would send, to look at; nothing is sent or opened."""
        call, _, _ = self._core.creator.tune_call(params)
        return draft(call)

    async def check(self, images: ImageInputs) -> "list_[Finding]":
        """
        Look at training pictures on this machine: whether they open, their size, count and
        orientation, and duplicates. An empty list means that nothing is wrong.

        Raises:
            InvalidInput: Something in the list is no picture at all.
        """
        return await check_images(images)

    async def get(self, tune_id: int) -> Tune:
        """
        One tune.

        Raises:
            NotFound: There is none, or no longer.
        """
        return self._core.read(Tune, await self._core.send(calls.get_one("tune", tune_id)))

    @accepts(TuneFilters)
    def list(self, filters: TuneFilters) -> Pager[Tune]:
        """The account's tunes, newest first."""
        return self._core.list_tunes(filters)

    @accepts_after(TuneChanges)
    async def update(self, tune_id: int, changes: TuneChanges) -> Tune:
        """
        Change some fields of a tune; the tune as the API then gives it.

        Args:
            tune_id: Its id.

        Raises:
            NotFound: There is none.
        """
        reply = await self._core.send(calls.update_tune(tune_id, changes))
        return self._core.read(Tune, reply)

    async def delete(self, tune_id: int) -> None:
        """Delete a tune and its training images; one that is gone already counts as deleted."""
        await self._core.delete_id("tune", tune_id)
