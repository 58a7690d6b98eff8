"""Why Astria cannot reach a receiver: each cause has its sentence."""

import socket
import ssl
from typing import Any

import attrs
import pytest

from astria_async.protocol.errors import ConnectionFailed
from astria_async.receiver.diagnosis import diagnose, is_private
from astria_async.receiver.evidence import Evidence, Fault

URL = "https://hooks.example.com/astria/?token=private"


@attrs.frozen
class Reply:
    """One answer."""

    status: int
    body: bytes = b""
    headers: dict = attrs.field(factory=dict)


def _look(met: Any, **evidence: Any) -> Any:
    known = {"url": URL, "seconds": 0.2, "addresses": ["93.184.216.34"]}
    return diagnose(Evidence(met=met, **{**known, **evidence}))


def _failed(cause: Any) -> ConnectionFailed:
    """An error of ours, with *cause* where the HTTP library would have it."""
    error = ConnectionFailed("no answer", method="POST", path="/", sent=False)
    error.__cause__ = OSError("all attempts failed")
    error.__cause__.__cause__ = cause
    return error


class PoolTimeout(Exception):
    """What an HTTP library may call a timeout."""


HTML = {"content-type": "text/html; charset=utf-8"}


@pytest.mark.parametrize(
    ("met", "fault", "words"),
    [
        (_failed(socket.gaierror(-2, "unknown")), Fault.DNS, "hooks.example.com does not resolve"),
        (_failed(ssl.SSLError(1, "bad")), Fault.TLS, "no valid TLS certificate"),
        (_failed(ConnectionRefusedError()), Fault.REFUSED, "refused"),
        (
            _failed(ExceptionGroup("both", [OSError(), ConnectionRefusedError()])),
            Fault.REFUSED,
            "refused",
        ),
        (_failed(TimeoutError()), Fault.TIMEOUT, "no answer in 0 s"),
        (_failed(PoolTimeout()), Fault.TIMEOUT, "no answer"),
        (TimeoutError(), Fault.TIMEOUT, "no answer"),
        (_failed(ConnectionResetError()), Fault.TUNNEL, "closes them with no answer"),
        (_failed(OSError()), Fault.UNREACHABLE, "ConnectionFailed"),
        (
            Reply(404, headers={"ngrok-error-code": "ERR_NGROK_3200"}),
            Fault.TUNNEL,
            "ERR_NGROK_3200",
        ),
        (Reply(530), Fault.TUNNEL, "Cloudflare"),
        (
            Reply(301, headers={"location": "https://x.example/?k=v"}),
            Fault.REDIRECT,
            "x.example/ (301),",
        ),
        (Reply(307), Fault.REDIRECT, "redirects to another place"),
        (Reply(200, b"<html>", HTML), Fault.LOGIN, "web page"),
        (Reply(200, b"{}"), Fault.STRANGER, "other than the receiver"),
        (Reply(204), Fault.STRANGER, "other than the receiver"),
        (Reply(403, b"refused\n"), Fault.SECRET, "another secret"),
        (Reply(401, b"log in", HTML), Fault.FORBIDDEN, "login"),
        (Reply(403, b"<html>", HTML), Fault.FORBIDDEN, "login"),
        (
            Reply(404, b"<html>", HTML),
            Fault.NOT_FOUND,
            "nothing at https://hooks.example.com/astria/ (404)",
        ),
        (Reply(405), Fault.METHOD, "POST"),
        (Reply(429), Fault.UNEXPECTED, "429"),
        (Reply(502), Fault.SERVER, "502"),
        (Reply(503, b'{"status": "unavailable"}\n'), Fault.STORE, "store"),
        (Reply(503, b"down"), Fault.SERVER, "503"),
    ],
)
def test_fault(met: Any, fault: Any, words: Any) -> None:
    """Each answer or error that is not a proof has its fault, its words and its advice."""
    result = _look(met)

    assert (False, fault) == (result.ok, result.fault)
    assert words in result.reason
    assert result.advice.endswith(".")
    assert getattr(met, "status", None) == result.status
    assert "private" not in str(result)


def test_fine() -> None:
    """A prompt proof over https, from a public address and the same store, is all it takes."""
    result = _look(Reply(204), proof="shared")

    assert (result.ok, result.fault, result.advice) == (True, None, "")
    assert (
        result.status,
        result.seconds,
        result.url,
    ) == (204, 0.2, "https://hooks.example.com/astria/")


def test_slow() -> None:
    """A proof that takes longer than five seconds may be too late."""
    assert Fault.SLOW is _look(Reply(204), proof="shared", seconds=5.1).fault


@pytest.mark.parametrize(("durable", "words"), [(True, "another store"), (False, "its own memory")])
def test_other_store(durable: Any, words: Any) -> None:
    """A receiver with another store would keep callbacks where no one looks."""
    result = _look(Reply(204), proof="apart", durable=durable)

    assert Fault.OTHER_STORE is result.fault
    assert words in result.reason


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("http://hooks.example.com/", Fault.PLAIN_HTTP),
        ("http://127.0.0.1:8080/", Fault.PRIVATE),
        ("https://localhost/", Fault.PRIVATE),
    ],
)
def test_url_of_no_use_to_astria(url: str, fault: Any) -> None:
    """Plain http and private addresses are faults even if they answer, but not for a sandbox."""
    assert fault is _look(Reply(204), proof="shared", url=url).fault
    assert _look(Reply(204), proof="shared", url=url, local=True).ok


def test_name_of_a_private_address() -> None:
    """A name that resolves to private addresses only is out of reach, too."""
    private = _look(Reply(204), proof="shared", addresses=["10.0.0.1", "fe80::1%eth0"])
    mixed = _look(Reply(204), proof="shared", addresses=["10.0.0.1", "93.184.216.34"])

    assert Fault.PRIVATE is private.fault
    assert mixed.ok


def test_expired_certificate() -> None:
    """What is wrong with a certificate is said."""
    error = ssl.SSLCertVerificationError(1, "…")
    error.verify_message = "certificate has expired"

    assert "certificate has expired" in _look(_failed(error)).reason


@pytest.mark.parametrize(
    ("host", "private"),
    [
        ("example.com", False),
        ("93.184.216.34", False),
        ("192.168.1.7", True),
        ("169.254.1.1", True),
        ("::1", True),
        ("2606:2800:220:1::1", False),
        ("fe80::1%eth0", True),
        ("LOCALHOST", True),
        ("printer.local", True),
        ("api.internal.", True),
    ],
)
def test_private(host: Any, private: Any) -> None:
    """Names and addresses of this machine or network are told from public ones."""
    assert private is is_private(host)


def test_cause_that_turns_in_a_circle() -> None:
    """A chain of causes that comes back to itself is walked once."""
    error = ConnectionFailed("no answer", method="POST", path="/", sent=False)
    error.__context__ = other = OSError()
    other.__context__ = error

    assert Fault.UNREACHABLE is _look(error).fault
