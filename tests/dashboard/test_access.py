"""Who may look: this machine without a key, others with it."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

from astria_async.sandbox.dashboard import HOME
from astria_async.sandbox.dashboard.guard import COOKIE, MAX_SESSIONS

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
KEY = "sd_dashboard-key"
ELSEWHERE = {"Host": "sandbox.example.com"}
OWN = {"Host": "sandbox.example.com", "Origin": "http://sandbox.example.com"}


async def sign_in(rig: Any, key: str = KEY, back: str = "") -> httpx.Response:
    response: httpx.Response = await rig.browser.post(
        f"{HOME}/sign-in",
        data={"key": key, "back": back},
        headers=OWN | {"Sec-Fetch-Site": "same-origin"},
    )
    return response


@pytest.mark.parametrize("host", ["127.0.0.1:8787", "localhost", "[::1]:80", "app.localhost:1"])
async def test_this_machine_needs_no_key(rig: Any, host: str) -> None:
    """On loopback the pages are open."""
    response = await rig.browser.get(f"{HOME}/", headers={"Host": host})

    assert response.status_code == 200


@pytest.mark.parametrize("host", ["sandbox.example.com", "10.0.0.7", "localhost.evil.example", ""])
async def test_another_name_asks_for_the_key(rig: Any, host: str) -> None:
    """A name that is not this machine's own is asked for the key, DNS tricks or not."""
    response = await rig.browser.get(f"{HOME}/tunes", headers={"Host": host})

    assert response.status_code == 303
    assert response.headers["location"].startswith(f"{HOME}/sign-in?back=")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Forwarded-Host"])
async def test_what_a_proxy_hands_on_is_not_local(rig: Any, header: str) -> None:
    """A tunnel on this machine does not open the pages to the world."""
    response = await rig.browser.get(f"{HOME}/", headers={header: "203.0.113.9"})

    assert response.status_code == 303


async def test_the_key_opens_a_session(rig: Any) -> None:
    """Who gives the key once is let in by a cookie from then on."""
    entered = await sign_in(rig, back=f"{HOME}/tunes")

    assert entered.status_code == 303
    assert entered.headers["location"] == f"{HOME}/tunes"
    assert (await rig.browser.get(f"{HOME}/tunes", headers=ELSEWHERE)).status_code == 200


async def test_the_cookie_is_out_of_reach(rig: Any) -> None:
    """Neither scripts nor other sites get at the session, and it is not the key."""
    cookie = (await sign_in(rig)).headers["set-cookie"]

    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert f"Path={HOME}" in cookie
    assert KEY not in cookie


@pytest.mark.parametrize("key", ["", "sd_wrong", "sd_dashboard-ke", "ключ"])
async def test_a_wrong_key_is_said_so(rig: Any, key: str) -> None:
    """A wrong key opens nothing, and the page says that it was wrong."""
    response = await sign_in(rig, key)

    assert response.status_code == 403
    assert "not the key of this sandbox" in response.text
    assert "set-cookie" not in response.headers


async def test_any_key_opens_a_sandbox_that_takes_any(rigged: Rigged) -> None:
    """Where the API takes every key, so do the pages; but there must be one."""
    async with rigged(api_key=None) as rig:
        assert (await sign_in(rig, "whatever")).status_code == 303
        assert (await sign_in(rig, " ")).status_code == 403


async def test_signing_out_ends_the_session(rig: Any) -> None:
    """After that the cookie opens nothing any more."""
    token = (await sign_in(rig)).cookies[COOKIE]

    response = await rig.browser.post(f"{HOME}/sign-out", headers=OWN)

    assert response.status_code == 303
    headers = ELSEWHERE | {"Cookie": f"{COOKIE}={token}"}
    assert (await rig.browser.get(f"{HOME}/", headers=headers)).status_code == 303


async def test_old_sessions_give_way(rig: Any) -> None:
    """Signing in again and again does not fill the memory."""
    first = (await sign_in(rig)).cookies[COOKIE]
    for _ in range(MAX_SESSIONS):
        await sign_in(rig)
    rig.browser.cookies.clear()

    headers = ELSEWHERE | {"Cookie": f"{COOKIE}={first}"}
    assert (await rig.browser.get(f"{HOME}/", headers=headers)).status_code == 303


@pytest.mark.parametrize(
    "back",
    ["https://evil.example/", "//evil.example", f"{HOME}//evil.example", f"{HOME}/\\evil", "\r\n"],
)
async def test_signing_in_leads_nowhere_else(rig: Any, back: str) -> None:
    """The way back is always one of the dashboard's own pages."""
    response = await sign_in(rig, back=back)

    assert response.headers["location"] == f"{HOME}/"


async def test_who_is_in_is_not_asked(rig: Any) -> None:
    """The sign-in page sends on who needs no key."""
    response = await rig.browser.get(f"{HOME}/sign-in", params={"back": f"{HOME}/faults"})

    assert response.headers["location"] == f"{HOME}/faults"


async def test_the_door_shows_nothing(rig: Any) -> None:
    """The sign-in page tells a stranger nothing of what is inside."""
    await rig.tune(title="Very private")

    response = await rig.browser.get(f"{HOME}/sign-in", headers=ELSEWHERE)

    assert response.status_code == 200
    assert 'type="password"' in response.text
    assert "$" not in response.text
    assert "Advance" not in response.text


async def test_an_open_page_finds_out(rig: Any) -> None:
    """A page whose session ended is told to load itself again."""
    response = await rig.browser.get(f"{HOME}/", headers=ELSEWHERE | {"HX-Request": "true"})

    assert response.status_code == 401
    assert response.headers["hx-refresh"] == "true"


@pytest.mark.parametrize("path", ["/files/abc", "/thumbs/abc", "/faults/clear"])
async def test_pictures_and_forms_are_behind_the_door_too(rig: Any, path: str) -> None:
    """No address of the dashboard is open but its door and its styles."""
    method = "POST" if path == "/faults/clear" else "GET"

    response = await rig.browser.request(method, f"{HOME}{path}", headers=OWN)

    assert response.status_code == 303
    assert "sign-in" in response.headers["location"]
