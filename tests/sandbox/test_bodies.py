"""Request bodies in every encoding, good and bad."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.anyio
Rigged = Callable[..., AbstractAsyncContextManager[Any]]
JPEG = b"\xff\xd8\xff\xe0 not much of a picture"
FORM = "application/x-www-form-urlencoded"


def multipart(*parts: tuple[str, bytes], end: bytes = b"--b--\r\n") -> dict[str, Any]:
    body = b"".join(
        b"--b\r\n" + head.encode() + b"\r\n\r\n" + data + b"\r\n" for head, data in parts
    )
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return {"content": body + end, "headers": headers}


def field(name: str, extra: str = "") -> str:
    return f'Content-Disposition: form-data; name="{name}"{extra}'


TITLE = (field("tune[title]"), b"Ada")
NAME = (field("tune[name]"), b"woman")
PHOTO = (field("tune[images][]", '; filename="a.jpg"') + "\r\nContent-Type: image/jpeg", JPEG)


async def test_three_encodings_say_the_same(rig: Any) -> None:
    """A tune may come as multipart, urlencoded or JSON, with the same result."""
    flat = {"tune[title]": "Ada", "tune[name]": "woman", "tune[steps]": "500"}
    urls = {"tune[image_urls][]": "https://x.example.com/1.jpg"}
    nested = {"title": "Ada", "name": "woman", "steps": 500}
    nested["image_urls"] = ["https://x.example.com/1.jpg"]

    answers = [
        await rig.http.post("/tunes", data=flat, files=[("tune[images][]", ("a.jpg", JPEG))]),
        await rig.http.post("/tunes", data=flat | urls),
        await rig.http.post("/tunes", json={"tune": nested}),
    ]

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    shown = [(a.json()["title"], a.json()["steps"], len(a.json()["orig_images"])) for a in answers]
    assert set(shown) == {("Ada", 500, 1)}


async def test_old_and_new_forms_of_nested_prompts(rig: Any) -> None:
    """Nested prompts may be numbered, or started anew by a repeated key."""
    base = "tune[title]=a&tune[name]=cat&tune[image_urls][]=https://x.example.com/1.jpg"
    nested = "tune[prompts_attributes]"
    for style in (("[0]", "[1]"), ("[]", "[]")):
        prompts = "&".join(f"{nested}{key}[text]=p{n}" for n, key in enumerate(style))
        response = await rig.http.post(
            "/tunes", content=f"{base}&{prompts}", headers={"Content-Type": FORM}
        )

        listed = await rig.get(f"/tunes/{response.json()['id']}/prompts")

        assert [prompt["text"] for prompt in listed] == ["p1", "p0"]


async def test_query_parameters_count_too(rig: Any) -> None:
    """What stands in the query string is read with the body, as Rails reads it."""
    response = await rig.http.post(
        "/tunes?tune[title]=Ada",
        json={"tune": {"name": "cat", "image_urls": ["https://x.example.com/1.jpg"]}},
    )

    assert response.json()["title"] == "Ada"


async def test_stored_upload_comes_back_as_it_was(rig: Any) -> None:
    """A training image can be downloaded, byte for byte, with the type that its bytes tell."""
    response = await rig.http.post("/tunes", **multipart(TITLE, NAME, PHOTO))
    (url,) = response.json()["orig_images"]

    download = await rig.http.get(url, headers={"Authorization": ""})

    assert (download.content, download.headers["content-type"]) == (JPEG, "image/jpeg")


async def test_empty_file_input_is_not_given(rig: Any) -> None:
    """A file input that was left alone in a browser counts as left out."""
    empty = (field("tune[images][]", '; filename=""'), b"")

    response = await rig.http.post("/tunes", **multipart(TITLE, NAME, empty))

    assert response.json() == {"images": ["must contain at least one image"]}


async def test_empty_file_is_refused(rig: Any) -> None:
    """A file of no bytes is refused by its field."""
    empty = (field("tune[images][]", '; filename="a.jpg"'), b"")

    response = await rig.http.post("/tunes", **multipart(TITLE, NAME, empty))

    assert response.status_code == 422
    assert response.json() == {"images": ["contains an empty file"]}


async def test_captions_are_no_images(rig: Any) -> None:
    """Text files beside images are kept, and do not count as images."""
    caption = (field("tune[images][]", '; filename="a.txt"'), b"ohwx cat")

    alone = await rig.http.post("/tunes", **multipart(TITLE, NAME, caption))
    beside = await rig.http.post("/tunes", **multipart(TITLE, NAME, PHOTO, caption))

    assert alone.status_code == 422
    assert len(beside.json()["orig_images"]) == 2


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"{"),
        ("application/json", b"[1]"),
        ("application/json", b"\xff{}"),
        ("application/json", b'{"tune": NaN}'),
        ("application/json", b'{"tune": 1e999}'),
        ("application/json", b'{"tune": {"title": "\\ud800"}}'),
        ("application/json", b'{"tune": ' + b"[" * 100_000),
        ("application/json", b'{"tune": ' + b"9" * 5000 + b"}"),
        ("application/json", b""),
        ("application/json", b'{"tune": "x"}'),
        ("application/json", b'{"tune": {}}'),
        ("text/plain", b'{"tune": {"title": "a"}}'),
        ("", b"tune[title]=a"),
        ("nonsense", b"x"),
        (FORM, b"tune[title]=%ff"),
        (FORM, b"tune[title]=\xff"),
        (FORM, b"tune=a&tune[title]=b"),
        (FORM, b"&".join(b"a=1" for _ in range(5000))),
        ("multipart/form-data", b"--b--"),
        ("multipart/form-data; boundary=b", b"nonsense"),
        ("multipart/form-data; boundary=b", b""),
    ],
)
async def test_unreadable_bodies_are_bad_requests(rig: Any, content_type: str, body: bytes) -> None:
    """What cannot be decoded, or holds no parameters, is a 400 with an error."""
    response = await rig.http.post("/tunes", content=body, headers={"Content-Type": content_type})

    assert response.status_code == 400
    assert response.json()["error"]


@pytest.mark.parametrize(
    "request_",
    [
        multipart(TITLE, end=b""),
        multipart((field("tune[title]"), b"\xff")),
        multipart(("Content-Disposition: form-data", b"x")),
        multipart(("Nonsense", b"x")),
        multipart(*[(field("a"), b"1")] * 4097),
    ],
    ids=["cut", "utf8", "nameless", "header", "many"],
)
async def test_malformed_multipart_is_a_bad_request(rig: Any, request_: dict[str, Any]) -> None:
    """Multipart that breaks off, or whose parts make no sense, is a 400."""
    response = await rig.http.post("/tunes", **request_)

    assert response.status_code == 400


@pytest.mark.parametrize(
    "limits", [{"max_upload": 10}, {"max_request": 100}, {"max_text": 2}], ids=str
)
async def test_too_large_a_multipart_body(rigged: Rigged, limits: dict[str, int]) -> None:
    """A file, a request or text beyond its limit is a 413, and leaves no file behind."""
    async with rigged(**limits) as rig:
        response = await rig.http.post("/tunes", **multipart(PHOTO, TITLE, NAME))

        assert (response.status_code, list(response.json())) == (413, ["status", "error"])
        assert [f for f in rig.sandbox.world.files if f.recipe is None] == []


async def test_too_large_a_json_body(rigged: Rigged) -> None:
    """JSON beyond the limit of texts is a 413."""
    async with rigged(max_text=100) as rig:
        response = await rig.http.post("/tunes", json={"tune": {"title": "x" * 200}})

        assert response.status_code == 413


async def test_large_bodies_are_parsed_aside(rig: Any) -> None:
    """A body of some size is read all the same."""
    text = "x" * 100_000

    prompt = await rig.prompt(text=text)

    assert prompt["text"] == text


async def test_client_that_goes_away_is_no_error(rig: Any) -> None:
    """A body that breaks off with its connection leaves nothing behind."""
    sent: list[Any] = []
    messages = iter(
        [
            {"type": "http.request", "body": b"--b\r\n", "more_body": True},
            {"type": "http.disconnect"},
        ]
    )

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/tunes", "query_string": b"", "scheme": "http",
        "server": ("x", 80), "client": ("x", 1), "root_path": "", "http_version": "1.1",
        "headers": [
            (b"authorization", b"Bearer sd_sandbox"),
            (b"content-type", b"multipart/form-data; boundary=b"),
        ],
    }  # fmt: skip
    await rig.sandbox.app(scope, receive, send)

    assert sent[0]["status"] == 400
    assert await rig.get("/tunes") == []


async def test_uploads_that_nobody_keeps_are_deleted(rig: Any) -> None:
    """The files of a refused request do not stay on the disk."""
    await rig.http.post("/tunes", **multipart(PHOTO, TITLE, (field("tune[name]"), b"b_d")))

    assert list(rig.sandbox._machine.storage.folder.iterdir()) == []


async def test_answers_are_json_like_rails(rig: Any) -> None:
    """Answers are UTF-8 JSON without escapes, with a request id."""
    prompt = await rig.http.post("/tunes/690204/prompts", json={"prompt": {"text": "é"}})

    assert prompt.headers["content-type"] == "application/json; charset=utf-8"
    assert "é" in prompt.text
    assert prompt.headers["x-request-id"]
    assert isinstance(prompt, httpx.Response)
    assert json.loads(prompt.text)["text"] == "é"
