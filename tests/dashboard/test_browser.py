"""The dashboard in a real browser: live, by mouse, by keyboard, on a phone, without scripts."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, async_playwright, expect

from astria_async.sandbox import Sandbox
from astria_async.sandbox.dashboard import HOME
from astria_async.sandbox.serve import serve

pytestmark = [pytest.mark.anyio, pytest.mark.browser]
KEY = "sd_browser-key"
HOOK = "https://hooks.example.com/astria?user_id=7&sig=s3cr3t"
OTHER_NAME = "sandbox.example"
BINARIES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--host-resolver-rules=MAP {OTHER_NAME} 127.0.0.1",
)
WIDTHS = {"phone": 375, "desk": 1280}
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


@attrs.define(eq=False, slots=False)
class Site:
    """
    A served sandbox, a program that uses it, and pages that somebody looks at.

    Attributes:
        troubles: What browsers complained about.
    """

    sandbox: Sandbox
    url: str
    api: httpx.AsyncClient
    browser: Browser
    troubles: list[str] = attrs.field(factory=list)

    async def tune(self, **fields: Any) -> int:
        body = {"title": "Ada", "name": "woman", "image_urls": ["https://x.example.com/1.jpg"]}
        body |= {"callback": HOOK} | fields
        response = await self.api.post("/tunes", json={"tune": body})
        number: int = response.json()["id"]
        return number

    async def prompt(self, **fields: Any) -> int:
        body = {"text": "a lighthouse", "callback": HOOK} | fields
        response = await self.api.post("/tunes/1504944/prompts", json={"prompt": body})
        number: int = response.json()["id"]
        return number

    @asynccontextmanager
    async def open(self, path: str = "/", width: int = 1280, **options: Any) -> AsyncIterator[Page]:
        context = await self.browser.new_context(
            viewport={"width": width, "height": 800}, **options
        )
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", self._listen)
        await page.goto(f"{self.url}{HOME}{path}")
        yield page
        await context.close()

    def forgive(self, *expected: str) -> None:
        """Take back complaints that a test brought about; every other one fails it."""
        self.troubles = [each for each in self.troubles if not any(e in each for e in expected)]

    def _listen(self, message: Any) -> None:
        if message.type == "error":
            self.troubles.append(message.text)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Playwright and uvicorn know asyncio only."""
    return "asyncio"


@pytest.fixture(scope="module")
async def chromium(anyio_backend: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        # The system's, or the one that "playwright install chromium" left.
        places = (*BINARIES, playwright.chromium.executable_path)
        binary = next((found for name in places if (found := shutil.which(name))), None)
        if binary is None:
            need = f"these tests need a browser: install one of {', '.join(BINARIES)}"
            # Only a person's machine may do without one: a check that counts never does.
            (pytest.fail if os.environ.get("CI") else pytest.skip)(need)
        browser = await playwright.chromium.launch(executable_path=binary, args=list(FLAGS))
        yield browser
        await browser.close()


@pytest.fixture
async def site(chromium: Browser) -> AsyncIterator[Site]:
    async def deliver(url: str, body: bytes, headers: dict[str, str]) -> int:
        return 204

    async with (
        Sandbox(speed=0, api_key=KEY, deliver=deliver) as sandbox,
        serve(sandbox) as url,
        httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {KEY}"}) as api,
    ):
        opened = Site(sandbox, url, api, chromium)
        yield opened
        assert opened.troubles == []


async def tick(page: Page) -> None:
    """Let the page ask for news once, without waiting for its two seconds."""
    async with page.expect_response(lambda response: response.request.headers.get("x-seen", "")):
        await page.evaluate("htmx.trigger('#pulse', 'refresh')")


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_what_programs_create_appears(site: Site, width: int) -> None:
    """A tune made over the API is in the list within two seconds, without a reload."""
    async with site.open("/tunes", width) as page:
        await expect(page.get_by_text("No tune yet")).to_be_visible()
        await page.evaluate("window.untouched = true")

        await site.tune(title="Grace")

        await expect(page.get_by_role("link", name="Grace")).to_be_visible()
        assert await page.evaluate("window.untouched")


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_advancing_the_clock_trains(site: Site, width: int) -> None:
    """One click on a tune's page trains it, and its callback shows."""
    number = await site.tune()
    async with site.open(f"/tunes/{number}", width) as page:
        await expect(page.locator(".headline")).to_have_text("queued")

        await page.get_by_role("button", name="Advance by 1 hour").click()

        await expect(page.locator(".headline")).to_have_text("ready")
        await expect(page.get_by_role("status")).to_contain_text("moved ahead")
        await expect(page.get_by_role("button", name="Replay callback")).to_have_count(1)


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_clicking_replay_sends_again(site: Site, width: int) -> None:
    """The new delivery is on top of the list, and marked as a replay."""
    await site.tune()
    await site.sandbox.advance(3600)
    async with site.open("/callbacks", width) as page:
        await page.get_by_role("button", name="Replay callback 1").click()

        await expect(page.locator("tbody tr")).to_have_count(2)
        await expect(page.locator("tbody tr").first).to_contain_text("replay")
        await expect(page.get_by_role("status")).to_contain_text("sent again")
        assert site.sandbox.deliveries[1].replay_of == 1


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_a_fault_is_switched_on_and_off(site: Site, width: int) -> None:
    """A preset makes the API fail, the page counts it, and a click ends it."""
    async with site.open("/faults", width) as page:
        await page.get_by_role("button", name="Rate limit, five times").click()
        await expect(
            page.get_by_role("cell", name="429, too many requests", exact=True)
        ).to_be_visible()

        assert (await site.api.get("/users")).status_code == 429

        await expect(page.locator("[data-label=Played]")).to_have_text("1")
        await page.get_by_role("button", name="Switch off: 429").click()
        await expect(page.get_by_text("None: the sandbox does what")).to_be_visible()
        assert (await site.api.get("/users")).status_code == 200


@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_a_rule_of_ones_own_by_keyboard(site: Site, width: int) -> None:
    """Everything can be reached, opened, filled in and sent with keys alone."""
    async with site.open("/faults", width) as page:
        await page.locator("summary", has_text="Callbacks that go wrong").focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Tab")
        await page.keyboard.press("ArrowDown")
        for _ in range(2):
            await page.keyboard.press("Tab")
        await page.keyboard.type("user_id=7")
        await page.keyboard.press("Enter")

        await expect(
            page.get_by_role("cell", name="Callback: sent late", exact=True)
        ).to_be_visible()
        [active] = site.sandbox.faults.active
        assert active.fault.match == "user_id=7"


async def test_the_first_key_skips_to_the_content(site: Site) -> None:
    """Tab and Enter lead past the navigation."""
    async with site.open("/tunes") as page:
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
        await page.keyboard.press("Enter")

        await page.keyboard.press("Tab")

        await expect(page.get_by_role("searchbox")).to_be_focused()


async def test_a_mistake_is_shown_where_it_was_made(site: Site) -> None:
    """The form stays as it was filled in, with the complaint at its field."""
    async with site.open("/billing") as page:
        await page.get_by_label("Amount").fill("lots")
        await page.get_by_role("button", name="Top up").click()

        await expect(page.locator("#amount-error")).to_have_text(
            "A number from -1000000 to 1000000."
        )
        await expect(page.get_by_label("Amount")).to_have_value("lots")
        site.forgive("422")
        await page.get_by_label("Amount").fill("5")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("cell", name="+$5.0000", exact=True)).to_be_visible()


async def test_a_wrong_rule_stays_open(site: Site) -> None:
    """The part of the page that the form is in stays open, and its first mistake has the focus."""
    async with site.open("/faults") as page:
        await page.get_by_text("Jobs that go wrong").click()
        await page.locator("#job-percent").fill("300")
        await page.locator("#add-job").click()

        await expect(page.locator("#job-percent-error")).to_be_visible()
        await expect(page.locator("#job-percent")).to_be_focused()
    site.forgive("422")


async def test_a_refusal_is_told(site: Site) -> None:
    """What a click cannot do is said in the page, which stays."""
    async with site.open("/") as page:
        await page.get_by_role("textbox", name="Advance by").fill("500")
        await page.get_by_label("Unit").select_option("days")
        await page.get_by_role("button", name="Advance", exact=True).click()

        await expect(page.get_by_role("status")).to_have_text(
            "Time moves ahead by at most 400 days at once."
        )
    site.forgive("400")


async def test_news_do_not_take_the_focus(site: Site) -> None:
    """Whoever is about to press a button still is, after the list around it changed."""
    await site.tune()
    await site.sandbox.advance(3600)
    async with site.open("/callbacks") as page:
        await page.locator("#replay-1").focus()
        await site.prompt()
        await site.sandbox.advance(100)

        await tick(page)

        await expect(page.locator("tbody tr")).to_have_count(2)
        await expect(page.locator("#replay-1")).to_be_focused()


async def test_news_do_not_disturb_who_types(site: Site) -> None:
    """A half-filled form outlives any number of updates."""
    async with site.open("/faults") as page:
        await page.get_by_label("Message").fill("half a sent")
        await site.sandbox.advance(60)

        await tick(page)

        await expect(page.get_by_label("Message")).to_have_value("half a sent")


async def test_a_tab_that_nobody_sees_is_quiet(site: Site) -> None:
    """Hidden pages ask for nothing, and catch up when they are looked at."""
    async with site.open("/tunes") as page:
        await page.clock.install()
        await page.reload()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.headers.get("x-seen", "")))
        await page.evaluate(
            "Object.defineProperty(document, 'hidden', {value: true, writable: true})"
        )
        await page.clock.run_for(60_000)
        assert not any(asked)
        await site.tune(title="Meanwhile")

        await page.evaluate("document.hidden = false")
        await page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

        await expect(page.get_by_role("link", name="Meanwhile")).to_be_visible()


async def test_a_page_can_be_held_still(site: Site) -> None:
    """The Live button stops updates, also on the next page, and starts them again."""
    async with site.open("/tunes") as page:
        live = page.get_by_role("button", name="Live")
        await live.click()
        await expect(live).to_have_attribute("aria-pressed", "false")
        await page.clock.install()
        await page.reload()
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.headers.get("x-seen", "")))
        await page.clock.run_for(60_000)
        assert not any(asked)
        await site.tune(title="Meanwhile")

        await live.click()

        await expect(page.get_by_role("link", name="Meanwhile")).to_be_visible()


async def test_a_sandbox_that_stops_is_noticed(site: Site) -> None:
    """A page that gets no answer says that it is out of date, until it is not."""
    async with site.open("/tunes") as page:
        await page.context.set_offline(True)
        await expect(page.get_by_role("status")).to_contain_text("does not answer")

        await page.context.set_offline(False)

        await expect(page.get_by_role("status")).to_be_empty()
    site.forgive("ERR_INTERNET_DISCONNECTED", "htmx:sendError", "htmx:afterRequest")


async def test_the_page_of_what_is_gone_says_so(site: Site) -> None:
    """Who looks at a tune while a program deletes it is told."""
    number = await site.tune()
    async with site.open(f"/tunes/{number}") as page:
        await site.api.delete(f"/tunes/{number}")

        await expect(page.get_by_role("status")).to_have_text("This is no longer there.")
    site.forgive("404")


async def test_titles_cannot_act(site: Site) -> None:
    """HTML in titles and prompts is text, also when it comes in live."""
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    async with site.open("/tunes") as page:
        await site.tune(title=nasty)

        await expect(page.get_by_role("link", name="<img src=x")).to_be_visible()
        assert "owned" not in await page.title()


async def test_another_machine_gives_the_key_once(site: Site) -> None:
    """Under another name the door asks for the key, and then lets through, forms included."""
    site.url = site.url.replace("127.0.0.1", OTHER_NAME)
    async with site.open("/faults") as page:
        await page.get_by_label("API key").fill("sd_wrong")
        await page.keyboard.press("Enter")
        await expect(page.locator("#key-error")).to_be_visible()
        assert await serious(page) == []
        await page.get_by_label("API key").fill(KEY)
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Slow API").click()

        await expect(page.get_by_role("cell", name="A slow answer", exact=True)).to_be_visible()
        await page.get_by_role("button", name="Sign out").click()
        await expect(page.get_by_label("API key")).to_be_visible()
    site.forgive("403")


async def test_without_scripts_everything_works_but_by_itself(site: Site) -> None:
    """Forms are forms and links are links."""
    await site.tune()
    async with site.open("/tunes", java_script_enabled=False) as page:
        await page.get_by_role("button", name="Advance by 1 hour").click()

        await expect(page.locator(".state", has_text="ready")).to_be_visible()
        await expect(page.get_by_role("button", name="Live")).to_be_hidden()


async def test_pictures_are_shown(site: Site) -> None:
    """Images load, in the grid and on the page of their prompt."""
    number = await site.prompt(num_images=2)
    await site.sandbox.advance(100)
    for path, count in (("/prompts", 1), (f"/prompts/{number}", 2)):
        async with site.open(path) as page:
            images = page.locator("main img")
            await expect(images).to_have_count(count)
            for index in range(count):
                await expect(images.nth(index)).to_have_js_property("complete", True)
                assert await images.nth(index).evaluate("image => image.naturalWidth") == 320


async def serious(page: Page) -> list[str]:
    """What axe finds wrong with the page, but for trifles."""
    results = await Axe().run(page)
    return [
        f"{page.url}: {each['id']} at {each['nodes'][0]['html']}"
        for each in results.response["violations"]
        if each["impact"] in {"serious", "critical"}
    ]


async def everything(site: Site) -> list[str]:
    """A sandbox with something on every page, and the addresses of all pages."""
    trained = await site.tune(title="Ada " + "with-a-title-that-has-no-place-to-break" * 3)
    prompt = await site.prompt(text="unbreakable" * 30, num_images=4)
    await site.prompt(text="", video_model="seedance", video_prompt="it turns")
    await site.sandbox.advance(3600)
    failed = await site.tune()
    site.sandbox.fail_tune(failed, "no face was found")
    training = await site.tune()
    await site.sandbox.advance(60)
    await site.api.get("/nowhere")
    await site.api.post("/tunes", json={"tune": {"title": "x" * 200}})
    request = list(site.sandbox.requests)[-1].request_id
    tunes = [f"/tunes/{number}" for number in (trained, failed, training)]
    names = ("", "tunes", "prompts", "requests", "callbacks", "billing", "faults", "settings")
    lists = [f"/{name}" for name in names]
    await site.api.post("/_sandbox/faults", json={"fault": {"on": "job", "kind": "tune"}})
    return [*lists, *tunes, f"/prompts/{prompt}", f"/requests/{request}", "/callbacks/1"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS.values(), ids=WIDTHS)
async def test_every_page_is_accessible(site: Site, width: int, scheme: Any) -> None:
    """Axe finds no serious violation, and nothing is wider than the screen."""
    found: list[str] = []
    paths = [*await everything(site), "/nowhere"]
    async with site.open("/", width, color_scheme=scheme) as page:
        for path in paths:
            await page.goto(f"{site.url}{HOME}{path}")
            found += await serious(page)
            assert await page.evaluate("document.documentElement.scrollWidth") <= width, path

    site.forgive("404")
    assert found == []


async def test_empty_pages_are_accessible(site: Site) -> None:
    """Where there is nothing yet, axe finds nothing wrong either."""
    found: list[str] = []
    async with site.open("/", WIDTHS["phone"]) as page:
        for name in ("", "tunes", "prompts", "requests", "callbacks", "billing"):
            await page.goto(f"{site.url}{HOME}/{name}")
            found += await serious(page)

    assert found == []


async def test_a_finger_hits_everything(site: Site) -> None:
    """On a phone whatever is pressed is 40 px high, and nothing sticks out of its panel."""
    low = "els => els.filter(el => el.checkVisibility() && el.getBoundingClientRect().height < 40)"
    pressed = "button, select, input:not([type=checkbox]):not([type=hidden]), nav a, summary"
    wide = """panels => panels.flatMap(panel => [...panel.querySelectorAll("*")].filter(el =>
        el.getBoundingClientRect().right > panel.getBoundingClientRect().right))"""
    async with site.open("/", WIDTHS["phone"]) as page:
        for path in await everything(site):
            await page.goto(f"{site.url}{HOME}{path}")

            for where, what in ((pressed, low), (".panel", wide)):
                outer = f"els => ({what})(els).map(el => el.outerHTML.slice(0, 120))"
                assert await page.locator(where).evaluate_all(outer) == [], path
