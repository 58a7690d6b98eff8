"""Answers: an object, a list or an error, whatever the body looks like."""

import datetime as dt
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from astria_async.protocol.calls import Call
from astria_async.protocol.errors import (
    APIError,
    AuthenticationError,
    BadRequest,
    DecodeError,
    GatewayTimeout,
    NotFound,
    PaymentRequired,
    PermissionDenied,
    RateLimited,
    ServerError,
    ValidationError,
)
from astria_async.protocol.models import Prompt, Tune
from astria_async.protocol.replies import (
    Reply,
    excerpt,
    raise_for_status,
    read_error,
    read_list,
    read_object,
    read_retry_after,
)

NOW = dt.datetime(2025, 3, 4, 10, 0, tzinfo=dt.UTC)
CALL = Call(method="POST", path="/tunes")
HTML = b"<html><head><style>p{}</style><title>We're sorry</title></head><p>Something  broke</p>"
STATUSES = {
    302: APIError,
    400: BadRequest,
    401: AuthenticationError,
    402: PaymentRequired,
    403: PermissionDenied,
    404: NotFound,
    409: APIError,
    413: APIError,
    418: APIError,
    422: ValidationError,
    425: APIError,
    426: APIError,
    429: RateLimited,
    500: ServerError,
    502: ServerError,
    503: ServerError,
    504: GatewayTimeout,
    599: ServerError,
}
BODIES = {
    "json": (b'{"error": "Something broke"}', "Something broke"),
    "html": (HTML, "We're sorry Something broke"),
    "text": (b"HTTP Token: Access denied.\n", "HTTP Token: Access denied."),
    "empty": (b"", "no message"),
    "blank": (b" \n", "no message"),
    "truncated": (b'{"error": "Somethi', '{"error": "Somethi'),
    "binary": (b"\xff\xfe\x00", "\N{REPLACEMENT CHARACTER}"),
    "null": (b"null", "null"),
    "number": (b'{"code": 7}', '{"code": 7}'),
}


def error(status: int, body: Any = b"", **headers: str) -> APIError:
    """The error for an answer."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_error(CALL, Reply(status=status, headers=named, body=raw), now=NOW)


def message(body: Any, status: int = 422) -> str:
    """The words of an error, without status and hint."""
    found = error(status, body)
    return str(found).partition(": ")[2].removesuffix(f" {found.hint}")


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize(("status", "cls"), STATUSES.items())
def test_every_status_is_an_error_with_every_body(
    status: int, cls: type[APIError], body: str
) -> None:
    """The class follows from the status, the words from whatever the body is."""
    raw, words = BODIES[body]

    found = error(status, raw, x_request_id="r-1")

    assert type(found) is cls
    assert str(found).startswith(f"{status} on POST /tunes: {words}")
    assert (found.status, found.method, found.path, found.request_id) == (
        status,
        "POST",
        "/tunes",
        "r-1",
    )


@pytest.mark.parametrize(
    ("body", "kept"),
    [(b'{"error": "x"}', {"error": "x"}), (HTML, HTML.decode()), (b"", ""), (b"\xff", "\ufffd")],
)
def test_the_body_is_kept(body: bytes, kept: Any) -> None:
    """An error holds the decoded JSON, or the text as it was received."""
    assert error(500, body).body == kept


def test_headers_are_kept_but_for_cookies() -> None:
    """Everything else that came with an error is there to be looked at."""
    assert error(500, b"", x_runtime="1", set_cookie="s=1").headers == {"x-runtime": "1"}


@pytest.mark.parametrize(
    ("body", "words", "errors"),
    [
        (
            {"name": ["only English letters, numbers and spaces allowed"]},
            "name only English letters, numbers and spaces allowed",
            {"name": ["only English letters, numbers and spaces allowed"]},
        ),
        ({"images": "must be there"}, "images must be there", {"images": ["must be there"]}),
        ({"error": "no"}, "no", {"base": ["no"]}),
        ({"message": "no"}, "no", {"base": ["no"]}),
        ({"errors": ["a", "b"]}, "a; b", {"base": ["a", "b"]}),
        ({"errors": {"w": ["odd"], "base": "no"}}, "w odd; no", {"w": ["odd"], "base": ["no"]}),
        ({"base": ["a"], "name": ["b"]}, "a; name b", {"base": ["a"], "name": ["b"]}),
        ({"p.text": ["is blank"]}, "p.text is blank", {"p.text": ["is blank"]}),
        ({"a": {"b": ["c"]}}, "a b c", {"a": ["b c"]}),
        ({"name": ["<b>bad</b>\n  name"]}, "name bad name", {"name": ["bad name"]}),
        ({"status": 404, "error": "Not Found"}, "Not Found", {"base": ["Not Found"]}),
        ({"name": [""], "title": ["bad"]}, "title bad", {"name": [""], "title": ["bad"]}),
        ("just text", '"just text"', {"base": ['"just text"']}),
        (b"plain", "plain", {"base": ["plain"]}),
        ({"code": 7, "ok": None}, '{"code": 7, "ok": null}', {"base": ['{"code": 7, "ok": null}']}),
    ],
)
def test_messages_are_built_from_fields(
    body: Any, words: str, errors: dict[str, list[str]]
) -> None:
    """General keys are dropped, others stand before their words; tags and blanks are folded."""
    found = error(422, body)

    assert message(body) == words
    assert isinstance(found, ValidationError)
    assert found.errors == errors


@pytest.mark.parametrize("status", [400, 402, 403, 422, 500])
def test_a_lack_of_balance_is_told_by_its_words(status: int) -> None:
    """The case is recognised on any status, without regard to capitals."""
    assert type(error(status, {"error": "Not Enough Balance, top up"})) is PaymentRequired


def test_long_texts_are_cut() -> None:
    """A page of text becomes a line."""
    assert message(b"x" * 5000, 500) == "x" * 300 + "…"
    assert excerpt("y" * 300) == "y" * 300


def test_scripts_and_styles_are_no_message() -> None:
    """What a browser would not show is not shown, closed or not."""
    assert excerpt("<style>p{}</style>a<script>if (a<b)</script>b<SCRIPT>c") == "a b"


@pytest.mark.parametrize("body", [b"<" * 200_000, b"<script" * 30_000, b"http://" * 30_000])
def test_hostile_pages_take_no_time(body: bytes) -> None:
    """However a page is made, reading it is bounded: a cut of it is looked at, once."""
    assert len(message(body, 500)) <= 301


def test_signatures_in_messages_are_cut() -> None:
    """A server that quotes a URL does not bring its query into logs."""
    words = "https://h.example/a?kind=tune&sig=s3cret is not https, nor http://x?k=s3cret."

    found = error(422, {"callback": [words]})

    assert "s3cret" not in str(found)
    assert "https://h.example/a?… is not https" in str(found)


@pytest.mark.parametrize("depth", [100, 900, 5000, 100_000])
def test_deep_answers_are_survived(depth: int) -> None:
    """However deep the JSON, an error status is its error."""
    assert type(error(422, b'{"errors": ' + b"[" * depth + b"]" * depth + b"}")) is ValidationError


@given(st.binary(max_size=60) | st.builds(lambda v: json.dumps(v).encode(), st.text()))
def test_any_body_of_an_error_is_an_error(body: bytes) -> None:
    """No body makes an error status anything but an API error."""
    assert isinstance(error(500, body), ServerError)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 1.5 ", 1.5),
        ("-3", 0.0),
        ("Tue, 04 Mar 2025 10:00:30 GMT", 30.0),
        ("Tue, 04 Mar 2025 10:00:30", 30.0),
        ("Tue, 04 Mar 2025 11:00:30 +0100", 30.0),
        ("Tue, 04 Mar 2025 09:00:00 GMT", 0.0),
        ("soon", None),
        ("", None),
        ("nan", None),
        ("inf", None),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str | None, seconds: float | None) -> None:
    """Both documented forms give seconds from now; anything else gives nothing."""
    assert read_retry_after(value, now=NOW) == seconds


@given(st.text(max_size=40) | st.from_regex(r"\A\d+ [A-Z][a-z]{2} \d+ [\d:+-]+\Z"))
def test_no_retry_after_breaks_the_reader(value: str) -> None:
    """Whatever a proxy writes there, it is seconds or nothing."""
    seconds = read_retry_after(value, now=NOW)

    assert seconds is None or seconds >= 0


def test_retry_after_is_on_the_error() -> None:
    """The pause that was asked for can be read from the error."""
    assert error(429, b"", retry_after="7").retry_after == 7
    assert error(503).retry_after is None


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_any_2xx_is_success(status: int) -> None:
    """Creates answer 201, merged ones perhaps 200, deletions 204."""
    reply = Reply(status=status)

    raise_for_status(CALL, reply, now=NOW)

    assert reply.ok


@pytest.mark.parametrize("status", [199, 300, 301, 404])
def test_anything_else_is_raised(status: int) -> None:
    """A redirect of an API request is an error too."""
    with pytest.raises(APIError) as caught:
        raise_for_status(CALL, Reply(status=status), now=NOW)

    assert caught.value.status == status


def test_an_object_knows_its_request() -> None:
    """The request's id is on the object that it answered, the binding too."""
    reply = Reply(status=201, headers={"x-request-id": "r-9"}, body=b'{"id": 7}')
    client: Any = object()

    tune = read_object(Tune, reply, binding=client)

    assert (tune.id, tune.request_id, tune.bound) == (7, "r-9", client)


@pytest.mark.parametrize("body", [b'[{"id": 7}]', b'[{"id": 7}, {"id": 8}]', b' {"id": 7}\n'])
def test_an_array_of_one_is_unwrapped(body: bytes) -> None:
    """A create that answers with a list gives its first object, as the vendor reads it."""
    assert read_object(Prompt, Reply(status=201, body=body)).id == 7


@pytest.mark.parametrize("body", [b"", b"null", b"[]", b"  "])
def test_no_object_is_an_error(body: bytes) -> None:
    """A success that holds no object says so, with what is missing."""
    with pytest.raises(DecodeError, match="status 201 holds no tune: look"):
        read_object(Tune, Reply(status=201, body=body), missing=": look")


@pytest.mark.parametrize("body", [HTML, b'{"id": 7', b"\xff", b"[" * 100_000])
def test_what_is_no_json_is_an_error(body: bytes) -> None:
    """A success page in HTML, or half an answer, is not an object."""
    with pytest.raises(DecodeError, match="status 200 is not JSON"):
        read_object(Tune, Reply(status=200, body=body))


def test_a_list_is_a_bare_array() -> None:
    """Each element is a model of the same request."""
    reply = Reply(status=200, headers={"x-request-id": "r"}, body=b'[{"id": 8}, {"id": 7}]')

    found = read_list(Prompt, reply)

    assert [(prompt.id, prompt.request_id) for prompt in found] == [(8, "r"), (7, "r")]


@pytest.mark.parametrize("body", [b'{"id": 7}', b"", b"null", b'"text"'])
def test_anything_but_an_array_is_no_list(body: bytes) -> None:
    """There is no envelope around a list."""
    with pytest.raises(DecodeError, match="expected a list of tunes"):
        read_list(Tune, Reply(status=200, body=body))


def test_a_reply_shows_neither_headers_nor_body() -> None:
    """A repr of an answer holds its status alone."""
    reply = Reply(status=200, headers={"set-cookie": "s3cret"}, body=b"s3cret")

    assert repr(reply) == "Reply(status=200)"
