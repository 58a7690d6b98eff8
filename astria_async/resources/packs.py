"""``astria.packs`` and ``astria.gallery``."""

from collections.abc import Sequence

import attrs

from astria_async.protocol import calls, packs
from astria_async.protocol.models import Pack, Tune
from astria_async.protocol.options import NOT_GIVEN, accepts, accepts_after
from astria_async.protocol.packs import NewPack, PackFilters, PackRunParams
from astria_async.protocol.paging import Pager, PageRequest
from astria_async.protocol.params import TuneFilters
from astria_async.protocol.replies import read_list, read_object
from astria_async.resources import running
from astria_async.resources.core import Core, first_page
from astria_async.resources.costs import MILLICENTS
from astria_async.resources.drafts import Draft, draft
from astria_async.resources.pack_runs import PackRun


@attrs.frozen(eq=False)
class Packs:
    """Template prompts with a recipe for training (docs.astria.ai/docs/api/pack)."""

    _core: Core

    @accepts(PackFilters)
    def list(self, filters: PackFilters) -> Pager[Pack]:
        """The account's own packs."""
        return _pager(self._core, filters, gallery=False)

    async def get(self, pack: int | str) -> Pack:
        """
        One pack, with its prices and example prompts by class word.

        Args:
            pack: Its id or slug.

        Raises:
            NotFound: There is none.
        """
        return read_object(Pack, await self._core.send(packs.get_pack(pack)), binding=self._core)

    @accepts(NewPack)
    async def create(self, params: NewPack) -> Pack:
        """Create a pack; prompts with its ``pack_id`` become its templates."""
        reply = await self._core.send(packs.create_pack(params))
        return read_object(Pack, reply, binding=self._core)

    @accepts_after(PackRunParams)
    async def run(self, pack: Pack | int | str, params: PackRunParams) -> PackRun:
        """
        Run a pack: train a tune on images and make its prompts, or only the prompts on tunes.

        A run that trains is created once, whatever the network does; one on tunes is sent once.

        Args:
            pack: The pack, its id or its slug; of a pack with prices the budget knows the estimate.

        Raises:
            InvalidInput: Neither images nor tunes, or both; nothing was sent.
            ValidationError: The server refused a parameter; ``.errors`` says which.
            PaymentRequired: The balance does not suffice.
            OutcomeUnknown: Whether it was run could not be settled.
        """
        request = running.prepare(self._core, pack, params)
        if params.tune_ids is not NOT_GIVEN:
            return await running.apply(self._core, request, tuple(params.tune_ids))
        return await running.train(self._core, request, _estimate(pack, params))

    @accepts_after(PackRunParams)
    def draft(self, pack: Pack | int | str, params: PackRunParams) -> Draft:
        """
        The request that :meth:`run` would send, to look at; nothing is sent or opened.

        Args:
            pack: The pack, its id or its slug.
        """
        return draft(running.prepare(self._core, pack, params).call)


@attrs.frozen(eq=False)
class Gallery:
    """What other people have made public."""

    _core: Core

    @accepts(TuneFilters)
    def tunes(self, filters: TuneFilters) -> Pager[Tune]:
        """Public models (docs.astria.ai/docs/api/tune/list); prompts may be made on them."""
        core = self._core

        async def fetch(page: PageRequest) -> Sequence[Tune]:
            reply = await core.send(calls.list_gallery_tunes(filters, page))
            return read_list(Tune, reply, binding=core)

        return Pager(fetch, key=lambda tune: tune.id, start=first_page(filters))

    @accepts(PackFilters)
    def packs(self, filters: PackFilters) -> Pager[Pack]:
        """Public packs."""
        return _pager(self._core, filters, gallery=True)


def _estimate(pack: Pack | int | str, params: PackRunParams) -> int | None:
    """What a run is said to cost, in millicents."""
    if not isinstance(pack, Pack) or params.name is NOT_GIVEN:
        return None
    cost = pack.estimated_cost(params.name)
    return None if cost is None else int(cost * MILLICENTS)


def _pager(core: Core, filters: PackFilters, *, gallery: bool) -> Pager[Pack]:
    async def fetch(page: PageRequest) -> Sequence[Pack]:
        reply = await core.send(packs.list_packs(filters, page, gallery=gallery))
        return read_list(Pack, reply, binding=core)

    start = PageRequest(limit=filters.page_size, offset=filters.offset)
    return Pager(fetch, key=lambda pack: pack.id, start=start)
