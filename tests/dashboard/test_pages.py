"""What the pages show, and that nothing in an address or a title breaks them."""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import httpx
import pytest

from astria_async.sandbox import CallbackFault, JobFault, RequestFault
from astria_async.sandbox.dashboard import HOME
from astria_async.sandbox.dashboard.app import PAGES, POSTS

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
GARBAGE = ["0", "-1", "abc", "9" * 40, "%00", "'--", "..%2f..", "١٢", "1.5", "{{7*7}}", " "]
QUERIES = [
    {"before": "x", "q": NASTY, "state": NASTY, "tune": "x", "show": NASTY, "account": "x"},
    {"before": "-1", "q": "\ud800".encode("utf-8", "surrogatepass"), "tune": "9" * 30},
    {"before": "5", "gallery": "1", "state": "ready", "said": NASTY, "account": "77"},
    {"before": ["1", "2"], "show": ["all", "failed"]},
]


def addresses(table: Any, value: str) -> Iterator[str]:
    """Each path of a table, with *value* in place of its parameters."""
    for path in table:
        yield "/".join(value if part.startswith("{") else part for part in path.split("/"))


async def furnish(rig: Any) -> Any:
    """A little of everything."""
    tune = await rig.tune()
    await rig.prompt()
    await rig.sandbox.advance(1300)
    return tune


async def test_the_overview_counts_everything(rig: Any) -> None:
    """The first page says how many there are of what."""
    await furnish(rig)
    await rig.tune(title="Grace")

    page = await rig.page()

    assert (
        '<a id="to-tunes" href="/_sandbox/dashboard/tunes">Tunes</a> <span class="total">2<' in page
    )
    assert "/tunes/1504944/prompts" in page
    assert "Latest callbacks" in page


async def test_the_overview_says_how_to_begin(rig: Any) -> None:
    """With nothing there yet it says what to do, and does not print the key."""
    page = await rig.page()

    assert "export ASTRIA_BASE_URL=" in page
    assert "sd_" not in page


async def test_tunes_are_listed_the_youngest_first(rig: Any) -> None:
    """The list holds one's own tunes, and the gallery's only on demand."""
    first, second = await rig.tune(title="Ada"), await rig.tune(title="Grace")

    page = await rig.page("/tunes")

    assert page.index(f"tune-{second['id']}") < page.index(f"tune-{first['id']}")
    assert "Flux1.dev" not in page
    assert "Flux1.dev" in await rig.page("/tunes", gallery="1")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "ADA"}, True),
        ({"q": "bob"}, False),
        ({"state": "queued"}, True),
        ({"state": "ready"}, False),
    ],
)
async def test_tunes_are_found_by_title_and_state(rig: Any, query: Any, found: bool) -> None:
    """A part of the title will do, whatever its case."""
    await rig.tune(title="Ada")

    assert (">Ada</b>" in await rig.page("/tunes", **query)) is found


async def test_long_lists_are_paged(rig: Any) -> None:
    """A page has 25 tunes and a way to those before."""
    tunes = [await rig.tune(title=f"number {n}") for n in range(26)]

    first = await rig.page("/tunes", q="number")
    second = await rig.page("/tunes", q="number", before=tunes[1]["id"])

    assert f"/tunes?q=number&amp;before={tunes[1]['id']}" in first
    assert "number 0<" not in first
    assert "number 0<" in second
    assert ">Newest</a>" in second
    assert ">Older</a>" not in second


async def test_a_tune_shows_its_life(rig: Any) -> None:
    """One page has the times, the pictures, the prompts and the callbacks of a tune."""
    tune = await furnish(rig)
    await rig.prompt(tune["id"], text="ohwx at sea")

    page = await rig.page(f"/tunes/{tune['id']}")

    for words in ("Created", "Training started", "Ready", "Expires", "Training image 1", "at sea"):
        assert words in page
    assert "Callbacks of this tune" in page
    assert "Let it fail" not in page


async def test_a_running_tune_shows_how_far_it_is(rig: Any) -> None:
    """Progress follows the clock."""
    tune = await rig.tune()
    await rig.sandbox.advance(100)

    page = await rig.page(f"/tunes/{tune['id']}")

    assert '<progress aria-label="Training" max="1" value="0.' in page
    assert "Fail this training" in page


async def test_a_failed_tune_says_why(rig: Any) -> None:
    """The reason stands on top, and the line of times ends there."""
    tune = await rig.tune()
    rig.sandbox.fail_tune(tune["id"], "no face found")

    page = await rig.page(f"/tunes/{tune['id']}")

    assert "no face found" in page
    assert "Failed" in page
    assert "Ready" not in page.partition('<h2 id="facts-title">')[0]


async def test_a_public_model_cannot_be_made_to_fail(rig: Any) -> None:
    """The gallery's models show, with nothing to do to them."""
    page = await rig.page("/tunes/1504944")

    assert "Flux1.dev" in page
    assert "None are kept for this model." in page
    assert "Fail this training" not in page


async def test_prompts_show_their_pictures(rig: Any) -> None:
    """The grid has the first picture of each prompt and says how many more there are."""
    prompt = await rig.prompt(num_images=4, text="a lighthouse")
    assert ">queued<" in await rig.page("/prompts")

    await rig.sandbox.advance(100)

    page = await rig.page("/prompts")
    assert f'id="prompt-{prompt["id"]}"' in page
    assert "+3<" in page
    assert f"{HOME}/thumbs/" in page


async def test_templates_of_the_gallery_are_not_ones_own(rig: Any) -> None:
    """The list of prompts begins empty, though the gallery's packs have theirs."""
    assert "No prompt yet" in await rig.page("/prompts")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "LIGHT"}, True),
        ({"q": "sea"}, False),
        ({"tune": 1504944}, True),
        ({"tune": 5}, False),
    ],
)
async def test_prompts_are_found_by_text_and_tune(rig: Any, query: Any, found: bool) -> None:
    """A part of the text will do; a tune shows its own."""
    await rig.prompt(text="a lighthouse")

    assert ("a lighthouse" in await rig.page("/prompts", **query)) is found


async def test_a_prompt_shows_what_was_asked(rig: Any) -> None:
    """One page has all pictures and all settings."""
    prompt = await rig.prompt(num_images=2, seed=42, negative_prompt="blurry", w=512, h=512)
    await rig.sandbox.advance(100)

    page = await rig.page(f"/prompts/{prompt['id']}")

    assert page.count('class="thumb thumb-large"') == 2
    for words in ("negative_prompt", "blurry", "seed", ">42<", "Flux1.dev"):
        assert words in page


async def test_a_prompt_says_what_it_waits_for(rig: Any) -> None:
    """A prompt on a tune in training names that tune."""
    tune = await rig.tune()
    prompt = await rig.prompt(tune["id"])

    page = await rig.page(f"/prompts/{prompt['id']}")

    assert f'waits for tune <a id="need-{tune["id"]}"' in page


async def test_a_prompt_outlives_its_tune(rig: Any) -> None:
    """A deleted tune is named as such."""
    tune = await rig.tune(model_type="lora", base_tune_id=1504944)
    await rig.sandbox.advance(1300)
    prompt = await rig.prompt(tune["id"])
    await rig.api.delete(f"/tunes/{tune['id']}")

    assert f"{tune['id']}, deleted" in await rig.page(f"/prompts/{prompt['id']}")


async def test_requests_tell_what_happened(rig: Any) -> None:
    """Method, path, status and the fault that was played, the youngest first."""
    rig.sandbox.faults.add(RequestFault(kind="server_error", path="/packs"))
    await rig.api.get("/users")
    await rig.api.get("/packs")

    page = await rig.page("/requests")

    assert page.index("/packs") < page.index("/users")
    assert "server error</span>" in page
    assert ">500<" in page


@pytest.mark.parametrize(
    ("show", "paths"),
    [
        ("all", {"/users", "/nowhere", "/tunes"}),
        ("errors", {"/nowhere", "/tunes"}),
        ("changes", {"/tunes"}),
        ("faults", set()),
    ],
)
async def test_requests_are_sifted(rig: Any, show: str, paths: set[str]) -> None:
    """One can look at errors, at changes, or at what faults did."""
    await rig.api.get("/users")
    await rig.api.get("/nowhere")
    await rig.api.post("/tunes", json={"tune": {"title": "x"}})

    page = await rig.page("/requests", show=show)

    assert {p for p in ("/users", "/nowhere", "/tunes") if f"</b> {p}</a>" in page} == paths


async def test_requests_are_paged(rig: Any) -> None:
    """A page has fifty, and the next begins where it ended, whatever came meanwhile."""
    for number in range(51):
        await rig.api.get(f"/tunes/{number}")
    last = list(rig.sandbox.requests)[1]
    await rig.api.get("/users")

    page = await rig.page("/requests", before=last.request_id)

    assert "</b> /tunes/0</a>" in page
    assert "</b> /tunes/1</a>" not in page
    assert "before=" in await rig.page("/requests")


async def test_a_request_shows_no_secret(rig: Any) -> None:
    """Neither the key nor a callback's signature, however the form was encoded."""
    await rig.api.post(
        "/tunes", data={"tune[title]": "x", "tune[callback]": "https://h?sig=s3cr3t"}
    )
    await rig.api.post("/tunes", json={"tune": {"callback": "https://h?a=1&token=s3cr3t"}})
    await rig.api.get("/tunes", params={"callback": "https://h?sig=s3cr3t"})
    for record in rig.sandbox.requests:
        page = await rig.page(f"/requests/{record.request_id}")

        assert "s3cr3t" not in page
        assert "sd_" not in page
        assert record.request_id in page


async def test_callbacks_tell_how_they_went(rig: Any) -> None:
    """Where to, about what, with which outcome; the signature is masked."""
    tune = await furnish(rig)

    page = await rig.page("/callbacks")

    assert f"tune {tune['id']}" in page
    assert ">204<" in page
    assert "sig=•••" in page
    assert "s3cr3t" not in page


async def test_a_callback_that_found_nobody_says_why(rig: Any) -> None:
    """The reason of the failure is on its page, and it counts among the failed."""
    rig.answer = OSError("connection refused")
    await furnish(rig)
    failed = rig.sandbox.deliveries[0]

    assert "no answer" in await rig.page("/callbacks", show="failed")
    assert "connection refused" in await rig.page(f"/callbacks/{failed.id}")


async def test_a_callback_that_waits_is_pending(rig: Any) -> None:
    """One that a fault keeps back shows, with that fault."""
    rig.sandbox.faults.add(CallbackFault(kind="delay", seconds=86400))
    await furnish(rig)

    page = await rig.page("/callbacks", show="pending")

    assert ">waiting<" in page
    assert ">delay<" in page


async def test_a_callback_shows_its_body(rig: Any) -> None:
    """The body is there as it was sent."""
    await furnish(rig)
    delivery = rig.sandbox.deliveries[0]

    page = await rig.page(f"/callbacks/{delivery.id}")

    assert "&#34;prompt&#34;: {" in page
    assert "s3cr3t" not in page


async def test_what_people_type_stays_text(rig: Any) -> None:
    """Titles, texts and paths that look like HTML are shown, and do nothing."""
    tune = await rig.tune(title=NASTY, characteristics={NASTY: NASTY})
    prompt = await rig.prompt(text=NASTY, negative_prompt=NASTY)
    rig.sandbox.faults.add(JobFault(kind="tune", match=NASTY, reason=NASTY))
    await rig.api.get(f"/{NASTY}")
    rig.sandbox.fail_prompt(prompt["id"], NASTY)
    request = next(iter(rig.sandbox.requests)).request_id
    paths = ("/", "/tunes", f"/tunes/{tune['id']}", "/prompts", f"/prompts/{prompt['id']}")
    for path in (*paths, "/faults", "/requests", f"/requests/{request}"):
        page = await rig.page(path, q=NASTY[:20] if path in {"/tunes", "/prompts"} else "")

        assert "<script>alert" not in page
        assert "<img src=x" not in page


async def test_half_characters_are_shown_as_something(rig: Any) -> None:
    """JSON can carry what UTF-8 cannot; the page replaces it."""
    response = await rig.api.post(
        "/tunes/1504944/prompts",
        content=b'{"prompt": {"text": "half \\ud83d of it"}}',
        headers={"Content-Type": "application/json"},
    )
    if response.is_success:
        assert "half" in await rig.page("/prompts")
    assert "half" in await rig.page(f"/requests/{next(iter(rig.sandbox.requests)).request_id}")


async def test_a_request_whose_connection_was_cut_had_no_answer(rig: Any) -> None:
    """No status is no answer, and counts as an error."""
    rig.sandbox.faults.add(RequestFault(kind="reset"))
    with pytest.raises(httpx.ReadError):
        await rig.api.get("/users")

    assert ">no answer<" in await rig.page("/requests", show="errors")


async def test_a_callback_on_its_way_is_pending(rigged: Rigged) -> None:
    """One whose receiver has not answered yet shows as being sent."""
    begun, release = anyio.Event(), anyio.Event()

    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        begun.set()
        await release.wait()
        return 204

    async with rigged(deliver=deliver) as rig, anyio.create_task_group() as tasks:
        await rig.tune(branch="fast")
        tasks.start_soon(rig.sandbox.advance, 100)
        await begun.wait()

        assert ">sending<" in await rig.page("/callbacks", show="pending")
        release.set()


async def test_a_sandbox_without_its_account_has_pages(rig: Any) -> None:
    """A state that was made elsewhere may hold no account that one could show."""
    rig.sandbox.world.accounts.remove(77)

    await rig.page()
    await rig.page("/billing", status=404)
    await rig.page("/settings", status=404)


async def test_who_hangs_up_while_sending_a_form_is_no_error(rig: Any) -> None:
    """A browser that goes away in the middle of a form leaves nothing behind."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"sec-fetch-site", b"same-origin")]
    scope = {
        "type": "http",
        "method": "POST",
        "path": f"{HOME}/clock/advance",
        "query_string": b"",
        "scheme": "http",
        "headers": headers,
        "client": ("127.0.0.1", 5),
        "server": ("127.0.0.1", 80),
        "root_path": "",
    }
    await rig.sandbox.app(scope, receive, send)

    assert sent[0]["status"] == 400


@pytest.mark.parametrize("value", GARBAGE)
async def test_garbage_in_a_path_is_not_found(rig: Any, value: str) -> None:
    """No id, however odd, ends in an error of ours."""
    for path in addresses(PAGES, value):
        assert (await rig.browser.get(f"{HOME}{path}")).status_code in {200, 404}
    for path in addresses(POSTS, value):
        assert (await rig.browser.post(f"{HOME}{path}")).status_code in {303, 400, 404, 422}


@pytest.mark.parametrize("query", QUERIES, ids=["nasty", "negative", "plausible", "repeated"])
async def test_garbage_in_a_query_is_ignored(rig: Any, query: Any) -> None:
    """No query ends in an error of ours, nor in HTML of its own."""
    tune = await furnish(rig)
    for path in addresses(PAGES, str(tune["id"])):
        response = await rig.browser.get(f"{HOME}{path}", params=query)

        assert response.status_code in {200, 404}
        assert "<script>alert" not in response.text


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"a=b" * 40_000, "application/x-www-form-urlencoded", 413),
        (b"a&" * 200, "application/x-www-form-urlencoded", 413),
        (b'{"amount": 1}', "application/json", 415),
        (b"amount=%ff%fe%00\xff", "application/x-www-form-urlencoded", 422),
    ],
)
async def test_garbage_in_a_form_is_refused(
    rig: Any, content: bytes, content_type: str, status: int
) -> None:
    """A form that is too large, or none, or not UTF-8, is told so."""
    response = await rig.browser.post(
        f"{HOME}/billing/top-up", content=content, headers={"Content-Type": content_type}
    )

    assert response.status_code == status


async def test_pages_of_what_is_gone_are_not_found(rig: Any) -> None:
    """A deleted tune has no page any more."""
    tune = await rig.tune()
    await rig.api.delete(f"/tunes/{tune['id']}")

    await rig.page(f"/tunes/{tune['id']}", status=404)


async def test_the_clock_is_on_every_page(rig: Any) -> None:
    """Wherever one is, the virtual time is in sight."""
    rig.sandbox.clock.set(dt.datetime(2031, 5, 6, 7, 8, 9, tzinfo=dt.UTC))

    for path in ("/", "/tunes", "/settings"):
        page = await rig.page(path)

        assert "2031-05-06" in page
        assert "07:08:09" in page
