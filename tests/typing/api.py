"""
The public API as type checkers see it: checked by mypy and pyright in strict mode, never run.

A parameter that loses its type, or a method that becomes ``Any``, fails here.
"""

# pyright: strict

import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_never, assert_type

from astria_async import (
    NOT_GIVEN,
    APIError,
    Astria,
    AstriaError,
    Callback,
    JobFailed,
    NewPrompt,
    OutcomeUnknown,
    Pager,
    Prompt,
    RateLimited,
    Receiver,
    RetryPolicy,
    Status,
    Tune,
    TuneFailed,
    ValidationError,
    WaitPolicy,
    WaitTimeout,
)
from astria_async.receiver import HandlerLimits, Listening, NgrokTunnel, Tunnel
from astria_async.stores import MemoryStore, Store, open_store

receiver = Receiver(
    "https://hooks.example.com",
    secret=["a new secret of 32 bytes or so", b"an old one, which is bytes here"],
    store=MemoryStore(),
    handler_limits=HandlerLimits(concurrency=2),
)


@receiver.on_tune
async def trained(tune: Tune, callback: Callback) -> None:
    """A handler of tunes."""
    assert_type(tune.trained_at, dt.datetime | None)
    assert_type(callback.metadata, Mapping[str, str])


@receiver.on_prompt
async def generated(prompt: Prompt, callback: Callback) -> int:
    """A handler may return anything, and keeps its own type."""
    return len(prompt.images) + callback.attempt


@receiver.on_pack
async def finished(prompts: list[Prompt], callback: Callback) -> None:
    """A handler of a whole run."""
    assert_type(prompts[0].referenced_tune_ids, tuple[int, ...])


async def creating(astria: Astria, stream: AsyncIterator[bytes]) -> None:
    """Parameters are checked one by one, although they are described on a class."""
    tune = await astria.tunes.create(
        name="woman",
        images=[Path("a.jpg"), "https://example.com/b.jpg", b"\xff\xd8", stream],
        prompts=["a text", NewPrompt("another", num_images=2)],
        metadata={"user_id": "7"},
        branch="fast",
        title=NOT_GIVEN,
    )
    assert_type(tune, Tune)
    assert_type(await tune.prompts.create("a text", num_images=4, seed=None), Prompt)
    assert_type(await astria.prompts.create(tune, "a text"), Prompt)

    await astria.tunes.create(nam="woman")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await tune.prompts.create("a text", num_images="4")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def waiting(astria: Astria, tune: Tune, prompts: Sequence[Prompt]) -> None:
    """What a wait gives has the type of what waited."""
    assert_type(await tune.wait_ready(timeout=60.0), Tune)
    assert_type(await prompts[0].wait_ready(deadline=dt.datetime.now(dt.UTC)), Prompt)
    async for prompt in astria.wait_all(prompts):
        assert_type(prompt, Prompt)
    async for ended in astria.wait_all(prompts, return_exceptions=True):
        assert_type(ended, Prompt | AstriaError)


async def reading(astria: Astria, tune: Tune) -> None:
    """Lists are generic, and facts have plain types."""
    assert_type(astria.tunes.list(title="order"), Pager[Tune])
    assert_type(await astria.prompts.list(is_video=False).collect(limit=10), list[Prompt])
    async for prompt in tune.prompts.list():
        assert_type(prompt.images, tuple[str, ...])
        assert_type(prompt.cost, Decimal | None)
        assert_type(await prompt.download("out"), list[Path])
    assert_type(await tune.refresh(), Tune)
    assert_type(await tune.update(title="new"), Tune)
    assert_type(tune.to_dict(), dict[str, Any])
    assert_type(tune.metadata, dict[str, str])


def told(status: Status) -> str:
    """A match over the statuses is known to be exhaustive."""
    match status:
        case Status.QUEUED | Status.RUNNING:
            return "not yet"
        case Status.READY:
            return "there"
        case Status.FAILED | Status.EXPIRED:
            return "gone"
        case _:
            assert_never(status)


def errors(
    api: APIError, invalid: ValidationError, limited: RateLimited, unknown: OutcomeUnknown
) -> None:
    """What errors carry."""
    assert_type(api.status, int)
    assert_type(api.request_id, str | None)
    assert_type(invalid.errors, dict[str, list[str]])
    assert_type(limited.retry_after, float | None)
    assert_type(unknown.candidates, tuple[int, ...])
    failed: type[JobFailed] = TuneFailed
    late: type[TimeoutError] = WaitTimeout
    assert failed
    assert late


async def serving(tunnel: Tunnel) -> None:
    """A receiver that is served tells where."""
    async with receiver.serve(port=0, tunnel=tunnel) as listening:
        assert_type(listening, Listening)
        assert_type(listening.public_url, str)
    async with receiver.serve(tunnel=NgrokTunnel(domain="example.ngrok.app")):
        assert_type(receiver.public_url, str)
    async with Astria(
        receiver=receiver, retry=RetryPolicy(attempts=1), wait=WaitPolicy(parallel=1)
    ) as astria:
        assert_type(astria, Astria)


store: Store = open_store("sqlite:///callbacks.db")
