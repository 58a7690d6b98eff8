"""Which requests the dashboard answers, and what it leaves to the API."""

from typing import Any

import httpx
import pytest

from astria_async.sandbox import RequestFault
from astria_async.sandbox.dashboard import HOME

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ["/", "/_sandbox", "/_sandbox/", HOME])
async def test_browsers_are_sent_to_the_overview(rig: Any, path: str) -> None:
    """A browser that opens the sandbox's address lands on the first page."""
    response = await rig.browser.get(path)

    assert response.status_code == 302
    assert response.headers["location"] == f"{HOME}/"


async def test_programs_get_the_apis_answer_at_the_root(rig: Any) -> None:
    """A program that asks for ``/`` is told in JSON that there is nothing."""
    response = await rig.api.get("/")

    assert response.status_code == 404
    assert response.json()["status"] == 404


async def test_other_addresses_of_the_sandbox_stay_with_the_api(rig: Any) -> None:
    """What lies beside the dashboard under ``/_sandbox`` is not its business."""
    response = await rig.api.get("/_sandbox/faults")

    assert response.json() == []


async def test_looking_is_not_recorded(rig: Any) -> None:
    """The record of requests holds what programs sent, not what people looked at."""
    await rig.page("/requests")
    await rig.api.get("/users")

    assert [record.path for record in rig.sandbox.requests] == ["/users"]


async def test_faults_leave_the_pages_alone(rig: Any) -> None:
    """A fault on every request does not lock out who wants to switch it off."""
    rig.sandbox.faults.add(RequestFault(kind="reset"))

    page = await rig.page("/faults")

    assert "The connection is cut" in page
    with pytest.raises(httpx.ReadError):
        await rig.api.get("/users")


async def test_an_unknown_page_is_a_page(rig: Any) -> None:
    """What does not exist is said in HTML, with a way back."""
    page = await rig.page("/nowhere", status=404)

    assert "<h1>Not Found</h1>" in page
    assert f'href="{HOME}/"' in page


async def test_a_page_takes_no_other_method(rig: Any) -> None:
    """A method that a page does not know is 405, and no 500."""
    response = await rig.browser.put(f"{HOME}/tunes")

    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == {"GET", "HEAD"}


async def test_a_head_request_has_no_body(rig: Any) -> None:
    """HEAD works as for any page."""
    response = await rig.browser.head(f"{HOME}/")

    assert (response.status_code, response.content) == (200, b"")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("base.css", "text/css"),
        ("dashboard.js", "text/javascript"),
        ("vendor/htmx.min.js", "text/javascript"),
        ("vendor/htmx.LICENSE.txt", "text/plain"),
        ("icon.svg", "image/svg+xml"),
    ],
)
async def test_static_files_come_with_the_package(rig: Any, name: str, kind: str) -> None:
    """Styles and scripts are served by the sandbox itself."""
    response = await rig.browser.get(f"{HOME}/static/{name}")

    assert response.status_code == 200
    assert response.headers["content-type"].startswith(kind)


@pytest.mark.parametrize(
    "path", ["/static/../app.py", "/static/%2e%2e/app.py", "/static/vendor", "/static/none.js"]
)
async def test_nothing_else_is_served(rig: Any, path: str) -> None:
    """No path leads out of the folder of static files."""
    response = await rig.browser.get(f"{HOME}{path}")

    assert response.status_code in {404, 405}


@pytest.mark.parametrize("path", ["/", "/nowhere", "/static/base.css", "/sign-in"])
async def test_every_answer_is_hardened(rig: Any, path: str) -> None:
    """Browsers are told to run our own scripts only, and to frame nothing."""
    response = await rig.browser.get(f"{HOME}{path}")

    policy = response.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["x-content-type-options"] == "nosniff"


async def test_pages_hold_nothing_inline(rig: Any) -> None:
    """No page needs more than that policy allows."""
    await rig.tune()
    for path in ("/", "/tunes", "/prompts", "/requests", "/callbacks", "/billing", "/faults"):
        page = await rig.page(path)

        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert page.count("<script") == page.count("<script src=")
