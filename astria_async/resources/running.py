"""Running a pack: what is sent, and what its three kinds of answer say."""

import uuid
from collections.abc import Mapping
from typing import Any

import attrs

from astria_async.protocol import packs
from astria_async.protocol.calls import Call
from astria_async.protocol.errors import APIError, ConnectionFailed, DecodeError, OutcomeUnknown
from astria_async.protocol.models import Pack, Tune
from astria_async.protocol.options import NOT_GIVEN
from astria_async.protocol.packs import PackRunParams
from astria_async.protocol.retry import may_have_happened
from astria_async.resources.core import Core
from astria_async.resources.costs import sort_of
from astria_async.resources.pack_runs import PackRun
from astria_async.waiting import Marks


@attrs.frozen(kw_only=True)
class Request:
    """
    A run that is ready to be sent.

    Attributes:
        call: The request.
        marks: By what its new tune is known.
        callback: The signed URL for the end of training, if there is one of ours.
        wait: The wait id of the callback for the whole run, likewise.
    """

    call: Call
    marks: Marks
    callback: str | None
    wait: str | None


def prepare(core: Core, pack: Pack | int | str, params: PackRunParams) -> Request:
    """
    The request for a run, with its callbacks minted.

    Raises:
        InvalidInput: *pack* names none, or an image is of no known kind.
        ConfigurationError: There is metadata, and no callback URL of ours to carry it.
    """
    title = params.extra.get("title", params.title)
    own, own_at_end = _own(params, "callback"), _own(params, "prompts_callback")
    wait_end, at_end = core.creator.register("pack", own=own_at_end, metadata=params.metadata)
    wait: str | None = None
    callback: str | None = None
    if params.tune_ids is NOT_GIVEN and own is None:
        metadata = params.metadata if at_end else {}
        wait, callback = core.creator.register("tune", own=None, metadata=metadata)
    marks = Marks(
        kind="tune",
        wait=wait,
        callback=own,
        title=str(uuid.uuid4()) if title is NOT_GIVEN else str(title),
        unique=title is NOT_GIVEN,
        metadata=params.metadata,
    )
    assert marks.title is not None
    call = packs.run_pack(
        pack.id if isinstance(pack, Pack) else pack,
        params,
        title=marks.title,
        callback=callback,
        prompts_callback=at_end,
    )
    return Request(call=call, marks=marks, callback=callback, wait=wait_end)


def _own(params: PackRunParams, name: str) -> str | None:
    """A callback URL that the user gave in place of the receiver's; empty for none at all."""
    given = params.extra.get(name, getattr(params, name))
    return None if given is NOT_GIVEN else str(given or "")


async def train(core: Core, request: Request, estimate: int | None) -> PackRun:
    """
    Send a run that trains a tune; it is created once, whatever the network does.

    Args:
        core: The client's parts.
        request: From :func:`prepare`.
        estimate: Its price in millicents, where the pack tells it.
    """
    tune = await core.creator.send(Tune, request.call, [request.marks], estimate=estimate)
    if tune.callback is None:
        # The short form that such an answer has leaves it out, and its wait is found by it.
        tune = attrs.evolve(tune, callback=request.callback)
    return PackRun(core=core, tune=tune, tune_ids=(tune.id,), wait=request.wait)


async def apply(core: Core, request: Request, tune_ids: tuple[int, ...]) -> PackRun:
    """
    Send a run on tunes that exist; it is sent once.

    Raises:
        OutcomeUnknown: Its answer was lost.
    """
    sort = sort_of(request.call)
    async with core.costs.reserving(sort):
        before = await _present(core, tune_ids)
        try:
            content = (await core.send(request.call)).content()
        except (APIError, ConnectionFailed, DecodeError) as error:
            if not isinstance(error, DecodeError) and not may_have_happened(error):
                raise
            raise OutcomeUnknown(
                f"the answer to a pack run was lost ({type(error).__name__}). Before running it "
                f"again, list the prompts of {_named(tune_ids)} and look for new ones",
                kind="pack",
                sent={"tune_ids": ", ".join(map(str, tune_ids))},
            ) from error
        told = content if isinstance(content, Mapping) else {}
        order = told.get("order")
        total = order.get("total_cost_mc") if isinstance(order, Mapping) else None
        if isinstance(total, int):
            core.costs.pay(total, sort)
    return PackRun(
        core=core,
        tune_ids=tune_ids,
        order=order if isinstance(order, Mapping) else None,
        prompt_ids=_ids(told.get("prompt_ids")),
        message=str(told["message"]) if told.get("message") else None,
        before=before,
        wait=request.wait,
    )


async def _present(core: Core, tune_ids: tuple[int, ...]) -> int:
    """The youngest prompt that the tunes have: the answer may name none of the new ones."""
    newest = [prompt.id for tune_id in tune_ids for prompt in await core.prompts_of(tune_id).page()]
    return max(newest, default=0)


def _ids(given: Any) -> tuple[int, ...]:
    return tuple(it for it in given if type(it) is int) if isinstance(given, list) else ()


def _named(tune_ids: tuple[int, ...]) -> str:
    return f"tune {', '.join(map(str, tune_ids))}"
