"""How a receiver is set up, and the URLs that it writes."""

from collections.abc import Callable
from typing import Any

import pytest

from astria_async.protocol.addresses import Address
from astria_async.protocol.callbacks import Callback
from astria_async.protocol.errors import ConfigurationError, InvalidInput
from astria_async.receiver import Receiver
from astria_async.stores import MemoryStore

URL = "https://hooks.example.com/astria"


def test_callback_url(receiver: Receiver, address: Callable[..., Address]) -> None:
    """A callback URL is the public URL, with the metadata and our own signed parameters."""
    sent = address("tune", user_id="7")

    url = receiver.callback_url(sent)

    assert url.startswith(f"{URL}/?user_id=7&kind=tune&wait={sent.wait}&sig=")
    assert sent == receiver.recognise(url, "tune")
    assert receiver.recognise(url, "prompt") is None


@pytest.mark.parametrize(
    ("public_url", "slash", "start"),
    [
        ("https://h.example.com", True, "https://h.example.com/?"),
        ("https://h.example.com/a", True, "https://h.example.com/a/?"),
        ("https://h.example.com/a/", True, "https://h.example.com/a/?"),
        ("https://h.example.com/a?x=1", True, "https://h.example.com/a/?x=1&"),
        ("https://h.example.com/a", False, "https://h.example.com/a?"),
        ("https://h.example.com/a?x=1", False, "https://h.example.com/a?x=1&"),
    ],
)
def test_trailing_slash(
    address: Callable[..., Address], public_url: str, slash: bool, start: str
) -> None:
    """Callback URLs end their path with a slash, unless that is turned off."""
    receiver = Receiver(public_url, trailing_slash=slash)

    assert receiver.callback_url(address()).startswith(start + "kind=")
    assert public_url == receiver.public_url


def test_parameters_of_the_public_url(address: Callable[..., Address]) -> None:
    """Parameters of the public URL are kept, not signed, and not taken for metadata."""
    receiver = Receiver(f"{URL}?tenant=4")
    sent = address("tune", user_id="7")

    assert sent == receiver.recognise(receiver.callback_url(sent), "tune")


def test_metadata_of_the_same_name(address: Callable[..., Address]) -> None:
    """Metadata with the name of one of the public URL's own parameters is refused."""
    receiver = Receiver(f"{URL}?tenant=4")

    with pytest.raises(InvalidInput, match="tenant"):
        receiver.callback_url(address("tune", tenant="5"))


def test_unknown_public_url(address: Callable[..., Address]) -> None:
    """Without a public URL a callback URL cannot be written, and the error says what to do."""
    receiver = Receiver()

    with pytest.raises(ConfigurationError, match="ASTRIA_CALLBACK_URL"):
        receiver.callback_url(address())
    with pytest.raises(ConfigurationError, match="serve"):
        assert receiver.public_url


@pytest.mark.parametrize(
    "url", ["", "hooks.example.com", "ftp://h.example.com", "http://h.example.com", "https://", 7]
)
def test_impossible_public_url(url: str) -> None:
    """A URL that Astria could never call is refused at once."""
    with pytest.raises(ConfigurationError, match="public_url"):
        Receiver(url)


def test_http_on_request() -> None:
    """Plain http is accepted when the user insists."""
    assert Receiver("http://h.example.com", allow_http=True).public_url == "http://h.example.com"


def test_environment(
    monkeypatch: pytest.MonkeyPatch, address: Callable[..., Address], secret: str
) -> None:
    """The environment gives what the arguments leave out; several secrets have commas between."""
    monkeypatch.setenv("ASTRIA_CALLBACK_URL", f" {URL} ")
    monkeypatch.setenv("ASTRIA_CALLBACK_SECRET", f"{secret[:20]}, {'o' * 20},")
    monkeypatch.setenv("ASTRIA_CALLBACK_STORE", "memory:")
    old = Receiver(URL, secret="o" * 20)

    receiver = Receiver()

    assert receiver.public_url == URL
    assert receiver.recognise(old.callback_url(address()), "tune")
    assert isinstance(receiver.store, MemoryStore)


def test_arguments_go_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument outweighs the environment."""
    monkeypatch.setenv("ASTRIA_CALLBACK_URL", "https://other.example.com")

    assert Receiver(URL).public_url == URL


def test_empty_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty variable is one that is not set."""
    for name in ("URL", "SECRET", "STORE"):
        monkeypatch.setenv(f"ASTRIA_CALLBACK_{name}", "")

    receiver = Receiver()

    with pytest.raises(ConfigurationError):
        assert receiver.public_url


def test_random_secret(address: Callable[..., Address]) -> None:
    """A store in memory may do without a secret: each receiver then has one of its own."""
    one, other = Receiver(URL), Receiver(URL)

    assert other.recognise(one.callback_url(address()), "tune") is None


class Durable(MemoryStore):
    """A store that says that it outlives the process."""

    durable = True


def test_durable_store_needs_a_secret() -> None:
    """A durable store without a secret is an error: a random one would lose every callback."""
    with pytest.raises(ConfigurationError, match="ASTRIA_CALLBACK_SECRET"):
        Receiver(URL, store=Durable())


def test_own_store(secret: str) -> None:
    """A store of the user's own is taken as it is."""
    store = Durable()

    assert store is Receiver(URL, secret=secret, store=store).store


@pytest.mark.parametrize("secret", ["", "short", b"short", [], ["long enough for a key", "no"]])
def test_bad_secret(secret: str) -> None:
    """A secret that is missing or too short is refused."""
    with pytest.raises(ConfigurationError, match="secret"):
        Receiver(URL, secret=secret)


def test_bytes_secret(address: Callable[..., Address]) -> None:
    """A secret may be bytes, which say the same as a string does."""
    one, other = Receiver(URL, secret=b"0123456789abcdef"), Receiver(URL, secret="0123456789abcdef")

    assert other.recognise(one.callback_url(address()), "tune")


def test_bad_store() -> None:
    """A store's URL with a typo is refused."""
    with pytest.raises(ConfigurationError, match="redis"):
        Receiver(URL, store="rediss+://localhost")


def test_repr(secret: str) -> None:
    """What a receiver shows of itself has no secret and no query."""
    receiver = Receiver(f"{URL}?token=private", secret=secret)
    receiver.on_tune(_handle)

    shown = repr(receiver)

    assert (
        f"<Receiver at {URL}, MemoryStore, <Handlers: 1 on_tune, 0 on_prompt, 0 on_pack>>" == shown
    )
    assert "no URL yet" in repr(Receiver())


async def _handle(tune: Any, callback: Callback) -> None:
    """Do nothing."""


def test_trust_body() -> None:
    """Whether bodies are trusted is told, and is not the default."""
    assert (Receiver().trust_body, Receiver(trust_body=True).trust_body) == (False, True)


@pytest.mark.parametrize("wrong", [{"max_body": 0}, {"body_timeout": 0}, {"store_timeout": -1}])
def test_impossible_limits(wrong: dict[str, float]) -> None:
    """Limits that no callback could keep are refused."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Receiver(**wrong)


@pytest.mark.parametrize("seconds", [0.0, 3600.0, float("nan")])
def test_short_retention(seconds: float) -> None:
    """Callbacks are not dropped while somebody may still wait for them."""
    with pytest.raises(ConfigurationError, match="at least a day"):
        Receiver("https://hooks.example.com/", retention=seconds)
