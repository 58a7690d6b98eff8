"""Input that no honest client sends: answered in time, within bounds, and never with a 500."""

import re
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import pytest

from astria_async.sandbox.tables.endpoints import ENDPOINTS

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
MEBIBYTE = 1024 * 1024
HUNDRED = 100 * MEBIBYTE
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
PART = b'--b\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n'
NAMED = PART % (b"tune[title]", b"") + b"Ada\r\n" + PART % (b"tune[name]", b"") + b"woman\r\n"
PHOTO = PART % (b"tune[images][]", b'; filename="a.jpg"') + b"\xff\xd8\xff"
END = b"\r\n--b--\r\n"
PATHS = sorted({(row.method, path) for row in ENDPOINTS for path in row.paths if "{" in path})


async def hundred(head: bytes, end: bytes = b"") -> AsyncIterator[bytes]:
    """A body of a hundred megabytes, in the pieces in which a socket would bring it."""
    piece = b"x" * (64 * 1024)
    yield head
    for _ in range(HUNDRED // len(piece)):
        yield piece
    yield end


async def peak(rig: Any, kind: str, body: AsyncIterator[bytes]) -> tuple[Any, int]:
    """What a request was answered, and the most memory that it took."""
    await rig.http.post("/tunes", content=b"x=1", headers={"Content-Type": kind})
    tracemalloc.start()
    try:
        with anyio.fail_after(60):
            answer = await rig.http.post("/tunes", content=body, headers={"Content-Type": kind})
        return answer, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("kind", "head", "most"),
    [
        (MULTIPART, NAMED + PHOTO, 4),
        (MULTIPART, PART % (b"tune[title]", b""), 100),
        (FORM, b"tune[title]=", 100),
        ("application/json", b'{"tune": {"title": "', 100),
        ("text/plain", b"", 100),
    ],
    ids=["file", "text", "form", "json", "other"],
)
async def test_a_hundred_megabytes_are_refused(
    rig: Any, kind: str, head: bytes, most: float
) -> None:
    """A form of 100 MB is a 413, in no more memory than its limit; a file takes next to none."""
    answer, taken = await peak(rig, kind, hundred(head, END))

    assert (answer.status_code, answer.json()["status"]) == (413, 413)
    assert taken < most * MEBIBYTE


async def test_a_hundred_megabytes_are_kept(rigged: Rigged) -> None:
    """Where such files are allowed, one of 100 MB goes to the disk, and not through memory."""
    async with rigged(max_upload=2 * HUNDRED) as rig:
        answer, taken = await peak(rig, MULTIPART, hundred(NAMED + PHOTO, END))

        (url,) = answer.json()["orig_images"]
        (file,) = [it for it in rig.sandbox.world.files if it.recipe is None]
        assert url.endswith(file.id)
        assert file.size == HUNDRED + 3
        assert taken < 4 * MEBIBYTE


@pytest.mark.parametrize("depth", [50, 900, 5000])
@pytest.mark.parametrize("field", ["characteristics", "prompts_attributes", "title", "unknown"])
async def test_json_that_nests_deep(rig: Any, field: str, depth: int) -> None:
    """JSON of any depth is a bad request, names its field, or is ignored with it."""
    nested = '{"a":' * depth + "1" + "}" * depth
    rest = '"name": "woman", "image_urls": ["https://x.example.com/1.jpg"]'
    body = f'{{"tune": {{{rest}, "{field}": {nested}}}}}'

    answer = await rig.http.post(
        "/tunes", content=body, headers={"Content-Type": "application/json"}
    )

    assert answer.status_code in {400, 422}


async def test_forms_that_nest_deep(rig: Any) -> None:
    """A form that nests past the limit is a bad request, in a body and in a query alike."""
    name = "tune" + "[a]" * 500

    in_body = await rig.http.post("/tunes", data={name: "1"})
    in_query = await rig.http.get(f"/tunes?{name}=1")

    assert (in_body.status_code, in_query.status_code) == (400, 400)


async def test_unknown_fields_are_ignored(rig: Any) -> None:
    """Fields that nobody knows are ignored wherever they stand, as Rails ignores them."""
    tune = await rig.tune(colour="red", nested={"a": [1, {"b": None}]})
    known = {
        "tune[title]": "a",
        "tune[name]": "cat",
        "tune[image_urls][]": "https://x.example.com/",
    }
    form = await rig.http.post("/tunes?page=2", data={**known, "tune[x][y][]": "1", "utf8": "✓"})
    listed = await rig.http.get("/tunes?colour=red")

    assert (form.status_code, listed.status_code) == (201, 200)
    assert not {"colour", "nested", "x"} & {*tune, *form.json()}


@pytest.mark.parametrize(("method", "path"), [pytest.param(*it, id=" ".join(it)) for it in PATHS])
async def test_ids_that_are_no_numbers(rig: Any, method: str, path: str) -> None:
    """An id that is none is not found, whatever is asked of it; a body may be refused before."""
    roots = {"tune": {"title": "a"}, "prompt": {"text": "a"}, "workspace": {"title": "a"}}
    for word in ("abc", "1.5", "-1", "0x1F", "1e3", "٣", "%ff", "%00", "9" * 30):
        where = re.sub(r"\{\w+\}", word, path)

        answer = await rig.http.request(method, where, json=None if method == "GET" else roots)

        assert answer.status_code in {404, 422}
        assert answer.json()


@pytest.mark.parametrize("field", ["base_tune_id", "steps", "num_images"])
async def test_numbers_that_are_none(rig: Any, field: str) -> None:
    """A parameter that should be a number and is none is a 422 under its name."""
    body = {"text": "a", "title": "a", "name": "cat", "image_urls": ["https://x.example.com/"]}
    where, root = (
        ("/tunes/690204/prompts", "prompt") if field == "num_images" else ("/tunes", "tune")
    )

    for value in ("abc", "1.5", "0x1F", "9" * 30, {"a": 1}, [1], True, 1e300):
        answer = await rig.http.post(where, json={root: {**body, field: value}})

        assert answer.status_code == 422
        assert [*answer.json()] == [field]


@pytest.mark.parametrize(
    "name", ["authorization", "x-workspace-id", "content-type", "accept", "host"]
)
async def test_headers_that_are_no_text(rig: Any, name: str) -> None:
    """Bytes that are no UTF-8 in a header are refused, or of no account."""
    answer = await rig.http.post("/tunes", content=b"{}", headers={name: b"\xff\xfe"})

    assert answer.status_code in {400, 401, 406}
