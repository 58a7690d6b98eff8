"""Keys, formats, spellings and paths."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Host, Mount

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
GIF = "data:image/gif;base64,R0lGODlhAQABAAAAACw="


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer sd_other", "Basic sd_sandbox"])
async def test_wrong_keys_are_refused(rig: Any, header: str) -> None:
    """Without the right bearer key every endpoint answers 401, with an error as JSON."""
    response = await rig.http.get("/tunes", headers={"Authorization": header})

    assert response.status_code == 401
    assert response.json() == {"error": "HTTP Token: Access denied."}
    assert response.headers["www-authenticate"].startswith("Token")


async def test_401_is_plain_text_for_whoever_takes_no_json(rig: Any) -> None:
    """A client that asks for text gets the words of the vendor's fixture."""
    headers = {"Authorization": "", "Accept": "text/plain"}
    response = await rig.http.get("/tunes", headers=headers)

    assert response.text == "HTTP Token: Access denied.\n"
    assert response.headers["content-type"].startswith("text/plain")


async def test_401_can_be_plain_text_for_all(rigged: Rigged) -> None:
    """A setting answers 401 in plain text whatever the client takes."""
    async with rigged(plain_unauthorized=True) as rig:
        response = await rig.http.get("/tunes", headers={"Authorization": ""})

        assert response.text == "HTTP Token: Access denied.\n"


async def test_any_key_will_do_if_none_is_set(rigged: Rigged) -> None:
    """A sandbox without a key of its own takes any, but not none."""
    async with rigged(api_key=None) as rig:
        anything = await rig.http.get("/tunes", headers={"Authorization": "bearer whatever"})
        nothing = await rig.http.get("/tunes", headers={"Authorization": ""})

        assert (anything.status_code, nothing.status_code) == (200, 401)


@pytest.mark.parametrize("path", ["/tunes", "/tunes/", "/tunes.json", "/tunes.json/"])
async def test_spellings_of_a_path(rig: Any, path: str) -> None:
    """A trailing slash and a .json suffix change nothing."""
    assert await rig.get(path) == []


@pytest.mark.parametrize(
    "path",
    ["/tunes/abc", "/tunes/12", f"/tunes/{'9' * 5000}", "/tunes/-1", "/generate", "/models/1",
     "/tunes/1/generations", "/", "/prompts/x", "/p/none", "/files/none", "/tunes/%ff"],
)  # fmt: skip
async def test_what_is_not_there_is_404(rig: Any, path: str) -> None:
    """Unknown objects and paths, and ids that are no numbers, are 404 with a body."""
    response = await rig.http.get(path)

    assert response.status_code == 404
    assert response.json() == {"status": 404, "error": "Not Found"}


async def test_404_is_a_page_for_whoever_takes_only_html(rig: Any) -> None:
    """A client that takes HTML and no JSON gets HTML."""
    response = await rig.http.get("/nothing", headers={"Accept": "text/html"})

    assert response.status_code == 404
    assert response.text.startswith("<!DOCTYPE html>")


async def test_wrong_method_names_the_right_ones(rig: Any) -> None:
    """A method that a path does not have is 405, with those that it has."""
    response = await rig.http.delete("/tunes")

    assert response.status_code == 405
    assert response.headers["allow"] == "GET, HEAD, POST"


async def test_answers_in_other_formats_are_refused(rig: Any) -> None:
    """A client that takes no JSON is told 406."""
    response = await rig.http.get("/tunes", headers={"Accept": "application/xml"})

    assert response.status_code == 406


@pytest.mark.parametrize(
    "accept", ["application/json, text/plain, */*", "text/html, */*;q=0.8", ""]
)
async def test_usual_accept_headers_get_json(rig: Any, accept: str) -> None:
    """Browsers, axios, curl and whoever says nothing get JSON."""
    assert (await rig.http.get("/tunes", headers={"Accept": accept})).json() == []


async def test_head_is_get_without_a_body(rig: Any) -> None:
    """HEAD answers like GET, with no body."""
    response = await rig.http.head("/tunes")

    assert (response.status_code, response.content) == (200, b"")


async def test_links_lead_back_to_where_the_client_came(rig: Any) -> None:
    """URLs in answers carry the host that the client used, else the sandbox's own."""
    tune = await rig.tune()
    headers = {"Host": "astria.internal:8787"}

    other = (await rig.http.get(f"/tunes/{tune['id']}", headers=headers)).json()
    strange = (await rig.http.get(f"/tunes/{tune['id']}", headers={"Host": "a/b"})).json()

    assert tune["url"] == f"https://api.astria.sandbox/tunes/{tune['id']}.json"
    assert other["orig_images"][0].startswith("https://astria.internal:8787/files/")
    assert strange["url"] == tune["url"]


async def test_other_accounts_objects_are_forbidden(rig: Any) -> None:
    """What belongs to somebody else is 403, as long as it is not public."""
    assert await rig.status("/tunes/1600001") == 403
    assert await rig.status("/prompts/18770001") == 403
    assert (await rig.http.delete("/tunes/1504944")).status_code == 403
    assert await rig.status("/tunes/1504944") == 200


async def test_rate_limit_is_per_minute_of_the_clock(rigged: Rigged) -> None:
    """Requests beyond the limit are 429 until the first is a virtual minute old."""
    async with rigged(rate_limit=2) as rig:
        statuses = [await rig.status("/tunes") for _ in range(2)]
        refused = await rig.http.get("/tunes")
        await rig.sandbox.advance(60)

        assert statuses == [200, 200]
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
        assert await rig.status("/tunes") == 200


async def test_rate_limit_may_keep_the_time_to_itself(rigged: Rigged) -> None:
    """A setting leaves Retry-After out; a limit of zero refuses everything."""
    async with rigged(rate_limit=0, retry_after=False) as rig:
        refused = await rig.http.get("/tunes")

        assert refused.status_code == 429
        assert "retry-after" not in refused.headers


async def test_accounts_are_apart(rig: Any) -> None:
    """Another account has money and objects of its own, and is forbidden those of the first."""
    tune, prompt = await rig.tune(), await rig.prompt()
    rig.sandbox.add_account("sd_other", name="Bob", balance=3)
    other = {"Authorization": "Bearer sd_other"}

    async def ask(path: str) -> Any:
        return await rig.http.get(path, headers=other)

    assert (await ask("/users")).json()["usd_balance_mc"] == 300_000
    assert (await ask("/tunes")).json() == (await ask("/prompts")).json() == []
    assert (await ask(f"/tunes/{tune['id']}")).status_code == 403
    assert (await ask(f"/prompts/{prompt['id']}")).status_code == 403
    assert (await ask("/tunes/1504944/prompts")).json() == []
    with pytest.raises(ValueError, match="taken"):
        rig.sandbox.add_account("sd_other")


async def test_records_do_not_show_secrets(rig: Any) -> None:
    """Neither keys nor the queries of callbacks are in any repr."""
    await rig.trained(callback="https://hooks.example.com/x?sig=hush")

    shown = repr([rig.sandbox.deliveries, list(rig.sandbox.world.tunes), rig.sandbox.account])

    assert "hooks.example.com" in shown
    assert "hush" not in shown
    assert "sd_sandbox" not in shown + repr(rig.sandbox.settings)


@pytest.mark.parametrize(
    ("route", "base"),
    [
        (lambda app: Mount("/fake/astria", app), "http://shop.example.com/fake/astria"),
        (lambda app: Host("astria.example.com", app), "http://astria.example.com"),
    ],
    ids=["path", "host"],
)
async def test_the_sandbox_may_be_a_part_of_an_app(rig: Any, route: Any, base: str) -> None:
    """Mounted under a path or a host of another app, its links lead back to it."""
    app = Starlette(routes=[route(rig.sandbox.app)])
    headers = {"Authorization": "Bearer sd_sandbox"}
    body = {"title": "a", "name": "cat", "image_urls": [GIF]}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url=base, headers=headers
    ) as http:
        tune = (await http.post("/tunes.json/", json={"tune": body})).json()
        (picture,) = tune["orig_images"]

        links = [tune["url"], picture, f"{base}/openapi.json", f"{base}/tunes"]
        assert [(await http.get(link)).status_code for link in links] == [200] * 4
        assert picture.startswith(f"{base}/files/")
        again = {**body, "image_urls": [picture]}
        assert (await http.post("/tunes", json={"tune": again})).status_code == 201
    assert [it.path for it in rig.sandbox.requests][:2] == [
        "/tunes.json/",
        tune["url"][len(base) :],
    ]
