"""Errors: one tree, each of which pickles, tells what to do, and keeps secrets to itself."""

import copy
import inspect
import pickle
from typing import Any

import pytest

from astria_async.protocol import errors
from astria_async.protocol.errors import (
    APIError,
    AstriaError,
    AuthenticationError,
    ConnectionFailed,
    DecodeError,
    Deleted,
    DownloadFailed,
    GatewayTimeout,
    InvalidCallback,
    InvalidInput,
    JobFailed,
    NotFound,
    OutcomeUnknown,
    PromptFailed,
    RateLimited,
    ServerError,
    TuneFailed,
    ValidationError,
    WaitTimeout,
)
from astria_async.protocol.models import Tune

EVERY = [
    cls
    for _, cls in inspect.getmembers(errors, inspect.isclass)
    if issubclass(cls, AstriaError) and cls.__module__ == errors.__name__
]
DETAILS: dict[type[AstriaError], dict[str, Any]] = {
    InvalidInput: {"parameter": "images[2]"},
    ConnectionFailed: {"method": "GET", "path": "/tunes", "sent": True},
    OutcomeUnknown: {"kind": "tune", "sent": {"title": "Ada"}, "candidates": [7]},
    DecodeError: {"problems": ["required field missing @ tune.id"]},
    ValidationError: {"status": 422, "errors": {"name": ["is blank"]}},
    WaitTimeout: {"object": Tune(id=7)},
    DownloadFailed: {"status": 404},
    InvalidCallback: {"status": 413},
}


def make(cls: type[AstriaError], message: str = "it went wrong") -> AstriaError:
    """An error of *cls* with every attribute set."""
    details = DETAILS.get(cls, {})
    if issubclass(cls, APIError) and not details:
        details = {"status": 418, "method": "GET", "path": "/tunes", "request_id": "r-1"}
    if issubclass(cls, JobFailed):
        details = {"reason": "no face found", "object": Tune(id=7)}
    return cls(message, **details)


@pytest.mark.parametrize("cls", EVERY)
def test_every_error_survives_pickling(cls: type[AstriaError]) -> None:
    """Type, text and attributes of an error come out of a pickle as they went in."""
    error = make(cls)

    restored = pickle.loads(pickle.dumps(error))

    assert type(restored) is cls
    assert str(restored) == str(error)
    assert restored.__dict__ == error.__dict__


@pytest.mark.parametrize("cls", EVERY)
def test_every_error_can_be_copied(cls: type[AstriaError]) -> None:
    """A copy of an error is an equal error."""
    error = make(cls)

    copied = copy.copy(error)

    assert (type(copied), copied.args, copied.__dict__) == (cls, error.args, error.__dict__)


@pytest.mark.parametrize("cls", EVERY)
def test_every_error_is_drawn_in_the_tree(cls: type[AstriaError]) -> None:
    """The tree in the module's docstring names every class there is."""
    assert f" {cls.__name__}" in (errors.__doc__ or "")


@pytest.mark.parametrize("cls", [cls for cls in EVERY if issubclass(cls, APIError)])
def test_an_answer_with_an_error_status_says_what_to_do(cls: type[APIError]) -> None:
    """The text of an API error ends in a hint."""
    assert str(make(cls)).endswith(cls.hint)


def test_the_text_names_status_request_and_words() -> None:
    """The text of an API error can be quoted to Astria's support as it stands."""
    error = AuthenticationError(
        "Access denied.", status=401, method="GET", path="/tunes", request_id="r-1"
    )

    assert str(error) == (
        "401 on GET /tunes: Access denied. [request r-1] Check ASTRIA_API_KEY against the API "
        "settings of your Astria account."
    )


def test_the_body_and_headers_stay_out_of_the_text() -> None:
    """What may hold a secret is an attribute, never part of text or repr."""
    error = NotFound("gone", status=404, body={"k": "s3cret"}, headers={"x-token": "s3cret"})

    assert "s3cret" not in str(error) + repr(error)
    assert error.headers == {"x-token": "s3cret"}


@pytest.mark.parametrize(
    ("cls", "base"),
    [
        (Deleted, NotFound),
        (GatewayTimeout, ServerError),
        (RateLimited, APIError),
        (TuneFailed, JobFailed),
        (PromptFailed, JobFailed),
        (WaitTimeout, TimeoutError),
        (InvalidInput, ValueError),
    ],
)
def test_errors_can_be_caught_by_their_kind(cls: type[Exception], base: type[Exception]) -> None:
    """What a caller naturally catches catches ours."""
    assert issubclass(cls, base)


def test_validation_errors_are_lists_by_field() -> None:
    """The messages of a 422 are lists, whatever sequence they were given as."""
    error = ValidationError("no", status=422, errors={"name": ("is blank",)})

    assert error.errors == {"name": ["is blank"]}
    assert ValidationError("no", status=422).errors == {}


def test_a_failed_job_in_a_pickle_is_bound_to_no_client() -> None:
    """The object on an error loses its client on the way through a pickle, and nothing else."""
    error = TuneFailed("failed", reason="r", object=Tune(id=7, title="Ada", binding=object()))

    restored = pickle.loads(pickle.dumps(error))

    assert restored.object == error.object


def test_every_bad_signature_gets_the_same_answer() -> None:
    """A forger learns nothing from the refusal."""
    refused = InvalidCallback.unsigned()

    assert (refused.status, str(refused)) == (
        403,
        "the callback URL does not carry a valid signature",
    )
