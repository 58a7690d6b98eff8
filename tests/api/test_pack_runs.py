"""``astria.packs.run``: its three answers, awaited as a whole, and what may go wrong."""

from decimal import Decimal
from typing import Any

import pytest

from astria_async import (
    Astria,
    BudgetExceeded,
    ConfigurationError,
    Draft,
    OutcomeUnknown,
    PackFailed,
    PromptFailed,
    Tune,
    TuneFailed,
    ValidationError,
    WaitPolicy,
    WaitTimeout,
)
from astria_async.groups import task_group
from astria_async.sandbox import CallbackFault, JobFault, RequestFault
from astria_async.testing import Sandbox

from .conftest import FLUX, Passing

pytestmark = pytest.mark.anyio
SLUG = "studio-portraits"


async def trained(astria: Astria, sandbox: Sandbox, photo: bytes, name: str = "woman") -> Tune:
    tune = await astria.tunes.create(
        name=name, images=[photo], base_tune_id=FLUX, model_type="lora"
    )
    await sandbox.advance(1300)
    return await tune.refresh()


async def duo(astria: Astria, sandbox: Sandbox, photo: bytes) -> tuple[int, list[int]]:
    """A pack whose template names two tunes, and the two."""
    pair = [await trained(astria, sandbox, photo, name) for name in ("woman", "man")]
    pack = await astria.packs.create(title="Duo")
    for scene in ("at the sea", "in the hills"):
        text = f"{pair[0].lora()} and {pair[1].lora()} {scene}"
        await astria.prompts.create(FLUX, text, pack_id=pack.id, num_images=2)
    return pack.id, [tune.id for tune in pair]


def reads(sandbox: Sandbox) -> int:
    return sum(request.method == "GET" for request in sandbox.requests)


async def test_a_run_on_photos_is_awaited_as_a_whole(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """Training, then every prompt of the class: one wait ends with all of them."""
    run = await astria.packs.run(SLUG, name="woman", images=[photo], title="Ada")

    prompts = await passing(run.wait_ready())

    assert run.tune is not None
    assert (run.tune.title, run.tune_ids, run.message) == ("Ada", (run.tune.id,), None)
    assert len(prompts) == 3
    assert all(prompt.is_ready and prompt.base_pack_id == 811 for prompt in prompts)
    assert [it.id for it in prompts] == sorted(it.id for it in prompts)
    assert {(it.kind, it.ok) for it in sandbox.deliveries} == {("tune", True), ("prompts", True)}


async def test_a_run_is_awaited_by_callbacks_alone(
    sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """Its training ends by its callback, although the short answer leaves the URL out."""
    seldom = (1e5, 1e5)
    policy = WaitPolicy(tune_poll=seldom, tune_backup=seldom)
    async with sandbox.client(wait=policy) as astria:
        run = await astria.packs.run(SLUG, name="woman", images=[photo])
        assert run.tune is not None

        tune = await passing(run.tune.wait_ready())

    assert tune.is_ready
    assert reads(sandbox) == 1


async def test_without_callbacks_a_run_is_polled(
    polling: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """A client without a receiver registers nothing, and finds out all the same."""
    run = await polling.packs.run(SLUG, name="man", images=[photo])

    prompts = await passing(run.wait_ready())

    assert [prompt.is_ready for prompt in prompts] == [True] * 3
    assert sandbox.deliveries == []


async def test_a_run_outlives_callbacks_that_get_lost(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """Whatever Astria fails to send, the wait ends."""
    sandbox.faults.add(CallbackFault(kind="drop"))
    run = await astria.packs.run(SLUG, name="woman", images=[photo])

    prompts = await passing(run.wait_ready(), step=30)

    assert [prompt.is_ready for prompt in prompts] == [True] * 3
    assert {it.fault for it in sandbox.deliveries} == {"drop"}


async def test_a_run_on_tunes_finds_its_prompts(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """The answer names no prompt: those are it that the tune did not have before."""
    tune = await trained(astria, sandbox, photo)
    old = await astria.prompts.create(FLUX, f"{tune.lora()} ohwx woman")

    run = await astria.packs.run(811, tune_ids=[tune.id])
    at_once = await run.prompts()
    prompts = await passing(run.wait_ready())

    assert (run.tune, run.order, run.prompt_ids) == (None, None, ())
    assert run.message == "3 prompts are being created"
    assert at_once == []
    assert len(prompts) == 3
    assert old.id not in [prompt.id for prompt in prompts]
    assert all(prompt.referenced_tune_ids == (tune.id,) for prompt in prompts)


async def test_a_run_of_some_templates(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """A choice of templates, and fields that are merged into each prompt, pictures among them."""
    tune = await trained(astria, sandbox, photo)
    run = await astria.packs.run(
        811,
        tune_ids=[tune.id],
        prompt_ids=[18_770_001],
        prompt_attributes={"num_images": 1, "aspect_ratio": "1:1", "input_image": photo},
    )

    (prompt,) = await passing(run.wait_ready())

    assert (prompt.num_images, prompt.aspect_ratio, len(prompt.images)) == (1, "1:1", 1)
    assert prompt.input_image is not None


async def test_a_run_with_an_order_names_its_prompts(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """A pack of several tunes answers with ids and the price of the whole."""
    pack_id, pair = await duo(astria, sandbox, photo)

    run = await astria.packs.run(pack_id, tune_ids=pair)
    prompts = await passing(run.wait_ready())

    assert [prompt.id for prompt in prompts] == sorted(run.prompt_ids)
    assert (run.order or {})["tune_ids"] == pair
    assert run.cost == sum(Decimal(it.cost_mc or 0) for it in prompts) / 100_000
    assert all(set(prompt.referenced_tune_ids) == set(pair) for prompt in prompts)


async def test_named_prompts_share_a_page(polling: Astria, sandbox: Sandbox, photo: bytes) -> None:
    """Ids that are known cost one list, not a request each; what is gone is left out."""
    pack_id, pair = await duo(polling, sandbox, photo)
    run = await polling.packs.run(pack_id, tune_ids=pair)
    await polling.prompts.delete(run.prompt_ids[0])
    before = reads(sandbox)

    prompts = await run.prompts()

    assert [prompt.id for prompt in prompts] == list(run.prompt_ids[1:])
    assert reads(sandbox) - before == 2


async def test_a_pack_of_several_tunes_needs_them(polling: Astria, photo: bytes) -> None:
    """What the server refuses is raised as it is."""
    with pytest.raises(ValidationError) as caught:
        await polling.packs.run(SLUG, name="dog", images=[photo])

    assert list(caught.value.errors) == ["name"]


async def test_a_failed_prompt_keeps_the_good_ones(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """The error says how many failed and why, and holds all prompts."""
    sandbox.faults.add(JobFault(kind="prompt", match="window", reason="The provider refused."))
    run = await astria.packs.run(SLUG, name="woman", images=[photo])

    with pytest.raises(PackFailed) as caught:
        await passing(run.wait_ready())

    seen = caught.value.object
    assert [prompt.is_ready for prompt in seen] == [True, True, False]
    assert seen[2].user_error == "The provider refused."
    assert "1 of 3 prompts" in str(caught.value)
    assert isinstance(caught.value, PackFailed)
    assert not isinstance(caught.value, PromptFailed)


async def test_a_failed_training_ends_the_run(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """Without its tune there is nothing to wait for."""
    run = await astria.packs.run(SLUG, name="woman", images=[photo])
    sandbox.fail_tune(run.tune_ids[0], "The pictures do not show a woman.")

    with pytest.raises(TuneFailed, match="do not show a woman"):
        await passing(run.wait_ready())


async def test_a_deleted_prompt_fails_the_run(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """What somebody deletes while it is waited for is missing from the good ones."""
    pack_id, pair = await duo(astria, sandbox, photo)
    run = await astria.packs.run(pack_id, tune_ids=pair)

    async def delete() -> None:
        await sandbox.clock.sleep(3)
        await astria.prompts.delete(run.prompt_ids[0])

    async def both() -> None:
        async with task_group() as tasks:
            tasks.start_soon(delete)
            await run.wait_ready()

    with pytest.raises(PackFailed, match="1 of 2 prompts") as caught:
        await passing(both(), step=1)

    assert [prompt.id for prompt in caught.value.object] == [run.prompt_ids[1]]


async def test_a_deadline_comes_first(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """The whole run has one deadline; what it carries can be waited for again."""
    tune = await trained(astria, sandbox, photo)
    run = await astria.packs.run(811, tune_ids=[tune.id])

    with pytest.raises(WaitTimeout) as unlisted:
        await passing(run.wait_ready(timeout=0.5), step=1)
    with pytest.raises(WaitTimeout) as unready:
        await passing(run.wait_ready(timeout=7), step=1)
    prompts = await passing(run.wait_ready())

    assert unlisted.value.object is unready.value.object is run
    assert len(prompts) == 3


async def test_a_lost_answer_of_a_training_is_settled(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """The tune is found by the wait id in its callback, and nothing is created twice."""
    sandbox.faults.add(RequestFault(kind="gateway_timeout", path="/p/*", times=1, processed=True))

    run = await passing(astria.packs.run(SLUG, name="woman", images=[photo]))

    assert len([tune for tune in sandbox.world.tunes if tune.base_pack_id == 811]) == 1
    assert [tune.id async for tune in astria.tunes.list()] == list(run.tune_ids)


async def test_a_lost_answer_of_a_run_on_tunes_is_unknown(
    astria: Astria, sandbox: Sandbox, photo: bytes
) -> None:
    """Prompts carry no mark of ours, so that nobody can tell; the error says how to look."""
    tune = await trained(astria, sandbox, photo)
    sandbox.faults.add(RequestFault(kind="gateway_timeout", path="/p/*", times=1, processed=True))

    with pytest.raises(OutcomeUnknown) as caught:
        await astria.packs.run(SLUG, tune_ids=[tune.id])

    assert (caught.value.kind, caught.value.sent) == ("pack", {"tune_ids": str(tune.id)})
    assert f"list the prompts of tune {tune.id}" in str(caught.value)


async def test_metadata_comes_back_with_the_run(
    astria: Astria, sandbox: Sandbox, photo: bytes, passing: Passing
) -> None:
    """It is in the callback URLs of the training and of the whole."""
    run = await astria.packs.run(SLUG, name="woman", images=[photo], metadata={"order": "42"})

    await passing(run.wait_ready())

    assert run.tune is not None
    assert run.tune.metadata == {"order": "42"}
    assert all("order=42" in delivery.url for delivery in sandbox.deliveries)


async def test_metadata_needs_a_callback(polling: Astria, photo: bytes) -> None:
    """Without a receiver there is nothing that could carry it."""
    with pytest.raises(ConfigurationError, match="metadata"):
        await polling.packs.run(SLUG, name="woman", images=[photo], metadata={"order": "42"})


async def test_callbacks_of_ones_own_stand(astria: Astria, sandbox: Sandbox, photo: bytes) -> None:
    """The user's URLs take the place of the receiver's, one by one."""
    run = await astria.packs.run(
        SLUG,
        name="woman",
        images=[photo],
        callback="https://me.example.com/tune",
        prompts_callback="https://me.example.com/all",
        prompt_attributes={"callback": "https://me.example.com/each"},
    )

    await sandbox.advance(1500)

    urls = [delivery.url.rpartition("/")[2] for delivery in sandbox.deliveries]
    assert sorted(urls) == ["all", "each", "each", "each", "tune"]
    assert run.tune is not None
    assert (await run.tune.refresh()).callback == "https://me.example.com/tune"


def told(draft: Draft) -> dict[str, Any]:
    return dict(draft.form or ())


async def test_a_draft_sends_nothing(astria: Astria, sandbox: Sandbox) -> None:
    """What a run would send, without its signatures, and without opening a file."""
    before = len(sandbox.requests)

    draft = astria.packs.draft(SLUG, name="woman", images=["not/there.jpg"], title="Ada")

    assert (draft.method, draft.path) == ("POST", f"/p/{SLUG}/tunes")
    assert told(draft)["tune[images][]"] == "<there.jpg>"
    assert told(draft)["tune[prompts_callback]"].endswith("&sig=…")
    assert len(sandbox.requests) == before


async def test_a_run_keeps_to_the_budget(sandbox: Sandbox, photo: bytes) -> None:
    """The pack's own estimate refuses a run before it is sent."""
    async with sandbox.client(budget=Decimal("1.6724")) as astria:
        pack = await astria.packs.get(SLUG)
        before = len(sandbox.requests)

        with pytest.raises(BudgetExceeded, match="nothing was sent"):
            await astria.packs.run(pack, name="woman", images=[photo])

    assert len(sandbox.requests) == before


async def test_a_run_that_was_refused_is_no_mystery(
    astria: Astria, sandbox: Sandbox, photo: bytes
) -> None:
    """An error that says that nothing happened comes out as it is."""
    tune = await trained(astria, sandbox, photo)

    with pytest.raises(ValidationError) as caught:
        await astria.packs.run(SLUG, tune_ids=[tune.id], prompt_ids=[1])

    assert list(caught.value.errors) == ["prompt_ids"]
