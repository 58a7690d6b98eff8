"""``astria.packs`` and ``astria.gallery``."""

import uuid
from collections.abc import Sequence

import attrs

from astria_async.protocol import calls, packs
from astria_async.protocol.callbacks import Address, Kind, mint_wait_id
from astria_async.protocol.models import Pack, Tune
from astria_async.protocol.options import NOT_GIVEN, accepts, accepts_after
from astria_async.protocol.packs import NewPack, PackFilters, PackRunParams
from astria_async.protocol.paging import Pager, PageRequest
from astria_async.protocol.params import TuneFilters
from astria_async.protocol.replies import Reply, read_list, read_object
from astria_async.resources.core import Core, first_page
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

        It is sent once. When its answer is lost, look for the tune by its title.

        Args:
            pack: The pack, its id or its slug.

        Raises:
            InvalidInput: Neither images nor tunes, or both; nothing was sent.
            ValidationError: The server refused a parameter; ``.errors`` says which.
        """
        core = self._core
        title = params.title if params.title is not NOT_GIVEN else str(uuid.uuid4())
        _, callback = self._register("tune", params)
        wait, prompts_callback = self._register("pack", params)
        call = packs.run_pack(
            pack.id if isinstance(pack, Pack) else pack,
            params,
            title=title,
            callback=callback if params.tune_ids is NOT_GIVEN else None,
            prompts_callback=prompts_callback,
        )
        tune_ids = () if params.tune_ids is NOT_GIVEN else tuple(params.tune_ids)
        before = await self._present(tune_ids)
        return self._read(await core.send(call), tune_ids, before, wait)

    def _register(self, kind: Kind, params: PackRunParams) -> tuple[str | None, str | None]:
        if self._core.desk is None:
            return None, None
        wait = mint_wait_id()
        address = Address(kind=kind, wait=wait, metadata=params.metadata)
        return wait, self._core.desk.callback_url(address)

    async def _present(self, tune_ids: tuple[int, ...]) -> frozenset[int]:
        """Prompts that the tunes have already: the answer may name none of the new ones."""
        newest = [
            prompt.id
            for tune_id in tune_ids
            for prompt in await self._core.prompts_of(tune_id).page()
        ]
        return frozenset(newest)

    def _read(
        self,
        reply: Reply,
        tune_ids: tuple[int, ...],
        before: frozenset[int],
        wait: str | None,
    ) -> PackRun:
        content = reply.content()
        tune = None
        if isinstance(content, dict) and "id" in content:
            tune = read_object(Tune, reply, binding=self._core)
        found = content if isinstance(content, dict) else {}
        return PackRun(
            core=self._core,
            tune=tune,
            tune_ids=tune_ids if tune is None else (tune.id,),
            order=found.get("order"),
            prompt_ids=tuple(found.get("prompt_ids") or ()),
            message=found.get("message"),
            before=before,
            wait=wait,
        )


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


def _pager(core: Core, filters: PackFilters, *, gallery: bool) -> Pager[Pack]:
    async def fetch(page: PageRequest) -> Sequence[Pack]:
        reply = await core.send(packs.list_packs(filters, page, gallery=gallery))
        return read_list(Pack, reply, binding=core)

    start = PageRequest(limit=filters.page_size, offset=filters.offset)
    return Pager(fetch, key=lambda pack: pack.id, start=start)
