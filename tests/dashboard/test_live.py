"""How an open page keeps up: it asks for what changed, and gets no more."""

import re
from typing import Any

import pytest

from astria_async.sandbox.dashboard import HOME

pytestmark = pytest.mark.anyio
PART = re.compile(r'data-part="(\w+)" data-seen="(\w+)"')


def seen(page: str) -> str:
    """What a browser with this page sends along."""
    return ",".join(f"{name}={version}" for name, version in PART.findall(page))


async def ask(rig: Any, path: str, page: str) -> Any:
    headers = {"HX-Request": "true", "HX-Trigger": "pulse", "X-Seen": seen(page)}
    return await rig.browser.get(f"{HOME}{path}", headers=headers)


async def test_where_nothing_happened_nothing_is_sent(rig: Any) -> None:
    """A page that is up to date costs an empty answer."""
    page = await rig.page("/tunes")

    response = await ask(rig, "/tunes", page)

    assert (response.status_code, response.content) == (204, b"")


async def test_only_what_changed_is_sent(rig: Any) -> None:
    """A new tune that costs nothing changes the list, and not the clock beside it."""
    page = await rig.page("/tunes")
    await rig.tune(title="Fresh", branch="fast")

    response = await ask(rig, "/tunes", page)

    assert PART.findall(response.text)[0][0] == "tunes"
    assert len(PART.findall(response.text)) == 1
    assert 'hx-swap-oob="true"' in response.text
    assert "Fresh" in response.text
    assert "<html" not in response.text


async def test_the_clock_is_a_part(rig: Any) -> None:
    """Time that passed shows on every page."""
    page = await rig.page("/faults")
    await rig.sandbox.advance(60)

    assert [name for name, _ in PART.findall((await ask(rig, "/faults", page)).text)] == ["status"]


async def test_what_was_sent_is_seen(rig: Any) -> None:
    """After the change was taken in there is nothing more to send."""
    await rig.tune()
    page = await rig.page("/")
    await rig.sandbox.advance(2000)
    changed = (await ask(rig, "/", page)).text

    assert seen(changed).count("=") == 3
    assert (await ask(rig, "/", changed)).status_code == 204


@pytest.mark.parametrize("header", ["", "=,=,,", "nonsense", "tunes", "tunes=" + "x" * 5000])
async def test_who_has_seen_nothing_gets_everything(rig: Any, header: str) -> None:
    """A header that makes no sense is that of a page that has seen nothing."""
    headers = {"HX-Request": "true", "HX-Trigger": "pulse", "X-Seen": header}

    response = await rig.browser.get(f"{HOME}/tunes", headers=headers)

    assert [name for name, _ in PART.findall(response.text)] == ["status", "tunes"]


async def test_a_page_asks_for_itself(rig: Any) -> None:
    """The address that a page asks for is its own with its query, but for the notice."""
    page = await rig.page("/requests", show="errors", said="advanced")

    assert f'hx-get="{HOME}/requests?show=errors"' in page


async def test_what_is_gone_is_gone_for_open_pages_too(rig: Any) -> None:
    """The page of a deleted tune gets 404 when it asks."""
    tune = await rig.tune()
    page = await rig.page(f"/tunes/{tune['id']}")
    await rig.api.delete(f"/tunes/{tune['id']}")

    assert (await ask(rig, f"/tunes/{tune['id']}", page)).status_code == 404


async def test_counts_follow_a_reset(rig: Any) -> None:
    """Starting anew shows at once, though the numbers are remembered between changes."""
    await rig.tune()
    assert '<span class="total">1<' in await rig.page("/")

    await rig.sandbox.reset()

    assert '<span class="total">1<' not in await rig.page("/")


async def test_nothing_is_kept_by_browsers(rig: Any) -> None:
    """A page shown by the back button is fetched anew."""
    response = await rig.browser.get(f"{HOME}/")

    assert response.headers["cache-control"] == "no-store"
